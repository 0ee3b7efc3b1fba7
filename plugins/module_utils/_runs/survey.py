# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What preflight reads beside the observation of the slots; in parallel, and a failed read is a finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.plan import Release
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks import api as eks_api
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import (
    LoadBalancer,
    describe_target_group_attributes,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.observe import (
    Reads,
    describe_subnets,
    name_tag,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.preflight import Inside, Sticky, Subnet, World

Data = Mapping[str, Any]
READS_IN_PARALLEL = 12


class Balancers(Protocol):
    """What is read of the load balancers."""

    def load_balancer(self, name: str) -> LoadBalancer | None: ...

    def forwards(self, load_balancer: LoadBalancer) -> list[Forward]: ...


class Releases(Protocol):
    """A cluster's Helm releases."""

    def newest(self) -> Sequence[Release]: ...


@dataclass(frozen=True)
class Sources:
    """Where everything is read. `releases` connects to the source cluster; None where it has no kubeconfig."""

    eks: Any
    ec2: Any
    elbv2: Any
    balancers: Balancers
    releases: Callable[[], Releases] | None


@dataclass(frozen=True)
class Scope:
    """What is looked at."""

    source: Data
    target: Data
    is_resumed: bool
    network: Data
    load_balancers: Sequence[str]


def survey(sources: Sources, scope: Scope, reads: Reads) -> World:
    """Read everything that the checks judge."""
    with ThreadPoolExecutor(max_workers=READS_IN_PARALLEL) as pool:
        offered = pool.submit(_read_offer, sources.eks, reads)
        subnets = pool.submit(_read_subnets, sources.ec2, scope.network, reads)
        balancers = [pool.submit(_read_balancer, sources.balancers, name, reads) for name in scope.load_balancers]
        groups = [
            pool.submit(_read_group_stickiness, sources.elbv2, name, arn, reads)
            for slot in (scope.source, scope.target)
            for name, arn in (slot.get("target_group_arns") or {}).items()
        ]
        inside = pool.submit(_read_inside, sources, scope.source, reads)
    owners = {name: owner for future in balancers for name, owner in future.result()[0].items()}
    sticky = [one for future in balancers for one in future.result()[1]]
    return World(
        source=scope.source,
        target=scope.target,
        is_resumed=scope.is_resumed,
        offered=offered.result(),
        subnets=subnets.result(),
        owners=owners,
        sticky=sticky + [one for future in groups for one in future.result()],
        inside=inside.result(),
    )


@aws_call("list the Kubernetes versions that EKS offers")
def describe_cluster_versions(client: Any) -> list[str]:
    pages = client.get_paginator("describe_cluster_versions").paginate()
    return sorted({version["clusterVersion"] for page in pages for version in page["clusterVersions"]})


@aws_call("list the route tables of VPC {vpc_id}")
def describe_route_tables(client: Any, vpc_id: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("describe_route_tables").paginate(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])
    return [table for page in pages for table in page["RouteTables"]]


def _read_offer(eks: Any, reads: Reads) -> list[str] | None:
    nothing: list[str] | None = None
    return reads.attempt(lambda: describe_cluster_versions(eks), nothing, "version_offered", "EKS versions", "warning")


def _read_subnets(ec2: Any, network: Data, reads: Reads) -> list[Subnet]:
    kinds = [(kind, subnet_id) for kind in ("public", "private") for subnet_id in network[f"{kind}_subnet_ids"]]
    if not kinds:
        return []

    def read() -> list[Subnet]:
        ids = sorted({subnet_id for _kind, subnet_id in kinds})
        found = {one["SubnetId"]: one for one in describe_subnets(ec2, [{"Name": "subnet-id", "Values": ids}])}
        tables = describe_route_tables(ec2, network["vpc_id"])
        return [subnet_of(kind, found[subnet_id], tables) for kind, subnet_id in kinds if subnet_id in found]

    nothing: list[Subnet] = []
    return reads.attempt(read, nothing, "subnets_readable", "subnets")


def subnet_of(kind: str, described: Data, tables: Sequence[Data]) -> Subnet:
    """A subnet with what its route table, or the VPC's main one, says."""
    table = route_table_of(described["SubnetId"], tables)
    return Subnet(
        id=described["SubnetId"],
        name=name_tag(described) or described["SubnetId"],
        kind=kind,
        zone=described["AvailabilityZone"],
        maps_public_ip=bool(described.get("MapPublicIpOnLaunch")),
        has_internet_gateway=any(
            str(route.get("GatewayId", "")).startswith("igw-") for route in (table or {}).get("Routes", [])
        ),
    )


def route_table_of(subnet_id: str, tables: Sequence[Data]) -> Data | None:
    """The table that is associated with a subnet; a subnet without one uses the VPC's main table."""
    for table in tables:
        if any(one.get("SubnetId") == subnet_id for one in table.get("Associations", [])):
            return table
    return next((table for table in tables if any(one.get("Main") for one in table.get("Associations", []))), None)


def _read_balancer(balancers: Balancers, name: str, reads: Reads) -> tuple[dict[str, str], list[Sticky]]:
    def read() -> tuple[dict[str, str], list[Sticky]]:
        found = balancers.load_balancer(name)
        if found is None:
            return {}, []
        forwards = balancers.forwards(found)
        return {found.name: found.cluster}, [one for forward in forwards for one in forward_stickiness(forward)]

    nothing: tuple[dict[str, str], list[Sticky]] = ({}, [])
    return reads.attempt(read, nothing, "load_balancer_readable", name)


def forward_stickiness(forward: Forward) -> list[Sticky]:
    """The stickiness between target groups that a listener default or rule asks for."""
    found = []
    for action in forward.actions:
        config = (action.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig") or {}
        if config.get("Enabled"):
            place = f"{forward.load_balancer} {forward.where}"
            found.append(Sticky(place, int(config.get("DurationSeconds", 0)), binds_to_group=True))
    return found


def _read_group_stickiness(elbv2: Any, name: str, arn: str, reads: Reads) -> list[Sticky]:
    nothing: dict[str, str] = {}
    attributes = reads.attempt(
        lambda: describe_target_group_attributes(elbv2, arn), nothing, "target_group_readable", name, "warning"
    )
    if attributes.get("stickiness.enabled") != "true":
        return []
    seconds = int(attributes.get("stickiness.lb_cookie.duration_seconds", 0))
    return [Sticky(f"target group of {name} ({arn})", seconds, binds_to_group=False)]


def _read_inside(sources: Sources, source: Data, reads: Reads) -> Inside:
    if not source["exists"]:
        return Inside()
    name, eks = source["cluster_name"], sources.eks
    no_groups: list[Data] = []
    no_addons: dict[str, str] = {}
    groups = reads.attempt(lambda: _nodegroups(eks, name), no_groups, "source_readable", f"cluster {name}", "warning")
    addons = reads.attempt(lambda: _addons(eks, name), no_addons, "source_readable", f"cluster {name}", "warning")
    charts, unreachable = _read_charts(sources)
    return Inside(groups, addons, charts, unreachable)


def _nodegroups(eks: Any, cluster: str) -> list[Data]:
    described = (eks_api.describe_nodegroup(eks, cluster, name) for name in eks_api.list_nodegroups(eks, cluster))
    return [group for group in described if group is not None]


def _addons(eks: Any, cluster: str) -> dict[str, str]:
    described = (eks_api.describe_addon(eks, cluster, name) for name in eks_api.list_addons(eks, cluster))
    return {addon["addonName"]: str(addon["addonVersion"]) for addon in described if addon is not None}


def _read_charts(sources: Sources) -> tuple[dict[str, str] | None, str]:
    if sources.releases is None:
        return None, "there is no kubeconfig for it"
    try:
        found = sources.releases().newest()
    except BlueGreenError as error:
        return None, error.message
    return {release.name: release.version for release in found if release.status == "deployed"}, ""
