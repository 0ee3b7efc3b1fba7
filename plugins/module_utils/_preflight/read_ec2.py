# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Subnets, instances, instance types and network interfaces, as preflight reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._ec2 import api
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._ec2.subnets import Subnet, subnet_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    InstanceType,
    WantedUpgrade,
    own_subnets,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.quotas import ON_DEMAND
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data


@dataclass(frozen=True)
class Machines:
    """`running` counts instances by type and market. Both are None if they could not be read."""

    types: Mapping[str, InstanceType] | None
    running: Mapping[tuple[str, str], int] | None


def read_subnets(ec2: Any, network: Data, reads: Reads) -> list[Subnet]:
    kinds = [(kind, subnet_id) for kind in ("public", "private") for subnet_id in network[f"{kind}_subnet_ids"]]
    if not kinds:
        return []

    def read() -> list[Subnet]:
        ids = sorted({subnet_id for _kind, subnet_id in kinds})
        found = {one["SubnetId"]: one for one in api.describe_subnets(ec2, [{"Name": "subnet-id", "Values": ids}])}
        tables = api.describe_route_tables(ec2, network["vpc_id"])
        return [subnet_of(kind, found[subnet_id], tables) for kind, subnet_id in kinds if subnet_id in found]

    nothing: list[Subnet] = []
    return reads.attempt(read, nothing, "subnets_readable", "subnets")


def read_node_subnets(ec2: Any, network: Data, wanted: WantedUpgrade, reads: Reads) -> dict[str, Subnet] | None:
    """The subnets that node groups name for themselves, by id; those that do not exist are missing."""
    named = sorted({subnet_id for group in wanted.nodegroups for subnet_id in own_subnets(group)})
    if not named:
        return {}

    def read() -> dict[str, Subnet] | None:
        found = api.describe_subnets(ec2, [{"Name": "subnet-id", "Values": named}])
        tables = api.describe_route_tables(ec2, network["vpc_id"])
        return {one["SubnetId"]: subnet_of("public", one, tables) for one in found}

    return reads.attempt(read, None, "subnets_readable", "subnets of node groups")


def read_interfaces(ec2: Any, reads: Reads) -> int | None:
    return reads.optional(lambda: len(api.describe_network_interfaces(ec2)), "quota_readable", "network interfaces")


def read_machines(ec2: Any, wanted: WantedUpgrade, reads: Reads) -> Machines:
    """The types of the node groups and of all running instances, and how many of these there are."""
    names = set(type_names(wanted))
    if not names:
        return Machines({}, None)
    running = reads.optional(
        lambda: count_instances(api.describe_running_instances(ec2)), "quota_readable", "EC2 instances"
    )
    names |= {name for name, _market in running or ()}
    types = reads.optional(
        lambda: api.describe_instance_types(ec2, sorted(names)), "instance_types_readable", "instance types"
    )
    return Machines(None if types is None else {one["InstanceType"]: type_of(one) for one in types}, running)


def read_zones(ec2: Any, wanted: WantedUpgrade, reads: Reads) -> dict[str, frozenset[str]] | None:
    """The zones that offer each instance type of the node groups."""

    def read() -> dict[str, frozenset[str]]:
        names = type_names(wanted)
        offers = api.describe_instance_type_offerings(ec2, names)
        return {name: frozenset(one["Location"] for one in offers if one["InstanceType"] == name) for name in names}

    return reads.optional(read, "instance_types_readable", "zones of instance types")


def type_names(wanted: WantedUpgrade) -> list[str]:
    return sorted({str(name) for group in wanted.nodegroups for name in group.get("instance_types") or []})


def count_instances(instances: Sequence[Data]) -> dict[tuple[str, str], int]:
    """Instances by type and market, which is ON_DEMAND if the instance names none."""
    return dict(
        Counter((str(one["InstanceType"]), str(one.get("InstanceLifecycle") or ON_DEMAND).upper()) for one in instances)
    )


def type_of(described: Data) -> InstanceType:
    network = described.get("NetworkInfo") or {}
    return InstanceType(
        vcpus=int(described["VCpuInfo"]["DefaultVCpus"]),
        interfaces=int(network.get("MaximumNetworkInterfaces", 1)),
        addresses=int(network.get("Ipv4AddressesPerInterface", 1)),
        architectures=list((described.get("ProcessorInfo") or {}).get("SupportedArchitectures", [])),
    )
