# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The drain: which session is asked to go, and when. Pure: no API, no clock.

The caller folds in what it sees (`see_source`, `see_server`, `see_gone`, `see_target`), asks for `plan`,
carries the actions out and folds in the answers. Everything that must outlive the caller is in `Memory`;
a request that reached a server is also in its annotation, from where it is adopted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Iterable, Mapping, Union

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    ACCEPTED,
    ANY_ALLOCATION,
    CANCELLED,
    CLOSING,
    DISCONNECT,
    REASON_DEADLINE,
    REASON_DRAIN,
    REFUSED,
    REQUESTED,
    Request,
    read_acknowledgement,
    read_request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.ledger import Target
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.memory import Ended, Memory, Policy, Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.outcome import (
    FORCED,
    INTERRUPTED,
    MOVED,
    OUTCOMES,
    is_another_match,
    is_crash,
    is_older,
    is_silent,
    outcome_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    OCCUPIED,
    Key,
    Server,
    parse_time,
)

STATES = ("idle", "requested", "accepted", "closing", "refused", "silent", "overdue", "ending")

# Whose players we have sent away.
NEED_A_SEAT = frozenset({MOVED, INTERRUPTED, FORCED})
# A server's own time of closing is believed when it is no longer ago than this.
CLOSING_SEEN_LATE_SECONDS = 30.0
SOON_SECONDS = 3.0
# Beyond a pod's grace period, before the pod of an interrupted session is deleted.
FORCE_AFTER_SECONDS = 30.0


@dataclass(frozen=True)
class Signal:
    """Put a request on a server that is still at `version`."""

    uid: str
    namespace: str
    name: str
    version: str
    request: Request


@dataclass(frozen=True)
class ShutDown:
    """Set a server's state to Shutdown: the operator chose to interrupt, and it has not closed."""

    uid: str
    namespace: str
    name: str
    version: str


@dataclass(frozen=True)
class DeletePod:
    """Delete the pod of a server that was shut down and did not go."""

    uid: str
    namespace: str
    name: str


Action = Union[Signal, ShutDown, DeletePod]


