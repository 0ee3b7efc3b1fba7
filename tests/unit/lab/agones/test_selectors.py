from __future__ import annotations

import random
from typing import Any

import pytest

from lab.agones import defaults, selectors
from lab.agones.model import Obj
from tests.unit.lab.agones.objects import names, server


def spec(**fields: Any) -> Obj:
    filled: Obj = defaults.with_selectors(defaults.allocation({"spec": fields}))["spec"]
    return filled


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({}, True),
        ({"matchLabels": {"map": "desert"}}, True),
        ({"matchLabels": {"map": "moon"}}, False),
        ({"matchExpressions": [{"key": "map", "operator": "In", "values": ["desert", "moon"]}]}, True),
        ({"matchExpressions": [{"key": "map", "operator": "NotIn", "values": ["desert"]}]}, False),
        ({"matchExpressions": [{"key": "draining", "operator": "NotIn", "values": ["yes"]}]}, True),
        ({"matchExpressions": [{"key": "draining", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "map", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "map", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_labels(selector: Obj, matches: bool) -> None:
    assert selectors.matches_labels({"map": "desert"}, selector) is matches


@pytest.mark.parametrize(
    ("limits", "matches"),
    [
        ({"counters": {"rooms": {"minAvailable": 3}}}, True),
        ({"counters": {"rooms": {"minAvailable": 4}}}, False),
        ({"counters": {"rooms": {"maxAvailable": 2}}}, False),
        ({"counters": {"rooms": {"minCount": 1, "maxCount": 1}}}, True),
        ({"counters": {"rooms": {"minCount": 2}}}, False),
        ({"counters": {"tables": {}}}, False),
        ({"lists": {"players": {"containsValue": "a"}}}, True),
        ({"lists": {"players": {"containsValue": "b"}}}, False),
        ({"lists": {"players": {"minAvailable": 3}}}, False),
        ({"lists": {"teams": {}}}, False),
    ],
)
def test_counters_and_lists(limits: Obj, matches: bool) -> None:
    one = server(
        "a", counters={"rooms": {"count": 1, "capacity": 4}}, lists={"players": {"capacity": 3, "values": ["a"]}}
    )
    assert selectors.matches(one, {"gameServerState": "Ready", **limits}) is matches


def test_candidates_are_of_the_namespace_and_usable() -> None:
    servers = [
        server("ready"),
        server("allocated", "Allocated"),
        server("going", deleting=True),
        server("young", "Scheduled"),
        server("elsewhere", namespace="other"),
    ]
    assert names(selectors.candidates(servers, "arena", spec(), random.Random(1))) == ["allocated", "ready"]


def test_packed_prefers_full_nodes() -> None:
    servers = [
        server("c", node="sparse"),
        server("b", node="full"),
        server("a", node="full"),
        server("x", "Allocated", node="full"),
    ]
    assert names(selectors.candidates(servers, "arena", spec(), random.Random(1))) == ["x", "a", "b", "c"]


def test_distributed_shuffles_unless_there_are_priorities() -> None:
    servers = [server(f"s{index}", counters={"c": {"count": index, "capacity": 9}}) for index in range(9)]
    orders = {
        tuple(names(selectors.candidates(servers, "arena", spec(scheduling="Distributed"), random.Random(seed))))
        for seed in range(5)
    }
    assert len(orders) > 1
    by_capacity = spec(scheduling="Distributed", priorities=[{"type": "Counter", "key": "c"}])
    assert names(selectors.candidates(servers, "arena", by_capacity, random.Random(1)))[0] == "s8"


def test_the_first_selector_that_somebody_matches_decides() -> None:
    servers = [server("plain"), server("desert", labels={"map": "desert"})]
    wanted = spec(selectors=[{"matchLabels": {"map": "moon"}}, {"matchLabels": {"map": "desert"}}, {}])
    chosen = selectors.choose(servers, wanted)
    assert chosen is not None
    assert chosen["metadata"]["name"] == "desert"
    assert selectors.choose(servers, spec(required={"matchLabels": {"map": "moon"}})) is None


def test_preferred_comes_before_required() -> None:
    servers = [server("plain"), server("desert", labels={"map": "desert"})]
    chosen = selectors.choose(servers, spec(preferred=[{"matchLabels": {"map": "desert"}}]))
    assert chosen is not None
    assert chosen["metadata"]["name"] == "desert"


def test_only_allocations_that_order_alike_share_a_list() -> None:
    same = selectors.sort_key("arena", spec()) == selectors.sort_key("arena", spec(selectors=[{"matchLabels": {}}]))
    assert same
    assert selectors.sort_key("arena", spec()) != selectors.sort_key("other", spec())
    assert selectors.sort_key("arena", spec()) != selectors.sort_key("arena", spec(scheduling="Distributed"))
