# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Who may open, resume, take over and end a run: decisions without any I/O.

Each decision takes the record as it was seen and answers with the record to write, with a wait, or
with nothing; a refusal is a BlueGreenError that says what to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Union

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import (
    PHASES,
    RECLAIM,
    ROLLBACK,
    UPGRADE,
    Lease,
    Record,
    Seen,
    seconds_left,
)

LONGEST_WAIT_SECONDS = 5.0


@dataclass(frozen=True)
class Runner:
    """Who asks: the name under which it would hold the lease, and the moment, as text for people."""

    holder: str
    lease_seconds: float
    now: str

    @property
    def lease(self) -> Lease:
        return Lease(self.holder, self.lease_seconds)


@dataclass(frozen=True)
class Opening:
    """The run that a runner wants to open, or to resume.

    `if_generation` is the record's generation when the direction was decided (0: there was no record);
    None opens nothing and only resumes.
    """

    run_id: str
    release: str
    source: str
    target: str
    if_generation: int | None
    previous: dict[str, Any]
    direction: str = UPGRADE


@dataclass(frozen=True)
class Write:
    """Write this record, under the condition that no one has written since."""

    record: Record


@dataclass(frozen=True)
class Wait:
    """Another runner drives the run: look again after this many seconds."""

    seconds: float
    text: str


@dataclass(frozen=True)
class Nothing:
    """The record is as it should be."""

    record: Record | None


Decision = Union[Write, Wait, Nothing]


def decide_open(seen: Seen | None, want: Opening, runner: Runner) -> Decision:
    """Open a run if none is open, or resume the open one of the same direction and release."""
    if seen is None or not seen.record.is_open:
        return _new_run(seen, want, runner)
    record = seen.record
    check_resumable(record, want.release, want.direction)
    if record.lease is not None and record.lease.holder == runner.holder:
        return Write(replace(record, lease=runner.lease))
    left = seconds_left(seen)
    if left > 0 and record.lease is not None:
        text = f"run {record.run_id} is driven by {record.lease.holder}; its lease ends in {left:.0f} s unless renewed"
        return Wait(min(left, LONGEST_WAIT_SECONDS), text)
    if want.if_generation is not None:
        raise BlueGreenError(
            f"run {record.run_id} was opened while this runner was checking: start the same command again, "
            "it resumes that run"
        )
    return Write(_driven(record, runner))


def _new_run(seen: Seen | None, want: Opening, runner: Runner) -> Decision:
    last = seen.record if seen else None
    if want.if_generation is None:
        return Nothing(last)
    _refuse_held(seen, "start the same command again when that is done")
    generation = last.generation if last else 0
    if generation != want.if_generation:
        raise BlueGreenError(
            f"run {last.run_id if last else ''} was opened and ended while this runner was checking: "
            "start the same command again, so that it looks at the slots as they are now"
        )
    return Write(
        Record(
            run_id=want.run_id,
            release=want.release,
            source=want.source,
            target=want.target,
            direction=want.direction,
            generation=generation + 1,
            opened_at=runner.now,
            previous=want.previous,
            lease=runner.lease,
            back_to=last.home if last and want.direction == RECLAIM else "",
        )
    )


def _refuse_held(seen: Seen | None, remedy: str) -> None:
    """Raise while someone holds the lease although no run is open."""
    if seen is not None and seen.record.lease is not None and (left := seconds_left(seen)) > 0:
        raise BlueGreenError(
            f"{seen.record.lease.holder} is changing a slot outside of any run (playbook decommission), for at least "
            f"{left:.0f} s more: {remedy}"
        )


def decide_hold(seen: Seen | None, want: Opening, runner: Runner) -> Decision:
    """Take the lease while no run is open, so that none is opened meanwhile; the last run's record stays as it is."""
    record = seen.record if seen else None
    if record is not None and record.is_open:
        raise BlueGreenError(f"{described(record)} is open: {ways_out(record)}, first")
    if seen is not None and seen.record.lease is not None and (left := seconds_left(seen)) > 0:
        text = f"{seen.record.lease.holder} is changing a slot; its lease ends in {left:.0f} s unless renewed"
        return Wait(min(left, LONGEST_WAIT_SECONDS), text)
    generation = record.generation if record else 0
    if generation != want.if_generation:
        raise BlueGreenError(
            "the run record was written by another runner while this one was checking: start the same command again, "
            "so that it looks at the slots as they are now"
        )
    if record is None:
        record = Record(want.run_id, want.release, want.source, want.target, state="aborted", closed_at=runner.now)
    return Write(replace(record, generation=generation + 1, lease=runner.lease))


