"""The planner, one question at a time; whole drains are in test_round.py."""

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
    Request,
    cancelled_request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server, read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.drain import Drain
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Memory, Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import is_older, outcome_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import (
    DeletePod,
    DrainAction,
    ReleaseSuccessor,
    ShutDown,
    Signal,
)

from tests.unit.plugins.module_utils._drain.world import START, game_server

Json = dict[str, Any]
POLICY = Policy(run="run-1", mode=DISCONNECT, canary=0)
REQUEST = Request("run-1", 1, "requested", DISCONNECT, "*", START + 30, START + 4320, 10.0)


def server(name: str = "s", state: str = "Allocated", **more: Any) -> Server:
    return read_server(game_server(name, state, **more), "players", "run-1")


def drain(policy: Policy = POLICY, seats: int = 9) -> Drain:
    one = Drain(Policies(policy), Memory(policy.run, START, key="run-1"))
    one.see_target_list("arena", [server(f"seat-{number}", "Ready") for number in range(seats)], START)
    return one


def asked(request: Request = REQUEST, answer: str = "", seq: int = 1, run: str = "run-1") -> dict[str, str]:
    annotations = {f"{DEFAULT_DOMAIN}/drain": request.to_json()}
    if answer:
        annotations["agones.dev/sdk-drain-ack"] = json.dumps({"run": run, "seq": seq, "phase": answer})
    return annotations


def session(**changes: Any) -> Session:
    known = Session("arena", "s", "uid-s", "arena", "", START, request=REQUEST, delivered=True, signals=1)
    return replace(known, **changes)


def attempted(one: Drain, now: float = START) -> list[DrainAction]:
    """What is planned, and then not carried out, or not yet seen to have been."""
    actions = one.plan(now)
    for action in actions:
        one.note(action, accepted=False, now=now)
    return actions


def signals(one: Drain, now: float = START) -> list[str]:
    return [action.name for action in attempted(one, now) if isinstance(action, Signal)]


@pytest.mark.parametrize(
    ("changes", "gone_at", "outcome"),
    [
        ({}, START + 10, "ended_alone"),
        ({}, START + 31, "moved"),
        ({"ending_at": START + 31}, START + 90, "moved"),
        ({"ending_at": START + 29}, START + 90, "ended_alone"),
        ({"ending_at": START + 60}, START + 61, "ended_alone"),
        ({"phase": "accepted", "ending_at": START + 60}, START + 61, "moved"),
        ({"phase": "accepted"}, START + 20, "ended_alone"),
        ({"phase": "closing"}, START + 20, "moved"),
        ({"phase": "refused"}, START + 60, "ended_alone"),
        ({"signals": 4, "signalled_at": START}, START + 60, "ended_alone"),
        ({"phase": "closing", "crashed": True}, START + 40, "lost"),
        ({"crashed": True}, START + 1, "lost"),
        ({"request": None}, START + 60, "ended_alone"),
        ({"request": replace(REQUEST, mode=AT_MATCH_END), "phase": "closing"}, START + 60, "ended_alone"),
        ({"request": cancelled_request(REQUEST)}, START + 60, "ended_alone"),
        ({"shutdown_at": START + 50}, START + 60, "interrupted"),
        ({"shutdown_at": START + 50, "forced_at": START + 120, "crashed": True}, START + 121, "forced"),
    ],
)
def test_outcomes_from_the_last_thing_known(changes: dict[str, Any], gone_at: float, outcome: str) -> None:
    assert outcome_of(session(**changes), POLICY, gone_at) == outcome


def test_closing_at_the_deadline_is_an_interruption_only_where_matches_should_have_ended() -> None:
    late = session(request=replace(REQUEST, reason="deadline"), phase="closing")
    assert outcome_of(late, replace(POLICY, mode=AT_MATCH_END), START + 60) == "interrupted"
    assert outcome_of(late, POLICY, START + 60) == "moved"


