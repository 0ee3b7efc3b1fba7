"""How many more sessions may leave: one question at a time; whole drains are in test_round.py."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    DEFAULT_DOMAIN,
    DISCONNECT,
    HANDOFF,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Memory
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import Signal
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.tell import session_counts

from tests.unit.plugins.module_utils._drain.parts import (
    HANDED,
    POLICY,
    REQUEST,
    Drain,
    asked,
    attempted,
    drain,
    heir,
    released,
    server,
    signals,
)
from tests.unit.plugins.module_utils._drain.world import START

Json = dict[str, Any]


def test_each_fleet_has_its_own_seats() -> None:
    one = drain(seats=1)
    one.sight.see_source("arena", [server("a"), server("b"), server("c", fleet="other")], START)
    assert len(signals(one)) == 1
    one.sight.see_target(server("other-seat", "Ready", fleet="other"), START)
    assert signals(one) == ["c"] or "c" in signals(one)


def test_a_server_that_never_heard_keeps_no_seat_after_its_last_notice() -> None:
    one = drain(seats=1)
    one.sight.see_source("arena", [server("deaf", players=["a"]), server("other", players=["b", "c"])], START)
    assert signals(one) == ["deaf"]
    for second in range(1, 75):
        now = START + second
        for action in attempted(one, now):
            assert isinstance(action, Signal)
            version = 1 + second
            one.sight.see_server(server(action.name, version=version, annotations=asked(action.request)), now)
    # Asked at 1, 11, 21 and 31 s: the last notice ends at 61 s, and ten seconds later no one expects it to close.
    assert session_counts(one.state, START + 74)["silent"] == 1
    request = one.memory.active["uid-other"].request
    assert request is not None
    assert request.not_before == START + 71 + POLICY.notice


def test_who_was_asked_on_paper_only_waits_when_the_target_has_lost_its_seats() -> None:
    one = drain(seats=2)
    one.sight.see_source("arena", [server("a"), server("b")], START)
    assert len(attempted(one)) == 2
    for number in range(2):
        one.sight.see_target(server(f"seat-{number}", version=5 + number), START + 1)
        assert len(attempted(one, START + 1)) == 1 - number


def test_seats_that_are_lost_while_requests_are_under_way_are_noticed() -> None:
    one = drain(seats=2)
    one.sight.see_source("arena", [server("a"), server("b")], START)
    assert not one.seats.is_short(START)
    one.planner.plan(START)
    assert not one.seats.is_short(START)
    one.sight.see_target_gone("uid-seat-0")
    assert one.seats.is_short(START)


def test_whoever_gives_a_seat_by_name_up_waits_for_another() -> None:
    one = drain(seats=0)
    one.sight.see_source("arena", [server(annotations=asked(HANDED, answer="accepted"))], START)
    assert one.planner.plan(START) == []
    assert one.planner.held == {("arena", "arena"): {"seats": 1}}
    one.sight.see_target(server("seat", "Ready"), START)
    assert signals(one) == ["s"]


@pytest.mark.parametrize(
    ("seats", "reserve", "most_at_once", "cause"),
    [(2, 0, 1, "pace"), (2, 1, 1, "seats"), (2, 1, None, "seats"), (1, 0, 1, "seats"), (4, 2, 1, "pace")],
)
def test_what_holds_a_session_is_named(seats: int, reserve: int, most_at_once: int | None, cause: str) -> None:
    one = drain(replace(POLICY, reserve=reserve, most_at_once=most_at_once), seats=seats)
    one.sight.see_source("arena", [server("a"), server("b")], START)
    assert len(signals(one)) == 1
    assert one.planner.held == {("arena", "arena"): {cause: 1}}


def test_whose_successor_was_allocated_in_vain_is_asked_again_on_a_full_target() -> None:
    one = drain(replace(POLICY, mode=HANDOFF), seats=1)
    one.sight.see_source("arena", [server()], START)
    (action,) = one.planner.plan(START)
    mark = {f"{DEFAULT_DOMAIN}/successor-of": "uid-s/run-1"}
    one.sight.see_target(server("seat-0", "Allocated", annotations=mark, players=[], version=999), START)
    one.planner.note(action, accepted=False, now=START)
    assert one.seats.room(("arena", "arena"), START) == 0
    one.sight.see_target(server("seat-1", "Ready"), START)
    assert one.seats.room(("arena", "arena"), START) == 1
    one.sight.see_target_gone("uid-seat-1")
    assert signals(one, START + 1) == ["s"]
    assert one.planner.held == {}


def test_a_successor_that_was_asked_to_go_keeps_no_seat() -> None:
    one = drain(replace(POLICY, mode=HANDOFF), seats=1)
    one.sight.see_source("arena", [server()], START)
    (action,) = one.planner.plan(START)
    marks = {**asked(replace(REQUEST, reason="unused")), f"{DEFAULT_DOMAIN}/successor-of": "uid-s/run-1"}
    one.sight.see_target(server("seat-0", "Allocated", annotations=marks, players=[], version=999), START)
    one.planner.note(action, accepted=False, now=START)
    one.sight.see_target(server("seat-1", "Ready"), START)
    assert one.seats.room(("arena", "arena"), START) == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"players": ["a"]}, {"players": []}),
        ({"players": []}, {"players": [], "allocated_at": START + 10}),
    ],
)
@pytest.mark.parametrize("resumed", [False, True])
def test_a_server_that_others_play_on_is_nobodys_successor(before: Json, after: Json, resumed: bool) -> None:
    policy = replace(POLICY, mode=HANDOFF)
    one = drain(policy)
    one.sight.see_target(heir(1, **before), START)
    if resumed:
        document = json.loads(json.dumps(one.memory.to_document()))
        one = Drain(Policies(policy), Memory.from_document(document, "run-1", START))
    one.sight.see_target(heir(2, **after), START + 20)
    assert (released(one, START + 900), one.seats.reserved()) == ([], {})


@pytest.mark.parametrize(("mode", "most"), [(DISCONNECT, 1), (HANDOFF, 1), (HANDOFF, 2)])
def test_no_more_are_on_their_way_than_the_policy_says(mode: str, most: int) -> None:
    one = drain(replace(POLICY, mode=mode, most_at_once=most))
    one.sight.see_source("arena", [server(name) for name in "abcd"], START)
    for action in one.planner.plan(START):
        assert isinstance(action, Signal)
        request = replace(action.request, successor=HANDED.successor if mode == HANDOFF else None)
        one.sight.see_server(server(action.name, version=2, annotations=asked(request)), START)
        one.planner.note(action, accepted=True, now=START)
    assert session_counts(one.state, START)["requested"] == most
    assert signals(one, START + 1) == []
    assert one.planner.held == {("arena", "arena"): {"pace": 4 - most}}
