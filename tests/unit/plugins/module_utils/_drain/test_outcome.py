"""How a session ended, and what the silence or the next match of its server means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    DISCONNECT,
    HANDOFF,
    Request,
    cancelled_request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import format_time, read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import (
    OUTCOMES,
    has_not_heard,
    is_another_match,
    is_crash,
    is_older,
    is_silent,
    outcome_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy

from tests.unit.plugins.module_utils._agones.test_sessions import ROOMS, hosting
from tests.unit.plugins.module_utils._drain.parts import POLICY, REQUEST, session
from tests.unit.plugins.module_utils._drain.world import START, game_server

# Asked once more after 10 s; an answer takes up to 5 s; 10 s from its notice to its end.
QUICK = Policy("run-1", mode=DISCONNECT, resignal=(10.0,), acknowledge=5.0, close_grace=10.0)
ASKED = Request("run-1", 2, "requested", DISCONNECT, "*", START + 30, START + 4320, 10.0)


def known(**changes: Any) -> Session:
    one = Session("arena", "s", "uid-s", "arena", "", START, request=ASKED, delivered=True, signals=1)
    return replace(one, **changes)


@pytest.mark.parametrize(
    ("changes", "gone_at", "outcome"),
    [
        # A request counts from the moment that no one has to stay any longer, and not before.
        ({"ending_at": START + 30}, START + 31, "moved"),
        ({"ending_at": START + 40}, START + 41, "moved"),
        ({"ending_at": START + 40.1}, START + 41, "ended_alone"),
        # The first request never arrived: what was seen to end had not heard it.
        ({"request": replace(ASKED, seq=1), "delivered": False, "ending_at": START + 35}, START + 36, "ended_alone"),
        # Of one that went while no one watched, the request is believed.
        ({"request": replace(ASKED, seq=1), "delivered": False}, START + 36, "moved"),
        ({"phase": "refused", "ending_at": START + 35}, START + 36, "ended_alone"),
        ({"phase": "cancelled"}, START + 36, "ended_alone"),
        # It was shut down after it had been asked: the drain did it.
        ({"shutdown_at": START + 60, "ending_at": START + 61}, START + 62, "interrupted"),
        ({"shutdown_at": START + 60, "phase": "closing"}, START + 62, "moved"),
        ({"request": replace(ASKED, mode=HANDOFF), "phase": "closing"}, START + 40, "moved"),
        ({"forced_at": START + 90}, START + 91, "forced"),
    ],
)
def test_the_one_outcome_of_a_session(changes: dict[str, Any], gone_at: float, outcome: str) -> None:
    assert outcome_of(known(**changes), QUICK, gone_at) == outcome
    assert outcome in OUTCOMES


@pytest.mark.parametrize(
    ("mode", "reason", "outcome"),
    [
        (AT_MATCH_END, "deadline", "interrupted"),
        (AT_MATCH_END, "drain", "moved"),
        (DISCONNECT, "deadline", "moved"),
    ],
)
def test_matches_that_were_to_end_are_interrupted_at_their_deadline(mode: str, reason: str, outcome: str) -> None:
    one = known(request=replace(ASKED, reason=reason), phase="closing")
    assert outcome_of(one, replace(QUICK, mode=mode), START + 90) == outcome


@pytest.mark.parametrize(
    ("changes", "seconds", "silent"),
    [
        ({"signals": 2}, 5.0, True),
        ({"signals": 2}, 4.9, False),
        ({"signals": 1}, 900.0, False),
        ({"signals": 2, "phase": "accepted"}, 900.0, False),
        ({"signals": 2, "phase": "refused"}, 900.0, False),
    ],
)
def test_who_does_not_answer_the_last_repetition_is_silent(
    changes: dict[str, Any], seconds: float, silent: bool
) -> None:
    assert is_silent(known(signalled_at=START, **changes), QUICK, START + seconds) is silent


@pytest.mark.parametrize(
    ("changes", "seconds", "deaf"),
    [
        # Its notice ends after 30 s; ten seconds later it would be closed if it had heard.
        ({}, 40.0, True),
        ({}, 39.9, False),
        ({"signals": 1}, 40.0, False),
        ({"phase": "accepted"}, 40.0, False),
        ({"request": None}, 900.0, False),
    ],
)
def test_who_is_silent_and_stays_after_its_notice_has_not_heard(
    changes: dict[str, Any], seconds: float, deaf: bool
) -> None:
    facts = {"signals": 2, "signalled_at": START, **changes}
    assert has_not_heard(known(**facts), QUICK, START + seconds) is deaf


BEFORE, NOW = format_time(START - 100), format_time(START)


@pytest.mark.parametrize(
    ("allocation", "rooms", "allocated_at", "another"),
    [
        (BEFORE, None, START, True),
        (NOW, None, START, False),
        ("", None, START, False),
        (BEFORE, None, None, False),
        # Some matches share it: the next allocation is one more of them.
        (BEFORE, 2, START, False),
        (BEFORE, 0, START, True),
    ],
)
def test_a_server_that_is_allocated_again_has_another_match(
    allocation: str, rooms: int | None, allocated_at: float | None, another: bool
) -> None:
    server = read_server(hosting("Allocated", rooms, allocated_at=allocated_at), predicate=ROOMS)
    assert is_another_match(known(allocation=allocation), server) is another


@pytest.mark.parametrize(
    ("state", "deleting", "crash"),
    [
        ("Unhealthy", False, True),
        ("Error", False, True),
        ("Unhealthy", True, True),
        ("Allocated", True, True),
        ("Reserved", True, True),
        ("Allocated", False, False),
        ("Shutdown", True, False),
        ("Shutdown", False, False),
        ("Ready", True, False),
    ],
)
def test_a_server_that_ends_under_its_players_has_crashed(state: str, deleting: bool, crash: bool) -> None:
    assert is_crash(read_server(game_server("s", state, deleting=deleting))) is crash


@pytest.mark.parametrize(
    ("state", "deleting", "crash"), [("Ready", True, True), ("Ready", False, False), ("Shutdown", True, False)]
)
def test_a_server_that_is_deleted_in_use_is_lost(state: str, deleting: bool, crash: bool) -> None:
    assert is_crash(read_server(hosting(state, 1, deleting=deleting), predicate=ROOMS)) is crash
    assert not is_crash(read_server(hosting(state, 0, deleting=deleting), predicate=ROOMS))


@pytest.mark.parametrize(
    ("version", "known", "older"),
    [
        ("8", "9", True),
        ("9", "10", True),
        ("9", "9", False),
        ("10", "9", False),
        ("opaque", "9", False),
        ("9", "", False),
    ],
)
def test_versions_are_numbers_or_cannot_be_compared(version: str, known: str, older: bool) -> None:
    assert is_older(version, known) is older


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
