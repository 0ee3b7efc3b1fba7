"""All that preflight reads, side by side, and that a read that fails is a finding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Facts,
    Fargate,
    WantedUpgrade,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.survey import (
    Scope,
    SurveySources,
    survey,
)

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._preflight.account import Aws, Balancers, Cluster
from tests.unit.plugins.module_utils._preflight.worlds import BUILT, SOURCE, TARGET, WANTED, released

NETWORK = {"vpc_id": "vpc-1", "public_subnet_ids": ["subnet-1"], "private_subnet_ids": ["subnet-2"]}


def look(
    aws: Aws,
    cluster: Cluster | None = None,
    source: Any = SOURCE,
    target: Any = TARGET,
    wanted: WantedUpgrade = WANTED,
) -> tuple[Facts, Reads]:
    reads = Reads()
    inside = cluster or Cluster()
    sources = SurveySources(aws, aws, aws, aws, aws, Balancers(), lambda: inside, FakeClock())
    scope = Scope(source, target, False, NETWORK, ["arena", "absent"])
    return survey(sources, scope, wanted, reads), reads


def test_everything_is_read() -> None:
    world, reads = look(Aws())
    assert reads.problems == []
    assert (world.offered, world.addons) == (["1.35", "1.36"], {"vpc-cni": ["v2"]})
    assert [(one.kind, one.has_internet_gateway) for one in world.subnets] == [("public", True), ("private", False)]
    assert [(one.name, one.recommendation) for one in world.insights] == [("Removed APIs", "Update")]
    assert (world.inside.charts, world.inside.addons) == ({"agones": "1.59.0"}, {"vpc-cni": "v1"})
    assert world.inside.fargate == Fargate(2, 0.75)
    (balancer,) = world.balancers
    assert (balancer.cluster, balancer.kind) == ("arena-blue", "application")
    assert balancer.targets == {"arn:mm-blue": 2, "arn:x": 2}
    assert [(one.service, one.slot, one.attributes) for one in world.groups] == [
        ("mm", "blue", {"slow_start.duration_seconds": "0"})
    ]
    assert {name: kind.vcpus for name, kind in (world.instance_types or {}).items()} == {
        "c7i.2xlarge": 8,
        "t3.large": 2,
    }
    assert world.zones == {"c7i.2xlarge": frozenset("ab")}


def test_image_types_are_those_of_the_installed_botocore() -> None:
    assert "AL2023_x86_64_STANDARD" in look(Aws())[0].image_types


@pytest.mark.parametrize(("named", "public"), [(["subnet-1"], True), (["subnet-2"], False)])
def test_subnets_of_node_groups_are_read(named: list[str], public: bool) -> None:
    nodegroups = [{"name": "game", "subnet_ids": named}]
    world, reads = look(Aws(), wanted=replace(WANTED, nodegroups=nodegroups))
    assert reads.problems == []
    assert world.node_subnets is not None
    assert {one.id: one.has_internet_gateway for one in world.node_subnets.values()}[named[0]] is public
    assert look(Aws())[0].node_subnets == {}


def test_subnets_of_node_groups_that_cannot_be_read_are_an_error() -> None:
    nodegroups = [{"name": "game", "subnet_ids": ["subnet-9"]}]
    world, reads = look(Aws("describe_route_tables"), wanted=replace(WANTED, nodegroups=nodegroups))
    assert world.node_subnets is None
    assert {(one.severity, one.check, one.resource) for one in reads.problems} == {
        ("error", "subnets_readable", "subnets"),
        ("error", "subnets_readable", "subnets of node groups"),
    }


def test_an_addon_without_a_name_is_not_asked_for() -> None:
    addons = [{"version": "v1"}, {"name": "vpc-cni"}]
    world, reads = look(Aws(), wanted=replace(WANTED, **released(addons=addons)))
    assert (world.addons, reads.problems) == ({"vpc-cni": ["v2"]}, [])


def test_what_is_used_of_quotas_is_read() -> None:
    usage = look(Aws())[0].usage
    assert usage.limits["L-1216C47A"] == 100
    assert (usage.limits["L-3032A538"], usage.limits["target-groups"]) == (6, 3000)
    assert usage.instances == {("t3.large", "ON_DEMAND"): 1, ("t3.large", "SPOT"): 1}
    assert (usage.interfaces, usage.fargate_vcpus, usage.clusters, usage.target_groups) == (3, 3.5, 2, 3)
    assert usage.target_nodes == {}


def test_nodes_of_a_target_that_others_have_built_are_read() -> None:
    usage = look(Aws(), source={**SOURCE, "exists": False}, target=BUILT)[0].usage
    assert usage.target_nodes == {"game": 3}


def test_a_source_that_does_not_answer_is_unreachable() -> None:
    world, _ = look(Aws(), Cluster(BlueGreenError("no answer")))
    assert (world.inside.charts, world.inside.unreachable) == (None, "no answer")
    assert world.inside.addons == {"vpc-cni": "v1"}


def test_nothing_is_asked_of_a_source_that_does_not_exist() -> None:
    world, reads = look(Aws("list_nodegroups"), source={**SOURCE, "exists": False})
    assert (reads.problems, world.inside.unreachable, world.inside.nodegroups) == ([], "", [])


@pytest.mark.parametrize(
    ("refuse", "severity", "check"),
    [
        ("describe_cluster_versions", "warning", "version_offered"),
        ("describe_addon_versions", "warning", "addon_offered"),
        ("describe_route_tables", "error", "subnets_readable"),
        ("list_nodegroups", "warning", "nodegroups_readable"),
        ("list_addons", "warning", "addons_readable"),
        ("list_insights", "warning", "insights_readable"),
        ("list_clusters", "warning", "quota_readable"),
        ("describe_instances", "warning", "quota_readable"),
        ("describe_instance_types", "warning", "instance_types_readable"),
        ("describe_instance_type_offerings", "warning", "instance_types_readable"),
        ("describe_network_interfaces", "warning", "quota_readable"),
        ("describe_target_groups", "warning", "target_groups_readable"),
        ("describe_account_limits", "warning", "quota_readable"),
        ("get_metric_statistics", "warning", "quota_readable"),
        ("get_service_quota", "warning", "quota_readable"),
    ],
)
def test_a_read_that_is_refused_is_a_finding(refuse: str, severity: str, check: str) -> None:
    _, reads = look(Aws(refuse))
    assert {(one.severity, one.check) for one in reads.problems} == {(severity, check)}


def test_quotas_that_may_not_be_read_are_told_once() -> None:
    (problem,) = look(Aws("get_service_quota"))[1].problems
    assert problem.resource == "Service Quotas"
    assert problem.finding.endswith("(and 6 more that could not be read)")
