"""How many nodes and Fargate pods the target adds to what is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import Fargate
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.need import (
    NodeNeed,
    current_size,
    fargate_need,
    first_type,
    interfaces_at_start,
    market_of,
    node_needs,
)

from tests.unit.plugins.module_utils._preflight.worlds import (
    BUILT,
    C7I,
    HAS_GROUP,
    NODEGROUP,
    TARGET,
    USAGE,
    WANTED,
    WORLD,
)


def need(group: dict[str, Any], source: int = 3, existing: int = 0) -> NodeNeed:
    inside = replace(WORLD.inside, nodegroups=[{**HAS_GROUP, "scalingConfig": {"desiredSize": source}}])
    world = replace(WORLD, inside=inside, usage=replace(USAGE, target_nodes={"game": existing} if existing else {}))
    (found,) = node_needs(replace(WANTED, nodegroups=[{**NODEGROUP, **group}]), world)
    return found


@pytest.mark.parametrize(
    ("group", "source", "existing", "sizes"),
    [
        # Expected and largest, then what these add.
        pytest.param({}, 3, 0, (3, 6, 3, 6), id="as the source is"),
        pytest.param({}, 5, 0, (5, 6, 5, 6), id="the source has grown"),
        pytest.param({}, 9, 0, (6, 6, 6, 6), id="the source is larger than the target may become"),
        pytest.param({}, 1, 0, (3, 6, 3, 6), id="the source has shrunk"),
        pytest.param({"desired_size": 8}, 3, 0, (8, 8, 8, 8), id="desired above the largest"),
        pytest.param({"name": "other"}, 5, 0, (3, 6, 3, 6), id="the source has no such group"),
        pytest.param({}, 3, 2, (3, 6, 1, 4), id="some nodes run already"),
        pytest.param({}, 3, 9, (3, 6, 0, 0), id="more nodes run than are wanted"),
        pytest.param({"desired_size": 0, "max_size": 0}, 0, 0, (0, 0, 0, 0), id="none at all"),
    ],
)
def test_the_sizes_of_a_node_group(
    group: dict[str, Any], source: int, existing: int, sizes: tuple[int, int, int, int]
) -> None:
    found = need(group, source, existing)
    assert (found.expected, found.largest, found.more, found.most) == sizes


@pytest.mark.parametrize("without", ["name", "desired_size", "max_size"])
def test_a_node_group_that_lacks_a_size_is_not_counted(without: str) -> None:
    group = {key: value for key, value in NODEGROUP.items() if key != without}
    assert node_needs(replace(WANTED, nodegroups=[group]), WORLD) == []


def test_a_node_group_has_a_market_and_a_first_type() -> None:
    found = need({"capacity_type": "spot", "instance_types": ["g5.xlarge", "c7i.large"]})
    assert (found.name, found.market, found.instance_type) == ("game", "SPOT", "g5.xlarge")


@pytest.mark.parametrize(
    ("group", "market"),
    [({}, "ON_DEMAND"), ({"capacity_type": None}, "ON_DEMAND"), ({"capacity_type": "on_demand"}, "ON_DEMAND")],
)
def test_what_names_no_market_is_on_demand(group: dict[str, Any], market: str) -> None:
    assert market_of(group) == market


@pytest.mark.parametrize("types", [None, []])
def test_a_node_group_may_name_no_type(types: Any) -> None:
    assert first_type({"instance_types": types}) == first_type({}) == ""


@pytest.mark.parametrize(
    ("described", "size"),
    [({"scalingConfig": {"desiredSize": 4}}, 4), ({"scalingConfig": None}, 0), ({}, 0)],
)
def test_the_size_of_a_node_group_that_is_there(described: dict[str, Any], size: int) -> None:
    assert current_size(described) == size


ASKED, RUNS = Fargate(4, 1.0), Fargate(8, 2.5)


@pytest.mark.parametrize(
    ("target", "asked", "runs", "adds"),
    [
        (BUILT, ASKED, RUNS, Fargate(0, 0.0)),
        (TARGET, ASKED, RUNS, ASKED),
        (TARGET, None, RUNS, RUNS),
        (TARGET, None, None, None),
    ],
)
def test_what_the_target_adds_on_fargate(
    target: dict[str, Any], asked: Fargate | None, runs: Fargate | None, adds: Fargate | None
) -> None:
    world = replace(WORLD, target=target, inside=replace(WORLD.inside, fargate=runs))
    assert fargate_need(replace(WANTED, fargate=asked), world) == adds


@pytest.mark.parametrize(("interfaces", "at_start"), [(1, 1), (2, 2), (15, 2)])
def test_a_node_begins_with_two_interfaces_where_it_can(interfaces: int, at_start: int) -> None:
    assert interfaces_at_start(replace(C7I, interfaces=interfaces)) == at_start
