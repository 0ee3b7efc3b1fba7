"""Subnets: their routes, zones and free addresses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import Fargate

from tests.unit.plugins.module_utils._preflight.worlds import (
    BUILT,
    NODEGROUP,
    PRIVATE,
    PUBLIC,
    WANTED,
    WORLD,
    findings,
    told,
)

ADDRESSES = "subnet_addresses"


@pytest.mark.parametrize(
    ("subnets", "finding"),
    [
        ([replace(PUBLIC, has_internet_gateway=False), PRIVATE], ("error", "public_subnet")),
        ([replace(PUBLIC, maps_public_ip=False), PRIVATE], ("error", "public_subnet")),
        ([PUBLIC, replace(PRIVATE, has_internet_gateway=True)], ("error", "private_subnet")),
        ([PUBLIC, replace(PRIVATE, zone="a")], ("error", "two_zones")),
        # A control plane; 3 nodes of 2 interfaces with 15 addresses; 8 pods on Fargate.
        ([replace(PUBLIC, free_addresses=89), PRIVATE], ("warning", ADDRESSES)),
        ([PUBLIC, replace(PRIVATE, free_addresses=15)], ("warning", ADDRESSES)),
    ],
)
def test_subnets_are_judged(subnets: Any, finding: tuple[str, str]) -> None:
    assert told(world=replace(WORLD, subnets=subnets)) == [finding]


OWN = replace(WANTED, nodegroups=[{**NODEGROUP, "subnet_ids": ["subnet-9"]}])


@pytest.mark.parametrize(
    ("subnet", "finding"),
    [
        (replace(PUBLIC, id="subnet-9"), None),
        (replace(PUBLIC, id="subnet-9", has_internet_gateway=False), "its route table has no working default route"),
        (replace(PUBLIC, id="subnet-9", maps_public_ip=False), "MapPublicIpOnLaunch is off"),
        (PUBLIC, "EC2 does not know it in this region"),
    ],
)
def test_subnets_that_a_node_group_names_are_judged(subnet: Any, finding: str | None) -> None:
    found = findings(OWN, replace(WORLD, node_subnets={subnet.id: subnet}))
    assert [(one.severity, one.check, one.resource) for one in found] == (
        [("error", "public_subnet", "node group game: subnet subnet-9")] if finding else []
    )
    assert not finding or found[0].finding.startswith(finding)


def test_subnets_of_a_node_group_may_be_a_text() -> None:
    wanted = replace(WANTED, nodegroups=[{**NODEGROUP, "subnet_ids": "subnet-1, subnet-9"}])
    known = {"subnet-1": PUBLIC, "subnet-9": replace(PUBLIC, id="subnet-9")}
    assert told(wanted, replace(WORLD, node_subnets=known)) == []


def test_subnets_of_node_groups_that_others_make_are_not_judged() -> None:
    assert told(replace(OWN, is_built=False)) == []


def test_subnets_of_node_groups_that_could_not_be_read_are_not_judged() -> None:
    assert told(OWN, replace(WORLD, node_subnets=None)) == []


@pytest.mark.parametrize("subnets", [[], [replace(PUBLIC, free_addresses=90), replace(PRIVATE, free_addresses=16)]])
def test_what_is_no_reason(subnets: Any) -> None:
    assert told(world=replace(WORLD, subnets=subnets)) == []


def test_nodes_that_find_no_address_are_an_error_that_says_the_sums() -> None:
    subnets = [replace(PUBLIC, free_addresses=2), PRIVATE]
    errors = [str(one) for one in findings(world=replace(WORLD, subnets=subnets)) if one.severity == "error"]
    assert errors == [
        "public subnet public-a (subnet-1): it has 2 free addresses; EKS needs 6 for a control plane, and recommends "
        "16. Free some, or name a larger subnet",
        "public subnets: they have 2 free addresses together, and the target adds 3 nodes. Free some, or name more or "
        "larger subnets in eks_bluegreen_public_subnets",
    ]


def test_pods_on_fargate_find_no_address() -> None:
    world = replace(WORLD, subnets=[PUBLIC, replace(PRIVATE, free_addresses=20)])
    assert told(replace(WANTED, fargate=Fargate(21, 5.0)), world)[0] == ("error", ADDRESSES)


def test_a_share_is_told_for_the_subnet_that_is_short() -> None:
    subnets = [PUBLIC, replace(PUBLIC, id="subnet-3", name="public-c", zone="c", free_addresses=40), PRIVATE]
    (found,) = (one for one in findings(world=replace(WORLD, subnets=subnets)) if one.check == ADDRESSES)
    assert found.resource == "public subnet public-c (subnet-3)"
    assert found.finding == (
        "it has 40 free addresses, and its share is 45: 3 nodes with the CNI's defaults (2 interfaces each, with all "
        "of their addresses) take 90"
    )


def test_what_the_target_has_already_is_not_added_again() -> None:
    subnets = [replace(PUBLIC, free_addresses=1), replace(PRIVATE, free_addresses=1)]
    usage = replace(WORLD.usage, target_nodes={"game": 3})
    assert told(world=replace(WORLD, target=BUILT, subnets=subnets, usage=usage)) == []
