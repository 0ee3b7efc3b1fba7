"""Who may open, resume, take over and end a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.lease import (
    Nothing,
    Opening,
    Wait,
    Write,
    decide_abandon,
    decide_hold,
    decide_open,
    decide_take_over,
    ended,
    further,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import Lease

from tests.unit.plugins.module_utils._run.fakes import record, runner, seen


def opening(release: str = "2026-11", if_generation: int | None = None, direction: str = "upgrade") -> Opening:
    return Opening("run-2", release, "blue", "green", if_generation, {}, direction)


# A reclaim after a rollback to blue.
RECLAIM: dict[str, Any] = {"direction": "reclaim", "source": "green", "target": "blue", "back_to": "blue"}


@pytest.mark.parametrize("last", [None, seen(state="closed", lease=None, generation=4)])
def test_a_new_run_counts_on_from_the_last(last: Any) -> None:
    before = last.record.generation if last else 0
    decision = decide_open(last, opening(if_generation=before), runner())
    assert isinstance(decision, Write)
    assert (decision.record.run_id, decision.record.generation) == ("run-2", before + 1)
    assert decision.record.lease == Lease("me", 10.0)


def test_only_resuming_opens_nothing() -> None:
    assert decide_open(None, opening(), runner()) == Nothing(None)


def test_a_direction_decided_on_an_older_record_opens_nothing() -> None:
    with pytest.raises(BlueGreenError, match="opened and ended while"):
        decide_open(seen(state="closed", lease=None, generation=5), opening(if_generation=4), runner())


def test_a_held_lease_is_waited_for() -> None:
    decision = decide_open(seen(4.0, lease=Lease("other", 10.0)), opening(), runner())
    assert decision == Wait(5.0, "run run-1 is driven by other; its lease ends in 7 s unless renewed")


@pytest.mark.parametrize("lease", [None, Lease("other", 10.0)])
def test_a_free_lease_is_taken_by_the_next_generation(lease: Lease | None) -> None:
    decision = decide_open(seen(11.0, lease=lease, generation=6, phase="drain", current="drain"), opening(), runner())
    assert decision == Write(record(generation=7, phase="drain", current="", lease=Lease("me", 10.0)))


def test_our_own_lease_is_kept() -> None:
    assert decide_open(seen(3.0), opening(), runner(seconds=20.0)) == Write(record(lease=Lease("me", 20.0)))


@pytest.mark.parametrize(
    ("values", "release", "said"),
    [
        ({}, "2026-12", "finish it with -e eks_bluegreen_release=2026-11"),
        ({"direction": "rollback"}, "2026-11", "finish it with the playbook rollback"),
    ],
)
def test_what_cannot_be_resumed_is_refused(values: dict[str, Any], release: str, said: str) -> None:
    with pytest.raises(BlueGreenError, match=said):
        decide_open(seen(**values), opening(release), runner())


def test_a_run_that_was_opened_meanwhile_is_not_mistaken_for_ours() -> None:
    with pytest.raises(BlueGreenError, match="start the same command again"):
        decide_open(seen(lease=None), opening(if_generation=0), runner())


@pytest.mark.parametrize(
    ("values", "direction", "said"),
    [
        (RECLAIM, "upgrade", "finish it with the playbook reclaim, or end it with the playbook abandon"),
        ({}, "reclaim", "is open, .*then start the reclaim again"),
        ({"direction": "rollback"}, "reclaim", "finish it with the playbook rollback"),
    ],
)
def test_a_run_of_the_other_kind_is_refused(values: dict[str, Any], direction: str, said: str) -> None:
    with pytest.raises(BlueGreenError, match=said):
        decide_open(seen(lease=None, **values), opening(direction=direction), runner())


def test_a_reclaim_is_resumed_whatever_the_release() -> None:
    decision = decide_open(seen(lease=None, **RECLAIM), opening("2026-10", direction="reclaim"), runner())
    assert decision == Write(record(**RECLAIM, generation=2))


@pytest.mark.parametrize(
    ("last", "back_to"),
    [
        (None, ""),
        (seen(state="closed", lease=None), "blue"),
        (seen(state="closed", lease=None, **RECLAIM), "blue"),
        (seen(state="closed", lease=None, **{**RECLAIM, "back_to": "green"}), "green"),
    ],
)
def test_a_reclaim_keeps_in_mind_where_a_rollback_goes(last: Any, back_to: str) -> None:
    generation = last.record.generation if last else 0
    decision = decide_open(last, opening(if_generation=generation, direction="reclaim"), runner())
    assert isinstance(decision, Write)
    assert (decision.record.direction, decision.record.back_to) == ("reclaim", back_to)
    upgrade = decide_open(last, opening(if_generation=generation), runner())
    assert isinstance(upgrade, Write)
    assert (upgrade.record.back_to, upgrade.record.home) == ("", "blue")


@pytest.mark.parametrize("values", [{}, {"lease": None}, {"state": "closed", "outcome": "completed", "lease": None}])
def test_a_takeover_waits_for_nobody(values: dict[str, Any]) -> None:
    decision = decide_take_over(seen(0.0, **{"lease": Lease("other", 10.0), **values}), runner())
    assert decision == Write(record(direction="rollback", generation=2))


@pytest.mark.parametrize("state", ["closed", "aborted"])
def test_a_slot_that_somebody_changes_outside_of_any_run_is_not_taken_over(state: str) -> None:
    last = seen(0.0, state=state, lease=Lease("other", 10.0))
    with pytest.raises(BlueGreenError, match=r"other is changing a slot outside of any run .*: stop it there first"):
        decide_take_over(last, runner())
    expired = replace(last, age_seconds=11.0)
    assert isinstance(decide_take_over(expired, runner()), Write)


def test_a_takeover_is_not_repeated_under_its_own_lease() -> None:
    assert isinstance(decide_take_over(seen(direction="rollback"), runner()), Nothing)


def test_without_a_run_there_is_nothing_to_take_over() -> None:
    with pytest.raises(BlueGreenError, match="nothing to roll back"):
        decide_take_over(None, runner())


def test_a_reclaim_into_the_slot_that_a_rollback_goes_to_is_not_taken_over() -> None:
    with pytest.raises(BlueGreenError, match="moves no traffic"):
        decide_take_over(seen(**RECLAIM), runner())


@pytest.mark.parametrize(
    "values",
    [
        {**RECLAIM, "source": "blue", "target": "green"},
        {**RECLAIM, "state": "closed", "outcome": "reclaimed", "lease": None},
    ],
)
def test_a_takeover_after_a_reclaim_goes_where_the_upgrade_came_from(values: dict[str, Any]) -> None:
    decision = decide_take_over(seen(**values), runner())
    assert decision == Write(record(direction="rollback", generation=2, back_to="blue"))


def test_what_is_abandoned_ends_where_it_stands_and_stops_whoever_drove_it() -> None:
    decision = decide_abandon(seen(11.0, lease=Lease("other", 10.0), phase="drain", current="drain"), "run-1", runner())
    ended_run = record(state="aborted", outcome="abandoned", phase="drain", generation=2, lease=None)
    assert decision == Write(replace(ended_run, closed_at=runner().now))


@pytest.mark.parametrize("last", [None, seen(state="closed", lease=None)])
def test_without_an_open_run_there_is_nothing_to_abandon(last: Any) -> None:
    assert decide_abandon(last, "run-1", runner()) == Nothing(last.record if last else None)


@pytest.mark.parametrize(
    ("age", "run_id", "said"),
    [
        (0.0, "run-1", "is driven by other, for at least 11 s more: stop it there first"),
        (11.0, "run-0", r"the open run is run run-1 \(release 2026-11, blue to green\), not 'run-0'"),
    ],
)
def test_only_a_run_that_is_named_and_that_nobody_drives_is_abandoned(age: float, run_id: str, said: str) -> None:
    with pytest.raises(BlueGreenError, match=said):
        decide_abandon(seen(age, lease=Lease("other", 10.0)), run_id, runner())


def test_a_hold_keeps_the_record_and_takes_its_lease() -> None:
    last = seen(state="closed", outcome="completed", lease=None, generation=4)
    decision = decide_hold(last, opening(if_generation=4), runner())
    assert decision == Write(record(state="closed", outcome="completed", generation=5, lease=Lease("me", 10.0)))


def test_a_hold_without_a_record_leaves_one_that_never_was_a_run() -> None:
    decision = decide_hold(None, opening(if_generation=0), runner())
    assert isinstance(decision, Write)
    assert (decision.record.state, decision.record.generation) == ("aborted", 1)
    assert (decision.record.source, decision.record.lease) == ("blue", Lease("me", 10.0))


@pytest.mark.parametrize("age", [0.0, 11.0])
def test_a_hold_waits_for_another_until_his_lease_ends(age: float) -> None:
    held = seen(age, state="closed", lease=Lease("other", 10.0), generation=4)
    decision = decide_hold(held, opening(if_generation=4), runner())
    assert isinstance(decision, Wait if age == 0.0 else Write)


def test_an_open_run_is_not_held() -> None:
    with pytest.raises(BlueGreenError, match="is open: finish it"):
        decide_hold(seen(lease=None), opening(if_generation=1), runner())


def test_a_hold_decided_on_an_older_record_is_refused() -> None:
    with pytest.raises(BlueGreenError, match="start the same command again"):
        decide_hold(seen(state="closed", lease=None, generation=5), opening(if_generation=4), runner())


def test_no_run_is_opened_while_a_slot_is_held() -> None:
    held = seen(0.0, state="closed", lease=Lease("other", 10.0), generation=4)
    with pytest.raises(BlueGreenError, match="other is changing a slot outside of any run"):
        decide_open(held, opening(if_generation=4), runner())
    expired = seen(11.0, state="closed", lease=Lease("other", 10.0), generation=4)
    assert isinstance(decide_open(expired, opening(if_generation=4), runner()), Write)


@pytest.mark.parametrize(
    ("phase", "recorded", "further_one"),
    [("provision", "", "provision"), ("provision", "drain", "drain"), ("bake", "cutover", "bake")],
)
def test_the_recorded_phase_never_goes_back(phase: str, recorded: str, further_one: str) -> None:
    assert further(phase, recorded) == further_one


def test_an_unknown_phase_is_refused() -> None:
    with pytest.raises(BlueGreenError, match="use one of provision, charts"):
        further("warmup", "")


@pytest.mark.parametrize(
    ("direction", "phase", "state", "result"),
    [
        ("upgrade", "complete", "closed", ("closed", "completed")),
        ("rollback", "drain", "closed", ("closed", "rolled_back")),
        ("rollback", "verify", "closed", ("aborted", "rolled_back")),
        ("rollback", "", "closed", ("aborted", "rolled_back")),
        ("upgrade", "charts", "aborted", ("aborted", "")),
        ("reclaim", "drain", "closed", ("closed", "reclaimed")),
        ("reclaim", "", "closed", ("closed", "reclaimed")),
    ],
)
def test_how_a_run_ends(direction: str, phase: str, state: str, result: tuple[str, str]) -> None:
    after = ended(record(direction=direction, phase=phase), state, "now")
    assert (after.state, after.outcome) == result
    assert (after.closed_at, after.lease) == ("now", None)
