"""What a cancelled handoff leaves on the target, and who of it may be let go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    DEFAULT_DOMAIN,
    Request,
    drain_annotation,
    successor_annotation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.successors import (
    names_successors,
    sort_successors,
)

from tests.unit.plugins.module_utils._drain.world import START, game_server

Json = dict[str, Any]
MARK = {successor_annotation(DEFAULT_DOMAIN): "uid-s0/run-1"}


def request(
    state: str = "cancelled",
    seq: int = 2,
    successor: str | None = "uid-t0",
    mode: str = "handoff",
    allocation: str = "*",
) -> str:
    told = {"address": "127.0.0.1", "port": 7001, "uid": successor} if successor else None
    return Request("run-1", seq, state, mode, allocation, START, START, 0.0, successor=told).to_json()


def session(asked: str | None = None, phase: str = "", seq: int = 2, **values: Any) -> Json:
    annotations = {drain_annotation(DEFAULT_DOMAIN): asked} if asked else {}
    if phase:
        annotations["agones.dev/sdk-drain-ack"] = json.dumps({"run": "run-1", "seq": seq, "phase": phase})
    return game_server("s0", annotations=annotations, players=["p"], **values)


def successor(**values: Any) -> Json:
    annotations = {**MARK, **values.pop("annotations", {})}
    return game_server("t0", annotations=annotations, **values)


def sorted_as(source: list[Json], target: Json, known: dict[str, str] | None = None) -> str:
    found = sort_successors(map(read_server, source), [read_server(target)], DEFAULT_DOMAIN, known or {})
    return " ".join(name for name in ("unused", "waiting", "kept") if getattr(found, name))


@pytest.mark.parametrize(
    ("asked", "phase", "seq", "fate"),
    [
        (request(), "cancelled", 2, "unused"),
        (request(), "cancelled", 1, "waiting"),
        (request(), "accepted", 1, "waiting"),
        (request(), "", 2, "waiting"),
        (request("requested"), "accepted", 2, "waiting"),
        (request(), "closing", 2, "kept"),
        (request(), "closing", 1, "kept"),
        (None, "", 0, "unused"),
        (request("requested", successor=None, mode="disconnect"), "accepted", 2, "unused"),
        (request("requested", successor="uid-t9"), "accepted", 2, "unused"),
    ],
)
def test_a_successor_goes_once_its_session_has_said_that_it_stays(
    asked: str | None, phase: str, seq: int, fate: str
) -> None:
    assert sorted_as([session(asked, phase, seq)], successor()) == fate


@pytest.mark.parametrize(
    ("target", "fate"),
    [
        (successor(players=["p"]), "kept"),
        (successor(players=None), "kept"),
        (successor(state="Shutdown"), ""),
        (successor(deleting=True), ""),
        (successor(state="Ready"), ""),
        (successor(annotations={drain_annotation(DEFAULT_DOMAIN): request("requested")}), ""),
        # Asked before it was allocated again.
        (
            successor(annotations={drain_annotation(DEFAULT_DOMAIN): request("requested", allocation="earlier")}),
            "unused",
        ),
        (game_server("t0"), ""),
    ],
)
def test_only_a_server_that_is_known_to_be_empty_and_carries_our_mark_goes(target: Json, fate: str) -> None:
    assert sorted_as([session(request(), "cancelled")], target) == fate


@pytest.mark.parametrize(
    ("known", "fate"), [("", "kept"), ("played", "kept"), ("2026", "kept"), ("as it is", "unused"), (None, "unused")]
)
def test_a_server_that_was_played_on_or_allocated_again_is_nobodys_successor(known: str | None, fate: str) -> None:
    server = successor()
    was = server["metadata"]["annotations"]["agones.dev/last-allocated"] if known == "as it is" else known
    memory = {"uid-t0/uid-s0": was} if was is not None else {}
    assert sorted_as([session(request(), "cancelled")], server, memory) == fate


@pytest.mark.parametrize("source", [[], [session(request(), "cancelled", state="Shutdown")]])
def test_who_has_gone_has_sent_players_over(source: list[Json]) -> None:
    assert sorted_as(source, successor()) == "kept"


def test_without_a_handoff_nobody_looks_at_the_target() -> None:
    assert not names_successors([read_server(session(request(successor=None)))], DEFAULT_DOMAIN)
    assert names_successors([read_server(session(request()))], DEFAULT_DOMAIN)
