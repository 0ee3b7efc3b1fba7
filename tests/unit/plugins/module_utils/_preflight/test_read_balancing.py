"""Load balancers, target groups and the limits of both."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import LoadBalancer
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_balancing import (
    Listing,
    read_account_limits,
    read_balancers,
    read_target_groups,
)

from tests.unit.plugins.module_utils._preflight.account import Aws, Balancers
from tests.unit.plugins.module_utils._preflight.worlds import BALANCER_ARN, SOURCE, TARGET

SLOTS = [SOURCE, TARGET]


def test_load_balancers_that_do_not_exist_are_left_out() -> None:
    reads = Reads()
    found = read_balancers(Balancers(), ["absent", "arena"], reads)
    assert [(one.name, one.arn, one.cluster, one.targets) for one in found] == [
        ("arena", BALANCER_ARN, "arena-blue", {})
    ]
    assert reads.problems == []


def test_one_that_cannot_be_read_is_an_error_of_its_name() -> None:
    class Broken(Balancers):
        def load_balancer(self, name: str) -> LoadBalancer | None:
            if name == "broken":
                raise BlueGreenError("Throttling")
            return super().load_balancer(name)

    reads = Reads()
    found = read_balancers(Broken(), ["broken", "arena"], reads)
    assert [one.name for one in found] == ["arena"]
    assert [(one.severity, one.check, one.resource) for one in reads.problems] == [
        ("error", "load_balancer_readable", "broken")
    ]


def test_the_limits_of_all_pages() -> None:
    assert read_account_limits(Aws(), Reads()) == {"target-groups": 3000.0}
    assert read_account_limits(Aws("describe_account_limits"), Reads()) == {}


def test_groups_of_the_slots_have_attributes_and_those_beside_them_are_counted() -> None:
    found = read_target_groups(Aws(), SLOTS, Reads())
    assert [(one.service, one.slot, one.name, one.attributes) for one in found.groups] == [
        ("mm", "blue", "mm", {"slow_start.duration_seconds": "0"})
    ]
    assert found.count == 3
    # Group y belongs to no load balancer of the slots.
    assert found.targets == {BALANCER_ARN: {"arn:mm-blue": 2, "arn:x": 2}}


def test_a_slot_s_group_that_is_not_listed_is_left_out() -> None:
    gone = {**SOURCE, "target_group_arns": {"mm": "arn:gone"}}
    found = read_target_groups(Aws(), [gone, TARGET], Reads())
    assert (found.groups, found.count, found.targets) == ([], 3, {})
    assert read_target_groups(Aws(), [{**SOURCE, "target_group_arns": None}], Reads()).groups == []


def test_groups_that_may_not_be_listed_are_not_known() -> None:
    assert read_target_groups(Aws("describe_target_groups"), SLOTS, Reads()) == Listing()


@pytest.mark.parametrize(
    ("what", "check"),
    [("attributes", "target_groups_readable"), ("health", "quota_readable")],
)
def test_a_part_that_may_not_be_read_hides_nothing_else(what: str, check: str) -> None:
    class Denying(Aws):
        def describe_target_group_attributes(self, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803
            if what == "attributes":
                raise self.error("AccessDenied")
            return super().describe_target_group_attributes(TargetGroupArn)

        def describe_target_health(self, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803
            if what == "health" and TargetGroupArn == "arn:x":
                raise self.error("AccessDenied")
            return super().describe_target_health(TargetGroupArn)

    reads = Reads()
    found = read_target_groups(Denying(), SLOTS, reads)
    assert [(one.severity, one.check) for one in reads.problems] == [("warning", check)]
    assert len(found.groups) == 1
    assert (found.groups[0].attributes == {}) is (what == "attributes")
    assert found.targets == {BALANCER_ARN: {"arn:mm-blue": 2, "arn:x": 0 if what == "health" else 2}}
