# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The reads of AWS that find what a cluster left behind: one call per function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster import describe_cluster
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.leftovers import Tags, tags_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.oidc_provider import (
    get_oidc_provider,
    list_oidc_providers,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import (
    describe_tags,
    describe_target_groups,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description

# DescribeTags takes as many load balancers or target groups at a time.
TAGS_AT_A_TIME = 20
LIVE_STATES = ["pending", "running", "stopping", "stopped"]

Filters = Sequence[Mapping[str, Any]]


@aws_call("list security groups by {filters}")
def describe_security_groups(client: Any, filters: Filters) -> list[Description]:
    pages = client.get_paginator("describe_security_groups").paginate(Filters=filters)
    return [group for page in pages for group in page["SecurityGroups"]]


@aws_call("list network interfaces by {filters}")
def find_network_interfaces(client: Any, filters: Filters) -> list[Description]:
    pages = client.get_paginator("describe_network_interfaces").paginate(Filters=filters)
    return [one for page in pages for one in page["NetworkInterfaces"]]


@aws_call("list instances by {filters}")
def describe_instances(client: Any, filters: Filters) -> list[Description]:
    pages = client.get_paginator("describe_instances").paginate(Filters=filters)
    return [one for page in pages for reservation in page["Reservations"] for one in reservation["Instances"]]


@aws_call("list volumes by {filters}")
def describe_volumes(client: Any, filters: Filters) -> list[Description]:
    pages = client.get_paginator("describe_volumes").paginate(Filters=filters)
    return [one for page in pages for one in page["Volumes"]]


@aws_call("list load balancers")
def describe_load_balancers(client: Any) -> list[Description]:
    pages = client.get_paginator("describe_load_balancers").paginate()
    return [one for page in pages for one in page["LoadBalancers"]]


@aws_call("list classic load balancers")
def describe_classic_load_balancers(client: Any) -> list[str]:
    pages = client.get_paginator("describe_load_balancers").paginate()
    return [one["LoadBalancerName"] for page in pages for one in page["LoadBalancerDescriptions"]]


@aws_call("read tags of classic load balancers")
def describe_classic_tags(client: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    found = client.describe_tags(LoadBalancerNames=list(names))["TagDescriptions"]
    return {one["LoadBalancerName"]: tags_of(one) for one in found}


@aws_call("read log group {name}")
def describe_log_group(client: Any, name: str) -> Description | None:
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    found: list[Description] = [one for page in pages for one in page["logGroups"] if one["logGroupName"] == name]
    return found[0] if found else None


class AwsAccount:
    """The adapter to boto3. `clients`: by service, eks, ec2, elbv2, elb, iam, logs."""

    def __init__(self, clients: Mapping[str, Any]) -> None:
        self._clients = clients

    @property
    def region(self) -> str:
        return str(self._clients["eks"].meta.region_name)

    def cluster_exists(self, cluster: str) -> bool:
        return describe_cluster(self._clients["eks"], cluster) is not None

    def security_groups(self, cluster: str) -> list[Description]:
        marks = [_has(f"kubernetes.io/cluster/{cluster}"), _tag("aws:eks:cluster-name", cluster)]
        marks.append(_tag("elbv2.k8s.aws/cluster", cluster))
        return self._each("GroupId", describe_security_groups, marks)

    def network_interfaces(self, cluster: str) -> list[Description]:
        control_plane = {"Name": "description", "Values": [f"Amazon EKS {cluster}"]}
        marks = [control_plane, _tag("cluster.k8s.amazonaws.com/name", cluster)]
        marks.append(_has(f"kubernetes.io/cluster/{cluster}"))
        return self._each("NetworkInterfaceId", find_network_interfaces, marks)

    def instances(self, cluster: str) -> list[Description]:
        live = {"Name": "instance-state-name", "Values": LIVE_STATES}
        marks = [_has(f"kubernetes.io/cluster/{cluster}"), _tag("aws:eks:cluster-name", cluster)]
        return self._each("InstanceId", describe_instances, marks, live)

    def volumes(self, cluster: str) -> list[Description]:
        marks = [_has(f"kubernetes.io/cluster/{cluster}"), _tag("KubernetesCluster", cluster)]
        return self._each("VolumeId", describe_volumes, marks)

    def _each(self, key: str, describe: Any, marks: Filters, *more: Mapping[str, Any]) -> list[Description]:
        """What carries any of the marks, each once."""
        found = {one[key]: one for by in marks for one in describe(self._clients["ec2"], [by, *more])}
        return list(found.values())

    def load_balancers(self) -> list[tuple[str, str, Tags]]:
        described = describe_load_balancers(self._clients["elbv2"])
        return self._tagged([(one["LoadBalancerArn"], one["LoadBalancerName"]) for one in described])

    def target_groups(self) -> list[tuple[str, str, Tags]]:
        described = describe_target_groups(self._clients["elbv2"])
        return self._tagged([(one["TargetGroupArn"], one["TargetGroupName"]) for one in described])

    def _tagged(self, named: Sequence[tuple[str, str]]) -> list[tuple[str, str, Tags]]:
        tags: dict[str, dict[str, str]] = {}
        for part in _parts([arn for arn, _name in named]):
            tags.update(describe_tags(self._clients["elbv2"], part))
        return [(arn, name, tags.get(arn, {})) for arn, name in named]

    def classic_load_balancers(self) -> list[tuple[str, Tags]]:
        client = self._clients["elb"]
        tags: dict[str, Tags] = {}
        for part in _parts(describe_classic_load_balancers(client)):
            tags.update(describe_classic_tags(client, part))
        return list(tags.items())

    def oidc_providers(self) -> list[str]:
        return list_oidc_providers(self._clients["iam"])

    def oidc_provider_tags(self, arn: str) -> Tags:
        return tags_of(get_oidc_provider(self._clients["iam"], arn) or {})

    def log_group(self, name: str) -> Description | None:
        return describe_log_group(self._clients["logs"], name)


def _has(key: str) -> dict[str, Any]:
    return {"Name": "tag-key", "Values": [key]}


def _tag(key: str, value: str) -> dict[str, Any]:
    return {"Name": f"tag:{key}", "Values": [value]}


def _parts(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[start : start + TAGS_AT_A_TIME] for start in range(0, len(values), TAGS_AT_A_TIME)]
