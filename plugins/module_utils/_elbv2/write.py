# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Write all changes of a plan and prove it, or put everything back (or keep what is done) and prove that.

A runner that loses the lease stops at once and puts nothing back: the listeners are another runner's.

ELBv2 has no conditional write. What someone else writes at the same time is noticed in two ways: by a look at what
is still to be written, whenever the last look is FRESH_SECONDS old, and by comparing all actions afterwards. A change
that lands between the last look and our write of the same rule is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from threading import Lock
from typing import NoReturn

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CALLS_IN_PARALLEL, error_code
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
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
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel

FRESH_SECONDS = 2.0
VERIFICATIONS = 5
VERIFICATION_SECONDS = 1.0
RESTORATIONS = 3
NOT_PERMITTED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OperationNotPermitted")

_Seen = Mapping[str, Forward]


class State(Enum):
    """How a forward that was to be changed looks now."""

    BEFORE = "before"
    AFTER = "after"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class Written:
    """Warnings, and where someone else has meanwhile made something that the plan did not know and that is wrong."""

    warnings: list[str]
    appeared: list[str]


class _Freshness:
    """Until when the last look, and the lease, count as current; one thread at a time looks again."""

    def __init__(self, clock: Clock, known_at: float) -> None:
        self._clock = clock
        self._known_at = known_at
        self.deciding = Lock()

    def is_over(self) -> bool:
        return self._clock.monotonic() - self._known_at >= FRESH_SECONDS

    def renew(self) -> None:
        self._known_at = self._clock.monotonic()


@dataclass
class _Progress:
    """How far a write has come: the changes begun, and why others failed or were left alone, by ARN."""

    begun: list[Change] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Writer:
    """Carries a plan out. `make_sure` raises if the right to write is lost; then nothing is put back either.

    `replan` is the planner, to judge what is read back. `read_at` is when the plan's reading and the last check of
    the lease began. With `keep`, a failure stops nothing and takes nothing back.
    """

    api: ListenerApi
    world: World
    clock: Clock
    make_sure: Callable[[], None]
    replan: Callable[[Sequence[Forward]], Plan]
    read_at: float
    keep: bool = False

    def carry_out(self, changes: Sequence[Change]) -> Written:
        """Make all the changes. Raises BlueGreenError after having put everything back, or having kept what is done."""
        progress = self._write(changes)
        if progress.failed and not self.keep:
            self._restore(progress.begun, next(iter(progress.failed.values())))
        return self._verify(changes, progress.failed)

    def _write(self, changes: Sequence[Change]) -> _Progress:
        """Write in parallel; after the first error nothing new is begun, unless what is done should be kept.

        A thread that finds the last look too old looks again and checks the lease, while the others wait.
        """
        progress, fresh = _Progress(), _Freshness(self.clock, self.read_at)

        def may_begin(change: Change) -> bool:
            with fresh.deciding:
                if fresh.is_over() and (self.keep or not progress.failed):
                    progress.failed.update(self._drift([one for one in changes if one not in progress.begun]))
                    # Last, since a look may take long, and a runner that took the lease over does not wait for it.
                    self.make_sure()
                    fresh.renew()
                stops = change.forward.arn in progress.failed if self.keep else bool(progress.failed)
                if not stops:
                    progress.begun.append(change)
                return not stops

        def write(change: Change) -> None:
            if may_begin(change):
                try:
                    self.api.write(change.forward, change.actions)
                except Exception as error:
                    progress.failed[change.forward.arn] = _why(change.forward, error)

        with ThreadPoolExecutor(max_workers=CALLS_IN_PARALLEL) as pool:
            list(pool.map(write, changes))
        return progress

    def _drift(self, changes: Sequence[Change]) -> dict[str, str]:
        """What someone else has changed since the plan was made."""
        try:
            seen = self._look()
        except Exception as error:
            return {} if self.keep else {"": f"reading again failed: {error}"}
        foreign = [change.forward for change in changes if _state(change, seen) is not State.BEFORE]
        if not self.keep and foreign:
            return {"": f"someone else changed {_places(foreign)} during the swap"}
        return {forward.arn: f"{_place(forward)}: someone else changed it during the swap" for forward in foreign}

    def _verify(self, changes: Sequence[Change], failed: Mapping[str, str]) -> Written:
        """Read until everything is as asked for; what AWS accepted may take a moment to be seen."""
        forwards, left = self._read_back(changes, failed)
        seen, known = _by_arn(forwards), {change.forward.arn for change in changes}
        ours = [change for change in left if change.forward.arn in known]
        if ours and self.keep:
            raise _kept(changes, ours, failed)
        if ours:
            lines = describe_forwards([change.forward for change in ours], self.world.names()).strip()
            self._restore(changes, f"the weights did not read back as written: {lines}")
        foreign = [change.forward for change in changes if _state(change, seen) is not State.AFTER]
        return Written(
            [f"someone else changed {_places(foreign)} during the swap; the weights there are as asked for"]
            if foreign
            else [],
            [_place(change.forward) for change in left],
        )

    def _read_back(
        self, changes: Sequence[Change], failed: Mapping[str, str]
    ) -> tuple[Sequence[Forward], Sequence[Change]]:
        """What is there now, and what would still have to change."""
        forwards: list[Forward] = []
        left: Sequence[Change] = changes
        known, why = {change.forward.arn for change in changes}, ""
        for attempt in range(VERIFICATIONS):
            if attempt:
                self.clock.sleep(VERIFICATION_SECONDS)
            try:
                found = read_forwards(self.api, self.world.load_balancers)
                left = self.replan(found).changes
            except Exception as error:
                why = str(error)
                continue
            forwards = found
            if not known.intersection(change.forward.arn for change in left):
                break
        if not forwards:
            others = f"; not made: {'; '.join(failed.values())}" if failed else ""
            raise BlueGreenError(
                f"all {len(changes) - len(failed)} changes were accepted, but could not be read back: {why}; "
                f"run it again, which verifies them{others}",
                changed=True,
            )
        return forwards, left

    def _restore(self, begun: Sequence[Change], cause: str) -> NoReturn:
        """Put back what was begun and read it back; always raises.

        A write that failed may have landed nevertheless (a lost answer), so it is put back too. What someone else
        has changed meanwhile is theirs and stays.
        """
        self.make_sure()
        fresh = _Freshness(self.clock, self.clock.monotonic())
        seen = self._look_if_possible()
        left = [change for change in begun if seen is None or _state(change, seen) is not State.FOREIGN]
        errors: dict[str, str] = {}
        for attempt in range(RESTORATIONS):
            if attempt:
                self.clock.sleep(VERIFICATION_SECONDS)
            errors = dict(
                filter(None, in_parallel(lambda change: self._put_back(change, fresh), left, CALLS_IN_PARALLEL))
            )
            seen = self._look_if_possible()
            if seen is not None:
                left = [change for change in left if _state(change, seen) is State.AFTER]
            if not left:
                break
        unproven = "it could not be read back" if seen is None else "it does not read back as it was"
        stuck = [f"{_place(change.forward)}: {errors.get(change.forward.arn, unproven)}" for change in left]
        foreign = [change.forward for change in begun if seen and _state(change, seen) is State.FOREIGN]
        raise _failure(cause, len(begun), stuck, [_place(forward) for forward in foreign])

    def _put_back(self, change: Change, fresh: _Freshness) -> tuple[str, str] | None:
        with fresh.deciding:
            if fresh.is_over():
                self.make_sure()
                fresh.renew()
        try:
            self.api.write(change.forward, change.forward.actions)
        except Exception as error:
            return change.forward.arn, str(error)
        return None

    def _look(self) -> _Seen:
        return _by_arn(read_forwards(self.api, self.world.load_balancers))

    def _look_if_possible(self) -> _Seen | None:
        try:
            return self._look()
        except Exception:
            return None


