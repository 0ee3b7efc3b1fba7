"""What route tables say of a subnet."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._ec2.subnets import (
    leads_to_internet_gateway,
    subnet_of,
)

OPEN = {"Routes": [{"GatewayId": "local"}, {"GatewayId": "igw-1"}], "Associations": [{"SubnetId": "subnet-1"}]}
MAIN = {"Routes": [{"GatewayId": "local"}], "Associations": [{"Main": True}]}


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
