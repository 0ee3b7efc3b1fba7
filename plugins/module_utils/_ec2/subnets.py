# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What subnets and route tables say about a subnet. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

ALL_IPV4, ALL_IPV6 = "0.0.0.0/0", "::/0"
# Players come by IPv4; a private subnet is one that no one can reach either way.
DEFAULT_ROUTES = {"public": (ALL_IPV4,), "private": (ALL_IPV4, ALL_IPV6)}


@dataclass(frozen=True)
class Subnet:
    """A subnet of the inventory. `kind` is what the inventory takes it for: public or private."""

    id: str
    name: str
    kind: str
    zone: str
    maps_public_ip: bool
    has_internet_gateway: bool
    free_addresses: int


def subnet_of(kind: str, described: Data, tables: Sequence[Data]) -> Subnet:
    """A subnet with what its route table, or the VPC's main one, says."""
    return Subnet(
        id=described["SubnetId"],
        name=name_tag(described) or described["SubnetId"],
        kind=kind,
        zone=described["AvailabilityZone"],
        maps_public_ip=bool(described.get("MapPublicIpOnLaunch")),
        has_internet_gateway=leads_to_internet_gateway(described["SubnetId"], tables, DEFAULT_ROUTES[kind]),
        free_addresses=int(described["AvailableIpAddressCount"]),
    )


def leads_to_internet_gateway(
    subnet_id: str, tables: Sequence[Data], destinations: Sequence[str] = (ALL_IPV4, ALL_IPV6)
) -> bool:
    """Whether a default route of a subnet works and goes to an internet gateway; `tables` are all those of its VPC."""
    table = route_table_of(subnet_id, tables) or {}
    return any(
        str(route.get("GatewayId", "")).startswith("igw-")
        and route.get("State") == "active"
        and (route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")) in destinations
        for route in table.get("Routes", [])
    )


def route_table_of(subnet_id: str, tables: Sequence[Data]) -> Data | None:
    """The table that is associated with a subnet; a subnet without one uses the VPC's main table."""
    for table in tables:
        if any(one.get("SubnetId") == subnet_id for one in table.get("Associations", [])):
            return table
    return next((table for table in tables if any(one.get("Main") for one in table.get("Associations", []))), None)


def name_tag(subnet: Data) -> str:
    return next((str(tag["Value"]) for tag in subnet.get("Tags", []) if tag["Key"] == "Name"), "")
