# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What is seen of both slots, folded into the memory of a drain. Pure: no API, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    CANCELLED,
    CLOSING,
    read_acknowledgement,
    read_request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import pacing
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Ended, Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import (
    FORCED,
    INTERRUPTED,
    MOVED,
    is_another_match,
    is_crash,
    is_older,
    outcome_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.state import DrainState
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.successors import note_successor

# Outcomes of sessions whose players we have sent away.
NEED_A_SEAT = frozenset({MOVED, INTERRUPTED, FORCED})
# A server's own time of closing is believed when it is at most this long ago.
CLOSING_SEEN_LATE_SECONDS = 30.0


class Sight:
    """Takes in GameServers of the source and of the target as they are now, in any order."""

    def __init__(self, state: DrainState) -> None:
        self._state = state
        self._memory = state.memory
        # A match that ended stays ended, whatever becomes of its server.
        self._closed = {(ended.uid, ended.allocation) for ended in state.memory.ended if ended.allocation}
        # By server, the version in which its last session was over.
        self._ended_at: dict[str, str] = {}
        self._gone: set[str] = set()

    def see_source(self, namespace: str, servers: Iterable[Server], now: float) -> list[Session]:
        """A whole list of one namespace; returns the sessions that are not in it, whose pods may still be."""
        listed = set()
        for server in servers:
            listed.add(server.uid)
            self.see_server(server, now)
        return [s for uid, s in self._memory.active.items() if s.namespace == namespace and uid not in listed]

    def see_server(self, server: Server, now: float) -> None:
        """A GameServer of the source as it is now. An older version than the last one seen is ignored."""
        session = self._memory.active.get(server.uid)
        known = session.version if session else self._ended_at.get(server.uid, "")
        if server.uid in self._gone or is_older(server.version, known):
            return
        if session and is_another_match(session, server):
            self._end(session, now)
            session = None
        if session is None:
            if not server.is_session or self._is_closed(server):
                return
            session = self._begin(server, now)
        self._update(session, server, now)
        if not server.ending and not server.is_session:
            self._end(session, now)

    def see_gone(self, uid: str, now: float) -> None:
        """Neither the GameServer nor its pod is there any more."""
        self._gone.add(uid)
        session = self._memory.active.get(uid)
        if session:
            self._end(session, now)

    def see_target(self, server: Server, now: float, watched: bool = True) -> None:
        """A GameServer of the target as it is now; not `watched` when it may have been so for a long time."""
        known = self._state.target.servers.get(server.uid)
        if known and is_older(server.version, known.version):
            return
        self._state.target.see(server)
        note_successor(self._memory.successors, server, self._state.policies.default)
        if server.is_session:
            self._memory.ledger.arrive(server.players or (), now if watched else None)

    def see_target_gone(self, uid: str) -> None:
        self._state.target.forget(uid)

    def see_target_list(self, namespace: str, servers: Iterable[Server], now: float, watched: bool = True) -> None:
        """A whole list of one namespace of the target."""
        listed = list(servers)
        self._state.target.keep_only(namespace, {server.uid for server in listed})
        for server in listed:
            self.see_target(server, now, watched)

    def see_online(self, online: float, now: float) -> None:
        """How many players are in sessions, counted without their ids."""
        self._memory.ledger.read_online(online, now)

    def tick(self, now: float) -> None:
        """Let time pass: close claims, judge them, and note since when the source is empty."""
        memory, policies = self._memory, self._state.policies
        for settled in memory.ledger.close_claims(now, lambda fleet: policies.of(fleet).reconnect_timeout):
            pacing.note(policies.of(settled.fleet), memory.pace(settled.fleet), settled)
        if memory.active:
            memory.empty_since = None
        elif memory.empty_since is None:
            memory.empty_since = now

    def _begin(self, server: Server, now: float) -> Session:
        session = Session(server.namespace, server.name, server.uid, server.fleet, server.allocation, now, players=None)
        self._memory.active[server.uid] = session
        self._memory.empty_since = None
        return session

    def _is_closed(self, server: Server) -> bool:
        """Whether the match that a server shows was already recorded as ended; a Reserved server shows none."""
        if server.named or not (server.ending or server.state == "Allocated"):
            return False
        return (server.uid, server.allocation) in self._closed

    def _update(self, session: Session, server: Server, now: float) -> None:
        policy = self._state.policies.of(session.fleet_key)
        session.version, session.state = server.version, server.state
        session.named = server.named
        # Matches may share a server that the game calls a session: it may be allocated again.
        session.allocation = (server.allocation if server.named else session.allocation) or server.allocation
        session.grace_seconds = server.grace_seconds
        _adopt_request(session, server, policy)
        _read_answer(session, server)
        self._note_players(session, server, now)
        if server.ending and session.ending_at is None:
            session.ending_at = now
        if not server.ending and server.uid not in self._state.acting:
            # Planned by a runner that died before it wrote.
            session.shutdown_at = None
        if session.forced_at is None and is_crash(server):
            session.crashed = True
        if session.over and outcome_of(session, policy, now) in NEED_A_SEAT:
            self._claim(session, now)

    def _note_players(self, session: Session, server: Server, now: float) -> None:
        if session.claimed:
            return
        if server.counted is not None:
            session.counted = server.counted
        if server.players is None:
            return
        request = session.request
        if session.asked_to_leave and request and now >= request.not_before:
            for player in set(session.players or []) - set(server.players):
                session.early.append(player)
                self._leave(player, now)
        session.players = list(server.players)

    def _leave(self, player: str, since: float | None) -> None:
        self._memory.ledger.leave(player, since, self._state.target.has(player))

    def _claim(self, session: Session, now: float) -> None:
        """The session's players are on their way: count them, and keep a seat for them."""
        if session.claimed:
            return
        session.claimed = True
        since = _left_at(session, now)
        for player in session.players or []:
            self._leave(player, since)
        unknown = session.players is None or (session.size is None and not session.early)
        players = None if unknown else [*(session.players or []), *session.early]
        ledger = self._memory.ledger
        ledger.open_claim(session.uid, session.fleet_key, players, now, session.size, seated=session.has_successor)

    def _end(self, session: Session, now: float) -> None:
        outcome = outcome_of(session, self._state.policies.of(session.fleet_key), now)
        if outcome in NEED_A_SEAT:
            self._claim(session, now)
        del self._memory.active[session.uid]
        players = None if session.size is None else session.size + len(session.early)
        if session.allocation:
            self._closed.add((session.uid, session.allocation))
        self._ended_at[session.uid] = session.version
        self._memory.ended.append(
            Ended(
                namespace=session.namespace,
                name=session.name,
                uid=session.uid,
                fleet=session.fleet,
                allocation=session.allocation,
                outcome=outcome,
                at=round(now, 3),
                players=players,
            )
        )


def _adopt_request(session: Session, server: Server, policy: Policy) -> None:
    found = read_request(server.annotations, policy.domain)
    if found is None or found.run != policy.run:
        return
    if not found.is_about(session.allocation):
        # Its number is used up, and so are the answers to it.
        found, session.first_seq = replace(found, state=CANCELLED), found.seq + 1
    known = session.request
    if known and found.seq < known.seq:
        return
    if known is None or found.seq > known.seq:
        session.phase, session.signals, session.delivered = "", max(session.signals, 1), False
    if not session.delivered:
        # It may have been written long after it was planned.
        session.signalled_at = found.not_before - policy.notice
    session.request, session.delivered = found, True


def _read_answer(session: Session, server: Server) -> None:
    answer = read_acknowledgement(server.annotations)
    request = session.request
    if answer is None or request is None or answer.run != request.run or session.phase == CLOSING:
        return
    if answer.seq < session.first_seq:
        return
    closes = answer.phase == CLOSING and answer.seq <= request.seq
    if closes or (answer.seq == request.seq and session.delivered):
        session.phase, session.closing_at = answer.phase, answer.closing_at


def _left_at(session: Session, now: float) -> float | None:
    """When the players lost the session; None when it went while no one watched."""
    told = session.closing_at
    if told is not None and 0 <= now - told <= CLOSING_SEEN_LATE_SECONDS:
        return told
    return now if session.over else None
