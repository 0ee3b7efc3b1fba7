# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The run record as a module asks for it: read, decide, write, read again; one round."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import (
    RunKeeper,
    read_record,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.lease import (
    Decision,
    Nothing,
    Opening,
    Runner,
    Wait,
    Write,
    decide_abandon,
    decide_hold,
    decide_open,
    decide_take_over,
    ended,
    further,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import (
    RECLAIM,
    ROLLBACK,
    UPGRADE,
    Record,
    Seen,
    check_lease,
    held_by,
    to_document,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import Store, StoreConflict
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Result

CONFLICT_WAIT_SECONDS = 0.2
LeaseFact = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where the record is."""

    bucket: str
    key: str
    region: str | None


@dataclass(frozen=True)
class Asked:
    """What the module's options ask for, besides the state."""

    release: str = ""
    source: str = ""
    target: str = ""
    phase: str = ""
    if_generation: int | None = None
    lease_seconds: float = 120.0
    lease: LeaseFact | None = None
    previous: dict[str, Any] = field(default_factory=dict)
    direction: str = UPGRADE
    run_id: str = ""


class RunRecord:
    """One environment's run record."""

    def __init__(self, store: Store, place: Place, clock: Clock) -> None:
        self._store = store
        self._place = place
        self._clock = clock

    def ensure(self, state: str, asked: Asked, *, check_mode: bool) -> Result:
        """One round towards a state of the record; `round` says whether another one is needed."""
        doers: dict[str, Callable[[Asked, bool], Result]] = {
            "open": self._open,
            "taken_over": self._take_over,
            "held": self._hold,
            "renewed": self._renew,
            "released": self._release,
            "closed": self._close,
            "aborted": self._abort,
            "abandoned": self._abandon,
        }
        return doers[state](asked, check_mode)

    def _open(self, asked: Asked, check_mode: bool) -> Result:
        runner, want = self._runner(asked), self._opening(asked)
        return self._carry_out(lambda seen: decide_open(seen, want, runner), check_mode)

    def _opening(self, asked: Asked) -> Opening:
        what = asked.release if asked.direction == UPGRADE else asked.direction
        return Opening(
            # A release that no one named is read from a cluster's tag, which may hold a slash.
            run_id=f"{self._clock.now():%Y%m%d-%H%M%S}-{what}".replace("/", "-"),
            release=asked.release,
            source=asked.source,
            target=asked.target,
            if_generation=asked.if_generation,
            previous=asked.previous,
            direction=asked.direction,
        )

    def _hold(self, asked: Asked, check_mode: bool) -> Result:
        runner, want = self._runner(asked), self._opening(asked)
        return self._carry_out(lambda seen: decide_hold(seen, want, runner), check_mode)

    def _take_over(self, asked: Asked, check_mode: bool) -> Result:
        runner = self._runner(asked)
        return self._carry_out(lambda seen: decide_take_over(seen, runner), check_mode)

    def _abandon(self, asked: Asked, check_mode: bool) -> Result:
        runner = self._runner(asked)
        return self._carry_out(lambda seen: decide_abandon(seen, asked.run_id, runner), check_mode)

    def _carry_out(self, decide: Callable[[Seen | None], Decision], check_mode: bool) -> Result:
        seen = read_record(self._store, self._place.key)
        before = seen.record if seen else None
        decision = decide(seen)
        if isinstance(decision, Wait):
            return self._waiting(before, decision)
        if isinstance(decision, Nothing):
            return self._result(before, decision.record)
        if not check_mode and not self._written(decision, seen):
            # Someone was faster: the next round looks again, and decides again.
            return self._waiting(
                before, Wait(CONFLICT_WAIT_SECONDS, "the run record was just written by another runner")
            )
        if not check_mode and _shown(before) != _shown(decision.record):
            event, text = _how_it_began(before, decision.record)
            self._journalist(decision.record).journal("note", event=event, text=text)
        return self._result(before, decision.record)

    def _written(self, decision: Write, seen: Seen | None) -> bool:
        try:
            self._store.put_if(self._place.key, to_document(decision.record), seen.etag if seen else None)
        except StoreConflict:
            return False
        return True

    def _renew(self, asked: Asked, check_mode: bool) -> Result:
        before = self._predicted(asked) if check_mode else self._ours(asked)
        after = before
        if asked.phase:
            after = replace(before, phase=further(asked.phase, before.phase), current=asked.phase)
        if not check_mode:
            keeper = self._keeper(before)
            keeper.update({"phase": after.phase, "current": after.current})
            if after.current != before.current:
                self._journal_phases(keeper, before.current, after.current)
        # The phase is in the task's own name; its diff would only be noise in a plan.
        return self._result(before, after, lease=asked.lease, diff={})

    def _release(self, asked: Asked, check_mode: bool) -> Result:
        lease, seen = _given(asked), read_record(self._store, self._place.key)
        before = seen.record if seen else None
        ours = before is not None and held_by(before, lease["run_id"], lease["generation"], lease["holder"])
        if before is None or not ours or check_mode:
            # Another runner's lease, or an ended run: there is nothing of ours to give back.
            return self._result(before, before, lease=None)
        return self._result(before, self._changed(before, {"lease": None}), lease=None)

    def _close(self, asked: Asked, check_mode: bool) -> Result:
        return self._end("closed", asked, check_mode)

    def _abort(self, asked: Asked, check_mode: bool) -> Result:
        return self._end("aborted", asked, check_mode)

    def _end(self, state: str, asked: Asked, check_mode: bool) -> Result:
        lease, seen = _given(asked), read_record(self._store, self._place.key)
        last = seen.record if seen else None
        if last is not None and not last.is_open and last.run_id == lease["run_id"]:
            return self._result(last, last, lease=None)
        before = self._predicted(asked) if check_mode else self._ours(asked)
        after = ended(before, state, self._now())
        if not check_mode:
            self._journal_phases(self._keeper(before), before.current, "")
            after = self._changed(before, to_document(after))
            text = f"run {after.outcome.replace('_', ' ') or after.state}"
            self._keeper(after, lease).journal("note", event="ended", text=text)
        return self._result(before, after, lease=None, **({"diff": {}} if check_mode else {}))

    def _changed(self, record: Record, change: dict[str, Any]) -> Record:
        return self._keeper(record).update(change)

    def _ours(self, asked: Asked) -> Record:
        lease, seen = _given(asked), read_record(self._store, self._place.key)
        return check_lease(seen, run_id=lease["run_id"], generation=lease["generation"], holder=lease["holder"])

    def _predicted(self, asked: Asked) -> Record:
        """In check mode the run of the lease may never have been written."""
        lease, seen = _given(asked), read_record(self._store, self._place.key)
        if seen is not None and seen.record.run_id == lease["run_id"]:
            return seen.record
        release = lease["run_id"].split("-", 2)[-1]
        return Record(lease["run_id"], release, asked.source, asked.target, generation=lease["generation"])

    def _journal_phases(self, keeper: RunKeeper, left: str, entered: str) -> None:
        if left:
            keeper.journal("phase", name=left, event="finished")
        if entered:
            keeper.journal("phase", name=entered, event="started")

    def _keeper(self, record: Record, lease: LeaseFact | None = None) -> RunKeeper:
        fact = lease or self._lease_fact(record)
        if fact is None:
            raise BlueGreenError(f"no one holds the lease of run {record.run_id}: start the same command again")
        return RunKeeper(self._store, fact, self._clock)

    def _journalist(self, record: Record) -> RunKeeper:
        """A keeper for a run's journal alone, which an ended run has too."""
        return RunKeeper(self._store, self._fact(record, "", 0.0), self._clock)

    def _lease_fact(self, record: Record | None) -> LeaseFact | None:
        if record is None or record.lease is None:
            return None
        return self._fact(record, record.lease.holder, record.lease.seconds)

    def _fact(self, record: Record, holder: str, seconds: float) -> LeaseFact:
        return {
            "bucket": self._place.bucket,
            "key": self._place.key,
            "region": self._place.region,
            "run_id": record.run_id,
            "generation": record.generation,
            "holder": holder,
            "seconds": seconds,
        }

    def _result(self, before: Record | None, after: Record | None, **values: Any) -> Result:
        old, new = _shown(before), _shown(after)
        return {
            "changed": old != new,
            "run": run_fact(after),
            "lease": self._lease_fact(after),
            "diff": {"before": old, "after": new, "before_header": "run record", "after_header": "run record"},
            "round": {"finished": True, "progress": "", "retry_after_seconds": 0.0},
            **values,
        }

    def _waiting(self, record: Record | None, wait: Wait) -> Result:
        result = self._result(record, record, lease=None)
        result["round"] = {"finished": False, "progress": wait.text, "retry_after_seconds": wait.seconds}
        return result

    def _runner(self, asked: Asked) -> Runner:
        holder = str(asked.lease["holder"]) if asked.lease else new_holder()
        return Runner(holder, asked.lease_seconds, self._now())

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")


def new_holder() -> str:
    """A name for a runner: where it runs, for people, and something that no other runner has."""
    return f"{socket.gethostname()}/{os.getppid()}/{uuid.uuid4().hex[:8]}"


def run_fact(record: Record | None) -> dict[str, Any] | None:
    """The record as roles see it: everything but the lease."""
    if record is None:
        return None
    return {key: value for key, value in to_document(record).items() if key not in ("v", "lease")}


def _given(asked: Asked) -> LeaseFact:
    if asked.lease is None:
        raise BlueGreenError("the option lease is missing: give what the state open or taken_over returned")
    return asked.lease


def _shown(record: Record | None) -> dict[str, Any]:
    """The record as a diff shows it: a renewal changes nothing."""
    if record is None:
        return {}
    return {
        "run": record.run_id,
        "release": record.release,
        "direction": f"{record.direction}, {record.source} to {record.target}",
        "state": f"{record.state} {record.outcome}".strip(),
        "phase": record.current or record.phase,
        "lease": f"generation {record.generation}, {record.lease.holder if record.lease else 'free'}",
    }


def _how_it_began(before: Record | None, after: Record) -> tuple[str, str]:
    holder = after.lease.holder if after.lease else ""
    if after.outcome == "abandoned" and not holder:
        return "ended", "run abandoned where it was; nothing was moved"
    if not after.is_open:
        return "held", f"no new run for now: {holder} is changing a slot outside of any run"
    if before is None or before.run_id != after.run_id:
        what = "reclaim of the sessions" if after.direction == RECLAIM else f"release {after.release}"
        return "opened", f"run opened by {holder}: {what}, {after.source} to {after.target}"
    if after.direction == ROLLBACK:
        return "rollback", f"taken back to {after.source} by {holder}"
    return "resumed", f"run resumed by {holder}"
