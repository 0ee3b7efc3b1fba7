"""Why a slot's cluster is not removed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.facts import (
    Candidate,
    Sessions,
    Unread,
    Use,
    candidate_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.judge import (
    USE_CHECKS,
    may_have_sessions,
    named_slot,
    reasons_to_stay,
    refuse_removal,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding

from tests.unit.plugins.module_utils._decommission.slots import GONE, GREEN

UNUSED = Use(
    environment="arena",
    candidate=GREEN,
    run_id="",
    problems=[],
    share=0.0,
    weight=0,
    sessions=Sessions(0),
    hindrance="",
)
THROTTLED = Unread("Throttling")
CAPABILITIES = "cluster arena-green is not deleted: it has the EKS capabilities argo (ARGOCD, ACTIVE)"


def use(**changes: Any) -> Use:
    """The use of a slot that no one uses, but for these changes; those of the slot's own by their names."""
    own = {name: changes.pop(name) for name in list(changes) if name in Candidate.__dataclass_fields__}
    return replace(UNUSED, candidate=replace(GREEN, **own), **changes)


def told(**changes: Any) -> list[str]:
    return [str(one) for one in reasons_to_stay(use(**changes))]


def test_a_slot_that_no_one_uses_may_go() -> None:
    assert told() == []
    refuse_removal(use(), "native")


def test_where_sessions_follow_the_traffic_there_is_no_other_destination() -> None:
    assert told(weight=None) == []


@pytest.mark.parametrize(
    ("change", "check", "said"),
    [
        ({"run_id": "r-1"}, "run_open", "run r-1 is open. Finish it, roll it back or abandon it"),
        ({"weight": 1}, "destination", "sends it new sessions (weight 1). Route them away first"),
        ({"share": 5.0}, "traffic", "up to 5 % of the requests. Shift them away first"),
        ({"share": 0.025}, "traffic", "up to 0.025 % of the requests"),
        (
            {"sessions": Sessions(2)},
            "sessions",
            "2 sessions are in it. Bring them over with the playbook reclaim first",
        ),
        (
            {"sessions": Sessions(2, "players may be in it")},
            "sessions",
            "2 sessions are in it (players may be in it). Bring them over with the playbook reclaim first",
        ),
        ({"kubeconfig": "", "sessions": None}, "way_in", "it is ACTIVE but there is no way in"),
        ({"owner": ""}, "owner", "tag eks-bluegreen/environment is missing, not arena"),
        ({"owner": "other"}, "owner", "tag eks-bluegreen/environment is other, not arena"),
        ({"hindrance": CAPABILITIES}, "deletion", CAPABILITIES),
        ({"readable": False, "exists": False}, "cluster_readable", "cluster arena-green: it could not be read"),
    ],
)
def test_a_slot_in_use_or_of_someone_else_stays(change: dict[str, Any], check: str, said: str) -> None:
    (found,) = reasons_to_stay(use(**change))
    assert (found.severity, found.check) == ("error", check)
    assert said in str(found)


@pytest.mark.parametrize(
    ("part", "check", "said"),
    [
        ("share", "traffic", "slot green: what the load balancers give it is not known: Throttling"),
        ("weight", "destination", "slot green: whether new sessions are sent to it is not known: Throttling"),
        ("sessions", "sessions", "cluster arena-green: how many sessions are in it is not known: Throttling"),
        ("hindrance", "deletion", "cluster arena-green: whether EKS would let it go is not known: Throttling"),
    ],
)
def test_what_could_not_be_read_is_never_taken_for_nothing(part: str, check: str, said: str) -> None:
    (found,) = reasons_to_stay(use(**{part: THROTTLED}))
    assert found.check == check
    assert str(found) == f"{said}. Correct that, then start again"


@pytest.mark.parametrize("check", ["run_record", "cluster_readable", "target_group_readable"])
@pytest.mark.parametrize("severity", ["error", "warning"])
def test_a_slot_that_could_not_be_observed_stays(check: str, severity: str) -> None:
    problem = Finding(severity, check, "arena-green", "Throttling", "Correct that")
    (found,) = reasons_to_stay(use(problems=[problem]))
    assert found == replace(problem, severity="error")
    assert "Throttling" in str(found)


def test_a_cluster_that_could_not_be_read_is_told_once() -> None:
    problem = Finding("error", "cluster_readable", "arena-green", "Throttling", "Correct that")
    assert reasons_to_stay(use(readable=False, exists=False, problems=[problem])) == [problem]


def test_what_was_found_on_the_way_and_is_no_part_of_the_slot_does_not_hold_it() -> None:
    assert told(problems=[Finding("error", "subnet_exists", "subnets", "none", "Name some")]) == []


@pytest.mark.parametrize("arn", ["arn:green", ""])
def test_a_foreign_cluster_is_refused_with_a_remedy(arn: str) -> None:
    (found,) = told(owner="", arn=arn)
    assert "correct cluster_name in eks_bluegreen_slots" in found
    assert f"aws eks tag-resource --tags eks-bluegreen/environment=arena --resource-arn {arn or '<its ARN>'}" in found


