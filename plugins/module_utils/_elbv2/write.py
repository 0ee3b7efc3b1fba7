# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Write all changes of a plan and prove it, or put everything back and prove that.

ELBv2 has no conditional write. What somebody else writes at the same time is noticed in two ways: by a look at what
is still to be written, whenever the last look is FRESH_SECONDS old, and by comparing all actions afterwards. A change
that lands between the last look and our write of the same rule is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from threading import Lock
from typing import NoReturn

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import error_code
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import CALLS_IN_PARALLEL, in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import (
    Change,
    Forward,
    Plan,
    describe_forwards,
    same_actions,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.world import (
    ListenerApi,
    World,
    read_forwards,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

FRESH_SECONDS = 2.0
VERIFICATIONS = 5
VERIFICATION_SECONDS = 1.0
RESTORATIONS = 3
NOT_PERMITTED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OperationNotPermitted")

Seen = Mapping[str, Forward]


class State(Enum):
    """How a forward that was to be changed looks now."""

    BEFORE = "before"
    AFTER = "after"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class Writer:
    """Carries a plan out. `make_sure` raises if the right to write is lost; then nothing is put back either.

    `replan` is the planner, to judge what is read back.
    """

    api: ListenerApi
    world: World
    clock: Clock
    make_sure: Callable[[], None]
    replan: Callable[[Sequence[Forward]], Plan]

    def carry_out(self, changes: Sequence[Change]) -> list[str]:
        """Make all the changes; returns warnings. Raises BlueGreenError after having put everything back."""
        begun, failed = self._write(changes)
        if failed:
            self._restore(begun, failed)
        return self._verify(changes)

    def _write(self, changes: Sequence[Change]) -> tuple[list[Change], str]:
        """Write in parallel; after the first error nothing new is begun. Returns what was begun, and the error.

        The planner has just read everything. Whoever finds that long ago looks again, while the others wait.
        """
        begun: list[Change] = []
        failed: list[str] = []
        deciding, looked_at = Lock(), [self.clock.monotonic()]

        def may_begin(change: Change) -> bool:
            with deciding:
                if not failed and self.clock.monotonic() - looked_at[-1] >= FRESH_SECONDS:
                    failed.extend(self._drift([one for one in changes if one not in begun]))
                    looked_at.append(self.clock.monotonic())
                if not failed:
                    begun.append(change)
                return not failed

        def write(change: Change) -> None:
            if may_begin(change):
                try:
                    self.api.write(change.forward, change.actions)
                except Exception as error:
                    failed.append(_why(change.forward, error))

        with ThreadPoolExecutor(max_workers=CALLS_IN_PARALLEL) as pool:
            list(pool.map(write, changes))
        return begun, failed[0] if failed else ""

    def _drift(self, changes: Sequence[Change]) -> list[str]:
        """What somebody else has changed since the plan was made."""
        try:
            seen = self._look()
        except Exception as error:
            return [f"reading again failed: {error}"]
        foreign = [change.forward for change in changes if _state(change, seen) is not State.BEFORE]
        return [f"somebody else changed {_places(foreign)} during the swap"] if foreign else []

    def _verify(self, changes: Sequence[Change]) -> list[str]:
        """Read until everything is as asked for; what AWS accepted may take a moment to be seen."""
        forwards: list[Forward] = []
        left: Sequence[Change] = changes
        for attempt in range(VERIFICATIONS):
            if attempt:
                self.clock.sleep(VERIFICATION_SECONDS)
            try:
                forwards = read_forwards(self.api, self.world.load_balancers)
            except Exception as error:
                unread = error
                continue
            left = self.replan(forwards).changes
            if not left:
                break
        if not forwards:
            raise BlueGreenError(
                f"all {len(changes)} changes were accepted, but could not be read back: {unread}; "
                "run it again, which verifies them"
            )
        if left:
            lines = describe_forwards([change.forward for change in left], self.world.names()).strip()
            self._restore(changes, f"the weights did not read back as written: {lines}")
        seen = _by_arn(forwards)
        foreign = [change.forward for change in changes if _state(change, seen) is not State.AFTER]
        if foreign:
            return [f"somebody else changed {_places(foreign)} during the swap; the weights there are as asked for"]
        return []

    def _restore(self, begun: Sequence[Change], cause: str) -> NoReturn:
        """Put back what was begun and read it back; always raises.

        A write that failed may have landed nevertheless (a lost answer), so it is put back too. What somebody else
        has changed meanwhile is theirs and stays.
        """
        self.make_sure()
        seen = self._look_if_possible()
        left = [change for change in begun if seen is None or _state(change, seen) is not State.FOREIGN]
        errors: dict[str, str] = {}
        for attempt in range(RESTORATIONS):
            if attempt:
                self.clock.sleep(VERIFICATION_SECONDS)
            errors = dict(filter(None, in_parallel(self._put_back, left)))
            seen = self._look_if_possible()
            if seen is not None:
                left = [change for change in left if _state(change, seen) is State.AFTER]
            if not left:
                break
        unproven = "it could not be read back" if seen is None else "it does not read back as it was"
        stuck = [f"{_place(change.forward)}: {errors.get(change.forward.arn, unproven)}" for change in left]
        foreign = [change.forward for change in begun if seen and _state(change, seen) is State.FOREIGN]
        raise _failure(cause, len(begun), stuck, [_place(forward) for forward in foreign])

    def _put_back(self, change: Change) -> tuple[str, str] | None:
        try:
            self.api.write(change.forward, change.forward.actions)
        except Exception as error:
            return change.forward.arn, str(error)
        return None

    def _look(self) -> Seen:
        return _by_arn(read_forwards(self.api, self.world.load_balancers))

    def _look_if_possible(self) -> Seen | None:
        try:
            return self._look()
        except Exception:
            return None


def _state(change: Change, seen: Seen) -> State:
    forward = seen.get(change.forward.arn)
    if forward is not None and same_actions(forward.actions, change.actions):
        return State.AFTER
    if forward is not None and same_actions(forward.actions, change.forward.actions):
        return State.BEFORE
    return State.FOREIGN


def _why(forward: Forward, error: Exception) -> str:
    """What went wrong where, and for a lack of rights what would mend it."""
    if error_code(error) in NOT_PERMITTED:
        action = "ModifyListener" if forward.kind == "listener" else "ModifyRule"
        return (
            f"{_place(forward)} ({forward.arn}) may not be modified by this caller: allow "
            f"elasticloadbalancing:{action} on it, or leave its target groups out of pairs. AWS says: {error}"
        )
    return f"{_place(forward)} ({forward.arn}): {error}"


def _failure(cause: str, number: int, stuck: Sequence[str], foreign: Sequence[str]) -> BlueGreenError:
    others = f". Changed by somebody else meanwhile and left alone: {'; '.join(foreign)}" if foreign else ""
    if stuck:
        return BlueGreenError(
            f"the swap failed ({cause}) and could not be taken back everywhere, so listeners differ now; "
            f"run it again, or rollback. Not restored: {'; '.join(stuck)}{others}",
            not_restored=list(stuck),
            changed_by_others=list(foreign),
        )
    return BlueGreenError(
        f"the swap failed and all {number - len(foreign)} changes were taken back: {cause}{others}",
        not_restored=[],
        changed_by_others=list(foreign),
    )


def _by_arn(forwards: Sequence[Forward]) -> Seen:
    return {forward.arn: forward for forward in forwards}


def _place(forward: Forward) -> str:
    return f"{forward.load_balancer} {forward.where}"


def _places(forwards: Sequence[Forward]) -> str:
    return ", ".join(_place(forward) for forward in forwards)
