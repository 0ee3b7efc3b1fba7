# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The drain: which session is asked to go, and when. Pure: no API, no clock.

The caller folds in what it sees (`see_source`, `see_server`, `see_gone`, `see_target`), asks for `plan`,
carries the actions out and folds in the answers. Everything that must outlive the caller is in `Memory`;
a request that reached a server is also in its annotation, from where it is adopted. What a session is asked is
decided in `signals`, who goes first in `order`, how many in `pacing`, how one ended in `outcome`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Collection, Iterable, Iterator, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    ACCEPTED,
    CANCELLED,
    CLOSING,
    HANDOFF,
    LEAVING_MODES,
    REASON_DEADLINE,
    REFUSED,
    REQUESTED,
    read_acknowledgement,
    read_request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    Key,
    Server,
    name_of,
    parse_time,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import pacing
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.ledger import TargetView
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import (
    Ended,
    Memory,
    Pace,
    Session,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.order import is_idle, sort_key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import (
    FORCED,
    INTERRUPTED,
    MOVED,
    OUTCOMES,
    has_not_heard,
    is_another_match,
    is_crash,
    is_older,
    is_silent,
    outcome_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import (
    ASK_NOTHING,
    DeletePod,
    DrainAction,
    ReleaseSuccessor,
    ShutDown,
    Signal,
    ask,
    deadline_of,
    escalation,
    wanted,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.successors import (
    is_asked_to_go,
    is_unused,
    note_successor,
    session_of,
)

SESSION_STATES = ("idle", "requested", "accepted", "closing", "refused", "silent", "overdue", "ending")

# Whose players we have sent away.
NEED_A_SEAT = frozenset({MOVED, INTERRUPTED, FORCED})
# What keeps a session from being asked to leave: no free seat, a limit of the policy or a pace that was halved, or a
# canary batch that is not judged yet.
SEATS, PACE, CANARY = "seats", "pace", "canary"
# A server's own time of closing is believed when it is no longer ago than this.
CLOSING_SEEN_LATE_SECONDS = 30.0
SOON_SECONDS = 3.0


class Drain:
    """One drain, over its memory and a view of the target.

    `reserve` holds seats per Fleet that are kept for players who arrive by themselves.
    """

    def __init__(self, policies: Policies, memory: Memory, reserve: Mapping[Key, int] | None = None) -> None:
        self.policies = policies
        self.memory = memory
        self.target = TargetView()
        # A match that ended stays ended, whatever becomes of its server.
        self._closed = {(ended.uid, ended.allocation) for ended in memory.ended if ended.allocation}
        # By server, the version in which its last session was over.
        self._ended_at: dict[str, str] = {}
        self._gone: set[str] = set()
        self.reserve = dict(reserve or {})
        # What kept sessions from being asked in the last plan: how many, by Fleet and cause.
        self.held: dict[Key, Counter[str]] = {}
        # Servers with an action that was planned and of which nothing has been noted yet.
        self._acting: set[str] = set()

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
        known = session.version if session else self._ended_at.get(server.uid, "")
        if server.uid in self._gone or is_older(server.version, known):
            return
        if session and is_another_match(session, server):
            self._end(session, now)
            session = None
        if session is None:
            if not server.is_session or self._is_closed(server):
                return
            session = Session(
                server.namespace, server.name, server.uid, server.fleet, server.allocation, now, players=None
            )
            self.memory.active[server.uid] = session
            self.memory.empty_since = None
        self._update(session, server, now)
        if not server.ending and not server.is_session:
            self._end(session, now)

    def _is_closed(self, server: Server) -> bool:
        """Whether the match that a server shows has been told as ended; a Reserved one shows none."""
        if server.named or not (server.ending or server.state == "Allocated"):
            return False
        return (server.uid, server.allocation) in self._closed

    def see_gone(self, uid: str, now: float) -> None:
        """Neither the GameServer nor its pod is there any more."""
        self._gone.add(uid)
        session = self.memory.active.get(uid)
        if session:
            self._end(session, now)

    def see_target(self, server: Server, now: float, watched: bool = True) -> None:
        """A GameServer of the target as it is now; not `watched` when it may have been so for long."""
        known = self.target.servers.get(server.uid)
        if known and is_older(server.version, known.version):
            return
        self.target.see(server)
        note_successor(self.memory.successors, server, self.policies.default)
        if server.is_session:
            self.memory.ledger.arrive(server.players or (), now if watched else None)

    def see_target_gone(self, uid: str) -> None:
        self.target.forget(uid)

    def see_target_list(self, namespace: str, servers: Iterable[Server], now: float, watched: bool = True) -> None:
        """A whole list of one namespace of the target."""
        listed = list(servers)
        self.target.keep_only(namespace, {server.uid for server in listed})
        for server in listed:
            self.see_target(server, now, watched)

    def see_online(self, online: float, now: float) -> None:
        """How many players are in sessions, by what counts them without their ids."""
        self.memory.ledger.read_online(online, now)

    def _update(self, session: Session, server: Server, now: float) -> None:
        policy = self.policies.of(session.fleet_key)
        session.version, session.state = server.version, server.state
        session.named = server.named
        # Who shares a server that the game calls a session may allocate it again.
        session.allocation = (server.allocation if server.named else session.allocation) or server.allocation
        session.grace_seconds = server.grace_seconds
        self._adopt_request(session, server, policy)
        self._read_answer(session, server)
        self._note_players(session, server, now)
        if server.ending and session.ending_at is None:
            session.ending_at = now
        if not server.ending and server.uid not in self._acting:
            # Planned by a runner that died before it wrote.
            session.shutdown_at = None
        if session.forced_at is None and is_crash(server):
            session.crashed = True
        if session.over and outcome_of(session, policy, now) in NEED_A_SEAT:
            self._claim(session, now)

    def _adopt_request(self, session: Session, server: Server, policy: Policy) -> None:
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

    def _read_answer(self, session: Session, server: Server) -> None:
        answer = read_acknowledgement(server.annotations)
        request = session.request
        if answer is None or request is None or answer.run != request.run or session.phase == CLOSING:
            return
        if answer.seq < session.first_seq:
            return
        closes = answer.phase == CLOSING and answer.seq <= request.seq
        if closes or (answer.seq == request.seq and session.delivered):
            session.phase, session.closing_at = answer.phase, answer.closing_at

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
                self.memory.ledger.leave(player, now, self.target.has(player))
        session.players = list(server.players)

    def _claim(self, session: Session, now: float) -> None:
        """The session's players are on their way: count them, and keep a seat for them."""
        if session.claimed:
            return
        session.claimed = True
        ledger = self.memory.ledger
        since = self._left_at(session, now)
        for player in session.players or []:
            ledger.leave(player, since, self.target.has(player))
        unknown = session.players is None or (session.size is None and not session.early)
        players = None if unknown else [*(session.players or []), *session.early]
        ledger.open_claim(session.uid, session.fleet_key, players, now, session.size, seated=_has_successor(session))

    @staticmethod
    def _left_at(session: Session, now: float) -> float | None:
        """When the players lost the session; None when it went while nobody watched."""
        told = session.closing_at
        if told is not None and 0 <= now - told <= CLOSING_SEEN_LATE_SECONDS:
            return told
        return now if session.over else None

    def _end(self, session: Session, now: float) -> None:
        outcome = outcome_of(session, self.policies.of(session.fleet_key), now)
        if outcome in NEED_A_SEAT:
            self._claim(session, now)
        del self.memory.active[session.uid]
        players = None if session.size is None else session.size + len(session.early)
        if session.allocation:
            self._closed.add((session.uid, session.allocation))
        self._ended_at[session.uid] = session.version
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
        """Let time pass: close claims, judge them, and note since when the source is empty."""
        for settled in self.memory.ledger.close_claims(now, lambda fleet: self.policies.of(fleet).reconnect_timeout):
            pacing.note(self.policies.of(settled.fleet), self.memory.pace(settled.fleet), settled)
        if self.memory.active:
            self.memory.empty_since = None
        elif self.memory.empty_since is None:
            self.memory.empty_since = now

    def alarm(self, now: float) -> str:
        """Judge the moves so far; why nobody more may be asked to leave, or an empty text.

        What it tells once, it does not tell again: whoever goes on begins with a canary batch.
        """
        reasons = []
        under_way = self._under_way(now) if self.memory.paces else Counter()
        for fleet, pace in self.memory.paces.items():
            policy = self.policies.of(fleet)
            reason = pacing.review(policy, pace, under_way[fleet], lambda uid: self._is_pending(uid, now))
            if reason:
                pacing.begin_again(pace)
                reasons.append(f"Fleet {name_of(fleet)}: {reason}")
        return "; ".join(reasons)

    def _is_pending(self, uid: str, now: float) -> bool:
        """Whether a session of a canary batch may still show how its players fare."""
        if uid in self.memory.ledger.claims:
            return True
        session = self.memory.active.get(uid)
        if session is None or session.claimed or not session.asked_to_leave or session.phase == REFUSED:
            return False
        return not has_not_heard(session, self.policies.of(session.fleet_key), now)

    def plan(self, now: float, may_signal: bool = True) -> list[DrainAction]:
        """What to do now, and `note` afterwards: until then nothing else is planned for the same server.

        Requests are noted in the memory as about to be sent: save it, then act. With `may_signal` false (the view of a
        slot is stale) no one is asked to go.
        """
        actions: list[DrainAction] = [*self._escalations(now)]
        self._acting.update(action.uid for action in actions)
        self.held = {}
        # After the others: who is asked again keeps the server that was allocated for him.
        actions += [*self._requests(now), *self._releases(now)] if may_signal else []
        self._acting.update(action.uid for action in actions)
        return actions

    def _requests(self, now: float) -> Iterable[Signal]:
        turn = _Turn(self, now)
        for session, mode, reason in self._candidates(now):
            policy = self.policies.of(session.fleet_key)
            cause = turn.held_by(session, policy, mode, reason) if mode in LEAVING_MODES else ""
            if cause:
                self.held.setdefault(session.fleet_key, Counter())[cause] += 1
                continue
            yield ask(session, policy, mode, reason, now)

    def _escalations(self, now: float) -> Iterable[DrainAction]:
        for session in self._waiting():
            action = escalation(session, self.policies.of(session.fleet_key), now)
            if isinstance(action, DeletePod):
                session.forced_at = now
            elif action:
                session.shutdown_at = now
            if action:
                yield action

    def _waiting(self) -> Iterable[Session]:
        """Sessions with no action that is under way."""
        return (session for uid, session in self.memory.active.items() if uid not in self._acting)

    def _candidates(self, now: float) -> list[tuple[Session, str, str]]:
        """Who is to be asked something: requests that did not arrive, then by the order of each Fleet."""
        found = []
        for session in self._waiting():
            policy = self.policies.of(session.fleet_key)
            mode, reason = wanted(session, policy, now)
            if (mode, reason) != ASK_NOTHING:
                key = sort_key(session, policy.order, policy.connect_grace, now)
                found.append(((not session.is_asked, *key), session.uid, session, mode, reason))
        found.sort(key=lambda one: one[:2])
        return [(session, mode, reason) for _key, _uid, session, mode, reason in found]

    def room(self, fleet: Key, now: float) -> int:
        """How many more sessions of a Fleet may be asked to leave now."""
        free = self._free_seats(fleet, self._committed(now, self._seated())[fleet])
        return self._room(fleet, free, self._under_way(now)[fleet])

    def _room(self, fleet: Key, free: int, under_way: int) -> int:
        return pacing.room(self.policies.of(fleet), self.memory.pace(fleet), free, under_way)

    def _free_seats(self, fleet: Key, committed: int) -> int:
        seats, reserve = self.target.seats(fleet), self.reserve.get(fleet, 0)
        return pacing.free_seats(self.policies.of(fleet), seats, reserve, committed)

    def _committed(self, now: float, seated: Collection[str]) -> Counter[Key]:
        """Seats spoken for: sessions asked to leave that have not closed and may still, and open claims."""
        committed = self.memory.ledger.seats_by_fleet()
        for session in self._leaving(now):
            committed[session.fleet_key] += not _has_successor(session) and session.uid not in seated
        return committed

    def _under_way(self, now: float) -> Counter[Key]:
        """Sessions asked to leave that have not closed and may still, and open claims; with or without a seat."""
        under_way = self.memory.ledger.claims_by_fleet()
        for session in self._leaving(now):
            under_way[session.fleet_key] += 1
        return under_way

    def _leaving(self, now: float) -> Iterator[Session]:
        for session in self.memory.active.values():
            if not session.asked_to_leave or session.claimed or session.phase == REFUSED:
                continue
            if not has_not_heard(session, self.policies.of(session.fleet_key), now):
                yield session

    def _releases(self, now: float) -> Iterable[ReleaseSuccessor]:
        """Give back the servers that were allocated for players who will not come."""
        for server, uid in self._empty_successors():
            session = self.memory.active.get(uid)
            # Whoever was allocated a moment ago is not empty: its players connect. A time to come is another clock's.
            age = now - (parse_time(server.allocation) or 0.0)
            if server.uid in self._acting or 0 <= age < self.policies.of(server.fleet_key).connect_grace:
                continue
            if uid not in self.memory.ledger.claims and (session is None or _goes_elsewhere(session, server)):
                yield ReleaseSuccessor(server.uid, server.namespace, server.name, server.version)

    def _empty_successors(self) -> list[tuple[Server, str]]:
        """Servers of the target that wait for players, with the uid of the session whose players they are."""
        return [(server, uid) for server, uid in self._successors() if server.is_empty]

    def _successors(self) -> Iterator[tuple[Server, str]]:
        """Servers of the target that nobody has played on since they were allocated for a session."""
        for server in self.target.servers.values():
            uid = session_of(server, self.policies.default)
            if uid and server.is_session and not server.ending and is_unused(self.memory.successors, server, uid):
                yield server, uid

    def reserved(self) -> dict[str, Server]:
        """By session, the server of the target that waits for its players.

        One that was asked to go since, by a drain that was aborted, waits for nobody.
        """
        domain = self.policies.default.domain
        return {uid: server for server, uid in self._successors() if not is_asked_to_go(server, domain)}

    def _seated(self) -> set[str]:
        """The sessions whose seat on the target is taken already, by a server that no request has named yet."""
        # A request that was not delivered keeps its mode, and finds the server that was allocated for it.
        found = (self.memory.active.get(uid) for uid in self.reserved())
        return {one.uid for one in found if one and one.is_asked and not one.delivered}

    def note(self, action: DrainAction, accepted: bool, now: float) -> None:
        """What became of an action, or that it was dropped. A request that was accepted shows in the server itself."""
        self._acting.discard(action.uid)
        session = self.memory.active.get(action.uid)
        if session is None:
            return
        if isinstance(action, ShutDown):
            session.shutdown_at = now if accepted else None
        elif isinstance(action, DeletePod) and not accepted:
            session.forced_at = None

    def is_short(self, now: float) -> bool:
        """Whether seats were lost that were kept for sessions which are about to be asked to leave."""
        sessions = (self.memory.active.get(uid) for uid in self._acting)
        fleets = {one.fleet_key for one in sessions if one and one.asked_to_leave and not one.delivered}
        committed = self._committed(now, self._seated()) if fleets else Counter()
        return any(committed[fleet] > self.target.seats(fleet) for fleet in fleets)

    # What there is to say

    def is_empty(self, now: float) -> bool:
        """No session for long enough that a second reading may confirm it, and the claims are settled."""
        since, policy = self.memory.empty_since, self.policies.default
        if self.memory.active or since is None or now - since < policy.confirm:
            return False
        if self._empty_successors():
            return False
        return not self.memory.ledger.claims or now - since >= policy.settle

    def is_quiet(self, now: float) -> bool:
        """A moment not watched does no harm: sessions are left, none about to close, nobody on the way."""
        if self.memory.ledger.claims or not self.memory.active:
            return False
        return not any(
            session.phase == CLOSING
            or (session.request is not None and -SOON_SECONDS < session.request.not_before - now < SOON_SECONDS)
            for session in self.memory.active.values()
            if session.asked_to_leave
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
        if now >= deadline_of(request, self.policies.of(session.fleet_key)):
            return "overdue"
        if session.phase in (ACCEPTED, REFUSED):
            return session.phase
        return "silent" if is_silent(session, self.policies.of(session.fleet_key), now) else REQUESTED

    def counts(self, now: float) -> dict[str, int]:
        """Sessions by state and by outcome, in all and left."""
        counts = dict.fromkeys((*SESSION_STATES, *OUTCOMES), 0)
        for session in self.memory.active.values():
            counts[self.state_of(session, now)] += 1
        for ended in self.memory.ended:
            counts[ended.outcome] += 1
        remaining = len(self.memory.active)
        return {"total": remaining + len(self.memory.ended), "remaining": remaining, **counts}


class _Turn:
    """What is left of each Fleet's room within one plan."""

    def __init__(self, drain: Drain, now: float) -> None:
        self._drain = drain
        self._now = now
        self._committed: Counter[Key] | None = None
        self._under_way: Counter[Key] = Counter()
        self._seated: set[str] = set()
        self._room: dict[Key, int] = {}
        self._free: dict[Key, int] = {}
        self._short: dict[Key, int] = {}

    def held_by(self, session: Session, policy: Policy, mode: str, reason: str) -> str:
        """Why a session may not be asked to leave now; an empty text when it may, and is counted."""
        fleet = session.fleet_key
        pace = self._drain.memory.pace(fleet)
        if fleet not in self._room:
            self._begin(fleet, policy, pace)
        gives_seat_up = _has_successor(session) and mode != HANDOFF
        if session.asked_to_leave and not gives_seat_up:
            return "" if self._may_still_leave(session) else SEATS
        if self._room[fleet] <= 0:
            return PACE if self._free[fleet] > 0 else SEATS
        if not pacing.may_spend(policy, pace):
            return PACE
        # The deadline has the operator's word, and whoever leaves an empty server shows nothing.
        if reason != REASON_DEADLINE and not is_idle(session, policy.connect_grace, self._now):
            canary = pacing.canary_room(policy, pace)
            if canary == 0:
                return CANARY
            if canary is not None:
                pace.canary.append(session.uid)
        self._room[fleet] -= 1
        self._free[fleet] -= 1
        self._short[fleet] += 1
        pacing.spend(policy, pace, session.size)
        return ""

    def _begin(self, fleet: Key, policy: Policy, pace: Pace) -> None:
        if self._committed is None:
            self._seated = self._drain._seated()
            self._committed = self._drain._committed(self._now, self._seated)
            self._under_way = self._drain._under_way(self._now)
        self._free[fleet] = self._drain._free_seats(fleet, self._committed[fleet])
        self._room[fleet] = self._drain._room(fleet, self._free[fleet], self._under_way[fleet])
        self._short[fleet] = self._committed[fleet] - self._drain.target.seats(fleet)
        pacing.credit(policy, pace, self._now)

    def _may_still_leave(self, session: Session) -> bool:
        """A seat was kept for it; whoever has not heard of that yet waits when the target has lost seats since."""
        is_seated = _has_successor(session) or session.uid in self._seated
        if session.delivered or is_seated or self._short[session.fleet_key] <= 0:
            return True
        self._short[session.fleet_key] -= 1
        return False


def _has_successor(session: Session) -> bool:
    """Its seat on the target is taken already."""
    return session.request is not None and session.request.successor is not None


def _goes_elsewhere(session: Session, server: Server) -> bool:
    """Whether a session does not, and will not, name this server as its successor."""
    if session.is_asked and not session.delivered:
        return False
    successor = session.request.successor if session.is_asked and session.request else None
    return successor is None or successor.get("uid") != server.uid