def test_order_is_empty_then_few_players_then_the_youngest() -> None:
    one = drain(seats=9)
    one.see_source(
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


def test_each_fleet_has_its_own_seats() -> None:
    one = drain(seats=1)
    one.see_source("arena", [server("a"), server("b"), server("c", fleet="other")], START)
    assert len(signals(one)) == 1
    one.see_target(server("other-seat", "Ready", fleet="other"), START)
    assert signals(one) == ["c"] or "c" in signals(one)


def test_what_was_planned_but_not_delivered_is_planned_again_with_its_number_and_fresh_notice() -> None:
    one = drain(seats=1)
    one.see_source("arena", [server("a"), server("b")], START)
    (first,) = attempted(one, START)
    (second,) = attempted(one, START + 5)
    assert isinstance(first, Signal)
    assert isinstance(second, Signal)
    assert (second.name, second.request.seq) == (first.name, first.request.seq) == (first.name, 1)
    assert second.request.not_before == first.request.not_before + 5


def test_a_request_found_on_a_server_is_adopted_with_its_answer() -> None:
    one = drain()
    one.see_source("arena", [server(annotations=asked(answer="accepted"))], START)
    assert one.counts(START)["accepted"] == 1
    assert one.plan(START + 100) == []


@pytest.mark.parametrize("answer", [{"seq": 2}, {"run": "run-0"}])
def test_an_answer_to_another_request_is_none(answer: dict[str, Any]) -> None:
    one = drain()
    one.see_source("arena", [server(annotations=asked(answer="accepted", **answer))], START)
    assert one.counts(START)["requested"] == 1


def test_a_request_of_another_run_does_not_count() -> None:
    one = drain()
    one.see_source("arena", [server(annotations=asked(replace(REQUEST, run="run-0")))], START)
    assert signals(one) == ["s"]


def test_closing_under_an_earlier_number_is_closing() -> None:
    one = drain()
    again = replace(REQUEST, seq=2)
    one.see_source("arena", [server(annotations=asked(again, answer="closing", seq=1))], START)
    assert one.counts(START)["closing"] == 1
    assert one.room(("arena", "arena"), START) == 8


def test_repetitions_come_at_their_times_and_never_shorten_the_notice() -> None:
    one = drain()
    one.see_source("arena", [server()], START)
    sent = []
    for second in range(60):
        now = START + second
        for action in attempted(one, now):
            assert isinstance(action, Signal)
            sent.append((second, action.request.seq))
            assert action.request.not_before == now + POLICY.notice
            annotations = asked(action.request)
            one.see_server(server(version=2 + second, annotations=annotations), now)
    assert sent == [(0, 1), (10, 2), (20, 3), (30, 4)]
    assert one.counts(START + 59)["silent"] == 1


def test_a_changed_mode_asks_again() -> None:
    gentle = replace(REQUEST, mode=AT_MATCH_END)
    one = drain()
    one.see_source("arena", [server(annotations=asked(gentle, answer="accepted"))], START)
    (action,) = one.plan(START)
    assert isinstance(action, Signal)
    assert (action.request.mode, action.request.seq) == (DISCONNECT, 2)


def test_a_cancelled_request_is_followed_by_a_new_one() -> None:
    one = drain()
    one.see_source("arena", [server(annotations=asked(cancelled_request(REQUEST), answer="cancelled", seq=2))], START)
    (action,) = one.plan(START)
    assert isinstance(action, Signal)
    assert (action.request.state, action.request.seq) == ("requested", 3)


def test_an_older_version_of_a_server_changes_nothing() -> None:
    one = drain()
    one.see_server(server(version=9, annotations=asked(answer="accepted")), START)
    one.see_server(server(version=8), START)
    assert one.counts(START)["accepted"] == 1
    assert not is_older("opaque", "9")


def test_another_match_on_the_same_server_is_another_session() -> None:
    one = drain()
    one.see_server(server(version=1, allocated_at=START - 100, annotations=asked(answer="accepted")), START)
    one.see_server(server(version=2, allocated_at=START), START + 1)
    counts = one.counts(START + 1)
    assert (counts["total"], counts["remaining"], counts["ended_alone"]) == (2, 1, 1)


@pytest.mark.parametrize("answer", ["accepted", "closing"])
def test_the_next_match_on_a_server_is_not_bound_by_the_request_of_the_last(answer: str) -> None:
    """Agones leaves the annotations where they are when it allocates a server again."""
    one = drain()
    first, second = (server(allocated_at=START + seconds) for seconds in (-100, 1))
    bound = replace(REQUEST, allocation=first.allocation)
    one.see_server(server(version=1, allocated_at=START - 100, annotations=asked(bound, "accepted")), START)
    again = server(version=2, allocated_at=START + 1, annotations=asked(bound, answer))
    one.see_server(again, START + 1)
    assert (one.counts(START + 1)["idle"], one.counts(START + 1)["ended_alone"]) == (1, 1)
    (action,) = one.plan(START + 2)
    assert isinstance(action, Signal)
    assert (action.request.allocation, action.request.seq) == (second.allocation, 2)
    assert action.request.deadline == START + 2 + POLICY.deadline
    one.note(action, accepted=True, now=START + 2)
    one.see_server(server(version=3, allocated_at=START + 1, annotations=asked(action.request, answer)), START + 3)
    assert one.counts(START + 3)["requested"] == 1


def test_a_server_that_is_ready_again_has_ended_its_session_once() -> None:
    one = drain()
    one.see_server(server(version=1), START)
    ready = game_server("s", "Ready", version=2)
    allocated = game_server("s")["metadata"]["annotations"]
    ready["metadata"]["annotations"] = allocated
    one.see_server(read_server(ready), START + 1)
    gone = game_server("s", "Shutdown", version=3)
    gone["metadata"]["annotations"] = allocated
    one.see_server(read_server(gone), START + 2)
    counts = one.counts(START + 2)
    assert (counts["total"], counts["remaining"], counts["ended_alone"]) == (1, 0, 1)


def test_a_reserved_server_is_one_session_until_it_is_allocated_and_after() -> None:
    one = drain()
    one.see_server(server(state="Reserved", allocated_at=None, version=1), START)
    (action,) = one.plan(START)
    assert isinstance(action, Signal)
    assert action.request.allocation == "*"
    one.see_server(server(state="Allocated", version=2), START + 1)
    assert one.counts(START + 1)["total"] == 1


def test_deleted_in_use_is_lost() -> None:
    one = drain()
    one.see_server(server(version=1), START)
    one.see_server(server(version=2, deleting=True), START + 1)
    one.see_gone("uid-s", START + 2)
    assert one.counts(START + 2)["lost"] == 1


def test_players_of_a_server_whose_closing_was_missed_are_away_since_it_began_to_end() -> None:
    one = drain()
    one.see_server(server(version=1, players=["a"], annotations=asked(answer="accepted")), START)
    ends = server(state="Shutdown", version=2, players=["a"], annotations=asked(answer="accepted"))
    one.see_server(ends, START + 31)
    assert one.memory.ledger.claims_by_fleet()[("arena", "arena")] == 1
    one.see_target(server("seat-0", version=5, players=["a"]), START + 33)
    one.see_gone("uid-s", START + 60)
    assert one.memory.ledger.downtimes == [2.0]
    assert one.counts(START + 60)["moved"] == 1


def test_a_memory_of_another_run_is_not_taken() -> None:
    one = drain()
    one.see_server(server(), START)
    document = json.loads(json.dumps(one.memory.to_document()))
    assert Memory.from_document(document, "run-1", START + 9) == one.memory
    assert Memory.from_document(document, "run-2", START + 9).active == {}
    assert Memory.from_document(None, "run-1", START).active == {}


def test_it_is_quiet_when_nobody_is_about_to_leave_or_away() -> None:
    one = drain()
    assert not one.is_quiet(START), "the second reading that finds it empty is near"
    one.see_server(server("other", annotations=asked(replace(REQUEST, mode=AT_MATCH_END))), START)
    one.see_server(server(players=["a"], annotations=asked()), START)
    assert one.is_quiet(START)
    assert not one.is_quiet(START + 28)
    one.see_server(server(players=["a"], version=2, annotations=asked(answer="closing")), START + 31)
    one.see_gone("uid-s", START + 31.5)
    assert not one.is_quiet(START + 60)
    one.see_target(server("seat-0", version=5, players=["a"]), START + 61)
    one.tick(START + 61)
    assert one.is_quiet(START + 61)


def test_a_server_that_never_heard_keeps_no_seat_after_its_last_notice() -> None:
    one = drain(seats=1)
    one.see_source("arena", [server("deaf", players=["a"]), server("other", players=["b", "c"])], START)
    assert signals(one) == ["deaf"]
    for second in range(1, 75):
        now = START + second
        for action in attempted(one, now):
            assert isinstance(action, Signal)
            version = 1 + second
            one.see_server(server(action.name, version=version, annotations=asked(action.request)), now)
    # Asked at 1, 11, 21 and 31 s: the last notice ends at 61 s, and ten seconds later nobody expects it to close.
    assert one.counts(START + 74)["silent"] == 1
    request = one.memory.active["uid-other"].request
    assert request is not None
    assert request.not_before == START + 71 + POLICY.notice


def test_who_was_asked_on_paper_only_waits_when_the_target_has_lost_its_seats() -> None:
    one = drain(seats=2)
    one.see_source("arena", [server("a"), server("b")], START)
    assert len(attempted(one)) == 2
    for number in range(2):
        one.see_target(server(f"seat-{number}", version=5 + number), START + 1)
        assert len(attempted(one, START + 1)) == 1 - number


def test_nothing_is_planned_for_a_server_whose_last_action_is_under_way() -> None:
    one = drain(seats=9)
    one.see_source("arena", [server("a"), server("b")], START)
    first = one.plan(START)
    assert len(first) == 2
    one.see_source("arena", [server("a"), server("b"), server("c")], START)
    one.note(first[1], accepted=False, now=START)
    assert sorted(action.name for action in one.plan(START)) == sorted([first[1].name, "c"])


def test_seats_that_are_lost_while_requests_are_under_way_are_noticed() -> None:
    one = drain(seats=2)
    one.see_source("arena", [server("a"), server("b")], START)
    assert not one.is_short(START)
    one.plan(START)
    assert not one.is_short(START)
    one.see_target_gone("uid-seat-0")
    assert one.is_short(START)


def test_a_repetition_is_due_some_time_after_the_write_however_long_that_waited() -> None:
    one = drain()
    one.see_source("arena", [server()], START)
    (action,) = one.plan(START)
    assert isinstance(action, Signal)
    late = replace(action.request, not_before=START + 9 + POLICY.notice)
    one.see_server(server(version=2, annotations=asked(late)), START + 9)
    one.note(action, accepted=True, now=START + 9)
    assert (signals(one, START + 18), signals(one, START + 19)) == ([], ["s"])


def test_a_clock_that_went_back_makes_nothing_run_out_early_or_late() -> None:
    one = drain()
    one.see_source("arena", [server(players=["a"], annotations=asked(answer="closing"))], START + 40)
    one.memory.watched_at = START + 50
    document = json.loads(json.dumps(one.memory.to_document()))
    back = Memory.from_document(document, "run-1", START - 550)
    assert back.ledger.claims["uid-s"].opened_at == START - 560
    assert back.ledger.away == dict.fromkeys(back.ledger.away)
    assert back.active["uid-s"].seen_at == START - 560


def test_time_that_nobody_watched_does_not_free_a_seat() -> None:
    one = drain()
    one.see_source("arena", [server(players=["a"], annotations=asked(answer="closing"))], START + 40)
    one.memory.watched_at = START + 50
    document = json.loads(json.dumps(one.memory.to_document()))
    later = Drain(Policies(POLICY), Memory.from_document(document, "run-1", START + 3600))
    later.tick(START + 3600)
    assert later.memory.ledger.claims_by_fleet()[("arena", "arena")] == 1


HANDED = replace(REQUEST, mode=HANDOFF, deadline=START + 40, successor={"address": "a", "port": 1, "uid": "seat"})


def test_whoever_has_a_seat_by_name_keeps_it_at_the_deadline() -> None:
    one = drain(replace(POLICY, mode=HANDOFF, interrupt_at_deadline=True), seats=0)
    one.see_source("arena", [server(annotations=asked(HANDED, answer="accepted"))], START)
    (action,) = one.plan(START + 40)
    assert isinstance(action, Signal)
    assert (action.request.mode, action.request.reason) == (HANDOFF, "deadline")
    assert action.request.successor == HANDED.successor


def test_whoever_gives_a_seat_by_name_up_waits_for_another() -> None:
    one = drain(seats=0)
    one.see_source("arena", [server(annotations=asked(HANDED, answer="accepted"))], START)
    assert one.plan(START) == []
    assert one.held == {("arena", "arena"): {"seats": 1}}
    one.see_target(server("seat", "Ready"), START)
    assert signals(one) == ["s"]


@pytest.mark.parametrize(
    ("seats", "reserve", "most_at_once", "cause"),
    [(2, 0, 1, "pace"), (2, 1, 1, "seats"), (2, 1, None, "seats"), (1, 0, 1, "seats"), (4, 2, 1, "pace")],
)
def test_what_holds_a_session_is_named(seats: int, reserve: int, most_at_once: int | None, cause: str) -> None:
    one = drain(replace(POLICY, reserve=reserve, most_at_once=most_at_once), seats=seats)
    one.see_source("arena", [server("a"), server("b")], START)
    assert len(signals(one)) == 1
    assert one.held == {("arena", "arena"): {cause: 1}}


def test_whose_successor_was_allocated_in_vain_is_asked_again_on_a_full_target() -> None:
    one = drain(replace(POLICY, mode=HANDOFF), seats=1)
    one.see_source("arena", [server()], START)
    (action,) = one.plan(START)
    mark = {f"{DEFAULT_DOMAIN}/successor-of": "uid-s/run-1"}
    one.see_target(server("seat-0", "Allocated", annotations=mark, players=[], version=999), START)
    one.note(action, accepted=False, now=START)
    assert one.room(("arena", "arena"), START) == 0
    one.see_target(server("seat-1", "Ready"), START)
    assert one.room(("arena", "arena"), START) == 1
    one.see_target_gone("uid-seat-1")
    assert signals(one, START + 1) == ["s"]
    assert one.held == {}


def test_a_successor_that_was_asked_to_go_keeps_no_seat() -> None:
    one = drain(replace(POLICY, mode=HANDOFF), seats=1)
    one.see_source("arena", [server()], START)
    (action,) = one.plan(START)
    marks = {**asked(replace(REQUEST, reason="unused")), f"{DEFAULT_DOMAIN}/successor-of": "uid-s/run-1"}
    one.see_target(server("seat-0", "Allocated", annotations=marks, players=[], version=999), START)
    one.note(action, accepted=False, now=START)
    one.see_target(server("seat-1", "Ready"), START)
    assert one.room(("arena", "arena"), START) == 0


def test_a_request_that_was_never_delivered_moved_nobody() -> None:
    one = drain(replace(POLICY, mode=HANDOFF), seats=1)
    one.see_source("arena", [server()], START)
    (action,) = one.plan(START)
    one.note(action, accepted=False, now=START)
    one.see_server(server(state="Shutdown", version=999), START + 31)
    one.see_gone("uid-s", START + 32)
    assert [ended.outcome for ended in one.memory.ended] == ["ended_alone"]


MARK = {f"{DEFAULT_DOMAIN}/successor-of": "uid-s/run-1"}


def heir(version: int, **more: Any) -> Server:
    """A server of the target that was allocated for session s, whose match is over."""
    return server("heir", annotations=MARK, version=version, **more)


def released(one: Drain, now: float) -> list[str]:
    return [action.name for action in attempted(one, now) if isinstance(action, ReleaseSuccessor)]


def test_a_successor_is_given_back_when_nobody_can_still_be_on_the_way_to_it() -> None:
    one = drain(replace(POLICY, mode=HANDOFF, connect_grace=60.0))
    one.see_target(heir(1, allocated_at=START, players=[]), START)
    assert released(one, START + 59) == []
    assert not one.is_empty(START + 59)
    assert released(one, START + 60) == ["heir"]


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
    one.see_target(heir(1, **before), START)
    if resumed:
        document = json.loads(json.dumps(one.memory.to_document()))
        one = Drain(Policies(policy), Memory.from_document(document, "run-1", START))
    one.see_target(heir(2, **after), START + 20)
    assert (released(one, START + 900), one.reserved()) == ([], {})


@pytest.mark.parametrize(("mode", "most"), [(DISCONNECT, 1), (HANDOFF, 1), (HANDOFF, 2)])
def test_no_more_are_on_their_way_than_the_policy_says(mode: str, most: int) -> None:
    one = drain(replace(POLICY, mode=mode, most_at_once=most))
    one.see_source("arena", [server(name) for name in "abcd"], START)
    for action in one.plan(START):
        assert isinstance(action, Signal)
        request = replace(action.request, successor=HANDED.successor if mode == HANDOFF else None)
        one.see_server(server(action.name, version=2, annotations=asked(request)), START)
        one.note(action, accepted=True, now=START)
    assert one.counts(START)["requested"] == most
    assert signals(one, START + 1) == []
    assert one.held == {("arena", "arena"): {"pace": 4 - most}}


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
    one.see_server(server(annotations=asked(request, "accepted")), START)
    actions = [one for one in attempted(one, now) if isinstance(one, Signal)]
    assert [(action.request.mode, action.request.reason) for action in actions] == ([asks] if asks else [])
    if asks == ("at_match_end", "drain"):
        assert actions[0].request.deadline == put_to
        assert one.state_of(one.memory.active["uid-s"], START + 100) == "idle"


def overdue(**changes: Any) -> Drain:
    """A session that was to be interrupted and has not gone; a runner that begins again."""
    one = drain(replace(POLICY, mode=AT_MATCH_END, interrupt_at_deadline=True))
    late = replace(REQUEST, seq=2, reason="deadline", deadline=START + 72)
    one.memory.active["uid-s"] = session(request=late, grace_seconds=30.0, **changes)
    return one


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
    assert [type(action) for action in overdue(**changes).plan(now)] == ([does] if does else [])


def test_who_was_shut_down_by_a_runner_that_died_then_was_interrupted() -> None:
    one = overdue()
    (action,) = one.plan(START + 72)
    assert isinstance(action, ShutDown)
    document = json.loads(json.dumps(one.memory.to_document()))
    later = Drain(one.policies, Memory.from_document(document, "run-1", START + 80))
    later.see_server(server(state="Shutdown", version=9), START + 80)
    later.see_gone("uid-s", START + 90)
    assert [ended.outcome for ended in later.memory.ended] == ["interrupted"]


def test_who_was_to_be_shut_down_and_ended_alone_is_not_forced() -> None:
    one = overdue(shutdown_at=START + 72)
    one.see_server(server(version=8), START + 80)
    one.see_server(server(state="Shutdown", version=9), START + 90)
    assert one.plan(START + 900) == []
    one.see_gone("uid-s", START + 900)
    assert [ended.outcome for ended in one.memory.ended] == ["ended_alone"]


def test_a_match_in_a_server_that_was_reserved_after_another_match_counts() -> None:
    one = drain(replace(POLICY, mode=AT_MATCH_END))
    allocated = game_server("s")["metadata"]["annotations"]
    one.see_server(server(version=1), START)
    one.see_server(server(state="Ready", version=2, annotations=allocated), START + 1)
    one.see_server(server(state="Reserved", version=3, annotations=allocated, players=["x"]), START + 2)
    assert one.counts(START + 2)["remaining"] == 1
    assert signals(one, START + 2) == ["s"]


def test_what_is_older_than_the_end_of_a_session_tells_of_no_other() -> None:
    one = drain()
    one.see_server(server(state="Reserved", version=10, allocated_at=None), START)
    one.see_server(server(state="Ready", version=14), START + 1)
    one.see_server(server(state="Reserved", version=12, allocated_at=None), START + 2)
    assert one.counts(START + 2)["total"] == 1
