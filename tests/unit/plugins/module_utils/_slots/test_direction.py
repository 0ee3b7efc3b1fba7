"""From which slot to which."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.direction import (
    ForwardView,
    SlotView,
    View,
    decide,
)

from tests.unit.plugins.module_utils._run.fakes import record

BLUE = {"blue": 100.0, "green": 0.0}
GREEN = {"blue": 0.0, "green": 100.0}
MIXED = {"blue": 90.0, "green": 10.0}


def view(traffic: Any = (BLUE, BLUE), destination: Any = BLUE, run: Any = None, **values: Any) -> View:
    slots = {
        "blue": SlotView(
            "blue", "arena-blue", values.get("blue", True), values.get("status", "ACTIVE"), "1.35", "2026-10"
        ),
        "green": SlotView("green", "arena-green", values.get("green", False), "ACTIVE", "1.36", "2026-11"),
    }
    forwards = [ForwardView(f"rule {number}", weights) for number, weights in enumerate(traffic)]
    return View(slots, forwards, destination, run, values.get("problems", ()), values.get("groupless", frozenset()))


def unread(cluster: str) -> Finding:
    return Finding("error", "cluster_readable", cluster, "AccessDenied", "Correct that, then start again")


@pytest.mark.parametrize(
    ("traffic", "destination", "active"),
    [
        ((BLUE, BLUE), BLUE, "blue"),
        ((GREEN, GREEN), GREEN, "green"),
        ((BLUE, BLUE), None, "blue"),
        ((MIXED, BLUE), BLUE, ""),
        ((BLUE, GREEN), BLUE, ""),
        ((GREEN, GREEN), BLUE, ""),
        ((BLUE, BLUE), GREEN, ""),
        ((BLUE, BLUE), {}, ""),
        ((), BLUE, ""),
        (({"blue": 0.0, "green": 0.0},), None, ""),
    ],
)
def test_the_active_slot_has_everything(traffic: Any, destination: Any, active: str) -> None:
    assert view(traffic, destination).active == active


@pytest.mark.parametrize("direction", ["upgrade", "rollback", "reclaim"])
@pytest.mark.parametrize("traffic", [BLUE, GREEN, MIXED])
def test_a_record_that_could_not_be_read_is_not_taken_for_none(direction: str, traffic: Any) -> None:
    problem = Finding("error", "run_record", "eks-bluegreen/arena/run.json", "AccessDenied", "Correct that")
    with pytest.raises(BlueGreenError, match=r"run record could not be read.*AccessDenied") as refusal:
        decide(view((traffic,), traffic, problems=(problem, unread("arena-green"))), direction, "2026-11")
    assert [one["check"] for one in refusal.value.details["problems"]] == ["run_record", "cluster_readable"]


def test_a_look_says_that_the_record_could_not_be_read() -> None:
    problem = Finding("error", "run_record", "eks-bluegreen/arena/run.json", "AccessDenied", "Correct that")
    assert decide(view(problems=(problem,)), "status", "").reason == "the run record could not be read"


def test_an_upgrade_leaves_the_active_slot() -> None:
    decided = decide(view(), "upgrade", "2026-11")
    assert (decided.source, decided.target, decided.resume, decided.nothing_to_do) == ("blue", "green", False, False)
    assert decided.reason == "blue is active and runs release 2026-10; green gets release 2026-11"


def test_a_release_that_serves_is_nothing_to_do() -> None:
    decided = decide(view((GREEN,), GREEN, green=True), "upgrade", "2026-11")
    assert (decided.source, decided.target, decided.nothing_to_do) == ("blue", "green", True)


@pytest.mark.parametrize(("traffic", "destination"), [((BLUE,), BLUE), ((MIXED,), GREEN), ((GREEN,), GREEN)])
def test_an_open_run_keeps_its_recorded_direction(traffic: Any, destination: Any) -> None:
    decided = decide(view(traffic, destination, record()), "upgrade", "2026-11")
    assert (decided.source, decided.target, decided.resume) == ("blue", "green", True)


def test_a_half_done_cutover_without_a_run_names_itself() -> None:
    with pytest.raises(BlueGreenError, match=r"rule 0 blue 90, green 10; session destination: blue 0, green 100"):
        decide(view((MIXED,), GREEN), "upgrade", "2026-11")


def test_what_was_found_on_the_way_is_told() -> None:
    problem = Finding("error", "load_balancer_exists", "load balancer arena", "it does not exist", "Create it")
    with pytest.raises(BlueGreenError, match=r"load balancer arena: it does not exist\. Create it"):
        decide(view((), problems=(problem,)), "upgrade", "2026-11")
    with pytest.raises(BlueGreenError, match="Make a listener of eks_bluegreen_load_balancers forward"):
        decide(view(()), "upgrade", "2026-11")


@pytest.mark.parametrize("check", ["target_group_readable", "load_balancer_readable"])
def test_a_rollback_is_not_done_while_nobody_knows_where_requests_go(check: str) -> None:
    problem = Finding("error", check, "arena", "Throttling", "Correct that, then start again")
    decided = decide(view((BLUE,), BLUE, record(state="closed"), problems=(problem,)), "rollback", "")
    assert (decided.nothing_to_do, decided.resume) == (False, True)


@pytest.mark.parametrize(
    ("run", "traffic", "nothing_to_do"),
    [
        (record(), (BLUE,), False),
        (record(), (MIXED,), False),
        (record(direction="rollback"), (BLUE,), False),
        (record(state="closed"), (GREEN,), False),
        (record(state="closed"), (BLUE,), True),
    ],
)
def test_a_rollback_goes_to_the_recorded_source(run: Any, traffic: Any, nothing_to_do: bool) -> None:
    decided = decide(view(traffic, traffic[0], run), "rollback", "")
    assert (decided.source, decided.target) == ("blue", "green")
    assert (decided.nothing_to_do, decided.resume) == (nothing_to_do, not nothing_to_do)


@pytest.mark.parametrize(
    ("run", "values", "said"),
    [
        (None, {}, "no run is recorded"),
        (record(state="closed"), {"blue": False}, "arena-blue does not exist any more"),
        (record(), {"blue": False, "problems": (unread("arena-green"),)}, "arena-blue does not exist any more"),
        (record(), {"status": "DELETING"}, "arena-blue is being deleted"),
        (record(state="closed"), {"status": "DELETING"}, "arena-blue is being deleted"),
        (record(state="closed"), {"groupless": {"blue"}}, "none of its target groups exists.*playbook decommission"),
        (record(state="aborted"), {"groupless": {"blue", "green"}}, "none of its target groups exists"),
    ],
)
def test_a_rollback_to_nowhere_is_refused(run: Any, values: Any, said: str) -> None:
    with pytest.raises(BlueGreenError, match=said):
        decide(view((GREEN,), GREEN, run, **values), "rollback", "")


@pytest.mark.parametrize("run", [record(), record(state="closed")])
def test_a_rollback_goes_on_where_the_source_could_not_be_read(run: Any) -> None:
    seen = view((GREEN,), GREEN, run, blue=False, status="", problems=(unread("arena-blue"),))
    decided = decide(seen, "rollback", "")
    assert (decided.source, decided.target, decided.resume) == ("blue", "green", True)


@pytest.mark.parametrize(
    ("run", "groupless"), [(record(), {"blue"}), (record(state="closed"), {"green"})], ids=["open", "the other slot"]
)
def test_a_rollback_goes_on_without_target_groups(run: Any, groupless: set[str]) -> None:
    decided = decide(view((GREEN,), GREEN, run, groupless=groupless), "rollback", "")
    assert (decided.source, decided.resume) == ("blue", True)


def reclaim(**values: Any) -> Any:
    """After a rollback to blue, the record of the sessions of green on their way there."""
    return record(**{"direction": "reclaim", "source": "green", "target": "blue", "back_to": "blue", **values})


LEFT_BEHIND: Any = {"source": "blue", "target": "green", "back_to": "blue"}


@pytest.mark.parametrize(
    ("run", "traffic", "values", "decided"),
    [
        (record(state="closed"), BLUE, {"green": True}, ("green", "blue", False, False)),
        (record(state="closed"), GREEN, {"green": True}, ("blue", "green", False, False)),
        (None, BLUE, {"green": True}, ("green", "blue", False, False)),
        (record(state="closed"), BLUE, {}, ("green", "blue", False, True)),
        (reclaim(), BLUE, {"green": True}, ("green", "blue", True, False)),
        (reclaim(state="closed"), BLUE, {"green": True}, ("green", "blue", False, False)),
    ],
)
def test_a_reclaim_goes_from_the_standby_slot_to_the_active_one(
    run: Any, traffic: Any, values: Any, decided: tuple[str, str, bool, bool]
) -> None:
    found = decide(view((traffic,), traffic, run, **values), "reclaim", "")
    assert (found.source, found.target, found.resume, found.nothing_to_do) == decided


def test_a_reclaim_carries_the_release_of_the_slot_that_serves() -> None:
    assert decide(view((BLUE,), BLUE, green=True), "reclaim", "").release == "2026-10"


@pytest.mark.parametrize(
    ("run", "traffic", "values", "said"),
    [
        (record(), BLUE, {"green": True}, r"run-1 \(release 2026-11, blue to green\) is open.*playbook abandon"),
        (record(direction="rollback"), BLUE, {"green": True}, "finish it with the playbook rollback"),
        (reclaim(), MIXED, {"green": True}, "which no longer serves alone"),
        (reclaim(), GREEN, {"green": True}, "which no longer serves alone"),
        (
            reclaim(),
            BLUE,
            {},
            "cluster arena-green to blue, but that cluster is gone: end the run with the playbook abandon",
        ),
        (record(state="closed"), MIXED, {"green": True}, "no slot is active.*or go back with the playbook rollback"),
        (None, MIXED, {"green": True}, "no slot is active"),
        (
            None,
            BLUE,
            {"problems": (unread("arena-green"),)},
            "it is not known what is on green: arena-green: AccessDenied",
        ),
    ],
)
def test_a_reclaim_is_refused_while_the_slot_is_in_use_or_another_run_is_open(
    run: Any, traffic: Any, values: Any, said: str
) -> None:
    with pytest.raises(BlueGreenError, match=said):
        decide(view((traffic,), traffic, run, **values), "reclaim", "")


@pytest.mark.parametrize(
    ("run", "traffic", "way", "nothing_to_do"),
    [
        (reclaim(state="closed"), BLUE, ("blue", "green"), True),
        (reclaim(state="closed"), MIXED, ("blue", "green"), False),
        (reclaim(state="closed", **LEFT_BEHIND), GREEN, ("blue", "green"), False),
        (reclaim(**LEFT_BEHIND), GREEN, ("blue", "green"), False),
    ],
)
def test_a_rollback_after_a_reclaim_goes_where_the_upgrade_came_from(
    run: Any, traffic: Any, way: tuple[str, str], nothing_to_do: bool
) -> None:
    decided = decide(view((traffic,), traffic, run, green=True), "rollback", "")
    assert ((decided.source, decided.target), decided.nothing_to_do) == (way, nothing_to_do)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (reclaim(), "moves no traffic: blue serves.*eks_bluegreen_control=aborted.*playbook abandon"),
        (reclaim(back_to="", state="closed"), "no upgrade is recorded"),
    ],
)
def test_a_rollback_has_nothing_to_take_back_of_a_reclaim(run: Any, said: str) -> None:
    with pytest.raises(BlueGreenError, match=said):
        decide(view((BLUE,), BLUE, run, green=True), "rollback", "")


def test_no_upgrade_starts_while_a_reclaim_is_open() -> None:
    with pytest.raises(
        BlueGreenError, match=r"a reclaim, green to blue\) is open.*finish it with the playbook reclaim"
    ):
        decide(view((BLUE,), BLUE, reclaim(), green=True), "upgrade", "2026-11")


@pytest.mark.parametrize(
    ("run", "traffic", "target"),
    [
        (record(), (MIXED,), "green"),
        (record(state="closed"), (GREEN,), "green"),
        (record(state="closed"), (MIXED,), "green"),
        (None, (BLUE,), "blue"),
        (None, (), "blue"),
    ],
)
def test_a_look_never_refuses(run: Any, traffic: Any, target: str) -> None:
    destination = traffic[0] if traffic else {}
    assert decide(view(traffic, destination, run), "status", "").target == target


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (None, "no run is open"),
        (record(state="closed"), "no run is open"),
        (
            record(phase="charts"),
            "is in phase charts, and this playbook continues one .* phase parity or verify",
        ),
        (record(), "is in phase before provision"),
    ],
)
def test_a_playbook_of_one_phase_needs_the_phase_before(run: Any, said: str) -> None:
    with pytest.raises(BlueGreenError, match=said):
        decide(view(run=run), "upgrade", "2026-11", ["parity", "verify"])
    assert decide(view(run=record(phase="verify")), "upgrade", "2026-11", ["parity", "verify"]).resume
