# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Subnets: public or private as they should be, in two zones, with room for what the target adds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._ec2.subnets import Subnet
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Facts,
    WantedUpgrade,
    error,
    own_subnets,
    warning,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.need import (
    fargate_need,
    interfaces_at_start,
    node_needs,
)

# https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html, for each subnet of a cluster.
CONTROL_PLANE_ADDRESSES = 6
CONTROL_PLANE_RECOMMENDED = 16


def check_subnets(_wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    for subnet in world.subnets:
        place = place_of(subnet)
        if subnet.kind == "private" and subnet.has_internet_gateway:
            yield error(
                "private_subnet",
                place,
                "its route table leads to an internet gateway, but Fargate runs in private subnets only",
                "Name a subnet without that route in eks_bluegreen_private_subnets",
            )
        if subnet.kind == "public":
            yield from _without_public_addresses(place, subnet, "eks_bluegreen_public_subnets")
    zones = {subnet.zone for subnet in world.subnets}
    if len(zones) == 1:
        yield error(
            "two_zones", "subnets", f"all of them are in zone {zones.pop()}", "EKS needs subnets in at least two zones"
        )


def check_node_subnets(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    """Those that node groups name for themselves: each node must turn out to have a public address."""
    known = world.node_subnets
    if known is None or not wanted.is_built:
        return
    for number, group in enumerate(wanted.nodegroups, start=1):
        for subnet_id in own_subnets(group):
            place, subnet = f"node group {group.get('name') or number}: subnet {subnet_id}", known.get(subnet_id)
            if subnet is None:
                found = "EC2 does not know it in this region"
                yield error("public_subnet", place, found, "Correct it in eks_bluegreen_nodegroups")
            else:
                yield from _without_public_addresses(place, subnet, "eks_bluegreen_nodegroups")


def _without_public_addresses(place: str, subnet: Subnet, option: str) -> Iterator[Finding]:
    if not subnet.has_internet_gateway:
        yield error(
            "public_subnet",
            place,
            "its route table has no working default route (0.0.0.0/0) to an internet gateway, so players could not "
            "reach game servers in it",
            f"Name a subnet with that route in {option}",
        )
    elif not subnet.maps_public_ip:
        yield error(
            "public_subnet",
            place,
            "MapPublicIpOnLaunch is off, so nodes in it would have no public address",
            f"Turn it on, or name another subnet in {option}",
        )


def check_control_plane_addresses(_wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    for subnet in world.subnets if not world.target["exists"] else ():
        free = subnet.free_addresses
        if free < CONTROL_PLANE_RECOMMENDED:
            severity = error if free < CONTROL_PLANE_ADDRESSES else warning
            yield severity(
                "subnet_addresses",
                place_of(subnet),
                f"it has {free} free addresses; EKS needs {CONTROL_PLANE_ADDRESSES} for a control plane, and "
                f"recommends {CONTROL_PLANE_RECOMMENDED}",
                "Free some, or name a larger subnet",
            )


def check_node_addresses(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    """An error if the nodes' own addresses do not fit; a warning if those of their pods may not.

    How many addresses pods take depends on the settings of the CNI, so that is only an estimate.
    """
    subnets = [subnet for subnet in world.subnets if subnet.kind == "public"]
    needs = node_needs(wanted, world)
    nodes = sum(need.more for need in needs)
    yield from _room("public", subnets, nodes, f"the target adds {nodes} nodes")
    types = world.instance_types or {}
    estimate = sum(
        need.more * interfaces_at_start(types[need.instance_type]) * types[need.instance_type].addresses
        for need in needs
        if need.instance_type in types
    )
    yield from _shares(
        subnets,
        estimate,
        f"{nodes} nodes with the CNI's defaults (2 interfaces each, with all of their addresses) take {estimate}",
    )


def check_fargate_addresses(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    subnets = [subnet for subnet in world.subnets if subnet.kind == "private"]
    need = fargate_need(wanted, world)
    pods = need.pods if need else 0
    yield from _room("private", subnets, pods, f"the target adds {pods} pods on Fargate")
    yield from _shares(subnets, pods, f"{pods} pods on Fargate take one each")


def _room(kind: str, subnets: Sequence[Subnet], needed: int, what: str) -> Iterator[Finding]:
    free = sum(subnet.free_addresses for subnet in subnets)
    if subnets and free < needed:
        yield error(
            "subnet_addresses",
            f"{kind} subnets",
            f"they have {free} free addresses together, and {what}",
            f"Free some, or name more or larger subnets in eks_bluegreen_{kind}_subnets",
        )


def _shares(subnets: Sequence[Subnet], needed: int, what: str) -> Iterator[Finding]:
    share = math.ceil(needed / len(subnets)) if subnets else 0
    for subnet in subnets:
        if subnet.free_addresses < share:
            yield warning(
                "subnet_addresses",
                place_of(subnet),
                f"it has {subnet.free_addresses} free addresses, and its share is {share}: {what}",
                f"Free some, or name more or larger subnets in eks_bluegreen_{subnet.kind}_subnets",
            )


def place_of(subnet: Subnet) -> str:
    return f"{subnet.kind} subnet {subnet.name} ({subnet.id})"
