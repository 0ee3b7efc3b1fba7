# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""From which slot to which: decided from what is observed and what is recorded. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import SLOTS, Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.lease import (
    check_resumable,
    check_reversible,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import (
    RECLAIM,
    ROLLBACK,
    UPGRADE,
    Record,
)

STATUS = "status"
DIRECTIONS = (UPGRADE, ROLLBACK, RECLAIM, STATUS)
# Tags of a cluster: which release it runs, for which environment, and in which slot.
RELEASE_TAG = "eks-bluegreen/release"
ENVIRONMENT_TAG = "eks-bluegreen/environment"
SLOT_TAG = "eks-bluegreen/slot"
# The checks of what could not be read. After those of the traffic no one knows where all requests go.
RECORD_UNREAD = "run_record"
CLUSTER_UNREAD = "cluster_readable"
GROUP_UNREAD = "target_group_readable"
TRAFFIC_UNREAD = ("load_balancer_readable", GROUP_UNREAD)
SlotWeights = Mapping[str, float]


@dataclass(frozen=True)
class SlotView:
    """One slot's cluster as EKS shows it; `release` is the tag that the collection sets."""

    slot: str
    cluster_name: str
    exists: bool = False
    status: str = ""
    version: str = ""
    release: str = ""


@dataclass(frozen=True)
class ForwardView:
    """One listener default or rule that forwards to a pair, with the weight of each slot in it."""

    where: str
    weights: SlotWeights


@dataclass(frozen=True)
class View:
    """What decides a direction. `destination` is None if sessions follow the traffic.

    `groupless` are the slots that have services and, for certain, none of their target groups.
    """

    slots: Mapping[str, SlotView]
    forwards: Sequence[ForwardView]
    destination: SlotWeights | None
    record: Record | None
    problems: Sequence[Finding] = field(default_factory=tuple)
    groupless: Set[str] = frozenset()

    @property
    def record_unread(self) -> Finding | None:
        """Why there is no record here, if it could not be read."""
        return next((problem for problem in self.problems if problem.check == RECORD_UNREAD), None)

    @property
    def active(self) -> str:
        """The slot that has all of the traffic and the destination, or an empty string."""
        serving = {slot for weights in self._weights() for slot in SLOTS if weights.get(slot, 0) > 0}
        return serving.pop() if len(serving) == 1 and self._is_complete() else ""

    def _weights(self) -> list[SlotWeights]:
        return [*(forward.weights for forward in self.forwards), *([self.destination] if self.destination else [])]

    def _is_complete(self) -> bool:
        is_read = not any(problem.check in TRAFFIC_UNREAD for problem in self.problems)
        return is_read and bool(self.forwards) and (self.destination is None or bool(self.destination))

    @property
    def standing(self) -> str:
        """Where the traffic and the destination are, in one sentence."""
        if not self.forwards:
            return "no listener forwards to the target groups of a slot"
        traffic = "; ".join(f"{forward.where} {weights_text(forward.weights)}" for forward in self.forwards)
        if self.destination is None:
            return f"traffic: {traffic}"
        destination = weights_text(self.destination) if self.destination else "not readable"
        return f"traffic: {traffic}; session destination: {destination}"


@dataclass(frozen=True)
class Direction:
    """The decision. Without an open run and with nothing to do, `target` is the active slot."""

    source: str
    target: str
    release: str
    resume: bool
    nothing_to_do: bool
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def other(slot: str) -> str:
    return SLOTS[1] if slot == SLOTS[0] else SLOTS[0]


def weights_text(weights: SlotWeights) -> str:
    """Weights as people read them: blue 90, green 10."""
    return ", ".join(f"{slot} {weights.get(slot, 0):g}" for slot in SLOTS)


def decide(view: View, direction: str, release: str, phases: Sequence[str] = ()) -> Direction:
    """Decide the direction of an upgrade, a rollback, a reclaim or, without ever refusing, of a mere look.

    `phases` names the recorded phases in which a playbook of a single phase may start.
    """
    if direction != STATUS:
        _refuse_unread_record(view)
    deciders = {UPGRADE: _upgrade, ROLLBACK: _rollback, RECLAIM: _reclaim, STATUS: _status}
    decided = deciders[direction](view, release)
    if phases:
        _check_phase(view.record, phases)
    return decided


def _refuse_unread_record(view: View) -> None:
    """A record that could not be read is not taken for none: no one would know that a run is open, and which way."""
    problem = view.record_unread
    if problem:
        raise BlueGreenError(
            f"the run record could not be read, so it is not known whether a run is open: {problem.finding}. "
            f"{problem.remedy}",
            problems=[asdict(one) for one in view.problems],
        )


def _upgrade(view: View, release: str) -> Direction:
    record = view.record
    if record is not None and record.is_open:
        check_resumable(record, release)
        return Direction(
            record.source, record.target, release, True, False, f"run {record.run_id} is open: it is resumed"
        )
    active = _active(view)
    runs = view.slots[active].release
    if runs == release:
        return Direction(
            other(active), active, release, False, True, f"nothing to do: {active} is active and runs release {release}"
        )
    reason = (
        f"{active} is active and runs release {runs or '(no tag says which)'}; {other(active)} gets release {release}"
    )
    return Direction(active, other(active), release, False, False, reason)


