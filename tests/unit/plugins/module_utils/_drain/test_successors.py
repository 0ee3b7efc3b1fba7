"""What a cancelled handoff leaves on the target, and who of it may be let go."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure, Conflict, NotFound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    DEFAULT_DOMAIN,
    DISCONNECT,
    HANDOFF,
    Request,
    drain_annotation,
    read_request,
    successor_annotation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Event, Listed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import DRAIN_MEMORY, Memory, Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.successors import (
    names_successors,
    sort_successors,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.take_back import (
    Letting,
    SuccessorRelease,
    may_have_successors,
)

from tests.unit.plugins.module_utils._drain.world import NAMESPACE, START, FakeClock, FakeKeeper, game_server

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


@pytest.mark.parametrize(
    ("mode", "delivered", "looks"), [(HANDOFF, False, True), (HANDOFF, True, False), (DISCONNECT, False, False)]
)
def test_a_runner_that_died_before_it_named_a_successor_is_known_by_its_memory(
    mode: str, delivered: bool, looks: bool
) -> None:
    keeper, memory = FakeKeeper(), Memory("run-1", START)
    known = Request("run-1", 1, "requested", mode, "*", START, START, 0.0)
    memory.active["uid"] = Session(NAMESPACE, "s0", "uid", "arena", "", START, request=known, delivered=delivered)
    keeper.save(DRAIN_MEMORY, memory.to_document())
    assert may_have_successors([read_server(session(None))], keeper, DEFAULT_DOMAIN) is looks
    assert not may_have_successors([], FakeKeeper(), DEFAULT_DOMAIN)


class Slot:
    """One slot's game servers: a feed of them, and a target that takes patches."""

    def __init__(self, *servers: Json) -> None:
        self.servers = {one["metadata"]["name"]: one for one in servers}
        self.patches: list[Mapping[str, Any]] = []
        self.troubles: list[ApiFailure] = []
        self.fresh = True

    def relist(self) -> list[Event]:
        return [Listed(NAMESPACE, list(self.servers.values()), START)]

    def take(self) -> list[Event]:
        return []

    def find_server(self, namespace: str, name: str) -> Json | None:
        return self.servers.get(name)

    def allocate(self, fleet: tuple[str, str], annotations: Mapping[str, str]) -> str:
        raise AssertionError("nothing is allocated")

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        if self.troubles:
            raise self.troubles.pop()
        self.patches.append(body)
        self.servers[name]["metadata"]["annotations"].update(body["metadata"]["annotations"])
        return self.servers[name]


def letting_go(
    source: Slot, target: Slot, on_sleep: Callable[[float], None] | None = None
) -> tuple[SuccessorRelease, FakeClock]:
    clock = FakeClock()

    def sleep(seconds: float) -> None:
        clock.seconds += seconds
        if on_sleep:
            on_sleep(clock.seconds)

    clock.on_sleep = sleep
    letting = Letting(read_server, notice=30.0, acknowledge=5.0)
    return SuccessorRelease(source, target, target, FakeKeeper(), clock, DEFAULT_DOMAIN, letting), clock


def test_an_unused_successor_is_asked_with_full_notice_and_is_not_shut_down() -> None:
    target = Slot(successor(version=7))
    release, clock = letting_go(Slot(session(request(), "cancelled")), target)
    assert release.run(check_mode=False) == {"released": 1, "kept": 0}
    (body,) = target.patches
    assert set(body) == {"metadata"}
    assert body["metadata"]["resourceVersion"] == "7"
    asked = read_request(body["metadata"]["annotations"], DEFAULT_DOMAIN)
    assert asked is not None
    assert (asked.run, asked.seq, asked.state, asked.mode, asked.reason) == (
        "run-1",
        1,
        "requested",
        "disconnect",
        "unused",
    )
    assert asked.not_before == START + 30.0
    assert clock.seconds == 0.0


def test_the_word_of_a_session_is_waited_for() -> None:
    source, target = Slot(session(request(), "accepted", 1)), Slot(successor())

    def answer(seconds: float) -> None:
        if seconds >= 2.0:
            source.servers["s0"] = session(request(), "cancelled")

    release, clock = letting_go(source, target, answer)
    assert release.run(check_mode=False) == {"released": 1, "kept": 0}
    assert clock.seconds == 2.0


def test_without_that_word_the_successor_stays() -> None:
    target = Slot(successor())
    release, clock = letting_go(Slot(session(request(), "accepted", 1)), target)
    assert release.run(check_mode=False) == {"released": 0, "kept": 1}
    assert (clock.seconds, target.patches) == (5.0, [])


@pytest.mark.parametrize("trouble", [Conflict("joined", 409), NotFound("gone", 404), ApiFailure("busy", 503)])
def test_one_that_cannot_be_asked_stays(trouble: ApiFailure) -> None:
    target = Slot(successor())
    target.troubles = [trouble] * 5
    release, _clock = letting_go(Slot(session(request(), "cancelled")), target)
    assert release.run(check_mode=False) == {"released": 0, "kept": 1}
    assert target.troubles == []


def test_a_write_that_met_a_conflict_is_tried_again() -> None:
    target = Slot(successor())
    target.troubles = [Conflict("changed", 409), ApiFailure("busy", 503)]
    release, _clock = letting_go(Slot(session(request(), "cancelled")), target)
    assert release.run(check_mode=False) == {"released": 1, "kept": 0}


def test_check_mode_waits_for_nobody_and_writes_nothing() -> None:
    target = Slot(successor())
    release, clock = letting_go(Slot(session(request("requested"), "accepted")), target)
    assert release.run(check_mode=True) == {"released": 1, "kept": 0}
    assert (clock.seconds, target.patches) == (0.0, [])
