"""Who is asked, and what else is done: one question at a time; whole drains are in test_round.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    DISCONNECT,
    HANDOFF,
    cancelled_request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import (
    DeletePod,
    DrainAction,
    ShutDown,
    Signal,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.tell import (
    is_empty,
    session_counts,
    session_state,
)

from tests.unit.plugins.module_utils._drain.parts import (
    HANDED,
    POLICY,
    REQUEST,
    asked,
    attempted,
    drain,
    heir,
    overdue,
    released,
    server,
    session,
    signals,
)
from tests.unit.plugins.module_utils._drain.world import START

Json = dict[str, Any]


def test_order_is_empty_then_few_players_then_the_youngest() -> None:
    one = drain(seats=9)
    one.sight.see_source(
        "arena",
        [
            server("full", players=["a", "b", "c"]),
            server("old", players=["d"], allocated_at=START - 500),
            server("young", players=["e"], allocated_at=START - 100),
            server("connecting", players=[], allocated_at=START - 5),
            server("empty", players=[], allocated_at=START - 300),
            server("unknown", players=None),
        ],
        START,
    )
    assert signals(one) == ["empty", "young", "old", "full", "connecting", "unknown"]


def test_what_was_planned_but_not_delivered_is_planned_again_with_its_number_and_fresh_notice() -> None:
    one = drain(seats=1)
    one.sight.see_source("arena", [server("a"), server("b")], START)
    (first,) = attempted(one, START)
    (second,) = attempted(one, START + 5)
    assert isinstance(first, Signal)
    assert isinstance(second, Signal)
    assert (second.name, second.request.seq) == (first.name, first.request.seq) == (first.name, 1)
    assert second.request.not_before == first.request.not_before + 5


def test_a_request_of_another_run_does_not_count() -> None:
    one = drain()
    one.sight.see_source("arena", [server(annotations=asked(replace(REQUEST, run="run-0")))], START)
    assert signals(one) == ["s"]


def test_repetitions_come_at_their_times_and_never_shorten_the_notice() -> None:
    one = drain()
    one.sight.see_source("arena", [server()], START)
    sent = []
    for second in range(60):
        now = START + second
        for action in attempted(one, now):
            assert isinstance(action, Signal)
            sent.append((second, action.request.seq))
            assert action.request.not_before == now + POLICY.notice
            annotations = asked(action.request)
            one.sight.see_server(server(version=2 + second, annotations=annotations), now)
    assert sent == [(0, 1), (10, 2), (20, 3), (30, 4)]
    assert session_counts(one.state, START + 59)["silent"] == 1


def test_a_changed_mode_asks_again() -> None:
    gentle = replace(REQUEST, mode=AT_MATCH_END)
    one = drain()
    one.sight.see_source("arena", [server(annotations=asked(gentle, answer="accepted"))], START)
    (action,) = one.planner.plan(START)
    assert isinstance(action, Signal)
    assert (action.request.mode, action.request.seq) == (DISCONNECT, 2)


def test_a_cancelled_request_is_followed_by_a_new_one() -> None:
    one = drain()
    one.sight.see_source(
        "arena", [server(annotations=asked(cancelled_request(REQUEST), answer="cancelled", seq=2))], START
    )
    (action,) = one.planner.plan(START)
    assert isinstance(action, Signal)
    assert (action.request.state, action.request.seq) == ("requested", 3)


def test_nothing_is_planned_for_a_server_whose_last_action_is_under_way() -> None:
    one = drain(seats=9)
    one.sight.see_source("arena", [server("a"), server("b")], START)
    first = one.planner.plan(START)
    assert len(first) == 2
    one.sight.see_source("arena", [server("a"), server("b"), server("c")], START)
    one.planner.note(first[1], accepted=False, now=START)
    assert sorted(action.name for action in one.planner.plan(START)) == sorted([first[1].name, "c"])


def test_a_repetition_is_due_some_time_after_the_write_however_long_that_waited() -> None:
    one = drain()
    one.sight.see_source("arena", [server()], START)
    (action,) = one.planner.plan(START)
    assert isinstance(action, Signal)
    late = replace(action.request, not_before=START + 9 + POLICY.notice)
    one.sight.see_server(server(version=2, annotations=asked(late)), START + 9)
    one.planner.note(action, accepted=True, now=START + 9)
    assert (signals(one, START + 18), signals(one, START + 19)) == ([], ["s"])


def test_whoever_has_a_seat_by_name_keeps_it_at_the_deadline() -> None:
    one = drain(replace(POLICY, mode=HANDOFF, interrupt_at_deadline=True), seats=0)
    one.sight.see_source("arena", [server(annotations=asked(HANDED, answer="accepted"))], START)
    (action,) = one.planner.plan(START + 40)
    assert isinstance(action, Signal)
    assert (action.request.mode, action.request.reason) == (HANDOFF, "deadline")
    assert action.request.successor == HANDED.successor


def test_a_successor_is_given_back_when_nobody_can_still_be_on_the_way_to_it() -> None:
    one = drain(replace(POLICY, mode=HANDOFF, connect_grace=60.0))
    one.sight.see_target(heir(1, allocated_at=START, players=[]), START)
    assert released(one, START + 59) == []
    assert not is_empty(one.state, START + 59)
    assert released(one, START + 60) == ["heir"]


@pytest.mark.parametrize("delivered", [False, True])
def test_a_gentler_policy_takes_an_interruption_back(delivered: bool) -> None:
    hard = replace(POLICY, mode=AT_MATCH_END, interrupt_at_deadline=True)
    interruption = replace(REQUEST, seq=2, reason="deadline", deadline=START + 72)
    one = drain(replace(hard, interrupt_at_deadline=False))
    one.memory.active["uid-s"] = session(request=interruption, delivered=delivered)
    (action,) = attempted(one, START + 1)
    assert isinstance(action, Signal)
    request = action.request
    assert (request.mode, request.reason, request.seq) == (AT_MATCH_END, "drain", 2 + delivered)
    assert request.deadline == START + 1 + POLICY.deadline


def test_a_request_that_was_only_planned_is_asked_in_the_mode_of_today() -> None:
    one = drain(replace(POLICY, mode=AT_MATCH_END))
    one.memory.active["uid-s"] = session(delivered=False)
    (action,) = attempted(one)
    assert isinstance(action, Signal)
    assert (action.request.mode, action.request.seq) == (AT_MATCH_END, 1)


@pytest.mark.parametrize(
    ("put_to", "now", "asks"),
    [
        (START + 60, START + 59, None),
        (START + 60, START + 60, ("disconnect", "deadline")),
        (START + 500, START + 59, ("at_match_end", "drain")),
        (START + 500, START + 61, ("at_match_end", "drain")),
        (START + 40, START + 41, ("disconnect", "deadline")),
    ],
)
def test_a_deadline_can_be_put_off(put_to: float, now: float, asks: tuple[str, str] | None) -> None:
    request = replace(REQUEST, mode=AT_MATCH_END, deadline=START + 60)
    one = drain(replace(POLICY, mode=AT_MATCH_END, interrupt_at_deadline=True, deadline_at=put_to))
    one.sight.see_server(server(annotations=asked(request, "accepted")), START)
    actions = [one for one in attempted(one, now) if isinstance(one, Signal)]
    assert [(action.request.mode, action.request.reason) for action in actions] == ([asks] if asks else [])
    if asks == ("at_match_end", "drain"):
        assert actions[0].request.deadline == put_to
        assert session_state(one.memory.active["uid-s"], one.state.policies.default, START + 100) == "idle"


@pytest.mark.parametrize(
    ("changes", "now", "does"),
    [
        # Planned, and not done: the server goes on.
        ({"shutdown_at": START + 72}, START + 200, ShutDown),
        ({"shutdown_at": START + 72, "ending_at": START + 73}, START + 131, None),
        ({"shutdown_at": START + 72, "ending_at": START + 73}, START + 132, DeletePod),
        ({"shutdown_at": START + 72, "ending_at": START + 73, "forced_at": START + 132}, START + 191, None),
        ({"shutdown_at": START + 72, "ending_at": START + 73, "forced_at": START + 132}, START + 192, DeletePod),
    ],
)
def test_a_new_runner_goes_on_with_the_interruption(changes: Json, now: float, does: type[DrainAction] | None) -> None:
    assert [type(action) for action in overdue(**changes).planner.plan(now)] == ([does] if does else [])
