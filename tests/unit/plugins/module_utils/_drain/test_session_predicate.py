"""A whole drain of what the game itself calls a session, over the files that it goes through."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    DEFAULT_DOMAIN,
    DISCONNECT,
    HANDOFF,
    successor_annotation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server, read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Memory
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import ReleaseSuccessor, Signal
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.tell import is_empty
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.module_utils._agones.test_sessions import GUESTS, ROOMS, hosting
from tests.unit.plugins.module_utils._drain.parts import Drain
from tests.unit.plugins.module_utils._drain.test_round import FAST, drain_round, outcomes
from tests.unit.plugins.module_utils._drain.world import START, FakeKeeper, World

Json = dict[str, Any]
POLICY = Policy(run="run-1", mode=DISCONNECT, canary=0)


def server(state: str, rooms: int | None = None, **more: Any) -> Server:
    return read_server(hosting(state, rooms, **more), predicate=ROOMS)


def allocated(moment: float) -> dict[str, str]:
    return {"agones.dev/last-allocated": f"2026-11-23T12:{moment:02.0f}:00Z"}


def drain(policy: Policy = POLICY) -> Drain:
    one = Drain(Policies(policy), Memory(policy.run, START, key="run-1"))
    one.sight.see_target_list("arena", [server("Ready", 0, name=f"seat-{number}") for number in range(9)], START)
    return one


def asked(one: Drain) -> list[str]:
    return [action.request.allocation for action in one.planner.plan(START) if isinstance(action, Signal)]


@pytest.mark.parametrize("mode", [AT_MATCH_END, DISCONNECT])
def test_a_server_that_is_ready_and_in_use_is_asked_whatever_was_allocated(mode: str) -> None:
    one = drain(replace(POLICY, mode=mode))
    one.sight.see_source("arena", [server("Ready", 2), server("Ready", 0, name="free")], START)
    assert asked(one) == ["*"]


def test_the_drain_is_not_done_before_the_last_match_has_ended() -> None:
    one = drain()
    one.sight.see_source("arena", [server("Ready", 1)], START)
    for second in range(3):
        one.sight.see_source("arena", [server("Ready", 1, version=2)], START + second * 60)
        one.sight.tick(START + second * 60)
        assert not is_empty(one.state, START + second * 60)
    one.sight.see_source("arena", [server("Ready", 0, version=3)], START + 200)
    for second in (200, 230):
        one.sight.tick(START + second)
    assert is_empty(one.state, START + 230)
    assert [ended.outcome for ended in one.memory.ended] == ["ended_alone"]


def test_a_server_that_is_used_again_is_a_session_again() -> None:
    one = drain()
    one.sight.see_server(server("Allocated", 1, annotations=allocated(1)), START)
    one.sight.see_server(server("Ready", 0, annotations=allocated(1), version=2), START)
    assert not one.memory.active
    # Somebody joined without an allocation: the annotation is of the match before.
    one.sight.see_server(server("Ready", 1, annotations=allocated(1), version=3), START)
    assert list(one.memory.active) == ["uid-s"]
    assert asked(one) == ["*"]
    one.sight.see_server(server("Ready", 0, annotations=allocated(1), version=4), START)
    one.sight.see_server(server("Shutdown", 0, annotations=allocated(1), version=5), START)
    assert (len(one.memory.ended), one.memory.active) == (2, {})


def test_another_match_on_a_shared_server_is_no_other_session() -> None:
    one = drain()
    one.sight.see_server(server("Allocated", 1, annotations=allocated(1)), START)
    one.sight.see_server(server("Allocated", 2, annotations=allocated(2), version=2), START)
    assert one.memory.ended == []
    assert asked(one) == ["*"]
    # No one is in it any more, and the allocation after that is a match of its own.
    one.sight.see_server(server("Allocated", 0, annotations=allocated(2), version=3), START)
    assert one.memory.ended == []
    one.sight.see_server(server("Allocated", 0, annotations=allocated(3), version=4), START)
    assert [ended.outcome for ended in one.memory.ended] == ["ended_alone"]


def test_who_is_gone_is_not_counted_twice() -> None:
    one = drain()
    one.sight.see_server(server("Ready", 1), START)
    one.sight.see_gone("uid-s", START)
    one.sight.see_server(server("Ready", 1, version=2), START)
    assert (len(one.memory.ended), one.memory.active) == (1, {})


def test_players_who_are_in_no_list_keep_a_seat_when_they_are_sent_away() -> None:
    one = drain()
    one.sight.see_server(server("Ready", 3, players=[], version=1), START)
    (request,) = [action.request for action in one.planner.plan(START) if isinstance(action, Signal)]
    answer = json.dumps({"run": "run-1", "seq": 1, "phase": "closing"})
    told = {f"{DEFAULT_DOMAIN}/drain": request.to_json(), "agones.dev/sdk-drain-ack": answer}
    one.sight.see_server(server("Ready", 3, players=[], version=2, annotations=told), START + 30)
    assert one.memory.ledger.claims["uid-s"].players is None
    one.sight.tick(START + 31)
    assert one.memory.ledger.claims_by_fleet()[("arena", "arena")] == 1


@pytest.mark.parametrize("mode", [DISCONNECT, HANDOFF])
def test_a_whole_drain_of_servers_that_nobody_allocated(mode: str) -> None:
    world, keeper = World(seats=2), FakeKeeper()
    world.add_session("match")
    for name in ("lobby", "plaza"):
        world.add_session(name, state="Ready")
    world.add_session("free", state="Ready", players=[])
    world.later(8.0, world.add_seat)
    drained = False
    while not drained and world.clock.seconds < 300:
        one = drain_round(world, keeper, replace(FAST, mode=mode))
        one.settings = replace(one.settings, predicate=GUESTS)
        result = one.run(one.source_feed.relist(), one.target_feed.relist())
        drained = result["drained"]
    assert drained
    assert outcomes(result) == dict.fromkeys(("match", "lobby", "plaza"), "moved") == world.truth
    assert (world.request_of("free"), list(world.source)) == (None, ["free"])
    assert world.worst <= 0
    assert result["players"]["returned"] == 6


def handed(**more: Any) -> Server:
    """A server of the target that was allocated for a session of the source which is over."""
    mark = {successor_annotation(DEFAULT_DOMAIN): "uid-old/run-1"}
    return server("Allocated", name="heir", annotations=mark, **more)


@pytest.mark.parametrize(
    ("heir", "released"),
    [
        (handed(players=[]), True),
        (handed(players=["a"]), False),
        (handed(players=[], rooms=1), False),
        # It publishes nothing: players may be in it.
        (handed(), False),
    ],
)
def test_only_a_server_that_is_known_to_be_empty_is_given_back(heir: Server, released: bool) -> None:
    one = drain(replace(POLICY, mode=HANDOFF))
    one.sight.see_target(heir, START)
    assert [action.name for action in one.planner.plan(START) if isinstance(action, ReleaseSuccessor)] == [
        "heir"
    ] * released


STATES = st.sampled_from(["Ready", "Allocated", "Reserved", "Shutdown"])


@given(st.lists(st.tuples(STATES, st.integers(0, 2), st.integers(0, 2)), max_size=12))
def test_as_long_as_the_game_calls_it_a_session_the_drain_does(steps: list[tuple[str, int, int]]) -> None:
    one, ending, in_use = drain(), False, False
    for second, (state, rooms, allocation) in enumerate(steps, start=1):
        # What has begun to end does not come back.
        ending = ending or state == "Shutdown"
        state_now = "Shutdown" if ending else state
        now = server(state_now, rooms, version=second, annotations=allocated(allocation))
        one.sight.see_server(now, START + second)
        one.sight.tick(START + second)
        in_use = in_use or now.is_session
        assert ("uid-s" in one.memory.active) or not now.named
        assert not (now.named and is_empty(one.state, START + second + 3600))
    one.sight.see_gone("uid-s", START + 99)
    assert not one.memory.active
    assert bool(one.memory.ended) is in_use
