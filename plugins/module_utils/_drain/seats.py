# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""How many more sessions may be asked to leave, by the seats that the target has and those that are spoken for. Pure.

A server of the target that was allocated for a session beforehand is a seat of its own: its successor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    HANDOFF,
    REASON_DEADLINE,
    REFUSED,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key, Server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import pacing
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Pace, Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.order import is_idle
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import has_not_heard
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.state import DrainState
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.successors import (
    is_asked_to_go,
    is_unused,
    session_of,
)

# What keeps a session from being asked to leave: no free seat, a limit of the policy or a pace that was halved, or a
# canary batch that is not judged yet.
SEATS, PACE, CANARY = "seats", "pace", "canary"


class Seats:
    """The seats of the target: free, spoken for, and taken beforehand."""

    def __init__(self, state: DrainState) -> None:
        self._state = state

    def room(self, fleet: Key, now: float) -> int:
        """How many more sessions of a Fleet may be asked to leave now."""
        free = self.free(fleet, self.committed(now, self.seated())[fleet])
        return self.room_of(fleet, free, self.under_way(now)[fleet])

    def room_of(self, fleet: Key, free: int, under_way: int) -> int:
        state = self._state
        return pacing.room(state.policies.of(fleet), state.memory.pace(fleet), free, under_way)

    def free(self, fleet: Key, committed: int) -> int:
        """Seats that are neither spoken for nor kept for players who arrive by themselves."""
        state = self._state
        seats, reserve = state.target.seats(fleet), state.reserve.get(fleet, 0)
        return pacing.free_seats(state.policies.of(fleet), seats, reserve, committed)

    def lacking(self, fleet: Key, committed: int) -> int:
        """How many more seats are spoken for than the target has."""
        return committed - self._state.target.seats(fleet)

    def committed(self, now: float, seated: Collection[str]) -> Counter[Key]:
        """Seats spoken for: sessions asked to leave that have not closed and may still, and open claims."""
        committed = self._state.memory.ledger.seats_by_fleet()
        for session in self._leaving(now):
            committed[session.fleet_key] += not session.has_successor and session.uid not in seated
        return committed

    def under_way(self, now: float) -> Counter[Key]:
        """Sessions asked to leave that have not closed and may still, and open claims; with or without a seat."""
        under_way = self._state.memory.ledger.claims_by_fleet()
        for session in self._leaving(now):
            under_way[session.fleet_key] += 1
        return under_way

    def _leaving(self, now: float) -> Iterator[Session]:
        state = self._state
        for session in state.memory.active.values():
            if not session.asked_to_leave or session.claimed or session.phase == REFUSED:
                continue
            if not has_not_heard(session, state.policies.of(session.fleet_key), now):
                yield session

    def is_short(self, now: float) -> bool:
        """Whether the target has lost seats that were kept for sessions about to be asked to leave."""
        sessions = (self._state.memory.active.get(uid) for uid in self._state.acting)
        fleets = {one.fleet_key for one in sessions if one and one.asked_to_leave and not one.delivered}
        committed = self.committed(now, self.seated()) if fleets else Counter()
        return any(self.lacking(fleet, committed[fleet]) > 0 for fleet in fleets)

    def empty_successors(self) -> list[tuple[Server, str]]:
        """Servers of the target that wait for players, with the uid of the session whose players they are."""
        return [(server, uid) for server, uid in self._successors() if server.is_empty]

    def reserved(self) -> dict[str, Server]:
        """By session, the server of the target that waits for its players.

        One that was asked to go since, by a drain that was aborted, waits for no one.
        """
        domain = self._state.policies.default.domain
        return {uid: server for server, uid in self._successors() if not is_asked_to_go(server, domain)}

    def seated(self) -> set[str]:
        """The sessions whose seat on the target is taken already, by a server that no request has named yet."""
        # A request that was not delivered keeps its mode, and finds the server that was allocated for it.
        found = (self._state.memory.active.get(uid) for uid in self.reserved())
        return {one.uid for one in found if one and one.is_asked and not one.delivered}

    def _successors(self) -> Iterator[tuple[Server, str]]:
        """Servers of the target that no one has played on since they were allocated for a session."""
        state = self._state
        for server in state.target.servers.values():
            uid = session_of(server, state.policies.default)
            if uid and server.is_session and not server.ending and is_unused(state.memory.successors, server, uid):
                yield server, uid


class Turn:
    """What is left of each Fleet's room within one plan."""

    def __init__(self, state: DrainState, seats: Seats, now: float) -> None:
        self._memory = state.memory
        self._seats = seats
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
        pace = self._memory.pace(fleet)
        if fleet not in self._room:
            self._begin(fleet, policy, pace)
        gives_seat_up = session.has_successor and mode != HANDOFF
        if session.asked_to_leave and not gives_seat_up:
            return "" if self._may_still_leave(session) else SEATS
        if self._room[fleet] <= 0:
            return PACE if self._free[fleet] > 0 else SEATS
        if not pacing.may_spend(policy, pace):
            return PACE
        # The deadline has the operator's word, and a server without players shows nothing.
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
            self._seated = self._seats.seated()
            self._committed = self._seats.committed(self._now, self._seated)
            self._under_way = self._seats.under_way(self._now)
        self._free[fleet] = self._seats.free(fleet, self._committed[fleet])
        self._room[fleet] = self._seats.room_of(fleet, self._free[fleet], self._under_way[fleet])
        self._short[fleet] = self._seats.lacking(fleet, self._committed[fleet])
        pacing.credit(policy, pace, self._now)

    def _may_still_leave(self, session: Session) -> bool:
        """A seat was kept for it; one that was not asked yet waits when the target has lost seats since."""
        is_seated = session.has_successor or session.uid in self._seated
        if session.delivered or is_seated or self._short[session.fleet_key] <= 0:
            return True
        self._short[session.fleet_key] -= 1
        return False
