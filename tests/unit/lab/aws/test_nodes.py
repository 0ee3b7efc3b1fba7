from __future__ import annotations

from dataclasses import replace

import pytest

from lab.aws.eks.nodes import (
    NodePlace,
    NodeSettings,
    Subnet,
    build_node,
    free_number,
    free_private_ip,
    node_labels,
    surplus,
)

SUBNET = Subnet("subnet-1", "vpc-1", "eu-west-1a", "10.40.0.0/29", maps_public_ip=True, routes_to_internet=True)
PLACE = NodePlace(2, "subnet-1", "eu-west-1a", "10.40.0.4", "127.40.101.2", "i-1", "c7i.xlarge")
SETTINGS = NodeSettings(
    region="eu-west-1",
    nodegroup="game",
    labels={"arena/role": "game"},
    taints=[{"key": "a", "effect": "NO_SCHEDULE"}],
    capacity_type="ON_DEMAND",
    release_version="1.35.2-20261001",
)


@pytest.mark.parametrize(("used", "free"), [([], 1), ([1, 2], 3), ([1, 3], 2), ([2], 1)])
def test_the_smallest_free_number(used: list[int], free: int) -> None:
    assert free_number(used) == free


def test_the_first_four_addresses_of_a_subnet_are_taken() -> None:
    assert free_private_ip(SUBNET, []) == "10.40.0.4"
    assert free_private_ip(SUBNET, ["10.40.0.4"]) == "10.40.0.5"


@pytest.mark.parametrize(("maps", "routes", "public"), [(True, True, True), (True, False, False), (False, True, False)])
def test_a_public_subnet_has_both(maps: bool, routes: bool, public: bool) -> None:
    assert replace(SUBNET, maps_public_ip=maps, routes_to_internet=routes).is_public is public


@pytest.mark.parametrize(("desired", "gone"), [(3, []), (2, ["c"]), (1, ["c", "a"]), (0, ["c", "a", "b"])])
def test_the_newest_nodes_are_surplus(desired: int, gone: list[str]) -> None:
    nodes = {name: replace(PLACE, number=number) for name, number in (("a", 2), ("b", 1), ("c", 9))}
    assert surplus(nodes, desired) == gone


def test_a_node_has_the_addresses_and_room_that_agones_needs() -> None:
    node = build_node(PLACE, SETTINGS)
    assert node["metadata"]["name"] == "ip-10-40-0-4.eu-west-1.compute.internal"
    assert {"type": "ExternalIP", "address": "127.40.101.2"} in node["status"]["addresses"]
    assert node["status"]["allocatable"]["pods"] == "250"
    assert node["status"]["allocatable"]["ephemeral-storage"] == "100Gi"
    assert (node["status"]["allocatable"]["cpu"], node["status"]["allocatable"]["memory"]) == ("4", "8Gi")
    assert node["spec"]["taints"] == [{"key": "a", "effect": "NoSchedule", "value": ""}]
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.35.2-eks-lab"


def test_labels_tell_group_place_and_what_the_group_adds() -> None:
    labels = node_labels(PLACE, SETTINGS)
    assert labels["eks.amazonaws.com/nodegroup"] == "game"
    assert labels["topology.kubernetes.io/zone"] == "eu-west-1a"
    assert labels["arena/role"] == "game"
