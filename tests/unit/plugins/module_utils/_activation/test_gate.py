"""Whether two readings of the Fleets' counters prove that allocations have moved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.gate import (
    Window,
    count_occupied,
    is_same,
    judge_gate,
    read_counters,
)

WINDOW = Window(100.0, {"arena/a": 5, "arena/b": 1}, {"arena/a": 0})


@pytest.mark.parametrize(
    ("source", "target", "now", "passed", "reason"),
    [
        ({"arena/a": 5, "arena/b": 1}, {"arena/a": 3}, 110.0, True, "passed"),
        ({"arena/a": 5, "arena/b": 1}, {"arena/a": 3}, 109.0, False, "9 of 10 seconds"),
        ({"arena/a": 5, "arena/b": 1}, {"arena/a": 2}, 200.0, False, "2 of 3 allocations"),
        ({"arena/a": 5, "arena/b": 2}, {"arena/a": 9}, 200.0, False, "still allocates"),
        ({"arena/a": 5}, {"arena/a": 9}, 200.0, False, "Fleets changed"),
        ({"arena/a": 4, "arena/b": 2}, {"arena/a": 9}, 200.0, False, "Fleets changed"),
        ({"arena/a": 5, "arena/b": 1}, {"arena/a": 9, "arena/c": 0}, 200.0, False, "Fleets changed"),
    ],
)
def test_judge(source: dict[str, int], target: dict[str, int], now: float, passed: bool, reason: str) -> None:
    verdict = judge_gate(WINDOW, source, target, now, seconds=10.0, minimum=3)
    assert verdict.passed is passed
    assert reason in verdict.reason
    assert (verdict.window.since == now) == ("again" in verdict.reason)


def test_the_first_reading_opens_the_window() -> None:
    verdict = judge_gate(None, {"a": 1}, {"a": 1}, 100.0, seconds=0.0, minimum=0)
    assert (verdict.passed, verdict.window.since) == (False, 100.0)


def fleet(allocations: int | None) -> dict[str, Any]:
    status = {} if allocations is None else {"allocations": allocations}
    return {"metadata": {"namespace": "arena", "name": "arena"}, "status": status}


def test_fleets_without_a_counter_are_named() -> None:
    assert read_counters([fleet(3)]) == ({"arena/arena": 3}, [])
    assert read_counters([fleet(None)]) == ({}, ["arena/arena"])


@pytest.mark.parametrize(
    ("statuses", "occupied"),
    [
        ([{"allocatedReplicas": 4, "reservedReplicas": 1}, {"allocatedReplicas": 2}], 7),
        ([{"allocatedReplicas": None}, None, {}], 0),
        ([], 0),
    ],
)
def test_allocated_and_reserved_servers_are_occupied(statuses: list[Any], occupied: int) -> None:
    assert count_occupied({"metadata": {"name": "arena"}, "status": status} for status in statuses) == occupied


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 9}, True),
        ({"a": 1}, {"a": 0}, False),
        ({"a": 1}, {"a": 1, "b": 0}, False),
        ({"a": 1, "b": 0}, {"a": 1}, False),
        ({}, {}, True),
    ],
)
def test_a_counter_that_fell_is_that_of_another_fleet(
    before: dict[str, int], after: dict[str, int], same: bool
) -> None:
    assert is_same(before, after) is same


def test_a_window_survives_the_memory_of_a_run() -> None:
    document = json.loads(json.dumps(WINDOW.to_document()))
    assert Window.from_document(document) == WINDOW