def _active(view: View) -> str:
    """The active slot; refuses if there is none, and no open run that would explain that."""
    if not view.active:
        raise BlueGreenError(
            f"no slot is active, and no run is open that would explain it ({view.standing}). {_advice(view)}",
            problems=[asdict(problem) for problem in view.problems],
        )
    return view.active


def _advice(view: View) -> str:
    errors = [str(problem) for problem in view.problems if problem.severity == "error"]
    if errors:
        return "What was found wrong: " + " | ".join(errors)
    if not view.forwards:
        return (
            "Make a listener of eks_bluegreen_load_balancers forward to the target group of the slot that serves, "
            "or correct the names in eks_bluegreen_services"
        )
    return "Set all weights and the destination to the slot that should serve, then start again" + (
        ", or go back with the playbook rollback" if view.record else ""
    )


def _rollback(view: View, _release: str) -> Direction:
    record = view.record
    if record is None:
        raise BlueGreenError(
            "no run is recorded for this environment: there is nothing to roll back. "
            "To move to another release, use the playbook upgrade"
        )
    run = f"run {record.run_id}"
    check_reversible(record)
    done = not record.is_open and view.active == record.home
    if not done:
        _refuse_lost_home(view, record)
    reason = f"{run} goes back to {record.home}"
    if done:
        reason = f"nothing to do: {record.home} is active and no run is open"
    return Direction(record.home, record.away, record.release, not done, done, reason)


def _refuse_lost_home(view: View, record: Record) -> None:
    """Refuse to go back to a slot that is gone, or is being removed."""
    run, source = f"run {record.run_id}", view.slots[record.home]
    # A cluster that could not be read may be well: no data never stops a rollback.
    unread = {problem.resource for problem in view.problems if problem.check == CLUSTER_UNREAD}
    if source.status == "DELETING":
        raise BlueGreenError(
            f"{run} came from {source.slot}, but its cluster {source.cluster_name} is being deleted: there is "
            f"nothing to go back to. Upgrade to the release that {source.slot} had instead"
        )
    if not source.exists and source.cluster_name not in unread:
        raise BlueGreenError(
            f"{run} came from {source.slot}, but its cluster {source.cluster_name} does not exist "
            f"any more: there is nothing to go back to. Upgrade to the release that {source.slot} had instead"
        )
    # A removal that was interrupted: target groups go first, and the cluster stays ACTIVE until its nodes are gone.
    if not record.is_open and source.slot in view.groupless:
        raise BlueGreenError(
            f"{run} came from {source.slot}, but none of its target groups exists, as after a removal that was "
            "interrupted: there is nothing to go back to. Finish the removal of "
            f"{source.cluster_name} with the playbook decommission, then upgrade to the release that {source.slot} "
            "had; if they do exist, correct their names in eks_bluegreen_services"
        )


def _reclaim(view: View, _release: str) -> Direction:
    """From the standby slot to the active one; whether sessions are there is for others to count."""
    record = view.record
    resume = record is not None and record.is_open
    if record is not None and record.is_open:
        check_resumable(record, "", RECLAIM)
        if view.active != record.target:
            raise BlueGreenError(
                f"run {record.run_id} brings the sessions of {record.source} to {record.target}, which no longer "
                f"serves alone ({view.standing}): give it all weights and the destination, or end the run with the "
                "playbook abandon"
            )
    active = _active(view)
    standby = view.slots[other(active)]
    unread = [str(problem) for problem in view.problems if problem.resource == standby.cluster_name]
    if unread:
        raise BlueGreenError(f"it is not known what is on {standby.slot}: {' | '.join(unread)}")
    if resume and not standby.exists:
        raise BlueGreenError(
            f"the open run brings the sessions of cluster {standby.cluster_name} to {active}, but that cluster is "
            "gone: end the run with the playbook abandon"
        )
    reason = f"{active} is active; the sessions of {standby.slot} are brought there"
    if not standby.exists:
        reason = f"nothing to do: {active} is active and {standby.slot} has no cluster"
    release = view.slots[active].release or "unknown"
    return Direction(standby.slot, active, release, resume, not standby.exists, reason)


def _status(view: View, release: str) -> Direction:
    record = view.record
    if record is not None and record.is_open:
        reason = f"run {record.run_id} is open"
        return Direction(record.source, record.target, record.release, True, False, reason)
    target = view.active or (record.target if record else SLOTS[0])
    reason = "the run record could not be read" if view.record_unread else "no run is open"
    return Direction(other(target), target, view.slots[target].release or release, False, True, reason)


def _check_phase(record: Record | None, phases: Sequence[str]) -> None:
    wanted = " or ".join(phases)
    if record is None or not record.is_open:
        raise BlueGreenError(
            f"no run is open, and this playbook continues one that is in phase {wanted}: "
            "start with the playbook provision, or use upgrade for all phases"
        )
    if record.phase not in phases:
        raise BlueGreenError(
            f"run {record.run_id} is in phase {record.phase or 'before provision'}, and this playbook continues one "
            f"that is in phase {wanted}: run the playbooks of the phases in between, or upgrade for all of them"
        )
