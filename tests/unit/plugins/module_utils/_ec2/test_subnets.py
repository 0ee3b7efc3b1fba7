"""What route tables say of a subnet."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._ec2.subnets import (
    leads_to_internet_gateway,
    subnet_of,
)

LOCAL = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}
DEFAULT = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}
DEFAULT_IPV6 = {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"}
OPEN = {"Routes": [LOCAL, DEFAULT], "Associations": [{"SubnetId": "subnet-1"}]}
MAIN = {"Routes": [LOCAL], "Associations": [{"Main": True}]}


@pytest.mark.parametrize(
    ("subnet_id", "tables", "is_open"),
    [
        ("subnet-1", [MAIN, OPEN], True),
        ("subnet-2", [OPEN, MAIN], False),
        ("subnet-2", [OPEN], False),
        ("subnet-2", [{"Routes": OPEN["Routes"], "Associations": [{"Main": True}]}], True),
        ("subnet-2", [], False),
    ],
)
def test_a_subnet_has_its_own_route_table_or_the_main_one(subnet_id: str, tables: Any, is_open: bool) -> None:
    assert leads_to_internet_gateway(subnet_id, tables) is is_open


@pytest.mark.parametrize(
    ("route", "public", "private"),
    [
        pytest.param(DEFAULT, True, True, id="open"),
        pytest.param({**DEFAULT, "State": "blackhole"}, False, False, id="its gateway is gone"),
        pytest.param({**DEFAULT, "DestinationCidrBlock": "203.0.113.0/24"}, False, False, id="to one network"),
        pytest.param(DEFAULT_IPV6, False, True, id="IPv6, by which no player comes"),
        pytest.param({**DEFAULT, "GatewayId": "vgw-1"}, False, False, id="another gateway"),
        pytest.param({**DEFAULT, "GatewayId": None, "NatGatewayId": "nat-1"}, False, False, id="NAT"),
    ],
)
def test_what_makes_a_subnet_public(route: dict[str, Any], public: bool, private: bool) -> None:
    tables = [{"Routes": [LOCAL, route], "Associations": [{"SubnetId": "subnet-1"}]}]
    described = {"SubnetId": "subnet-1", "AvailabilityZone": "a", "AvailableIpAddressCount": 7}

    assert subnet_of("public", described, tables).has_internet_gateway is public
    assert subnet_of("private", described, tables).has_internet_gateway is private
    assert leads_to_internet_gateway("subnet-1", tables) is private


def test_a_subnet_with_its_name_and_free_addresses() -> None:
    described = {
        "SubnetId": "subnet-1",
        "AvailabilityZone": "a",
        "MapPublicIpOnLaunch": True,
        "AvailableIpAddressCount": 7,
        "Tags": [{"Key": "Name", "Value": "public-a"}],
    }
    subnet = subnet_of("public", described, [OPEN])
    assert (subnet.name, subnet.free_addresses, subnet.has_internet_gateway) == ("public-a", 7, True)
    assert subnet_of("public", {**described, "Tags": []}, []).name == "subnet-1"
