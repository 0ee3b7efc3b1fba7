"""What is known of a session, and what a drain must not forget between rounds and runners."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    CANCELLED,
    CLOSING,
    DISCONNECT,
    HANDOFF,
    Request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import format_time
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import (
    Ended,
    Memory,
    Pace,
    Session,
    is_handing_over,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies

from tests.unit.plugins.module_utils._drain.parts import POLICY, Drain, asked, drain, server
from tests.unit.plugins.module_utils._drain.world import START

FLEET = ("arena", "ranked")
REQUEST = Request("run-1", 1, "requested", DISCONNECT, "*", START + 30, START + 4320, 10.0)
KNOWN = Session("arena", "s0", "uid-s0", "ranked", format_time(START - 90), START)


def session(**changes: Any) -> Session:
    return replace(KNOWN, **changes)


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({"players": ["a", "b"]}, 2),
        ({"players": [], "counted": 3}, 0),
        ({"players": None, "counted": 3}, 3),
        ({}, None),
        # The game calls it a session, so that an empty List only means that players are elsewhere.
        ({"players": [], "named": True}, None),
        ({"counted": 0, "named": True}, None),
        ({"players": ["a"], "named": True}, 1),
    ],
)
def test_how_many_are_in_a_session(changes: dict[str, Any], size: int | None) -> None:
    assert session(**changes).size == size


@pytest.mark.parametrize(
    ("changes", "bound_to"),
    [({}, KNOWN.allocation), ({"allocation": ""}, "*"), ({"named": True}, "*")],
)
def test_a_request_is_bound_to_the_match_where_one_server_has_one(changes: dict[str, Any], bound_to: str) -> None:
    assert session(**changes).bound_to == bound_to


@pytest.mark.parametrize(
    ("allocation", "began_at"), [(format_time(START - 90), START - 90), ("", START), ("2026", START)]
)
def test_a_match_began_with_its_allocation_or_when_it_was_first_seen(allocation: str, began_at: float) -> None:
    assert session(allocation=allocation).began_at == began_at


@pytest.mark.parametrize(
    ("changes", "over"),
    [({}, False), ({"phase": "accepted"}, False), ({"phase": CLOSING}, True), ({"ending_at": START}, True)],
)
def test_nothing_more_is_asked_of_a_session_that_closes_or_ends(changes: dict[str, Any], over: bool) -> None:
    assert session(**changes).over is over


@pytest.mark.parametrize(
    ("request_", "asked", "leaving", "interrupting"),
    [
        (None, False, False, False),
        (REQUEST, True, True, False),
        (replace(REQUEST, mode=HANDOFF), True, True, False),
        (replace(REQUEST, mode=AT_MATCH_END), True, False, False),
        (replace(REQUEST, reason="deadline"), True, True, True),
        (replace(REQUEST, state=CANCELLED), False, False, False),
        (replace(REQUEST, state=CANCELLED, reason="deadline"), False, False, False),
    ],
)
def test_what_a_session_is_asked(request_: Request | None, asked: bool, leaving: bool, interrupting: bool) -> None:
    one = session(request=request_)
    assert (one.is_asked, one.asked_to_leave, one.interrupting) == (asked, leaving, interrupting)


def test_a_clock_that_went_back_leaves_everything_as_long_ago() -> None:
    one = session(signalled_at=START + 1, ending_at=START + 2, shutdown_at=START + 3, forced_at=None)
    one.turn_back(600.0)
    assert (one.seen_at, one.signalled_at) == (START - 600, START - 599)
    assert (one.ending_at, one.shutdown_at, one.forced_at) == (START - 598, START - 597, None)


def full() -> Memory:
    """One of everything."""
    memory = Memory("run-1", START, key="secret", reviewed="print", empty_since=START + 5, watched_at=START + 6)
    memory.active["uid-s0"] = session(request=REQUEST, early=["p"], players=["a"], named=True, delivered=True)
    memory.active["uid-s1"] = session(name="s1", uid="uid-s1")
    memory.ended.append(Ended("arena", "s2", "uid-s2", "ranked", "", "moved", START + 4, 2))
    memory.pace(FLEET).canary.append("uid-s0")
    memory.pace(FLEET).credited_at = START + 6
    memory.ledger.leave("a", START + 3, on_target=False)
    memory.ledger.open_claim("uid-s2", FLEET, ["a"], START + 3)
    memory.successors["uid-t0/uid-s0"] = "played"
    return memory


def remembered(memory: Memory, now: float, run: str = "run-1") -> Memory:
    return Memory.from_document(json.loads(json.dumps(memory.to_document())), run, now)


def test_all_of_it_survives_until_another_runner_goes_on() -> None:
    assert remembered(full(), START + 6) == full()


def test_what_is_saved_does_not_change_with_the_memory() -> None:
    memory = full()
    document = memory.to_document()
    saved = json.dumps(document)
    memory.active["uid-s0"].early.append("q")
    memory.active["uid-s0"].phase = CLOSING
    memory.pace(FLEET).canary.append("uid-s1")
    memory.successors.clear()
    memory.ended.clear()
    assert json.dumps(document) == saved


@pytest.mark.parametrize("change", [{"run": "run-0"}, {"v": 2}, {"v": None}])
def test_what_another_run_or_another_version_saved_is_not_taken(change: dict[str, Any]) -> None:
    document = {**full().to_document(), **change}
    fresh = Memory.from_document(document, "run-1", START + 9)
    assert (fresh.started_at, fresh.active, fresh.ended, fresh.successors) == (START + 9, {}, [], {})
    assert fresh.key not in ("", "secret")


@pytest.mark.parametrize("document", [None, {}])
def test_a_run_that_saved_nothing_begins_with_a_key_of_its_own(document: Any) -> None:
    one, other = (Memory.from_document(document, "run-1", START) for _time in range(2))
    assert one.started_at == START
    assert one.key != other.key


def test_what_an_earlier_release_did_not_save_has_its_default() -> None:
    document = json.loads(json.dumps(full().to_document()))
    for name in ("paces", "key", "reviewed", "successors"):
        del document[name]
    del document["active"]["uid-s0"]["named"]
    found = Memory.from_document(document, "run-1", START + 6)
    assert (found.paces, found.reviewed, found.successors) == ({}, "", {})
    assert found.key not in ("", "secret")
    assert not found.active["uid-s0"].named
    assert found.pace(FLEET) == Pace()


def test_time_that_no_one_watched_keeps_a_claim_open_and_earns_no_credit() -> None:
    found = remembered(full(), START + 606)
    assert found.ledger.claims["uid-s2"].opened_at == START + 603
    assert found.paces[FLEET].credited_at == START + 606
    assert (found.active["uid-s0"].seen_at, found.empty_since) == (START, START + 5)


def test_a_clock_that_went_back_makes_nothing_run_out_early() -> None:
    found = remembered(full(), START - 594)
    assert found.ledger.claims["uid-s2"].opened_at == START - 597
    assert found.ledger.away == {"a": None}
    assert [one.seen_at for one in found.active.values()] == [START - 600] * 2
    assert (found.empty_since, found.paces[FLEET].credited_at) == (None, START - 594)


def test_a_fleet_that_asked_nobody_yet_earns_no_credit_by_a_new_runner() -> None:
    memory = full()
    memory.paces[FLEET].credited_at = None
    assert remembered(memory, START + 60).paces[FLEET].credited_at is None


@pytest.mark.parametrize(
    ("mode", "delivered", "handing_over"),
    [(HANDOFF, False, True), (HANDOFF, True, False), (DISCONNECT, False, False)],
)
def test_a_handoff_that_did_not_arrive_may_have_allocated_a_server(
    mode: str, delivered: bool, handing_over: bool
) -> None:
    memory = Memory("run-1", START)
    memory.active = {
        "uid-s0": session(request=replace(REQUEST, mode=mode), delivered=delivered),
        "uid-s1": session(),
    }
    assert is_handing_over(memory.to_document()) is handing_over


@pytest.mark.parametrize("document", [None, {}, {"active": {}}])
def test_without_a_memory_nothing_is_handed_over(document: Any) -> None:
    assert not is_handing_over(document)


def test_a_memory_of_another_run_is_not_taken() -> None:
    one = drain()
    one.sight.see_server(server(), START)
    document = json.loads(json.dumps(one.memory.to_document()))
    assert Memory.from_document(document, "run-1", START + 9) == one.memory
    assert Memory.from_document(document, "run-2", START + 9).active == {}
    assert Memory.from_document(None, "run-1", START).active == {}


def test_a_clock_that_went_back_makes_nothing_run_out_early_or_late() -> None:
    one = drain()
    one.sight.see_source("arena", [server(players=["a"], annotations=asked(answer="closing"))], START + 40)
    one.memory.watched_at = START + 50
    document = json.loads(json.dumps(one.memory.to_document()))
    back = Memory.from_document(document, "run-1", START - 550)
    assert back.ledger.claims["uid-s"].opened_at == START - 560
    assert back.ledger.away == dict.fromkeys(back.ledger.away)
    assert back.active["uid-s"].seen_at == START - 560


def test_time_that_no_one_watched_does_not_free_a_seat() -> None:
    one = drain()
    one.sight.see_source("arena", [server(players=["a"], annotations=asked(answer="closing"))], START + 40)
    one.memory.watched_at = START + 50
    document = json.loads(json.dumps(one.memory.to_document()))
    later = Drain(Policies(POLICY), Memory.from_document(document, "run-1", START + 3600))
    later.sight.tick(START + 3600)
    assert later.memory.ledger.claims_by_fleet()[("arena", "arena")] == 1