def described(record: Record) -> str:
    """A run as errors name it."""
    if record.direction == RECLAIM:
        return f"run {record.run_id} (a reclaim, {record.source} to {record.target})"
    return f"run {record.run_id} (release {record.release}, {record.source} to {record.target})"


def ways_out(record: Record) -> str:
    """How an open run is ended, to be read after a colon."""
    abandon = "end it with the playbook abandon"
    if record.direction == RECLAIM:
        return f"finish it with the playbook reclaim, or {abandon}"
    if record.direction == ROLLBACK:
        return f"finish it with the playbook rollback, or {abandon}"
    forward = f"finish it with -e eks_bluegreen_release={record.release}"
    return f"{forward}, take it back with the playbook rollback, or {abandon}"


def check_resumable(record: Record, release: str, direction: str = UPGRADE) -> None:
    """Refuse to drive forward an open run of another direction or release, or one that is on its way back."""
    run = described(record)
    if record.direction == ROLLBACK:
        raise BlueGreenError(
            f"a rollback of {run} is not finished: {ways_out(record)}; then start the {direction} again"
        )
    if record.direction != direction:
        raise BlueGreenError(
            f"{run} is open, in phase {record.phase or 'before provision'}: {ways_out(record)}; "
            f"then start the {direction} again"
        )
    if direction == UPGRADE and record.release != release:
        raise BlueGreenError(
            f"{run} is open, in phase {record.phase or 'before provision'}; this command wants release {release}: "
            f"{ways_out(record)}; only then can another release start"
        )


def check_reversible(record: Record) -> None:
    """Refuse to take back a reclaim that fills the slot to which a rollback goes."""
    if not record.home:
        raise BlueGreenError("no upgrade is recorded for this environment: there is nothing to roll back")
    if record.is_open and record.home == record.target and record.direction == RECLAIM:
        raise BlueGreenError(
            f"{described(record)} is open, and moves no traffic: {record.target} serves, which is where a rollback "
            "goes. To ask no more sessions, run the playbook pause with -e eks_bluegreen_control=aborted; then end the "
            "run with the playbook abandon"
        )


def decide_take_over(seen: Seen | None, runner: Runner) -> Decision:
    """Take the run over and turn it back to where the upgrade came from, no matter who drives it.

    Not while no run is open and someone removes a slot, which may be the one to go back to.
    """
    if seen is None:
        raise BlueGreenError("no run is recorded for this environment: there is nothing to roll back")
    record = seen.record
    check_reversible(record)
    if not record.is_open:
        _refuse_held(seen, "stop it there first, then start the same command again")
    if record.is_open and record.direction == ROLLBACK and record.lease == runner.lease:
        return Nothing(record)
    back = replace(
        record, direction=ROLLBACK, source=record.home, target=record.away, state="open", outcome="", closed_at=""
    )
    return Write(_driven(back, runner))


def decide_abandon(seen: Seen | None, run_id: str, runner: Runner) -> Decision:
    """End an open run where it is. Its generation goes on, so that the runner that drove it has lost it."""
    if seen is None or not seen.record.is_open:
        return Nothing(seen.record if seen else None)
    record = seen.record
    if record.run_id != run_id:
        raise BlueGreenError(f"the open run is {described(record)}, not {run_id!r}: name the run that you mean")
    if record.lease is not None and (left := seconds_left(seen)) > 0:
        raise BlueGreenError(
            f"{described(record)} is driven by {record.lease.holder}, for at least {left:.0f} s more: stop it there "
            "first, or take the run back with the playbook rollback, which waits for no one"
        )
    return Write(replace(ended(record, "aborted", runner.now), outcome="abandoned", generation=record.generation + 1))


def _driven(record: Record, runner: Runner) -> Record:
    return replace(record, generation=record.generation + 1, lease=runner.lease, current="")


def further(phase: str, recorded: str) -> str:
    """The later of two phases; a run that is resumed never looks less advanced than it was."""
    if phase not in PHASES:
        raise BlueGreenError(f"phase is {phase!r}; use one of {', '.join(PHASES)}")
    return phase if not recorded or PHASES.index(phase) > PHASES.index(recorded) else recorded


def ended(record: Record, state: str, now: str) -> Record:
    """The record of a finished run, which stays in the bucket for its generation.

    A rollback of a run whose cutover had not begun has nothing to show for itself: it ends as aborted.
    """
    outcome = {ROLLBACK: "rolled_back", RECLAIM: "reclaimed"}.get(record.direction, "completed")
    if state == "aborted" or (record.direction == ROLLBACK and not record.reached_cutover):
        state, outcome = "aborted", "rolled_back" if record.direction == ROLLBACK else ""
    return replace(record, state=state, outcome=outcome, closed_at=now, current="", lease=None)
