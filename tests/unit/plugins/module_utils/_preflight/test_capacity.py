"""Quotas and instance types."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.capacity import shown_quotas
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import Fargate, Usage

from tests.unit.plugins.module_utils._preflight.worlds import (
    BALANCER,
    BUILT,
    C7I,
    HAS_GROUP,
    LIMITS,
    NODEGROUP,
    USAGE,
    WANTED,
    WORLD,
    findings,
    forward,
    told,
)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        # 24 vCPUs run, the target adds 24, or 48 at its largest.
        ({"limits": {**LIMITS, "L-1216C47A": 72}}, []),
        ({"limits": {**LIMITS, "L-1216C47A": 71}}, [("warning", "quota_vcpus")]),
        ({"limits": {**LIMITS, "L-1216C47A": 47}}, [("error", "quota_vcpus")]),
        # 20 interfaces, 4 of the control plane, 8 of Fargate, 2 to 4 for each node.
        ({"limits": {**LIMITS, "L-DF5E4CA3": 56}}, []),
        ({"limits": {**LIMITS, "L-DF5E4CA3": 38}}, [("warning", "quota_interfaces")]),
        ({"limits": {**LIMITS, "L-DF5E4CA3": 37}}, [("error", "quota_interfaces")]),
        ({"limits": {**LIMITS, "L-3032A538": 4.9}}, [("error", "quota_fargate_vcpus")]),
        ({"limits": {**LIMITS, "L-1194D53C": 1}}, [("error", "quota_clusters")]),
        ({"limits": {**LIMITS, "L-6D54EA21": 0}}, [("error", "quota_nodegroups")]),
        ({"limits": {**LIMITS, "L-BD136A63": 5}}, [("warning", "quota_nodes")]),
        ({"limits": {**LIMITS, "L-33415657": 0}}, [("error", "quota_fargate_profiles")]),
        ({"limits": {**LIMITS, "target-groups": 1}}, [("error", "quota_target_groups")]),
        ({"limits": {**LIMITS, "targets-per-application-load-balancer": 3}}, [("error", "quota_targets")]),
        (
            {"limits": {**LIMITS, "target-groups-per-application-load-balancer": 1}},
            [("error", "quota_target_groups")],
        ),
        ({"limits": {}}, []),
        ({"instances": None, "interfaces": None, "fargate_vcpus": None, "clusters": None, "target_groups": None}, []),
        # What runs on spot does not count against on-demand.
        ({"instances": {("c7i.2xlarge", "SPOT"): 9}, "limits": {**LIMITS, "L-1216C47A": 48}}, []),
    ],
)
def test_quotas_are_judged(change: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert told(world=replace(WORLD, usage=replace(USAGE, **change))) == found


def test_a_quota_says_its_code_and_the_sum() -> None:
    (found,) = findings(world=replace(WORLD, usage=replace(USAGE, limits={**LIMITS, "L-1216C47A": 40})))
    assert str(found) == (
        "vCPUs of node groups: the upgrade adds 24 to 24 in use, and the quota Running On-Demand Standard "
        "(A, C, D, H, I, M, R, T, Z) instances (L-1216C47A) is 40. Have it raised in Service Quotas (ec2), or make the "
        "target smaller"
    )


def test_no_action_takes_a_sixth_target_group() -> None:
    full = forward("arn:mm-blue", *(f"arn:{number}" for number in range(4)))
    world = replace(WORLD, balancers=[replace(BALANCER, forwards=[full, forward("arn:other")])])
    (found,) = findings(world=world)
    assert (found.check, found.resource) == ("quota_action_groups", "load balancer arena HTTP:80 default")


def test_the_target_is_as_large_as_the_source_is_now() -> None:
    inside = replace(WORLD.inside, nodegroups=[{**HAS_GROUP, "scalingConfig": {"desiredSize": 5}}])
    world = replace(WORLD, inside=inside)
    assert told(world=replace(world, usage=replace(USAGE, limits={**LIMITS, "L-1216C47A": 63}))) == [
        ("error", "quota_vcpus")
    ]


def test_a_source_larger_than_the_target_may_become() -> None:
    inside = replace(WORLD.inside, nodegroups=[{**HAS_GROUP, "scalingConfig": {"desiredSize": 7}}])
    assert told(world=replace(WORLD, inside=inside)) == [("warning", "nodegroup_size")]


def test_a_target_that_stands_adds_nothing() -> None:
    limits = {**LIMITS, "L-1216C47A": 24, "L-DF5E4CA3": 20, "L-3032A538": 2.5, "L-1194D53C": 1}
    world = replace(WORLD, target=BUILT, usage=replace(USAGE, limits=limits, target_nodes={"game": 6}))
    assert told(world=world) == []


def test_nodes_that_the_target_has_before_the_run_count_once() -> None:
    """Others have built it: its 3 nodes are among the 6 in use, and it can grow by 3 more."""
    used = replace(USAGE, instances={("c7i.2xlarge", "ON_DEMAND"): 6}, interfaces=40, target_nodes={"game": 3})
    world = replace(WORLD, target=BUILT, usage=used)
    shown = {one["code"]: (one["in_use"], one["adds"], one["most"]) for one in shown_quotas(WANTED, world)}
    assert shown["L-1216C47A"] == (48, 0, 24)
    assert shown["L-DF5E4CA3"] == (40, 0, 12)
    assert shown["L-3032A538"] == (2.5, 0, 0)
    assert shown["L-1194D53C"] == (1, 0, 0)


@pytest.mark.parametrize(
    ("group", "kind", "found"),
    [
        ({}, C7I, []),
        ({}, None, [("error", "instance_type")]),
        ({}, replace(C7I, architectures=["arm64"]), [("error", "instance_type")]),
        ({"instance_types": []}, C7I, [("warning", "instance_type")]),
        ({"capacity_type": "SPOT"}, C7I, []),
        ({"ami_type": "AL2023_ARM_64_STANDARD"}, replace(C7I, architectures=["arm64"]), []),
        ({"ami_type": "AL2023_ARM_64_STANDARD"}, C7I, [("error", "instance_type")]),
        ({"ami_type": ""}, replace(C7I, architectures=["arm64"]), []),
    ],
)
def test_instance_types_are_judged(group: dict[str, Any], kind: Any, found: list[tuple[str, str]]) -> None:
    types = {} if kind is None else {"c7i.2xlarge": kind}
    wanted = replace(WANTED, nodegroups=[{**NODEGROUP, **group}])
    world = replace(WORLD, instance_types=types, inside=replace(WORLD.inside, nodegroups=[]))
    assert told(wanted, world) == found


@pytest.mark.parametrize(
    ("zones", "found"),
    [
        (None, []),
        ({"c7i.2xlarge": frozenset("b")}, [("error", "instance_type")]),
        ({}, [("error", "instance_type")]),
    ],
)
def test_a_type_must_be_offered_where_the_public_subnets_are(zones: Any, found: list[tuple[str, str]]) -> None:
    assert told(world=replace(WORLD, zones=zones)) == found


def test_a_type_must_be_offered_where_the_node_group_s_own_subnets_are() -> None:
    own = replace(WORLD.subnets[0], id="subnet-9", zone="c")
    wanted = replace(WANTED, nodegroups=[{**NODEGROUP, "subnet_ids": ["subnet-9"]}])
    (found,) = findings(wanted, replace(WORLD, node_subnets={"subnet-9": own}))
    assert (found.severity, found.finding) == ("error", "it is not offered in c")


def test_a_type_that_some_zones_lack_is_a_warning() -> None:
    second = replace(WORLD.subnets[0], id="subnet-9", zone="c")
    world = replace(WORLD, subnets=[*WORLD.subnets, second])
    (found,) = findings(world=world)
    assert (found.severity, found.finding) == ("warning", "it is not offered in c")


def test_instance_types_that_could_not_be_read_are_not_judged() -> None:
    assert told(world=replace(WORLD, instance_types=None)) == []


def test_quotas_are_shown_with_their_limits() -> None:
    shown = {one["code"]: one for one in shown_quotas(replace(WANTED, fargate=Fargate(4, 1.0)), WORLD)}
    assert shown["L-1216C47A"] == {
        "quota": "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
        "service": "ec2",
        "code": "L-1216C47A",
        "resource": "vCPUs of node groups",
        "limit": 100,
        "in_use": 24,
        "adds": 24,
        "most": 48,
    }
    assert shown["L-3032A538"]["adds"] == 1.0
    assert shown["target-groups-per-application-load-balancer"]["limit"] == 100
    unread = shown_quotas(WANTED, replace(WORLD, usage=Usage()))
    assert {one["limit"] for one in unread if one["service"] == "eks"} == {None}
