"""An AWS account as preflight reads it, and the source cluster's own API; a call that it refuses is an error."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.plan import HelmRelease
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import LoadBalancer
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward
from botocore.exceptions import ClientError

from tests.unit.plugins.module_utils._preflight.worlds import BALANCER_ARN

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

    def paginate(self, **options: Any) -> list[dict[str, Any]]:
        wanted = {value for one in options.get("Filters", []) if one["Name"] == "subnet-id" for value in one["Values"]}
        if not wanted:
            return self.pages
        return [{"Subnets": [one for one in page["Subnets"] if one["SubnetId"] in wanted]} for page in self.pages]


class Aws:
    """All the services in one."""

    meta = boto3.client("eks", region_name="eu-west-1").meta

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse

    def get_paginator(self, name: str) -> Page:
        self._check(name)
        return Page(PAGES[name])

    def error(self, code: str, message: str = "no", call: str = "Call") -> ClientError:
        return ClientError({"Error": {"Code": code, "Message": message}}, call)

    def _check(self, name: str, resource: str = "") -> None:
        if name == self.refuse:
            raise self.error("AccessDenied", f"not on {resource}", name)

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
