"""What preflight reads."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.plan import Release
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import LoadBalancer
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.observe import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.preflight import Sticky
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.survey import (
    Scope,
    Sources,
    forward_stickiness,
    route_table_of,
    subnet_of,
    survey,
)
from botocore.exceptions import ClientError

OPEN = {"Routes": [{"GatewayId": "local"}, {"GatewayId": "igw-1"}], "Associations": [{"SubnetId": "subnet-1"}]}
MAIN = {"Routes": [{"GatewayId": "local"}], "Associations": [{"Main": True}]}
SOURCE = {"cluster_name": "arena-blue", "exists": True, "target_group_arns": {"mm": "arn:mm"}}
TARGET = {"cluster_name": "arena-green", "exists": False, "target_group_arns": {}}
NETWORK = {"vpc_id": "vpc-1", "public_subnet_ids": ["subnet-1"], "private_subnet_ids": ["subnet-2"]}


def described(subnet_id: str) -> dict[str, Any]:
    return {"SubnetId": subnet_id, "AvailabilityZone": "a", "MapPublicIpOnLaunch": True}


@pytest.mark.parametrize(
    ("subnet_id", "tables", "is_open"),
    [("subnet-1", [MAIN, OPEN], True), ("subnet-2", [OPEN, MAIN], False), ("subnet-2", [OPEN], False)],
)
def test_a_subnet_has_its_own_route_table_or_the_main_one(subnet_id: str, tables: Any, is_open: bool) -> None:
    assert subnet_of("public", described(subnet_id), tables).has_internet_gateway is is_open
    assert (route_table_of(subnet_id, tables) or {}).get("Routes", []) != [] or not is_open


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, []),
        ({"TargetGroupStickinessConfig": {"Enabled": False, "DurationSeconds": 60}}, []),
        (
            {"TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}},
            [Sticky("arena rule 1", 60, True)],
        ),
    ],
)
def test_stickiness_of_a_forward(config: dict[str, Any], found: list[Sticky]) -> None:
    actions = ({"Type": "forward", "ForwardConfig": config},)
    assert forward_stickiness(Forward("rule", "arn", "arn:l", "arena", "rule 1", actions)) == found


class Page:
    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = pages

    def paginate(self, **_options: Any) -> tuple[dict[str, Any], ...]:
        return self.pages


class Aws:
    """EKS, EC2 and ELBv2."""

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse

    def get_paginator(self, name: str) -> Page:
        if name == self.refuse:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, name)
        pages: dict[str, dict[str, Any]] = {
            "describe_cluster_versions": {"clusterVersions": [{"clusterVersion": "1.36"}, {"clusterVersion": "1.35"}]},
            "describe_subnets": {"Subnets": [described("subnet-1"), described("subnet-2")]},
            "describe_route_tables": {"RouteTables": [OPEN, MAIN]},
            "list_nodegroups": {"nodegroups": ["game"]},
            "list_addons": {"addons": ["vpc-cni"]},
        }
        return Page(pages[name])

    def describe_nodegroup(self, clusterName: str, nodegroupName: str) -> dict[str, Any]:  # noqa: N803
        return {"nodegroup": {"nodegroupName": nodegroupName}}

    def describe_addon(self, clusterName: str, addonName: str) -> dict[str, Any]:  # noqa: N803
        return {"addon": {"addonName": addonName, "addonVersion": "v1"}}

    def describe_target_group_attributes(self, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803
        return {
            "Attributes": [
                {"Key": "stickiness.enabled", "Value": "true"},
                {"Key": "stickiness.lb_cookie.duration_seconds", "Value": "600"},
            ]
        }


class Balancers:
    def load_balancer(self, name: str) -> LoadBalancer | None:
        return LoadBalancer(name, "arn", "arena-blue") if name == "arena" else None

    def forwards(self, load_balancer: LoadBalancer) -> list[Forward]:
        return []


class Helm:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def newest(self) -> list[Release]:
        if self.error:
            raise self.error
        return [
            Release("agones", "agones-system", 1, "deployed", "1.59.0", {}, 1.0),
            Release("broken", "arena", 1, "failed", "1.0.0", {}, 1.0),
        ]


def look(aws: Aws, helm: Helm) -> tuple[Any, Reads]:
    reads = Reads()
    sources = Sources(aws, aws, aws, Balancers(), lambda: helm)
    return survey(sources, Scope(SOURCE, TARGET, False, NETWORK, ["arena", "absent"]), reads), reads


def test_everything_is_read() -> None:
    world, reads = look(Aws(), Helm())
    assert reads.problems == []
    assert world.offered == ["1.35", "1.36"]
    assert [(one.kind, one.has_internet_gateway) for one in world.subnets] == [("public", True), ("private", False)]
    assert world.owners == {"arena": "arena-blue"}
    assert [one.seconds for one in world.sticky] == [600]
    assert (world.inside.charts, world.inside.addons) == ({"agones": "1.59.0"}, {"vpc-cni": "v1"})


def test_a_source_that_does_not_answer_is_unreachable() -> None:
    world, _ = look(Aws(), Helm(BlueGreenError("no answer")))
    assert (world.inside.charts, world.inside.unreachable) == (None, "no answer")


@pytest.mark.parametrize(
    ("refuse", "severity", "check"),
    [
        ("describe_cluster_versions", "warning", "version_offered"),
        ("describe_route_tables", "error", "subnets_readable"),
        ("list_addons", "warning", "source_readable"),
    ],
)
def test_a_read_that_is_refused_is_a_finding(refuse: str, severity: str, check: str) -> None:
    _, reads = look(Aws(refuse), Helm())
    assert [(one.severity, one.check) for one in reads.problems] == [(severity, check)]