def _state(change: Change, seen: _Seen) -> State:
    forward = seen.get(change.forward.arn)
    if forward is not None and same_actions(forward.actions, change.actions):
        return State.AFTER
    if forward is not None and same_actions(forward.actions, change.forward.actions):
        return State.BEFORE
    return State.FOREIGN


def _why(forward: Forward, error: Exception) -> str:
    """What went wrong and where, and, if a permission is missing, which one."""
    if error_code(error) in NOT_PERMITTED:
        action = "ModifyListener" if forward.kind == "listener" else "ModifyRule"
        return (
            f"{_place(forward)}: {forward.arn} may not be modified by this caller: allow "
            f"elasticloadbalancing:{action} on it, or leave its target groups out of pairs. AWS says: {error}"
        )
    return f"{_place(forward)}: {forward.arn}: {error}"


def _failure(cause: str, number: int, stuck: Sequence[str], foreign: Sequence[str]) -> BlueGreenError:
    others = f". Changed by someone else meanwhile and left alone: {'; '.join(foreign)}" if foreign else ""
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


def _kept(changes: Sequence[Change], left: Sequence[Change], failed: Mapping[str, str]) -> BlueGreenError:
    rest = [failed.get(one.forward.arn, f"{_place(one.forward)}: it does not read back as written") for one in left]
    done = len(changes) - len(left)
    return BlueGreenError(
        f"{done} of {len(changes)} listeners and rules are as asked for and stay so; run it again for the others. "
        f"Not changed: {'; '.join(rest)}",
        not_changed=rest,
        changed=done > 0,
    )


def _by_arn(forwards: Sequence[Forward]) -> _Seen:
    return {forward.arn: forward for forward in forwards}


def _place(forward: Forward) -> str:
    return f"{forward.load_balancer} {forward.where}"


def _places(forwards: Sequence[Forward]) -> str:
    return ", ".join(_place(forward) for forward in forwards)
