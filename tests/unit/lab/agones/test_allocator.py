from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from lightkube import ApiError
from lightkube.models.meta_v1 import Status

from lab.agones import defaults
from lab.agones.allocation import ATTEMPTS, Allocator, Contention, allocated_status, change_for, unallocated_status
from lab.agones.model import Obj
from tests.unit.lab.agones.objects import server


class FakeStore:
    """Game servers in memory; `races` writes in a row are lost first."""

    def __init__(self, servers: list[Obj], races: int = 0) -> None:
        self.servers = {one["metadata"]["name"]: one for one in servers}
        self.races = races
        self.written: list[str] = []

    def all(self) -> list[Obj]:
        return list(self.servers.values())

    async def patch(self, obj: Obj, change: Obj) -> Obj:
        await asyncio.sleep(0)
        if self.races:
            self.races -= 1
            raise ApiError(status=Status(code=409, message="the object has been modified"))
        name = obj["metadata"]["name"]
        self.written.append(name)
        annotations = change["metadata"]["annotations"]
        status = {**obj["status"], **change["status"]}
        self.servers[name] = {**obj, "metadata": {**obj["metadata"], "annotations": annotations}, "status": status}
        return self.servers[name]


def spec(**fields: Any) -> Obj:
    filled: Obj = defaults.with_selectors(defaults.allocation({"spec": fields}))["spec"]
    return filled


def run[T](allocator: Allocator, work: Coroutine[Any, Any, T]) -> T:
    async def both() -> T:
        serving = asyncio.create_task(allocator.run())
        try:
            return await work
        finally:
            serving.cancel()

    return asyncio.run(both())


def allocator_of(store: FakeStore) -> Allocator:
    return Allocator(store, batch_wait=0)  # type: ignore[arg-type]


def test_a_server_is_given_once_whatever_comes_at_the_same_time() -> None:
    store = FakeStore([server(f"s{index}") for index in range(5)])
    allocator = allocator_of(store)

    async def many() -> list[Obj | None]:
        return list(await asyncio.gather(*(allocator.allocate("arena", spec()) for _ in range(8))))

    given = [one["metadata"]["name"] for one in run(allocator, many()) if one]
    assert sorted(given) == ["s0", "s1", "s2", "s3", "s4"]
    assert sorted(store.written) == sorted(given)


def test_nothing_matches() -> None:
    allocator = allocator_of(FakeStore([server("a", "Allocated")]))
    assert run(allocator, allocator.allocate("arena", spec())) is None


def test_a_lost_race_is_tried_again() -> None:
    store = FakeStore([server("a")], races=ATTEMPTS - 1)
    allocator = allocator_of(store)
    given = run(allocator, allocator.allocate("arena", spec()))
    assert given is not None
    assert given["status"]["state"] == "Allocated"


def test_too_many_lost_races() -> None:
    allocator = allocator_of(FakeStore([server("a")], races=ATTEMPTS))
    with pytest.raises(Contention):
        run(allocator, allocator.allocate("arena", spec()))


def test_the_change() -> None:
    one = server("a", counters={"rooms": {"count": 0, "capacity": 2}})
    wanted = spec(
        metadata={"labels": {"match": "m1"}, "annotations": {"party": "p1"}},
        counters={"rooms": {"action": "Increment", "amount": 1}},
    )
    assert change_for(one, wanted, datetime(2026, 11, 23, 1, 2, 3, 4000, UTC)) == {
        "metadata": {
            "labels": {"match": "m1"},
            "annotations": {"party": "p1", "agones.dev/last-allocated": "2026-11-23T01:02:03.004000Z"},
        },
        "status": {"state": "Allocated", "counters": {"rooms": {"count": 1, "capacity": 2}}},
    }


def test_statuses() -> None:
    one = server("a", "Allocated", node="n1", address="127.1.0.1", ports=[{"name": "game", "port": 7001}])
    assert allocated_status(one) == {
        "state": "Allocated",
        "gameServerName": "a",
        "ports": [{"name": "game", "port": 7001}],
        "address": "127.1.0.1",
        "addresses": [],
        "nodeName": "n1",
        "source": "local",
        "metadata": {"labels": {}, "annotations": {}},
    }
    assert unallocated_status() == {"state": "UnAllocated", "gameServerName": "", "source": ""}
