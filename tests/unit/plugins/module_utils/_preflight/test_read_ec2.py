"""Subnets, instances, instance types and network interfaces, as AWS tells of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import InstanceType, WantedUpgrade
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_ec2 import (
    Machines,
    count_instances,
    read_interfaces,
    read_machines,
    read_node_subnets,
    read_subnets,
    read_zones,
    type_names,
    type_of,
)

from tests.unit.plugins.module_utils._preflight.account import C7I, T3, Aws
from tests.unit.plugins.module_utils._preflight.worlds import NODEGROUP, WANTED

NETWORK = {"vpc_id": "vpc-1", "public_subnet_ids": ["subnet-1"], "private_subnet_ids": ["subnet-2", "subnet-9"]}


class Untouched:
    """Whatever is asked of it fails the test."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"AWS was asked to {name}")


def wanting(*groups: dict[str, Any]) -> WantedUpgrade:
    return replace(WANTED, nodegroups=groups)


def test_instances_are_counted_by_type_and_market() -> None:
    spot = {"InstanceType": "a", "InstanceLifecycle": "spot"}
    assert count_instances([spot, {"InstanceType": "a"}, {"InstanceType": "a"}]) == {
        ("a", "SPOT"): 1,
        ("a", "ON_DEMAND"): 2,
    }


@pytest.mark.parametrize(
    ("described", "found"),
    [
        (C7I, InstanceType(8, 4, 15, ["x86_64"])),
        # What AWS does not tell is as little as there can be.
        (T3, InstanceType(2, 1, 1, [])),
    ],
)
def test_a_type_as_aws_describes_it(described: dict[str, Any], found: InstanceType) -> None:
    assert type_of(described) == found


def test_types_of_node_groups_are_named_once() -> None:
    groups: list[dict[str, Any]] = [
        {"instance_types": ["b", "a"]},
        {"instance_types": ["a"]},
        {"instance_types": None},
        {},
    ]
    assert type_names(wanting(*groups)) == ["a", "b"]


def test_types_of_node_groups_and_of_what_runs_are_read() -> None:
    reads = Reads()
    found = read_machines(Aws(), wanting(NODEGROUP), reads)
    assert found.types == {"c7i.2xlarge": type_of(C7I), "t3.large": type_of(T3)}
    assert found.running == {("t3.large", "ON_DEMAND"): 1, ("t3.large", "SPOT"): 1}
    assert reads.problems == []


def test_without_node_groups_no_type_is_asked_for() -> None:
    assert read_machines(Untouched(), wanting(), Reads()) == Machines({}, None)


@pytest.mark.parametrize(
    ("refuse", "has_types", "has_running"),
    [("describe_instances", True, False), ("describe_instance_types", False, True)],
)
def test_what_may_not_be_read_is_not_known(refuse: str, has_types: bool, has_running: bool) -> None:
    reads = Reads()
    found = read_machines(Aws(refuse), wanting(NODEGROUP), reads)
    assert (found.types is not None, found.running is not None) == (has_types, has_running)
    assert [one.severity for one in reads.problems] == ["warning"]


def test_zones_are_those_of_each_type() -> None:
    both = {**NODEGROUP, "instance_types": ["c7i.2xlarge", "c7i.nolarge"]}
    zones = read_zones(Aws(), wanting(both), Reads())
    assert zones == {"c7i.2xlarge": frozenset("ab"), "c7i.nolarge": frozenset()}
    reads = Reads()
    assert read_zones(Aws("describe_instance_type_offerings"), wanting(both), reads) is None
    assert len(reads.problems) == 1


def test_subnets_that_do_not_exist_are_left_out() -> None:
    found = read_subnets(Aws(), NETWORK, Reads())
    assert [(one.kind, one.id) for one in found] == [("public", "subnet-1"), ("private", "subnet-2")]


def test_a_network_without_subnets_is_not_asked_for() -> None:
    nothing = {**NETWORK, "public_subnet_ids": [], "private_subnet_ids": []}
    assert read_subnets(Untouched(), nothing, Reads()) == []


def test_subnets_that_node_groups_name_are_read_by_id() -> None:
    wanted = wanting({"name": "game", "subnet_ids": "subnet-1, subnet-2"})
    assert set(read_node_subnets(Aws(), NETWORK, wanted, Reads()) or {}) == {"subnet-1", "subnet-2"}
    one = wanting({"name": "game", "subnet_ids": ["subnet-2", "subnet-9"]})
    assert set(read_node_subnets(Aws(), NETWORK, one, Reads()) or {}) == {"subnet-2"}
    assert read_node_subnets(Untouched(), NETWORK, wanting(NODEGROUP), Reads()) == {}
    reads = Reads()
    assert read_node_subnets(Aws("describe_subnets"), NETWORK, wanted, reads) is None
    assert [one.severity for one in reads.problems] == ["error"]


def test_interfaces_are_counted_over_pages() -> None:
    assert read_interfaces(Aws(), Reads()) == 3
