from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import AT_MATCH_END, DISCONNECT
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import pacing
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.ledger import Settled
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Pace
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy

POLICY = Policy("run-1", mode=DISCONNECT)
FLEET = ("arena", "arena")


def settled(players: int | None, returned: int | None, seconds: float = 2.0) -> Settled:
    return Settled("uid", FLEET, players, returned, seconds)


@pytest.mark.parametrize(
    ("seats", "reserve", "committed", "policy", "limit", "room"),
    [
        (10, 0, 0, {}, None, 10),
        (10, 3, 2, {}, None, 5),
        (10, 9, 2, {}, None, 3),
        (4, 0, 9, {}, None, 0),
        (10, 0, 2, {"most_at_once": 3}, None, 1),
        (10, 0, 4, {"most_at_once": 3}, None, 0),
        (10, 0, 2, {}, 4, 2),
        (10, 9, 0, {"reserve": 1}, None, 9),
        (1, 1, 0, {}, None, 1),
    ],
)
def test_room(seats: int, reserve: int, committed: int, policy: dict[str, Any], limit: int | None, room: int) -> None:
    wanted = replace(POLICY, **policy)
    free = pacing.free_seats(wanted, seats, reserve, committed)
    assert pacing.room(wanted, Pace(limit=limit), free, committed) == room


@pytest.mark.parametrize(
    ("policy", "pace", "room"),
    [
        ({}, Pace(), 1),
        ({"canary": 3}, Pace(canary=["a"]), 2),
        ({"canary": 1}, Pace(canary=["a", "b"]), 0),
        ({}, Pace(passed=True), None),
        ({"canary": 0}, Pace(), None),
        ({"mode": AT_MATCH_END}, Pace(), None),
    ],
)
def test_canary_room(policy: dict[str, Any], pace: Pace, room: int | None) -> None:
    assert pacing.canary_room(replace(POLICY, **policy), pace) == room


@pytest.mark.parametrize(
    ("claims", "verdict"),
    [
        ([settled(4, 4)], pacing.GOOD),
        ([settled(4, 3)], pacing.GOOD),
        ([settled(10, 7)], pacing.BAD),
        ([settled(4, 1)], pacing.ALARM),
        ([settled(4, 4, seconds=70.0)], pacing.BAD),
        ([settled(4, 4, seconds=70.0), settled(4, 4)], pacing.GOOD),
        ([settled(None, None)], pacing.UNMEASURED),
        ([settled(3, None)], pacing.UNMEASURED),
        ([settled(None, None), settled(2, 2)], pacing.GOOD),
        ([settled(0, 0), settled(2, 2)], pacing.GOOD),
    ],
)
def test_verdicts(claims: list[Settled], verdict: str) -> None:
    pace = Pace()
    for claim in claims:
        pacing.note(POLICY, pace, claim)
    assert pacing.judge_pace(POLICY, pace) == verdict


def test_a_canary_batch_is_judged_when_none_of_it_is_pending() -> None:
    pace = Pace(canary=["a", "b"])
    pacing.note(POLICY, pace, settled(4, 4))
    assert pacing.review(POLICY, pace, 1, lambda uid: uid == "b") == ""
    assert not pace.passed
    assert pacing.review(POLICY, pace, 0, lambda _uid: False) == ""
    assert pace.passed
    assert (pace.sessions, pace.players, pace.limit) == (0, 0, None)


def test_a_canary_batch_that_moved_nobody_is_followed_by_another() -> None:
    pace = Pace(canary=["a"])
    assert pacing.review(POLICY, pace, 0, lambda _uid: False) == ""
    assert (pace.passed, pace.canary) == (False, [])


@pytest.mark.parametrize(
    ("claim", "words"),
    [(settled(4, 1), "only 1 of 4 of the players of the canary batch"), (settled(None, None), "nothing tells whether")],
)
def test_a_canary_batch_stops_the_drain(claim: Settled, words: str) -> None:
    pace = Pace(canary=["a"])
    pacing.note(POLICY, pace, claim)
    assert words in pacing.review(POLICY, pace, 0, lambda _uid: False)
    pacing.begin_again(pace)
    assert pace == Pace()


def test_bad_returns_halve_the_pace_and_good_ones_double_it_again() -> None:
    pace, limits = Pace(passed=True), []
    for returned in (7, 7, 7, 7, 10, 10):
        for _number in range(pacing.JUDGED_SESSIONS):
            pacing.note(POLICY, pace, settled(10, returned))
        assert pacing.review(POLICY, pace, 8 if pace.limit is None else pace.limit, lambda _uid: False) == ""
        limits.append(pace.limit)
    assert limits == [4, 2, 2, 2, 4, 8]


def test_hardly_anyone_back_stops_the_drain() -> None:
    pace = Pace(passed=True)
    for _number in range(pacing.JUDGED_SESSIONS):
        pacing.note(POLICY, pace, settled(10, 4))
    assert "only 20 of 50" in pacing.review(POLICY, pace, 0, lambda _uid: False)


def test_at_match_end_nothing_is_judged() -> None:
    pace = Pace()
    pacing.note(POLICY, pace, settled(4, 0))
    assert pacing.review(replace(POLICY, mode=AT_MATCH_END), pace, 0, lambda _uid: False) == ""


def test_interruptions_at_the_deadline_are_judged_without_a_canary_batch() -> None:
    policy = replace(POLICY, mode=AT_MATCH_END, interrupt_at_deadline=True)
    pace = Pace()
    for _number in range(pacing.JUDGED_SESSIONS):
        pacing.note(policy, pace, settled(4, 0))
    assert "only 0 of 20 of the players who were moved last" in pacing.review(policy, pace, 5, lambda _uid: False)


def test_a_budget_of_players_per_second() -> None:
    policy, pace, asked = replace(POLICY, players_per_second=4.0), Pace(), []
    for tenth in range(41):
        pacing.credit(policy, pace, tenth / 10)
        if pacing.may_spend(policy, pace):
            pacing.spend(policy, pace, 4)
            asked.append(tenth / 10)
    assert asked == [0.0, 0.1, 1.1, 2.1, 3.1]


def test_a_session_of_an_unknown_number_counts_as_one_player() -> None:
    policy, pace = replace(POLICY, players_per_second=1.0), Pace()
    pacing.credit(policy, pace, 0.0)
    pacing.spend(policy, pace, None)
    assert not pacing.may_spend(policy, pace)
