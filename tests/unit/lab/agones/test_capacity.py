from __future__ import annotations

from typing import Any

import pytest

from lab.agones import capacity
from tests.unit.lab.agones.objects import server


@pytest.mark.parametrize(
    ("action", "count", "most"),
    [
        ({"action": "Increment", "amount": 2}, 3, 4),
        ({"action": "Increment", "amount": 9}, 4, 4),
        ({"action": "Decrement", "amount": 9}, 0, 4),
        ({"capacity": 0}, 0, 0),
        ({"capacity": 10, "action": "Increment", "amount": 7}, 8, 10),
        # Ignored, as Agones does.
        ({"action": "Zap", "amount": 2}, 1, 4),
        ({"action": "Increment", "amount": -1}, 1, 4),
        ({"action": "Increment"}, 1, 4),
        ({}, 1, 4),
    ],
)
def test_counter(action: dict[str, Any], count: int, most: int) -> None:
    assert capacity.counter_after({"count": 1, "capacity": 4}, action) == {"count": count, "capacity": most}


@pytest.mark.parametrize(
    ("action", "values", "most"),
    [
        ({"addValues": ["b", "c", "d"]}, ["a", "b", "c"], 3),
        ({"addValues": ["a", "b"]}, ["a", "b"], 3),
        ({"addValues": ["b", "c", "d"], "capacity": 4}, ["a", "b", "c", "d"], 4),
        ({"capacity": 0}, [], 0),
        ({"capacity": 1001}, ["a"], 3),
        ({"deleteValues": ["a", "z"]}, [], 3),
        ({"addValues": ["b"], "deleteValues": ["a"]}, ["b"], 3),
    ],
)
def test_list(action: dict[str, Any], values: list[str], most: int) -> None:
    assert capacity.list_after({"values": ["a"], "capacity": 3}, action) == {"values": values, "capacity": most}


def test_actions_on_unknown_names_change_nothing() -> None:
    status = {"counters": {"rooms": {"count": 1, "capacity": 4}}}
    spec = {"counters": {"tables": {"action": "Increment", "amount": 1}}, "lists": {"players": {"addValues": ["a"]}}}
    assert capacity.apply_actions(status, spec) == {}


def test_actions_keep_the_other_counters() -> None:
    status = {"counters": {"rooms": {"count": 1, "capacity": 4}, "tables": {"count": 0, "capacity": 1}}}
    changed = capacity.apply_actions(status, {"counters": {"rooms": {"action": "Increment", "amount": 1}}})
    assert changed == {"counters": {"rooms": {"count": 2, "capacity": 4}, "tables": {"count": 0, "capacity": 1}}}
    assert status["counters"]["rooms"]["count"] == 1


def test_priorities_put_servers_that_have_the_thing_first() -> None:
    servers = [
        server("none"),
        server("free", counters={"rooms": {"count": 0, "capacity": 4}}),
        server("full", counters={"rooms": {"count": 4, "capacity": 4}}),
    ]

    def order(direction: str) -> list[str]:
        priorities = [{"type": "Counter", "key": "rooms", "order": direction}]
        ordered = sorted(servers, key=lambda one: capacity.priority_key(one, priorities))
        return [one["metadata"]["name"] for one in ordered]

    assert order("Ascending") == ["full", "free", "none"]
    assert order("Descending") == ["free", "full", "none"]


def test_free_capacity_of_a_list() -> None:
    one = server("a", lists={"players": {"capacity": 3, "values": ["x"]}})
    assert capacity.available(one, {"type": "List", "key": "players"}) == 2
    assert capacity.available(one, {"type": "List", "key": "teams"}) is None


def test_sums() -> None:
    parts: dict[str, Any] = {
        "counters": {"rooms": {"count": 1, "capacity": 4}},
        "lists": {"players": {"capacity": 3, "values": ["x", "y"]}},
    }
    servers = [server("a", **parts), server("b", "Allocated", **parts), server("c", "Shutdown", **parts)]
    sums = capacity.aggregate(parts, servers)
    assert sums == {
        "counters": {"rooms": {"allocatedCount": 1, "allocatedCapacity": 4, "count": 2, "capacity": 8}},
        "lists": {"players": {"allocatedCount": 2, "allocatedCapacity": 3, "count": 4, "capacity": 6}},
    }
    assert capacity.merge([sums, sums, {}])["counters"]["rooms"]["capacity"] == 16


def test_no_sums_without_counters() -> None:
    assert capacity.aggregate({}, [server("a")]) == {}
    zero = {"allocatedCount": 0, "allocatedCapacity": 0, "count": 0, "capacity": 0}
    assert capacity.aggregate({"lists": {"players": {}}}, []) == {"lists": {"players": zero}}
