# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The run record: what it holds, who may write it, and when. Pure; `s3.py` stores it.

One record per environment. It says which run is open and in which direction; the lease inside
says who drives the run now. A runner that gets the lease raises `generation`, so that two holders
never share one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

_VERSION = 1
PHASES = ("provision", "charts", "parity", "verify", "cutover", "bake", "drain", "complete")
# From here on traffic may have moved: a rollback that ends a run in these phases moved it back.
PHASES_AFTER_CUTOVER = PHASES[PHASES.index("cutover") :]
# What a run does: move to its target, go back from there, or bring the standby slot's sessions into the active one.
UPGRADE, ROLLBACK, RECLAIM = "upgrade", "rollback", "reclaim"
# S3 gives times in whole seconds, so an age may be up to a second too high.
AGE_RESOLUTION_SECONDS = 1.0


class LeaseLost(BlueGreenError):
    """Another runner drives the run now; this one must stop writing at once."""


@dataclass(frozen=True)
class Lease:
    """Who may write, and for how many seconds after the record's last write."""

    holder: str
    seconds: float


@dataclass(frozen=True)
class Record:
    """The run record's content. `state` is open, closed or aborted; `direction` upgrade, rollback or reclaim.

    A record without an open run may still hold a lease: someone keeps runs from being opened for a while.
    `phase` is the furthest phase that was started: a resumed run passes through the earlier ones again,
    which `current` shows. `outcome` is completed, rolled_back, reclaimed, abandoned or empty. A reclaim moves no
    traffic: `back_to` is where a rollback would go, as the run before it knew.
    """

    run_id: str
    release: str
    source: str
    target: str
    direction: str = UPGRADE
    phase: str = ""
    current: str = ""
    state: str = "open"
    outcome: str = ""
    generation: int = 1
    opened_at: str = ""
    closed_at: str = ""
    previous: dict[str, Any] = field(default_factory=dict)
    lease: Lease | None = None
    back_to: str = ""

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def reached_cutover(self) -> bool:
        return self.phase in PHASES_AFTER_CUTOVER

    @property
    def home(self) -> str:
        """The slot that a rollback goes to; empty if no upgrade is known."""
        return self.back_to if self.direction == RECLAIM else self.source

    @property
    def away(self) -> str:
        """The slot that a rollback leaves."""
        return self.target if self.home == self.source else self.source


@dataclass(frozen=True)
class Seen:
    """A record as read: with the ETag that the next write must name, and its age in seconds."""

    record: Record
    etag: str
    age_seconds: float


def to_document(record: Record) -> dict[str, Any]:
    """The record as the JSON object that is stored."""
    return {"v": _VERSION, **asdict(record)}


def record_of(document: Mapping[str, Any], where: str) -> Record:
    """Read a stored JSON object; `where` names it in errors."""
    if document.get("v") != _VERSION:
        raise BlueGreenError(
            f"the run record {where} has version {document.get('v')!r}; this collection reads version {_VERSION}: "
            "use the version of the collection that wrote it, or finish its run with that version first"
        )
    known = {key: value for key, value in document.items() if key in Record.__dataclass_fields__}
    lease = known.get("lease")
    try:
        known["lease"] = Lease(holder=str(lease["holder"]), seconds=float(lease["seconds"])) if lease else None
        record = Record(**known)
        # The report's files on the runner's disk carry this name.
        if "/" in record.run_id:
            raise ValueError(f"its run_id {record.run_id!r} is a path")
        return record
    except (KeyError, TypeError, ValueError) as error:
        raise BlueGreenError(
            f"the run record {where} is damaged ({error}): restore an earlier version of the object from the bucket"
        ) from error


def seconds_left(seen: Seen) -> float:
    """For how long the lease in a record certainly cannot be taken; 0 when it is free."""
    if seen.record.lease is None:
        return 0.0
    return max(0.0, seen.record.lease.seconds + AGE_RESOLUTION_SECONDS - seen.age_seconds)


def held_by(record: Record, run_id: str, generation: int, holder: str) -> bool:
    """Whether exactly this holder has the lease of the record."""
    return (
        record.run_id == run_id
        and record.generation == generation
        and record.lease is not None
        and record.lease.holder == holder
    )


def check_lease(seen: Seen | None, *, run_id: str, generation: int, holder: str) -> Record:
    """The record, when the lease in it is still ours; else LeaseLost, saying to whom it went."""
    if seen is None:
        raise LeaseLost(f"the record of run {run_id} is gone from the state bucket: restore it, then run again")
    record = seen.record
    if held_by(record, run_id, generation, holder):
        return record
    if record.run_id != run_id:
        found = f"run {record.run_id} has taken its place"
    elif not record.is_open:
        found = f"the run was {record.state} by another runner"
    elif record.lease is None:
        found = f"the lease was released (generation {record.generation})"
    else:
        found = f"{record.lease.holder} took it over (generation {record.generation}, ours was {generation})"
    raise LeaseLost(
        f"the lease of run {run_id} is lost: {found}. This runner stops here and writes nothing more; "
        "see how things stand with the playbook status",
        record=to_document(record),
    )
