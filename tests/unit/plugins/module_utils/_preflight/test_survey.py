"""What preflight reads, and that a read that fails is a finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.plan import HelmRelease
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import LoadBalancer
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Facts,
    Fargate,
    WantedUpgrade,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_cluster import fargate_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_ec2 import count_instances
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_eks import insight_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.survey import (
    Scope,
    SurveySources,
    survey,
)
from botocore.exceptions import ClientError

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._preflight.worlds import BALANCER_ARN, BUILT, RELEASE, SOURCE, TARGET, WANTED

NETWORK = {"vpc_id": "vpc-1", "public_subnet_ids": ["subnet-1"], "private_subnet_ids": ["subnet-2"]}
NOW = datetime(2026, 11, 23, tzinfo=UTC)
C7I = {
    "InstanceType": "c7i.2xlarge",
    "VCpuInfo": {"DefaultVCpus": 8},
    "NetworkInfo": {"MaximumNetworkInterfaces": 4, "Ipv4AddressesPerInterface": 15},
    "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
}
T3 = {"InstanceType": "t3.large", "VCpuInfo": {"DefaultVCpus": 2}}
DEFAULT_ROUTE = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}
INSIGHT = {"id": "i-1", "name": "Removed APIs", "category": "UPGRADE_READINESS", "insightStatus": {"status": "ERROR"}}


def subnet(subnet_id: str) -> dict[str, Any]:
    return {"SubnetId": subnet_id, "AvailabilityZone": "a", "MapPublicIpOnLaunch": True, "AvailableIpAddressCount": 9}


PAGES: dict[str, list[dict[str, Any]]] = {
    "describe_cluster_versions": [{"clusterVersions": [{"clusterVersion": "1.36"}, {"clusterVersion": "1.35"}]}],
    "describe_addon_versions": [{"addons": [{"addonVersions": [{"addonVersion": "v2"}]}]}, {"addons": []}],
    "list_clusters": [{"clusters": ["a"]}, {"clusters": ["b"]}],
    "list_insights": [{"insights": [INSIGHT, {"id": "i-2", "insightStatus": {"status": "PASSING"}}]}],
    "describe_subnets": [{"Subnets": [subnet("subnet-1"), subnet("subnet-2")]}],
    "describe_route_tables": [
        {"RouteTables": [{"Routes": [DEFAULT_ROUTE], "Associations": [{"SubnetId": "subnet-1"}]}]}
    ],
    "describe_instances": [
        {"Reservations": [{"Instances": [{"InstanceType": "t3.large"}]}]},
        {"Reservations": [{"Instances": [{"InstanceType": "t3.large", "InstanceLifecycle": "spot"}]}]},
    ],
    "describe_instance_types": [{"InstanceTypes": [C7I]}, {"InstanceTypes": [T3]}],
    "describe_instance_type_offerings": [
        {"InstanceTypeOfferings": [{"InstanceType": "c7i.2xlarge", "Location": zone} for zone in "ab"]}
    ],
    "describe_network_interfaces": [{"NetworkInterfaces": [{}, {}]}, {"NetworkInterfaces": [{}]}],
    "list_nodegroups": [{"nodegroups": ["game"]}],
    "list_addons": [{"addons": ["vpc-cni"]}],
    "describe_target_groups": [
        {
            "TargetGroups": [
                {"TargetGroupName": "mm", "TargetGroupArn": "arn:mm-blue", "LoadBalancerArns": [BALANCER_ARN]}
            ]
        },
        {"TargetGroups": [{"TargetGroupName": "x", "TargetGroupArn": "arn:x", "LoadBalancerArns": [BALANCER_ARN]}]},
        {"TargetGroups": [{"TargetGroupName": "y", "TargetGroupArn": "arn:y"}]},
    ],
    "describe_account_limits": [{"Limits": [{"Name": "target-groups", "Max": "3000"}]}],
}


class Page:
    def __init__(self, pages: list[dict[str, Any]]) -> None:
        self.pages = pages

    def paginate(self, **_options: Any) -> list[dict[str, Any]]:
        return self.pages


class Aws:
    """All the services in one."""

    meta = boto3.client("eks", region_name="eu-west-1").meta

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse

    def get_paginator(self, name: str) -> Page:
        self._check(name)
        return Page(PAGES[name])

    def _check(self, name: str, resource: str = "") -> None:
        if name == self.refuse:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": f"not on {resource}"}}, name)

    def describe_insight(self, clusterName: str, id: str) -> dict[str, Any]:  # noqa: N803
        assert id == "i-1"
        return {"insight": {**INSIGHT, "recommendation": "Update"}}

    def describe_nodegroup(self, clusterName: str, nodegroupName: str) -> dict[str, Any]:  # noqa: N803
        return {"nodegroup": {"nodegroupName": nodegroupName, "scalingConfig": {"desiredSize": 3}}}

    def describe_addon(self, clusterName: str, addonName: str) -> dict[str, Any]:  # noqa: N803
        return {"addon": {"addonName": addonName, "addonVersion": "v1"}}

    def describe_target_group_attributes(self, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803
        return {"Attributes": [{"Key": "slow_start.duration_seconds", "Value": "0"}]}

    def describe_target_health(self, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803
        return {"TargetHealthDescriptions": [{}, {}]}

    def get_service_quota(self, ServiceCode: str, QuotaCode: str) -> dict[str, Any]:  # noqa: N803
        self._check("get_service_quota", QuotaCode)
        if ServiceCode == "fargate":
            raise ClientError({"Error": {"Code": "NoSuchResourceException", "Message": "no"}}, "GetServiceQuota")
        return {"Quota": {"Value": 100.0}}

    def get_aws_default_service_quota(self, ServiceCode: str, QuotaCode: str) -> dict[str, Any]:  # noqa: N803
        return {"Quota": {"Value": 6.0}}

    def get_metric_statistics(self, **_options: Any) -> dict[str, Any]:
        self._check("get_metric_statistics")
        return {
            "Datapoints": [
                {"Timestamp": NOW, "Maximum": 3.5},
                {"Timestamp": NOW.replace(year=2025), "Maximum": 9.0},
            ]
        }


class Balancers:
    def load_balancer(self, name: str) -> LoadBalancer | None:
        return LoadBalancer(name, BALANCER_ARN, "arena-blue") if name == "arena" else None

    def forwards(self, load_balancer: LoadBalancer) -> list[Forward]:
        return []


class Cluster:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def newest(self) -> list[HelmRelease]:
        if self.error:
            raise self.error
        return [
            HelmRelease("agones", "agones-system", 1, "deployed", "1.59.0", {}, 1.0),
            HelmRelease("broken", "arena", 1, "failed", "1.0.0", {}, 1.0),
        ]

    def fargate_pods(self) -> list[Any]:
        return [pod("0.5vCPU 1GB"), pod("")]


def pod(provisioned: str) -> dict[str, Any]:
    return {"metadata": {"annotations": {"CapacityProvisioned": provisioned}} if provisioned else {}}


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
    world, reads = look(Aws(), wanted=replace(WANTED, release={**RELEASE, "addons": addons}))
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


def test_instances_are_counted_by_type_and_market() -> None:
    spot = {"InstanceType": "a", "InstanceLifecycle": "spot"}
    assert count_instances([spot, {"InstanceType": "a"}, {"InstanceType": "a"}]) == {
        ("a", "SPOT"): 1,
        ("a", "ON_DEMAND"): 2,
    }


def test_pods_that_do_not_say_their_size_have_the_smallest() -> None:
    assert fargate_of([pod("1vCPU 2GB"), pod("much"), pod("")]) == Fargate(3, 1.5)


def test_an_insight_about_add_ons() -> None:
    details = {"addonCompatibilityDetails": [{"name": "vpc-cni"}]}
    assert insight_of({**INSIGHT, "categorySpecificSummary": details}).about_addons
    assert not insight_of(INSIGHT).about_addons
    assert insight_of({**INSIGHT, "description": "why"}).reason == "why"
