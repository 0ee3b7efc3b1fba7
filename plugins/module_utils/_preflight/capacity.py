# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the target adds, against the account's quotas; and whether its instance types are available."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight import quotas
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Balancer,
    Facts,
    WantedUpgrade,
    error,
    image_of,
    own_subnets,
    warning,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.need import (
    current_size,
    fargate_need,
    interfaces_at_start,
    node_needs,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.quotas import Quota
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

CONTROL_PLANE_INTERFACES = 4


@dataclass(frozen=True)
class Demand:
    """What the upgrade adds to what counts against a quota; `most` with all node groups at their largest."""

    quota: Quota
    resource: str
    in_use: float
    adds: float
    most: float


def check_quotas(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    for demand in demands(wanted, world):
        limit = limit_of(demand.quota, world)
        if limit is None or demand.in_use + demand.most <= limit:
            continue
        quota = demand.quota
        title = f"{quota.title} ({quota.code})"
        if demand.in_use + demand.adds > limit:
            found = f"the upgrade adds {demand.adds:g} to {demand.in_use:g} in use, and the quota {title} is {limit:g}"
            remedy = f"Have it raised in Service Quotas ({quota.service}), or make the target smaller"
            yield error(quota.check, demand.resource, found, remedy)
        else:
            found = (
                f"with node groups at max_size the upgrade adds {demand.most:g} to {demand.in_use:g} in use, and the "
                f"quota {title} is {limit:g}"
            )
            remedy = f"Have it raised in Service Quotas ({quota.service}) before the target has to grow"
            yield warning(quota.check, demand.resource, found, remedy)


def shown_quotas(wanted: WantedUpgrade, world: Facts) -> list[dict[str, Any]]:
    """Every demand with its quota; `limit` is None if it could not be read."""
    return [
        {
            "quota": demand.quota.title,
            "service": demand.quota.service,
            "code": demand.quota.code,
            "resource": demand.resource,
            "limit": limit_of(demand.quota, world),
            **{key: value for key, value in asdict(demand).items() if key in ("in_use", "adds", "most")},
        }
        for demand in demands(wanted, world)
    ]


def limit_of(quota: Quota, world: Facts) -> float | None:
    return world.usage.limits.get(quota.code, quota.hard)


def demands(wanted: WantedUpgrade, world: Facts) -> Iterator[Demand]:
    """Only from what was read: what is in use but could not be read makes no demand."""
    yield from _vcpu_demands(wanted, world)
    yield from _interface_demand(wanted, world)
    yield from _fargate_demand(wanted, world)
    yield from _eks_demands(wanted, world)
    yield from _region_group_demand(wanted, world)
    for balancer in world.balancers:
        yield from _balancer_demands(wanted, world, balancer)


def _vcpu_demands(wanted: WantedUpgrade, world: Facts) -> Iterator[Demand]:
    types, running = world.instance_types, world.usage.instances
    if types is None or running is None:
        return
    adds: dict[Quota, tuple[int, int]] = {}
    for need in node_needs(wanted, world):
        quota, kind = quotas.vcpu_quota(need.instance_type, need.market), types.get(need.instance_type)
        if quota is not None and kind is not None:
            more, most = adds.get(quota, (0, 0))
            adds[quota] = (more + need.more * kind.vcpus, most + need.most * kind.vcpus)
    for quota, (more, most) in adds.items():
        in_use = sum(
            count * types[name].vcpus
            for (name, market), count in running.items()
            if name in types and quotas.vcpu_quota(name, market) == quota
        )
        yield Demand(quota, "vCPUs of node groups", in_use, more, most)


def _interface_demand(wanted: WantedUpgrade, world: Facts) -> Iterator[Demand]:
    in_use, types = world.usage.interfaces, world.instance_types or {}
    if in_use is None:
        return
    fargate = fargate_need(wanted, world)
    others = (fargate.pods if fargate else 0) + (0 if world.target["exists"] else CONTROL_PLANE_INTERFACES)
    needs = [(need, types[need.instance_type]) for need in node_needs(wanted, world) if need.instance_type in types]
    more = others + sum(need.more * interfaces_at_start(kind) for need, kind in needs)
    most = others + sum(need.most * kind.interfaces for need, kind in needs)
    yield Demand(quotas.INTERFACES, "network interfaces", in_use, more, most)


def _fargate_demand(wanted: WantedUpgrade, world: Facts) -> Iterator[Demand]:
    need, in_use = fargate_need(wanted, world), world.usage.fargate_vcpus
    if need is not None and in_use is not None:
        yield Demand(quotas.FARGATE_VCPUS, "vCPUs of Fargate", in_use, need.vcpus, need.vcpus)


def _eks_demands(wanted: WantedUpgrade, world: Facts) -> Iterator[Demand]:
    place = f"cluster {world.target['cluster_name']}"
    if world.usage.clusters is not None:
        new = 0 if world.target["exists"] else 1
        yield Demand(quotas.CLUSTERS, "clusters", world.usage.clusters, new, new)
    groups, profiles = len(wanted.nodegroups), len(wanted.fargate_profiles)
    yield Demand(quotas.NODEGROUPS, place, 0, groups, groups)
    yield Demand(quotas.FARGATE_PROFILES, place, 0, profiles, profiles)
    for need in node_needs(wanted, world):
        yield Demand(quotas.NODES, f"node group {need.name}", 0, need.expected, need.largest)


def _region_group_demand(wanted: WantedUpgrade, world: Facts) -> Iterator[Demand]:
    if world.usage.target_groups is not None:
        new = sum(world.pair(str(service["name"]))[1] is None for service in wanted.services)
        yield Demand(quotas.TARGET_GROUPS, "target groups", world.usage.target_groups, new, new)


def _balancer_demands(wanted: WantedUpgrade, world: Facts, balancer: Balancer) -> Iterator[Demand]:
    place, kind = f"load balancer {balancer.name}", balancer.kind
    if kind in quotas.RULES:
        rules = sum(forward.kind == "rule" for forward in balancer.forwards)
        yield Demand(quotas.RULES[kind], place, rules, 0, 0)
    groups = targets = 0
    for service in wanted.services:
        source, target = world.pair(str(service["name"]))
        have, gets = (group.described["TargetGroupArn"] if group else "" for group in (source, target))
        lacking = [one for one in balancer.forwards if have in one.weights() and gets not in one.weights()]
        for forward in lacking:
            quota = quotas.ACTION_GROUPS[kind]
            yield Demand(quota, f"{place} {forward.where}", len(forward.weights()), 1, 1)
        if lacking:
            groups += gets not in balancer.targets
            targets += max(0, balancer.targets.get(have, 0) - balancer.targets.get(gets, 0))
    if kind in quotas.BALANCER_GROUPS:
        yield Demand(quotas.BALANCER_GROUPS[kind], place, len(balancer.targets), groups, groups)
    yield Demand(quotas.BALANCER_TARGETS[kind], place, sum(balancer.targets.values()), targets, targets)


def check_sizes(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    """A target that cannot grow to what the source has."""
    sizes = {str(group["nodegroupName"]): current_size(group) for group in world.inside.nodegroups}
    for need in node_needs(wanted, world):
        have = sizes.get(need.name, 0)
        if have > need.largest:
            yield warning(
                "nodegroup_size",
                f"node group {need.name}",
                f"the source's has {have} nodes now, but max_size is {need.largest}",
                "Raise max_size in eks_bluegreen_nodegroups",
            )


def check_instance_types(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    for number, group in enumerate(wanted.nodegroups, start=1):
        ami_type = image_of(group, wanted.release, "ami_type")
        names = [str(name) for name in group.get("instance_types") or []]
        place = f"node group {group.get('name') or number}"
        if not names:
            yield warning(
                "instance_type",
                place,
                "it names no instance_types, so it is not known how many vCPUs and addresses it takes",
                "Name them in eks_bluegreen_nodegroups, or compare with the quotas yourself",
            )
        for name in names:
            yield from _type_findings(f"{place}: instance type {name}", name, world, ami_type, _zones_of(group, world))


def _zones_of(group: Data, world: Facts) -> set[str]:
    """The zones of the subnets that a node group names, or else of all public ones."""
    known = world.node_subnets or {}
    own = {known[subnet_id].zone for subnet_id in own_subnets(group) if subnet_id in known}
    return own or {subnet.zone for subnet in world.subnets if subnet.kind == "public"}


def _type_findings(place: str, name: str, world: Facts, ami_type: str, zones: set[str]) -> Iterator[Finding]:
    if world.instance_types is not None:
        kind = world.instance_types.get(name)
        if kind is None:
            remedy = "Correct its name in eks_bluegreen_nodegroups, or choose one that the region has"
            yield error("instance_type", place, "EC2 does not know it in this region", remedy)
            return
        wants = "arm64" if "ARM_64" in ami_type else "x86_64"
        if ami_type and wants not in kind.architectures:
            found = f"it is {' and '.join(kind.architectures)}, and the node image {ami_type} is {wants}"
            yield error("instance_type", place, found, "Choose types and an image of one architecture")
    lacking = sorted(zones - world.zones.get(name, frozenset())) if world.zones is not None else []
    if lacking:
        severity = error if len(lacking) == len(zones) else warning
        yield severity(
            "instance_type",
            place,
            f"it is not offered in {', '.join(lacking)}",
            "Choose another type, or subnets in zones that offer it",
        )
