"""From sessions to servers."""

from __future__ import annotations

import math
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.capacity import (
    Sizing,
    Sizings,
    buffer_of,
    buffer_seats,
    read_sizings,
    size_of,
    sizing_problems,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.module_utils._fleets.test_hold import LIMITLESS, autoscaler, counting

Json = dict[str, Any]
ARENA = ("arena", "arena")
COUNTS = st.integers(0, 500)


def fleet(replicas: int = 60, **status: int) -> Json:
    template = {"spec": {"counters": {"rooms": {"capacity": 2}}, "lists": {"players": {}}}}
    metadata = {"namespace": "arena", "name": "arena"}
    return {"metadata": metadata, "spec": {"replicas": replicas, "template": template}, "status": status}


def replicas(found: Json, sessions: int, peak: int | None, sizing: Sizing, scaler: Json | None = None) -> int:
    return size_of(found, scaler, sessions, peak, sizing).replicas


@pytest.mark.parametrize(
    ("found", "sessions", "peak", "sizing", "buffer", "seats"),
    [
        # As large as the source, where that is more.
        (fleet(60, readyReplicas=10, allocatedReplicas=50), 50, None, Sizing(), 10, 60),
        (fleet(0, allocatedReplicas=5, reservedReplicas=1), 6, None, Sizing(), 0, 6),
        (fleet(60), 10, 20, Sizing(), 10, 60),
        # The peak, and all that comes on top of it.
        (fleet(60), 50, 80, Sizing(), 10, 90),
        (fleet(60), 80, 50, Sizing(), 10, 90),
        (fleet(60), 50, None, Sizing(1.1), 10, 65),
        (fleet(60), 50, 50, Sizing(1.11, 7), 0, 63),
        (fleet(60), 50, 72, Sizing(), "10%", 80),
        (fleet(0), 0, None, Sizing(1.5), 0, 0),
        (fleet(0), 0, None, Sizing(1.0, 5), 0, 5),
    ],
)
def test_the_size_of_a_fleet(
    found: Json, sessions: int, peak: int | None, sizing: Sizing, buffer: int | str, seats: int
) -> None:
    assert replicas(found, sessions, peak, sizing, autoscaler(size=buffer)) == seats


@given(COUNTS, COUNTS, COUNTS, st.floats(1, 3), COUNTS, COUNTS)
def test_a_size_is_enough_and_never_less_than_the_source(
    size: int, sessions: int, peak: int, fragmentation: float, buffer: int, reserve: int
) -> None:
    sizing = Sizing(fragmentation, reserve)
    found = replicas(fleet(size), sessions, peak, sizing, autoscaler(size=buffer))
    assert found >= size
    assert found >= max(sessions, peak) + buffer + reserve
    assert found <= max(size, math.ceil(max(sessions, peak) * fragmentation) + buffer + reserve)
    assert found >= replicas(fleet(size), sessions, None, sizing, autoscaler(size=buffer))


@pytest.mark.parametrize(
    ("size", "sessions", "seats"), [(5, 100, 5), ("20%", 40, 10), ("10%", 0, 0), ("100%", 7, 7), (0, 3, 0)]
)
def test_buffer_seats(size: int | str, sessions: int, seats: int) -> None:
    assert buffer_seats(size, sessions) == seats


@pytest.mark.parametrize(
    ("scaler", "seats"),
    [
        (autoscaler(size=12), 12),
        (autoscaler(size="20%"), 10),
        # 5 rooms, 2 in each server; a List without a capacity has room for 1,000.
        (counting("Counter"), 3),
        (counting("List"), 1),
        *[({"spec": {"policy": policy}}, 5) for kind, policy in LIMITLESS.items() if kind in ("Schedule", "Chain")],
        *[({"spec": {"policy": policy}}, 0) for kind, policy in LIMITLESS.items() if kind in ("Webhook", "Wasm")],
        ({"spec": {}}, 0),
    ],
)
def test_the_buffer_of_an_autoscaler_in_servers(scaler: Json, seats: int) -> None:
    assert buffer_of(scaler, fleet(), 40) == seats


def test_a_fleet_that_is_sized_in_another_way() -> None:
    silent = {"namespace": None, "peak_sessions": None, "fragmentation": None, "reserve_seats": None}
    sizes = [{**silent, "name": "arena", "peak_sessions": 80}, {**silent, "namespace": "a", "name": "b"}]
    options = {"fragmentation": 1.2, "reserve_seats": 3}
    sizings = read_sizings({**options, "sizes": sizes})
    assert sizings.of(ARENA) == Sizing(1.2, 3, 80)
    assert sizings.of(("a", "b")) == sizings.of(("x", "b")) == Sizing(1.2, 3)
    assert sizings.twice == ()
    assert read_sizings({**options, "sizes": [sizes[0], sizes[0]]}).twice == (("", "arena"),)


@pytest.mark.parametrize(
    ("sizings", "words"),
    [
        (Sizings(), []),
        (Sizings(fleets={ARENA: Sizing(), ("", "arena"): Sizing(peak_sessions=0)}), []),
        (Sizings(Sizing(0.9)), ["fragmentation is 0.9"]),
        (Sizings(Sizing(math.nan)), ["fragmentation is nan"]),
        (Sizings(Sizing(reserve_seats=-1)), ["reserve_seats is -1"]),
        (Sizings(fleets={ARENA: Sizing(peak_sessions=-5)}), ["Fleet arena/arena: peak_sessions is -5"]),
        (Sizings(twice=(("", "arena"),)), ["Fleet arena has two entries"]),
        (Sizings(fleets={("moon", "arena"): Sizing()}), ["no Fleet moon/arena; it has arena/arena"]),
    ],
)
def test_what_is_wrong_with_sizings(sizings: Sizings, words: list[str]) -> None:
    found = sizing_problems(sizings, [ARENA])
    assert [text in problem for text, problem in zip(words, found, strict=True)] == [True] * len(words)
