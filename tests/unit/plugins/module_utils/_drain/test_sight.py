"""What is seen, folded into the memory: one question at a time; whole drains are in test_round.py."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import AT_MATCH_END, HANDOFF
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Memory
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import is_older
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import ShutDown, Signal
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.tell import session_counts

from tests.unit.plugins.module_utils._drain.parts import POLICY, REQUEST, Drain, asked, drain, overdue, server, signals
from tests.unit.plugins.module_utils._drain.world import START, game_server


def test_a_request_found_on_a_server_is_adopted_with_its_answer() -> None:
    one = drain()
    one.sight.see_source("arena", [server(annotations=asked(answer="accepted"))], START)
    assert session_counts(one.state, START)["accepted"] == 1
    assert one.planner.plan(START + 100) == []


@pytest.mark.parametrize("answer", [{"seq": 2}, {"run": "run-0"}])
def test_an_answer_to_another_request_is_none(answer: dict[str, Any]) -> None:
    one = drain()
    one.sight.see_source("arena", [server(annotations=asked(answer="accepted", **answer))], START)
    assert session_counts(one.state, START)["requested"] == 1


def test_closing_under_an_earlier_number_is_closing() -> None:
    one = drain()
    again = replace(REQUEST, seq=2)
    one.sight.see_source("arena", [server(annotations=asked(again, answer="closing", seq=1))], START)
    assert session_counts(one.state, START)["closing"] == 1
    assert one.seats.room(("arena", "arena"), START) == 8


def test_an_older_version_of_a_server_changes_nothing() -> None:
    one = drain()
    one.sight.see_server(server(version=9, annotations=asked(answer="accepted")), START)
    one.sight.see_server(server(version=8), START)
    assert session_counts(one.state, START)["accepted"] == 1
    assert not is_older("opaque", "9")


def test_another_match_on_the_same_server_is_another_session() -> None:
    one = drain()
    one.sight.see_server(server(version=1, allocated_at=START - 100, annotations=asked(answer="accepted")), START)
    one.sight.see_server(server(version=2, allocated_at=START), START + 1)
    counts = session_counts(one.state, START + 1)
    assert (counts["total"], counts["remaining"], counts["ended_alone"]) == (2, 1, 1)


@pytest.mark.parametrize("answer", ["accepted", "closing"])
def test_the_next_match_on_a_server_is_not_bound_by_the_request_of_the_last(answer: str) -> None:
    """Agones leaves the annotations where they are when it allocates a server again."""
    one = drain()
    first, second = (server(allocated_at=START + seconds) for seconds in (-100, 1))
    bound = replace(REQUEST, allocation=first.allocation)
    one.sight.see_server(server(version=1, allocated_at=START - 100, annotations=asked(bound, "accepted")), START)
    again = server(version=2, allocated_at=START + 1, annotations=asked(bound, answer))
    one.sight.see_server(again, START + 1)
    assert (session_counts(one.state, START + 1)["idle"], session_counts(one.state, START + 1)["ended_alone"]) == (1, 1)
    (action,) = one.planner.plan(START + 2)
    assert isinstance(action, Signal)
    assert (action.request.allocation, action.request.seq) == (second.allocation, 2)
    assert action.request.deadline == START + 2 + POLICY.deadline
    one.planner.note(action, accepted=True, now=START + 2)
    one.sight.see_server(
        server(version=3, allocated_at=START + 1, annotations=asked(action.request, answer)), START + 3
    )
    assert session_counts(one.state, START + 3)["requested"] == 1


def test_a_server_that_is_ready_again_has_ended_its_session_once() -> None:
    one = drain()
    one.sight.see_server(server(version=1), START)
    ready = game_server("s", "Ready", version=2)
    allocated = game_server("s")["metadata"]["annotations"]
    ready["metadata"]["annotations"] = allocated
    one.sight.see_server(read_server(ready), START + 1)
    gone = game_server("s", "Shutdown", version=3)
    gone["metadata"]["annotations"] = allocated
    one.sight.see_server(read_server(gone), START + 2)
    counts = session_counts(one.state, START + 2)
    assert (counts["total"], counts["remaining"], counts["ended_alone"]) == (1, 0, 1)


def test_a_reserved_server_is_one_session_until_it_is_allocated_and_after() -> None:
    one = drain()
    one.sight.see_server(server(state="Reserved", allocated_at=None, version=1), START)
    (action,) = one.planner.plan(START)
    assert isinstance(action, Signal)
    assert action.request.allocation == "*"
    one.sight.see_server(server(state="Allocated", version=2), START + 1)
    assert session_counts(one.state, START + 1)["total"] == 1


def test_deleted_in_use_is_lost() -> None:
    one = drain()
    one.sight.see_server(server(version=1), START)
    one.sight.see_server(server(version=2, deleting=True), START + 1)
    one.sight.see_gone("uid-s", START + 2)
    assert session_counts(one.state, START + 2)["lost"] == 1


def test_players_of_a_server_whose_closing_was_missed_are_away_since_it_began_to_end() -> None:
    one = drain()
    one.sight.see_server(server(version=1, players=["a"], annotations=asked(answer="accepted")), START)
    ends = server(state="Shutdown", version=2, players=["a"], annotations=asked(answer="accepted"))
    one.sight.see_server(ends, START + 31)
    assert one.memory.ledger.claims_by_fleet()[("arena", "arena")] == 1
    one.sight.see_target(server("seat-0", version=5, players=["a"]), START + 33)
    one.sight.see_gone("uid-s", START + 60)
    assert one.memory.ledger.downtimes == [2.0]
    assert session_counts(one.state, START + 60)["moved"] == 1


def test_a_request_that_was_never_delivered_moved_nobody() -> None:
    one = drain(replace(POLICY, mode=HANDOFF), seats=1)
    one.sight.see_source("arena", [server()], START)
    (action,) = one.planner.plan(START)
    one.planner.note(action, accepted=False, now=START)
    one.sight.see_server(server(state="Shutdown", version=999), START + 31)
    one.sight.see_gone("uid-s", START + 32)
    assert [ended.outcome for ended in one.memory.ended] == ["ended_alone"]


def test_who_was_shut_down_by_a_runner_that_died_then_was_interrupted() -> None:
    one = overdue()
    (action,) = one.planner.plan(START + 72)
    assert isinstance(action, ShutDown)
    document = json.loads(json.dumps(one.memory.to_document()))
    later = Drain(one.state.policies, Memory.from_document(document, "run-1", START + 80))
    later.sight.see_server(server(state="Shutdown", version=9), START + 80)
    later.sight.see_gone("uid-s", START + 90)
    assert [ended.outcome for ended in later.memory.ended] == ["interrupted"]


def test_who_was_to_be_shut_down_and_ended_alone_is_not_forced() -> None:
    one = overdue(shutdown_at=START + 72)
    one.sight.see_server(server(version=8), START + 80)
    one.sight.see_server(server(state="Shutdown", version=9), START + 90)
    assert one.planner.plan(START + 900) == []
    one.sight.see_gone("uid-s", START + 900)
    assert [ended.outcome for ended in one.memory.ended] == ["ended_alone"]


def test_a_match_in_a_server_that_was_reserved_after_another_match_counts() -> None:
    one = drain(replace(POLICY, mode=AT_MATCH_END))
    allocated = game_server("s")["metadata"]["annotations"]
    one.sight.see_server(server(version=1), START)
    one.sight.see_server(server(state="Ready", version=2, annotations=allocated), START + 1)
    one.sight.see_server(server(state="Reserved", version=3, annotations=allocated, players=["x"]), START + 2)
    assert session_counts(one.state, START + 2)["remaining"] == 1
    assert signals(one, START + 2) == ["s"]


def test_what_is_older_than_the_end_of_a_session_tells_of_no_other() -> None:
    one = drain()
    one.sight.see_server(server(state="Reserved", version=10, allocated_at=None), START)
    one.sight.see_server(server(state="Ready", version=14), START + 1)
    one.sight.see_server(server(state="Reserved", version=12, allocated_at=None), START + 2)
    assert session_counts(one.state, START + 2)["total"] == 1
