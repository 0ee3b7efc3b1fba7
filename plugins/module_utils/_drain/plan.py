# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a drain does next: who is asked to leave, who is no longer waited for, and when it must stop. Pure.

`signals` decides what a session is asked, `order` who goes first, `pacing` and `seats` how many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import LEAVING_MODES, REFUSED
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    Key,
    Server,
    name_of,
    parse_time,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import pacing
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.order import sort_key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import has_not_heard
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.seats import Seats, Turn
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import (
    ASK_NOTHING,
    DeletePod,
    DrainAction,
    ReleaseSuccessor,
    ShutDown,
    Signal,
    ask,
    escalation,
    wanted,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.state import DrainState
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.successors import marked_allocation


class Planner:
    """Plans actions, and learns what became of them.

    `held` tells what kept sessions from being asked in the last plan: how many, by Fleet and cause.
    """

    def __init__(self, state: DrainState, seats: Seats) -> None:
        self._state = state
        self._memory = state.memory
        self._seats = seats
        self.held: dict[Key, Counter[str]] = {}

    def plan(self, now: float, may_signal: bool = True) -> list[DrainAction]:
        """What to do now. Call `note` afterwards: until then nothing else is planned for the same server.

        Requests are noted in the memory as about to be sent: save it, then act. With `may_signal` false (the view of a
        slot is stale) no one is asked to go.
        """
        actions: list[DrainAction] = [*self._escalations(now)]
        self._state.acting.update(action.uid for action in actions)
        self.held = {}
        # After the others: a session that is asked again keeps the server that was allocated for it.
        actions += [*self._requests(now), *self._releases(now)] if may_signal else []
        self._state.acting.update(action.uid for action in actions)
        return actions

    def note(self, action: DrainAction, accepted: bool, now: float) -> None:
        """What became of an action, or that it was dropped. A request that was accepted shows in the server itself."""
        self._state.acting.discard(action.uid)
        session = self._memory.active.get(action.uid)
        if session is None:
            return
        if isinstance(action, ShutDown):
            session.shutdown_at = now if accepted else None
        elif isinstance(action, DeletePod) and not accepted:
            session.forced_at = None

    def leave(self, uid: str) -> None:
        """A server is protected as it is: nothing more is planned for it before the next round."""
        self._state.acting.add(uid)

    def alarm(self, now: float) -> str:
        """Judge the moves so far; why no one else may be asked to leave, or an empty text.

        It reports each reason once: a drain that goes on begins with a canary batch.
        """
        reasons = []
        under_way = self._seats.under_way(now) if self._memory.paces else Counter()
        for fleet, pace in self._memory.paces.items():
            policy = self._state.policies.of(fleet)
            reason = pacing.review(policy, pace, under_way[fleet], lambda uid: self._is_pending(uid, now))
            if reason:
                pacing.begin_again(pace)
                reasons.append(f"Fleet {name_of(fleet)}: {reason}")
        return "; ".join(reasons)

    def _is_pending(self, uid: str, now: float) -> bool:
        """Whether a session of a canary batch may still show how its players fare."""
        if uid in self._memory.ledger.claims:
            return True
        session = self._memory.active.get(uid)
        if session is None or session.claimed or not session.asked_to_leave or session.phase == REFUSED:
            return False
        return not has_not_heard(session, self._state.policies.of(session.fleet_key), now)

    def _requests(self, now: float) -> Iterable[Signal]:
        turn = Turn(self._state, self._seats, now)
        for session, mode, reason in self._candidates(now):
            policy = self._state.policies.of(session.fleet_key)
            cause = turn.held_by(session, policy, mode, reason) if mode in LEAVING_MODES else ""
            if cause:
                self.held.setdefault(session.fleet_key, Counter())[cause] += 1
                continue
            yield ask(session, policy, mode, reason, now)

    def _candidates(self, now: float) -> list[tuple[Session, str, str]]:
        """Who is to be asked something: requests that did not arrive, then by the order of each Fleet."""
        found = []
        for session in self._waiting():
            policy = self._state.policies.of(session.fleet_key)
            mode, reason = wanted(session, policy, now)
            if (mode, reason) != ASK_NOTHING:
                key = sort_key(session, policy.order, policy.connect_grace, now)
                found.append(((not session.is_asked, *key), session.uid, session, mode, reason))
        found.sort(key=lambda one: one[:2])
        return [(session, mode, reason) for _key, _uid, session, mode, reason in found]

    def _escalations(self, now: float) -> Iterable[DrainAction]:
        for session in self._waiting():
            action = escalation(session, self._state.policies.of(session.fleet_key), now)
            if isinstance(action, DeletePod):
                session.forced_at = now
            elif action:
                session.shutdown_at = now
            if action:
                yield action

    def _waiting(self) -> Iterable[Session]:
        """Sessions with no action that is under way."""
        return (session for uid, session in self._memory.active.items() if uid not in self._state.acting)

    def _releases(self, now: float) -> Iterable[ReleaseSuccessor]:
        """Give back the servers that were allocated for players who will not come."""
        for server, uid in self._seats.empty_successors():
            session = self._memory.active.get(uid)
            # One allocated a moment ago is not empty: players are connecting. A time in the future is another clock's.
            age = now - (parse_time(server.allocation) or 0.0)
            connect_grace = self._state.policies.of(server.fleet_key).connect_grace
            if server.uid in self._state.acting or 0 <= age < connect_grace:
                continue
            if uid not in self._memory.ledger.claims and (session is None or _goes_elsewhere(session, server)):
                allocation = marked_allocation(self._memory.successors, server, uid)
                yield ReleaseSuccessor(server.uid, *server.key, server.version, server.fleet, allocation)


def _goes_elsewhere(session: Session, server: Server) -> bool:
    """Whether a session does not, and will not, name this server as its successor."""
    if session.is_asked and not session.delivered:
        return False
    successor = session.request.successor if session.is_asked and session.request else None
    return successor is None or successor.get("uid") != server.uid