class Drain:
    """One drain, over its memory and a view of the target.

    `reserve` holds seats per Fleet that are kept for players who arrive by themselves.
    """

    def __init__(self, policy: Policy, memory: Memory, reserve: Mapping[Key, int] | None = None) -> None:
        self.policy = policy
        self.memory = memory
        self.target = Target()
        # A match that ended stays ended, whatever becomes of its server.
        self._closed = {(ended.uid, ended.allocation) for ended in memory.ended if ended.allocation}
        self.reserve = dict(reserve or {})

    # What is seen

    def see_source(self, namespace: str, servers: Iterable[Server], now: float) -> list[Session]:
        """A whole list of one namespace; returns the sessions that are not in it, whose pods may still be."""
        listed = set()
        for server in servers:
            listed.add(server.uid)
            self.see_server(server, now)
        return [s for uid, s in self.memory.active.items() if s.namespace == namespace and uid not in listed]

    def see_server(self, server: Server, now: float) -> None:
        """A GameServer of the source as it is now. An older version than the last one seen is ignored."""
        session = self.memory.active.get(server.uid)
        if session and is_older(server.version, session.version):
            return
        if session and is_another_match(session, server):
            self._end(session, now)
            session = None
        if session is None:
            if not server.is_session or (server.uid, server.allocation) in self._closed:
                return
            session = Session(
                server.namespace, server.name, server.uid, server.fleet, server.allocation, now, players=None
            )
            self.memory.active[server.uid] = session
            self.memory.empty_since = None
        self._update(session, server, now)
        if not server.ending and server.state not in OCCUPIED:
            self._end(session, now)

    def see_gone(self, uid: str, now: float) -> None:
        """Neither the GameServer nor its pod is there any more."""
        session = self.memory.active.get(uid)
        if session:
            self._end(session, now)

    def see_target(self, server: Server, now: float, watched: bool = True) -> None:
        """A GameServer of the target as it is now; not `watched` when it may have been so for long."""
        known = self.target.servers.get(server.uid)
        if known and is_older(server.version, known.version):
            return
        self.target.servers[server.uid] = server
        if server.is_session:
            self.memory.ledger.arrive(server.players or (), now if watched else None)

    def see_target_gone(self, uid: str) -> None:
        self.target.servers.pop(uid, None)

    def see_target_list(self, namespace: str, servers: Iterable[Server], now: float, watched: bool = True) -> None:
        """A whole list of one namespace of the target."""
        kept = {uid: server for uid, server in self.target.servers.items() if server.namespace != namespace}
        self.target.servers = kept
        for server in servers:
            self.see_target(server, now, watched)

    def _update(self, session: Session, server: Server, now: float) -> None:
        session.version, session.state = server.version, server.state
        session.allocation = session.allocation or server.allocation
        session.grace_seconds = server.grace_seconds
        self._adopt_request(session, server)
        self._read_answer(session, server)
        self._note_players(session, server, now)
        if server.ending and session.ending_at is None:
            session.ending_at = now
        if session.forced_at is None and is_crash(server):
            session.crashed = True
        if session.over and outcome_of(session, self.policy, now) in NEED_A_SEAT:
            self._claim(session, now)

    def _adopt_request(self, session: Session, server: Server) -> None:
        found = read_request(server.annotations, self.policy.domain)
        if found is None or found.run != self.policy.run:
            return
        known = session.request
        if known is None or found.seq > known.seq:
            session.request, session.delivered, session.phase = found, True, ""
            session.signals = max(session.signals, 1)
            session.signalled_at = found.not_before - self.policy.notice
        elif found.seq == known.seq:
            session.request, session.delivered = found, True

    def _read_answer(self, session: Session, server: Server) -> None:
        answer = read_acknowledgement(server.annotations)
        request = session.request
        if answer is None or request is None or answer.run != request.run or session.phase == CLOSING:
            return
        closes = answer.phase == CLOSING and answer.seq <= request.seq
        if closes or (answer.seq == request.seq and session.delivered):
            session.phase, session.closing_at = answer.phase, answer.closing_at

    def _note_players(self, session: Session, server: Server, now: float) -> None:
        if session.claimed or server.players is None:
            return
        request = session.request
        if session.asked_to_disconnect and request and now >= request.not_before:
            present = self.target.players()
            for player in set(session.players or []) - set(server.players):
                session.early.append(player)
                self.memory.ledger.leave(player, now, player in present)
        session.players = list(server.players)

    def _claim(self, session: Session, now: float) -> None:
        """The session's players are on their way: count them, and keep a seat for them."""
        if session.claimed:
            return
        session.claimed = True
        ledger, present = self.memory.ledger, self.target.players()
        since = self._left_at(session, now)
        for player in session.players or []:
            ledger.leave(player, since, player in present)
        players = None if session.players is None else [*session.players, *session.early]
        ledger.open_claim(session.uid, session.fleet_key, players, now)

    @staticmethod
    def _left_at(session: Session, now: float) -> float | None:
        """When the players lost the session; None when it went while nobody watched."""
        told = session.closing_at
        if told is not None and 0 <= now - told <= CLOSING_SEEN_LATE_SECONDS:
            return told
        return now if session.over else None

    def _end(self, session: Session, now: float) -> None:
        outcome = outcome_of(session, self.policy, now)
        if outcome in NEED_A_SEAT:
            self._claim(session, now)
        del self.memory.active[session.uid]
        players = None if session.players is None else len(session.players) + len(session.early)
        if session.allocation:
            self._closed.add((session.uid, session.allocation))
        self.memory.ended.append(
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

    # What is to be done

    def tick(self, now: float) -> None:
        """Let time pass: close claims, and note since when the source is empty."""
        self.memory.ledger.close_claims(now, self.policy.reconnect_timeout)
        if self.memory.active:
            self.memory.empty_since = None
        elif self.memory.empty_since is None:
            self.memory.empty_since = now

    def plan(self, now: float, may_signal: bool = True) -> list[Action]:
        """What to do now. Requests are noted in the memory as about to be sent: save it, then act.

        With `may_signal` false (the view of a slot is stale) no one is asked to go.
        """
        actions: list[Action] = list(self._escalations(now)) if self.policy.interrupt_at_deadline else []
        if not may_signal:
            return actions
        room: dict[Key, int] = {}
        for session in sorted(self.memory.active.values(), key=lambda one: self._order(one, now)):
            mode, reason = self._wanted(session, now)
            if not mode:
                continue
            if mode == DISCONNECT and not session.asked_to_disconnect:
                fleet = session.fleet_key
                room[fleet] = room.get(fleet, self.room(fleet)) - 1
                if room[fleet] < 0:
                    continue
            actions.append(self._signal(session, mode, reason, now))
        return actions

    def room(self, fleet: Key) -> int:
        """How many more sessions of a Fleet may be asked to disconnect now.

        The reserve is never more than half of the seats that are free: a target whose autoscaler keeps
        exactly the reserve free, and refills it, must not hold the drain for ever.
        """
        committed = self.committed(fleet)
        seats = self.target.seats(fleet)
        reserve = min(self.reserve.get(fleet, 0), seats // 2)
        return max(seats - reserve - committed, 0)

    def committed(self, fleet: Key) -> int:
        """Seats spoken for: sessions asked to disconnect that have not closed, and open claims."""
        asked = sum(
            session.asked_to_disconnect
            and session.phase != REFUSED
            and not session.claimed
            and session.fleet_key == fleet
            for session in self.memory.active.values()
        )
        return asked + self.memory.ledger.claims_on(fleet)

    def _order(self, session: Session, now: float) -> tuple[bool, bool, int, float, str]:
        """Resumed requests, then idle servers, then the fewest players, then the youngest match."""
        allocated = parse_time(session.allocation) or session.seen_at
        empty = session.players == [] and now - allocated >= self.policy.connect_grace
        players = len(session.players) if session.players else 0 if empty else math.inf
        return (not session.is_asked, not empty, int(min(players, 1_000_000)), -allocated, session.uid)

    def _wanted(self, session: Session, now: float) -> tuple[str, str]:
        """The mode and reason of the request that is due now; ("", "") when none is."""
        nothing = ("", "")
        request = session.request
        if session.over:
            return nothing
        if request is None or request.state == CANCELLED:
            return (self.policy.mode, REASON_DRAIN)
        if not session.delivered:
            return (request.mode, request.reason)
        if session.interrupting:
            return (DISCONNECT, REASON_DEADLINE) if self._unanswered(session, now) else nothing
        if self.policy.interrupt_at_deadline and now >= request.deadline:
            return (DISCONNECT, REASON_DEADLINE)
        if request.mode != self.policy.mode or self._unanswered(session, now):
            return (self.policy.mode, REASON_DRAIN)
        return nothing

    def _unanswered(self, session: Session, now: float) -> bool:
        """Whether the next repetition of a request without an answer is due."""
        resignal = self.policy.resignal
        if session.phase or session.signals > len(resignal):
            return False
        times = (0.0, *resignal)
        return now - session.signalled_at >= times[session.signals] - times[session.signals - 1]

    def _signal(self, session: Session, mode: str, reason: str, now: float) -> Signal:
        old = session.request
        not_before = now + self.policy.notice
        deadline = now + self.policy.deadline
        if reason == REASON_DEADLINE:
            deadline = not_before + self.policy.close_grace
        elif old and old.state == REQUESTED:
            deadline = max(old.deadline, not_before)
        kept = old is not None and not session.delivered
        fresh = old is None or old.state == CANCELLED or (old.mode, old.reason) != (mode, reason)
        session.signals = session.signals if kept else 1 if fresh else session.signals + 1
        session.request = Request(
            run=self.policy.run,
            seq=old.seq + (not kept) if old else 1,
            state=REQUESTED,
            mode=mode,
            allocation=session.allocation or ANY_ALLOCATION,
            not_before=not_before,
            deadline=deadline,
            spread_seconds=self.policy.spread,
            reason=reason,
        )
        session.delivered, session.phase, session.signalled_at = False, "", now
        return Signal(session.uid, session.namespace, session.name, session.version, session.request)

    def _escalations(self, now: float) -> Iterable[Action]:
        for s in self.memory.active.values():
            if s.shutdown_at is not None:
                if s.forced_at is None and now >= s.shutdown_at + s.grace_seconds + FORCE_AFTER_SECONDS:
                    s.forced_at = now
                    yield DeletePod(s.uid, s.namespace, s.name)
            elif self._must_shut_down(s, now):
                yield ShutDown(s.uid, s.namespace, s.name, s.version)

    def _must_shut_down(self, session: Session, now: float) -> bool:
        if session.ending_at is not None or not session.delivered or session.request is None:
            return False
        if session.phase == CLOSING:
            return now >= session.request.deadline + self.policy.close_grace
        return session.interrupting and now >= session.request.deadline

    def note(self, action: Action, accepted: bool, now: float) -> None:
        """What became of an action. A request that was accepted shows in the server itself."""
        session = self.memory.active.get(action.uid)
        if session is None or isinstance(action, Signal):
            return
        if isinstance(action, ShutDown):
            session.shutdown_at = now if accepted else None
        elif not accepted:
            session.forced_at = None

    # What there is to say

    def is_empty(self, now: float) -> bool:
        """No session for long enough that a second reading may confirm it, and the claims are settled."""
        since = self.memory.empty_since
        if self.memory.active or since is None or now - since < self.policy.confirm:
            return False
        return not self.memory.ledger.claims or now - since >= self.policy.settle

    def is_quiet(self, now: float) -> bool:
        """A moment not watched does no harm: sessions are left, none about to close, nobody on the way."""
        if self.memory.ledger.claims or not self.memory.active:
            return False
        return not any(
            session.phase == CLOSING
            or (session.request is not None and -SOON_SECONDS < session.request.not_before - now < SOON_SECONDS)
            for session in self.memory.active.values()
            if session.asked_to_disconnect
        )

    def state_of(self, session: Session, now: float) -> str:
        """The session's state as the drain contract calls it."""
        request = session.request
        if session.phase == CLOSING:
            return CLOSING
        if session.ending_at is not None:
            return "ending"
        if request is None or request.state == CANCELLED or not session.delivered:
            return "idle"
        if now >= request.deadline:
            return "overdue"
        if session.phase in (ACCEPTED, REFUSED):
            return session.phase
        return "silent" if is_silent(session, self.policy, now) else REQUESTED

    def counts(self, now: float) -> dict[str, int]:
        """Sessions by state and by outcome, in all and left."""
        counts = dict.fromkeys((*STATES, *OUTCOMES), 0)
        for session in self.memory.active.values():
            counts[self.state_of(session, now)] += 1
        for ended in self.memory.ended:
            counts[ended.outcome] += 1
        remaining = len(self.memory.active)
        return {"total": remaining + len(self.memory.ended), "remaining": remaining, **counts}
