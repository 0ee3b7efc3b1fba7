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
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.record import (
    PHASES,
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


@dataclass(frozen=True)
class Write:
    """Write this record, under the condition that nobody wrote since."""

    record: Record


@dataclass(frozen=True)
class Wait:
    """Another runner drives the run: look again after so many seconds."""

    seconds: float
    text: str


@dataclass(frozen=True)
class Nothing:
    """The record is as it shall be."""

    record: Record | None


Decision = Union[Write, Wait, Nothing]


def decide_open(seen: Seen | None, want: Opening, runner: Runner) -> Decision:
    """Open a run where none is open, or resume the open one of the same release."""
    if seen is None or not seen.record.is_open:
        return _new_run(seen, want, runner)
    record = seen.record
    check_resumable(record, want.release)
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
    if seen is not None and seen.record.lease is not None and seconds_left(seen) > 0:
        raise BlueGreenError(
            f"{seen.record.lease.holder} is changing a slot outside of any run (playbook decommission), for at least "
            f"{seconds_left(seen):.0f} s more: start the same command again when that is done"
        )
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
            generation=generation + 1,
            opened_at=runner.now,
            previous=want.previous,
            lease=runner.lease,
        )
    )


def decide_hold(seen: Seen | None, want: Opening, runner: Runner) -> Decision:
    """Take the lease while no run is open, so that none is opened meanwhile; the last run's record stays as it is."""
    record = seen.record if seen else None
    if record is not None and record.is_open:
        raise BlueGreenError(
            f"run {record.run_id} (release {record.release}, {record.source} to {record.target}) is open: finish "
            f"it with -e eks_bluegreen_release={record.release}, or take it back with the playbook rollback, first"
        )
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


def check_resumable(record: Record, release: str) -> None:
    """Refuse to drive forward an open run of another release, or one that is on its way back."""
    run = f"run {record.run_id} (release {record.release}, {record.source} to {record.target})"
    if record.direction == "rollback":
        raise BlueGreenError(
            f"a rollback of {run} is not finished: finish it with the playbook rollback, then start the upgrade again"
        )
    if record.release != release:
        raise BlueGreenError(
            f"{run} is open, in phase {record.phase or 'before provision'}; this command wants release {release}. "
            f"Finish the open run with -e eks_bluegreen_release={record.release}, or take it back with the playbook "
            "rollback; only then can another release start"
        )


def decide_take_over(seen: Seen | None, runner: Runner) -> Decision:
    """Take the run, and its direction back to the source, whoever holds the lease."""
    if seen is None:
        raise BlueGreenError("no run is recorded for this environment: there is nothing to roll back")
    record = seen.record
    if record.is_open and record.direction == "rollback" and record.lease == runner.lease:
        return Nothing(record)
    back = replace(record, direction="rollback", state="open", outcome="", closed_at="")
    return Write(_driven(back, runner))


def _driven(record: Record, runner: Runner) -> Record:
    return replace(record, generation=record.generation + 1, lease=runner.lease, current="")


def further(phase: str, recorded: str) -> str:
    """The later of two phases; a run that is resumed never looks less far than it was."""
    if phase not in PHASES:
        raise BlueGreenError(f"phase is {phase!r}; it is one of {', '.join(PHASES)}")
    return phase if not recorded or PHASES.index(phase) > PHASES.index(recorded) else recorded


def ended(record: Record, state: str, now: str) -> Record:
    """The record of a finished run, which stays in the bucket for its generation.

    A rollback of a run whose cutover had not begun has nothing to show for itself: it ends as aborted.
    """
    outcome = "rolled_back" if record.direction == "rollback" else "completed"
    if state == "aborted" or (record.direction == "rollback" and not record.reached_cutover):
        state, outcome = "aborted", "rolled_back" if record.direction == "rollback" else ""
    return replace(record, state=state, outcome=outcome, closed_at=now, current="", lease=None)
