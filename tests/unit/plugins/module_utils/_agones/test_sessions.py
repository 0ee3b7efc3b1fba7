from __future__ import annotations

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    count_by_fleet,
    format_time,
    hash_player,
    parse_time,
    read_server,
    summarise,
    trimmed,
)

from tests.unit.plugins.module_utils._drain.world import START, game_server


@pytest.mark.parametrize(
    ("state", "allocated_at", "deleting", "session"),
    [
        ("Allocated", START, False, True),
        ("Reserved", None, False, True),
        ("Ready", None, False, False),
        ("Scheduled", None, False, False),
        ("Shutdown", START, False, True),
        ("Shutdown", None, True, False),
        ("Unhealthy", START, False, True),
        ("Allocated", START, True, True),
    ],
)
def test_what_is_a_session(state: str, allocated_at: float | None, deleting: bool, session: bool) -> None:
    server = read_server(game_server("s", state, allocated_at=allocated_at, deleting=deleting))
    assert server.is_session is session


@pytest.mark.parametrize(
    ("state", "addressed", "deleting", "seat", "up"),
    [
        ("Ready", True, False, True, True),
        ("Ready", False, False, False, False),
        ("Ready", True, True, False, False),
        ("Allocated", True, False, False, True),
        ("Starting", False, False, False, False),
    ],
)
def test_what_is_a_seat(state: str, addressed: bool, deleting: bool, seat: bool, up: bool) -> None:
    server = read_server(game_server("s", state, addressed=addressed, deleting=deleting))
    assert (server.is_seat, server.is_up) == (seat, up)


def test_players_are_hashes_salted_by_the_run() -> None:
    server = read_server(game_server("s", players=["bob"]), "players", "run-1")
    assert server.players == (hash_player("bob", "run-1"),)
    assert server.players != (hash_player("bob", "run-2"),)
    assert "bob" not in repr(server)


@pytest.mark.parametrize("deleting", [False, True])
def test_a_trimmed_server_reads_the_same_and_has_nothing_else(deleting: bool) -> None:
    server = game_server("s", players=["a"], deleting=deleting)
    server["metadata"]["managedFields"] = [{"manager": "agones"}]
    server["spec"] = {"health": {}, "template": {"spec": {"terminationGracePeriodSeconds": 90, "containers": [{}]}}}
    server["status"] |= {"nodeName": "n", "counters": {"players": {"count": 3}}}
    lean = trimmed(server)
    assert read_server(lean) == read_server(server)
    assert read_server(lean).grace_seconds == 90
    assert not {"managedFields", "health", "containers", "nodeName"} & set(str(lean).split("'"))
    assert trimmed({}) == {"metadata": {}, "spec": {}, "status": {}}


def test_no_list_is_not_an_empty_list() -> None:
    assert read_server(game_server("s", players=None)).players is None
    assert read_server(game_server("s", players=[])).players == ()
    assert read_server(game_server("s", players=["a"]), "guests").players is None


def test_an_object_without_anything_is_read() -> None:
    server = read_server({"metadata": {"name": "s"}, "status": {"state": None, "ports": None}})
    assert (server.state, server.is_session, server.is_seat) == ("", False, False)


def test_counts_by_fleet() -> None:
    servers = [
        read_server(game_server("a")),
        read_server(game_server("b", "Ready")),
        read_server(game_server("c", deleting=True)),
        read_server(game_server("d", fleet="other")),
    ]
    assert count_by_fleet(servers) == {
        ("arena", "arena"): {"Allocated": 1, "Ready": 1, "Terminating": 1},
        ("arena", "other"): {"Allocated": 1},
    }


def test_an_ending_session_counts_while_its_pod_is_there() -> None:
    servers = [
        read_server(game_server("a", players=["x", "y"], allocated_at=START - 30)),
        read_server(game_server("b", "Shutdown", players=["z"], allocated_at=START - 90)),
    ]
    with_pod = summarise(servers, [("arena", "b")], START)
    assert with_pod == {"sessions": 2, "players": 3, "oldest_session_seconds": 90.0}
    assert summarise(servers, [], START) == {"sessions": 1, "players": 2, "oldest_session_seconds": 30.0}
    assert summarise([], [], START) == {"sessions": 0, "players": 0, "oldest_session_seconds": None}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-22T23:02:05.464944401Z", 1795388525.464944),
        ("2026-11-22T23:02:05Z", 1795388525.0),
        ("2026-11-23T00:02:05.5+01:00", 1795388525.5),
        ("2026-11-22T23:02:05", None),
        ("soon", None),
        ("", None),
    ],
)
def test_parse_time(text: str, seconds: float | None) -> None:
    assert parse_time(text) == (pytest.approx(seconds) if seconds else None)


def test_times_survive_a_round_trip() -> None:
    assert parse_time(format_time(START + 0.25)) == START + 0.25
