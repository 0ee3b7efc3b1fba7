"""What of a GameServer makes it a session or a seat: its state, and what the game itself says of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    Predicate,
    count_by_fleet,
    format_time,
    hash_player,
    parse_time,
    read_predicate,
    read_server,
    refuse_unknown,
    summarise,
    trimmed,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._drain.world import START, game_server

Json = dict[str, Any]


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


ROOMS = Predicate(counter="rooms")
GUESTS = Predicate(list_name="players")


def hosting(state: str, rooms: int | None = None, name: str = "s", **more: Any) -> Json:
    """A GameServer with a Counter of matches."""
    found = game_server(name, state, **{"allocated_at": None, "players": None, **more})
    if rooms is not None:
        found["status"]["counters"] = {"rooms": {"count": rooms, "capacity": 10}}
    return found


@pytest.mark.parametrize(
    ("predicate", "obj", "session", "seat"),
    [
        (ROOMS, hosting("Ready", 2), True, False),
        (ROOMS, hosting("Ready", 0), False, True),
        (ROOMS, hosting("Ready"), False, True),
        (Predicate(), hosting("Ready", 2), False, True),
        (ROOMS, hosting("Allocated", 0), True, False),
        (ROOMS, hosting("Shutdown", 1), True, False),
        (ROOMS, hosting("Ready", 1, deleting=True), True, False),
        (ROOMS, hosting("Shutdown", 0), False, False),
        (GUESTS, hosting("Ready", players=["a"]), True, False),
        (GUESTS, hosting("Ready", players=[]), False, True),
        (GUESTS, hosting("Ready", 2), False, True),
        (Predicate("rooms", "players"), hosting("Ready", 0, players=["a"]), True, False),
        (Predicate("rooms", "players"), hosting("Ready", 1, players=[]), True, False),
    ],
)
def test_what_the_game_calls_a_session(predicate: Predicate, obj: Json, session: bool, seat: bool) -> None:
    found = read_server(obj, predicate=predicate)
    assert (found.is_session, found.is_seat) == (session, seat)


@pytest.mark.parametrize("predicate", [Predicate(), ROOMS, GUESTS])
def test_no_label_decides_what_is_a_session(predicate: Predicate) -> None:
    for state, rooms in (("Ready", 0), ("Ready", 1), ("Allocated", 0), ("Shutdown", 1)):
        plain, fenced = hosting(state, rooms), hosting(state, rooms)
        fenced["metadata"]["labels"] |= {f"{DEFAULT_DOMAIN}/draining": "run-1", "agones.dev/state": "Ready"}
        one, other = (read_server(obj, predicate=predicate) for obj in (plain, fenced))
        assert one.is_session == other.is_session


@pytest.mark.parametrize(
    ("obj", "empty"),
    [
        (hosting("Allocated", players=[]), True),
        (hosting("Allocated", players=["a"]), False),
        (hosting("Allocated", 0), True),
        (hosting("Allocated", 2), False),
        (hosting("Allocated", 2, players=[]), True),
        (hosting("Allocated"), False),
    ],
)
def test_who_is_known_to_hold_nobody(obj: Json, empty: bool) -> None:
    assert read_server(obj, players_counter="rooms").is_empty is empty


def test_who_the_game_calls_a_session_is_not_empty() -> None:
    assert not read_server(hosting("Allocated", 1, players=[]), predicate=ROOMS).is_empty


@pytest.mark.parametrize(
    ("option", "predicate"),
    [
        (None, Predicate()),
        ({"counter": "rooms", "list": None}, ROOMS),
        ({"counter": None, "list": "players"}, GUESTS),
    ],
)
def test_the_option(option: Json | None, predicate: Predicate) -> None:
    assert read_predicate(option) == predicate
    assert bool(predicate) is bool(option)


def test_a_name_that_nothing_has_is_refused() -> None:
    fleets: list[Json] = [{"spec": {"template": {"spec": {"counters": {"rooms": {}}}}}}, {"spec": {}}]
    refuse_unknown(ROOMS, fleets)
    refuse_unknown(Predicate(), fleets)
    refuse_unknown(GUESTS, [])
    # Servers of an older template may still have it.
    refuse_unknown(GUESTS, fleets, [{"spec": {"lists": {"players": None}}}])
    with pytest.raises(BlueGreenError, match="names Counter room and List players, which no Fleet here has"):
        refuse_unknown(Predicate("room", "players"), fleets)
