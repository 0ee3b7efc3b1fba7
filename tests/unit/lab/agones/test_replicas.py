from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lab.agones import replicas
from lab.agones.model import Obj
from tests.unit.lab.agones.objects import names, server

NOW = datetime(2026, 11, 23, 0, 1, 0, tzinfo=UTC)


def plan(servers: list[Obj], wanted: int, **options: Any) -> replicas.Action:
    settings: dict[str, Any] = {
        "now": NOW,
        "scheduling": "Packed",
        "priorities": [],
        "nodes": {},
        "creations": 64,
        "deletions": 64,
        **options,
    }
    return replicas.plan(servers, wanted, **settings)


@pytest.mark.parametrize(
    ("states", "wanted", "create", "shut_down"),
    [
        ([], 3, 3, 0),
        (["Ready", "Ready"], 3, 1, 0),
        (["Creating", "Scheduled", "RequestReady"], 3, 0, 0),
        (["Ready"] * 5, 2, 0, 3),
        # Sessions are never chosen, but they count.
        (["Allocated", "Reserved", "Ready"], 0, 0, 1),
        (["Allocated", "Allocated", "Reserved", "Ready", "Ready"], 4, 0, 1),
        (["Allocated"] * 3, 1, 0, 0),
        (["Allocated", "Ready"], 3, 1, 0),
        # What is on its way out counts no more.
        (["Shutdown", "Ready"], 2, 1, 0),
        (["Unhealthy", "Ready"], 2, 1, 1),
        (["Unhealthy"], 0, 0, 1),
    ],
)
def test_to_create_and_to_shut_down(states: list[str], wanted: int, create: int, shut_down: int) -> None:
    action = plan([server(f"s{index}", state) for index, state in enumerate(states)], wanted)
    assert (action.create, len(action.shut_down), action.partial) == (create, shut_down, False)
    assert not {one["status"]["state"] for one in action.shut_down} & {"Allocated", "Reserved"}


def test_an_allocated_server_that_is_being_deleted_is_replaced() -> None:
    assert plan([server("a", "Allocated", deleting=True)], 1).create == 1


def test_batches() -> None:
    growing = plan([], 100, creations=64)
    assert (growing.create, growing.partial) == (64, True)
    shrinking = plan([server(f"s{index}") for index in range(100)], 0, deletions=64)
    assert (len(shrinking.shut_down), shrinking.partial) == (64, True)


@pytest.mark.parametrize(("errored_at", "goes"), [("2026-11-23T00:00:29+00:00", True), ("2026-11-23T00:00:31Z", False)])
def test_an_error_stays_for_30_seconds(errored_at: str, goes: bool) -> None:
    broken = server("a", "Error", annotations={"agones.dev/errored-at": errored_at})
    action = plan([broken], 1)
    assert (names(action.shut_down), action.create) == ((["a"], 1) if goes else ([], 0))


@pytest.mark.parametrize("annotations", [{}, {"agones.dev/errored-at": "yesterday"}])
def test_an_error_without_a_time_goes_at_once(annotations: dict[str, str]) -> None:
    assert names(plan([server("a", "Error", annotations=annotations)], 1).shut_down) == ["a"]


def test_packed_empties_the_emptiest_node_and_what_has_none() -> None:
    servers = [server("full", node="n1"), server("sparse", node="n2"), server("nowhere", "Starting")]
    nodes = {"n1": (3, 1), "n2": (0, 1)}
    assert names(plan(servers, 2, nodes=nodes).shut_down) == ["nowhere"]
    assert names(plan(servers, 1, nodes=nodes).shut_down) == ["nowhere", "sparse"]


def test_on_one_node_what_is_not_ready_yet_goes_first() -> None:
    servers = [server("ready", node="n"), server("young", "Scheduled", node="n")]
    assert names(plan(servers, 1, nodes={"n": (0, 1)}).shut_down) == ["young"]


def test_distributed_shuts_the_oldest_down() -> None:
    servers = [server("new", created="2026-11-23T00:00:09Z"), server("old", created="2026-11-23T00:00:01Z")]
    assert names(plan(servers, 1, scheduling="Distributed").shut_down) == ["old"]


def test_status() -> None:
    states = ["Ready", "Ready", "Allocated", "Reserved", "Shutdown", "Creating"]
    servers = [server(f"s{index}", state) for index, state in enumerate(states)]
    servers.append(server("gone", "Allocated", deleting=True))
    status = replicas.status_of({"spec": {"template": {}}}, servers)
    assert status == {
        "replicas": 5,
        "readyReplicas": 2,
        "reservedReplicas": 1,
        "allocatedReplicas": 1,
        "shutdownReplicas": 2,
    }


def test_a_fleets_status_sums_its_sets() -> None:
    one = {"status": {"replicas": 3, "readyReplicas": 2, "reservedReplicas": 0, "allocatedReplicas": 1}}
    assert replicas.fleet_status([one, one, {}], allocations=7) == {
        "replicas": 6,
        "readyReplicas": 4,
        "reservedReplicas": 0,
        "allocatedReplicas": 2,
        "allocations": 7,
    }


MARKS = {"labels": {"overflow": "yes"}, "annotations": {"why": "scaled"}}


@pytest.mark.parametrize(
    ("marks", "allocated", "marked", "wanted", "expected"),
    [
        (MARKS, 4, 0, 2, 2),
        (MARKS, 4, 2, 2, 0),
        (MARKS, 4, 2, 0, 2),
        (MARKS, 2, 0, 5, 0),
        (None, 4, 0, 0, 0),
        ({"labels": {}}, 4, 0, 0, 0),
    ],
)
def test_overflow(marks: Obj | None, allocated: int, marked: int, wanted: int, expected: int) -> None:
    servers = [server(f"a{index}", "Allocated") for index in range(allocated)]
    for one in servers[:marked]:
        one["metadata"].update(MARKS)
    servers.append(server("ready"))
    game_server_set = {"spec": {"replicas": wanted, "allocationOverflow": marks}}
    chosen = replicas.overflow(game_server_set, servers, {})
    assert len(chosen) == expected
    assert not set(names(chosen)) & set(names(servers[:marked]))