@pytest.mark.parametrize("status", ["CREATING", "DELETING", "FAILED", "PENDING"])
def test_a_cluster_without_nodes_needs_no_way_in(status: str) -> None:
    assert told(status=status, kubeconfig="", sessions=None) == []


@pytest.mark.parametrize("status", ["ACTIVE", "UPDATING", "", "WHATEVER_COMES_NEXT"])
def test_any_other_cluster_does(status: str) -> None:
    (found,) = told(status=status, kubeconfig="", sessions=None)
    assert "there is no way in, so its sessions cannot be counted" in found


def test_a_cluster_that_is_gone_has_no_owner() -> None:
    assert reasons_to_stay(replace(UNUSED, candidate=GONE, sessions=None)) == []


@pytest.mark.parametrize(
    ("change", "asks"),
    [
        ({}, True),
        ({"status": "UPDATING"}, True),
        ({"status": "FAILED"}, True),
        ({"status": "DELETING"}, False),
        ({"kubeconfig": ""}, False),
        ({"exists": False}, False),
    ],
)
def test_sessions_are_asked_for_wherever_nodes_may_be(change: dict[str, Any], asks: bool) -> None:
    assert may_have_sessions(replace(GREEN, **change)) is asks


EVERYTHING = use(
    run_id="r-1",
    problems=[Finding("error", "run_record", "run.json", "AccessDenied", "Correct that")],
    owner="other",
    share=50.0,
    weight=100,
    sessions=Sessions(7),
    hindrance=CAPABILITIES,
)


def test_every_reason_is_told_at_once() -> None:
    assert [one.check for one in reasons_to_stay(EVERYTHING)] == [
        "run_open",
        "run_record",
        "owner",
        "traffic",
        "destination",
        "sessions",
        "deletion",
    ]
    with pytest.raises(BlueGreenError) as refused:
        refuse_removal(EVERYTHING, "native")
    lines = refused.value.message.splitlines()
    assert lines[0] == "slot green (arena-green) must not be removed, for 7 reasons:"
    assert lines[-2] == (
        "- cluster arena-green: 7 sessions are in it. Bring them over with the playbook reclaim first [sessions]"
    )
    assert [one["check"] for one in refused.value.details["findings"]] == [
        one.check for one in reasons_to_stay(EVERYTHING)
    ]


def test_each_check_has_one_reason_of_its_own() -> None:
    alone = [list(check(EVERYTHING)) for check in USE_CHECKS]
    assert [len(found) for found in alone] == [1, 1, 1, 1, 1, 1, 0, 1]


def test_one_reason_is_counted_as_one() -> None:
    with pytest.raises(
        BlueGreenError, match=r"^slot green \(arena-green\) must not be removed, for 1 reason:\n- slot green: "
    ):
        refuse_removal(use(share=5.0), "native")


def test_what_others_built_is_left_to_them_once_no_one_uses_it() -> None:
    with pytest.raises(BlueGreenError) as refused:
        refuse_removal(use(), "external")
    assert "no one uses slot green (arena-green)" in refused.value.message
    assert "eks_bluegreen_provisioner is external" in refused.value.message
    assert "with the tool that built them" in refused.value.message


def test_what_others_built_is_checked_like_anything_else() -> None:
    with pytest.raises(BlueGreenError, match="2 sessions are in it") as refused:
        refuse_removal(use(sessions=Sessions(2)), "external")
    assert "no one uses" not in refused.value.message


SLOTS = [{"slot": slot, "cluster_name": f"arena-{slot}"} for slot in ("blue", "green")]


def test_the_slot_is_the_one_whose_cluster_was_named() -> None:
    assert named_slot(SLOTS, "arena-green") == SLOTS[1]


@pytest.mark.parametrize("confirmed", ["", "arena-red", "green"])
def test_another_name_is_refused_with_the_right_ones(confirmed: str) -> None:
    with pytest.raises(BlueGreenError) as refused:
        named_slot(SLOTS, confirmed)
    assert f"cluster_decommission_confirm is '{confirmed}'" in refused.value.message
    assert refused.value.message.endswith("arena-blue or arena-green")


def test_a_slot_as_role_slots_tells_it() -> None:
    observed: dict[str, Any] = {
        "slot": "green",
        "cluster_name": "arena-green",
        "exists": True,
        "readable": True,
        "status": "ACTIVE",
        "arn": "arn:green",
        "tags": {"eks-bluegreen/environment": "arena", "other": "x"},
        "kubeconfig": "green.yml",
    }
    assert candidate_of(observed) == GREEN


@pytest.mark.parametrize("more", [{}, {"tags": {}}, {"tags": None, "arn": None}])
def test_a_slot_without_a_cluster(more: dict[str, Any]) -> None:
    gone = {"slot": "green", "cluster_name": "arena-green", "exists": False, "status": "", "kubeconfig": ""}
    assert candidate_of({**gone, **more}) == GONE
