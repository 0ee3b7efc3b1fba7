"""Whole upgrades with players: by size, by mode, and with servers and players that do not do what they should.

Each asserts the bars of a drain, and adds its figures to reports/scenarios.json.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from lab.game.drain import ANY_ALLOCATION, request_annotation
from lab.world import seed
from tests.scenarios.figures import Moved, check_pace
from tests.scenarios.stage import BUFFER, Stage

# Players come back over the role's own default of seconds, and leave no faster than two cores seat them.
GENTLE: dict[str, Any] = {"session_drain_spread_seconds": 10, "session_drain_players_per_second": 50}
# The server that the upgrade tries its canary on may be one with a fault.
MAY_FAIL_THE_CANARY: dict[str, Any] = {"cluster_verify_accepted_levels": {"arena": "L0"}}
CRASHED = "the process dies while it closes"
PEAK_SESSIONS = 90


def check(moved: Moved, *, killed: int = 0, interrupted: int = 0) -> dict[str, int]:
    """The bars of every drain; `killed` sessions died of a fault. Returns the outcomes."""
    outcomes = moved.outcomes
    total = outcomes.pop("total")
    assert outcomes.pop("remaining") == 0
    assert total == sum(outcomes.values()) > 0
    assert outcomes["lost"] == killed
    assert outcomes["forced"] == 0
    assert outcomes["interrupted"] == interrupted
    assert moved.change("sessions", "lost") <= killed + interrupted
    assert moved.change("match_requests", "failed") == 0
    assert moved.change("parties", "apart") == 0
    assert moved.least_free_seats is None or moved.least_free_seats >= 0
    return outcomes


def test_servers_that_crash_while_closing(stage: Stage) -> None:
    """Their players hear nothing: they try to come back to the dead server, then ask for a match again."""
    stage.conduct(match_seconds=120, crash_share=0.1)
    stage.crowd()
    log = stage.config.log(f"game-servers-{stage.cluster(stage.active)}")
    before = log.read_text().count(CRASHED)
    moved = stage.upgrade(eks_bluegreen_drain_mode="disconnect", **MAY_FAIL_THE_CANARY, **GENTLE)
    crashed = log.read_text().count(CRASHED) - before
    row = stage.record(
        "disconnect, 10 % crash while closing",
        moved,
        crashed_sessions=crashed,
        lost_downtime=moved.after["lost_downtime_seconds"],
    )
    assert crashed > 0
    check(moved, killed=moved.outcomes["lost"])
    assert moved.outcomes["lost"] <= crashed
    assert moved.change("sessions", "lost") <= crashed
    check_pace(row)


def test_handoff(stage: Stage) -> None:
    stage.conduct(match_seconds=120)
    stage.crowd()
    moved = stage.upgrade(eks_bluegreen_drain_mode="handoff", **GENTLE)
    row = stage.record("handoff", moved)
    assert check(moved)["moved"] > 0
    check_pace(row)


def test_players_who_never_return(stage: Stage) -> None:
    stage.conduct(match_seconds=120)
    stage.crowd(never_return_share=0.1)
    moved = stage.upgrade(eks_bluegreen_drain_mode="disconnect", **GENTLE)
    quit_players = moved.change("players", "quit")
    row = stage.record("disconnect, 10 % never return", moved, quit_players=quit_players)
    assert check(moved)["moved"] > 0
    assert quit_players > 0
    assert moved.report["drain"]["players"]["away"] == quit_players
    check_pace(row)


@pytest.mark.parametrize("on_deadline", ["wait", "interrupt"])
def test_deaf_servers(stage: Stage, on_deadline: str) -> None:
    """Their matches end by themselves, or are interrupted where the operator chose so; the others do not wait."""
    stage.conduct(match_seconds=40, deaf_share=0.1)
    stage.crowd(parties=70)
    deadline = {"eks_bluegreen_drain_on_deadline": on_deadline}
    if on_deadline == "interrupt":
        deadline["session_drain_longest_match_seconds"] = "20"
    move = stage.begin(eks_bluegreen_drain_mode="disconnect", **MAY_FAIL_THE_CANARY, **GENTLE, **deadline)
    move.wait_for_drain()
    deaf = stage.deaf_sessions(move.source)
    moved = move.finish()
    row = stage.record(f"disconnect, 10 % deaf, on_deadline {on_deadline}", moved, deaf_sessions=deaf)
    interrupted = moved.outcomes["interrupted"] if on_deadline == "interrupt" else 0
    outcomes = check(moved, interrupted=interrupted)
    assert deaf > 0
    assert interrupted <= deaf
    assert outcomes["moved"] > outcomes["ended_alone"]
    check_pace(row)


def test_at_match_end(stage: Stage) -> None:
    stage.conduct(match_seconds=30)
    stage.crowd(parties=80)
    moved = stage.upgrade(eks_bluegreen_drain_mode="at_match_end")
    stage.record("at_match_end", moved)
    outcomes = check(moved)
    assert outcomes["ended_alone"] == sum(outcomes.values())
    assert moved.downtimes == []


def test_parties_of_four(stage: Stage) -> None:
    stage.conduct(match_seconds=120)
    stage.crowd(party_size=4)
    moved = stage.upgrade(eks_bluegreen_drain_mode="disconnect", **GENTLE)
    row = stage.record("disconnect, parties of 4", moved)
    assert check(moved)["moved"] > 0
    assert moved.change("parties", "incomplete") == 0
    check_pace(row)


@pytest.mark.parametrize(
    ("parties", "match_seconds", "reconnect_timeout", "sessions"),
    [
        pytest.param(52, 120, 20, 40, id="40"),
        # Long matches, as fewer end before the drain begins.
        pytest.param(250, 600, 20, 200, id="200"),
        # Two cores show late who is back.
        pytest.param(1100, 900, 60, 1000, id="1000"),
    ],
)
def test_disconnect(stage: Stage, parties: int, match_seconds: float, reconnect_timeout: float, sessions: int) -> None:
    stage.conduct(match_seconds=match_seconds)
    stage.crowd(parties)
    wait = {"session_drain_reconnect_timeout": reconnect_timeout}
    moved = stage.upgrade(eks_bluegreen_drain_mode="disconnect", **GENTLE, **wait)
    row = stage.record(f"disconnect, {sessions} sessions", moved)
    outcomes = check(moved)
    assert outcomes["moved"] > 0
    assert sum(outcomes.values()) >= sessions
    check_pace(row)


class Prometheus(BaseHTTPRequestHandler):
    """Answers every query with the recent peak of the lab's Fleet."""

    def do_GET(self) -> None:
        sample = {"metric": {"fleet_name": seed.GAME}, "value": [0, str(PEAK_SESSIONS)]}
        body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": [sample]}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def prometheus() -> Iterator[str]:
    """The address of a Prometheus."""
    with HTTPServer(("127.0.0.1", 0), Prometheus) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_recent_peak_and_a_predicate(stage: Stage, prometheus: str) -> None:
    """The target is made for the peak; what has players is a session, and is asked as one that has no allocation."""
    stage.conduct(match_seconds=120)
    stage.crowd(parties=30)
    move = stage.begin(
        eks_bluegreen_drain_mode="disconnect",
        eks_bluegreen_session_predicate={"list": "players"},
        fleet_parity_peak_query={"url": prometheus, "query": "the peak"},
        **GENTLE,
    )
    move.wait_for_drain()
    size = stage.fleet(move.target)["spec"]["replicas"]
    requests = [one["metadata"]["annotations"].get(request_annotation()) for one in stage.sessions_on(move.source)]
    moved = move.finish()
    stage.record("disconnect, sized by a recent peak, sessions by a predicate", moved, servers_of_the_target=size)
    assert size >= PEAK_SESSIONS + BUFFER
    assert {json.loads(one)["allocation"] for one in requests if one} == {ANY_ALLOCATION}
    assert check(moved)["moved"] > 0
