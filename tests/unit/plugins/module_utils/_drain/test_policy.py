from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import AT_MATCH_END, DISCONNECT
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import (
    Policies,
    Policy,
    policy_problems,
    read_policies,
)

from tests.unit.plugins.module_utils._drain.world import START

POLICY = Policy("run-1", mode=DISCONNECT)
OPTIONS: dict[str, Any] = {"namespaces": ["arena", "lobby"], "mode": DISCONNECT, "notice_seconds": 12.0, "fleets": []}


def problems(options: dict[str, Any], begins: bool = True) -> list[str]:
    return policy_problems(read_policies({**OPTIONS, **options}, "run-1"), START, begins)


def test_a_fleet_has_what_is_said_of_it_and_else_what_is_said_of_all() -> None:
    fleets = [
        {"name": "ranked", "namespace": None, "mode": AT_MATCH_END, "longest_match_seconds": 100.0},
        {"name": "ranked", "namespace": "lobby", "mode": None, "order": ["oldest"], "resignal_seconds": [9.0, 3.0]},
    ]
    policies = read_policies({**OPTIONS, "fleets": fleets}, "run-1")
    assert policies.of(("arena", "casual")) == replace(POLICY, notice=12.0)
    assert policies.of(("arena", "ranked")) == replace(POLICY, notice=12.0, mode=AT_MATCH_END, deadline=120.0)
    assert policies.of(("lobby", "ranked")) == replace(POLICY, notice=12.0, order=("oldest",), resignal=(3.0, 9.0))
    assert policy_problems(policies, START, True) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"notice_seconds": -1.0}, "notice_seconds is -1"),
        ({"most_at_once": 0}, "most_at_once is 0"),
        ({"players_per_second": -2.0}, "players_per_second is -2"),
        ({"spread_seconds": 200.0}, "spread_seconds (200) contradicts reconnect_timeout (120)"),
        ({"canary_sessions": 5, "most_at_once": 2}, "canary_sessions (5) contradicts most_at_once (2)"),
        ({"alarm_returned_percent": 90.0}, "alarm_returned_percent (90)"),
        ({"least_returned_percent": 101.0}, "least_returned_percent (101)"),
        ({"order": ["youngest", "oldest"]}, "youngest contradicts oldest"),
        ({"order": ["tallest"]}, "tallest is unknown"),
        ({"deadline": "tonight"}, "deadline 'tonight' is not an RFC 3339 time"),
        ({"deadline": "2026-11-23T12:00:00"}, "is not an RFC 3339 time with its zone"),
        ({"deadline": "2026-11-23T11:00:00Z"}, "is in the past"),
        ({"deadline": "2026-11-23T12:00:05Z", "on_deadline": "interrupt"}, "contradicts notice_seconds (12)"),
        ({"mode": AT_MATCH_END, "most_at_once": 2}, "most_at_once contradicts mode at_match_end"),
        ({"fleets": [{"name": "a"}, {"name": "a"}]}, "Fleet a: has two policies"),
        ({"fleets": [{"name": "a", "namespace": "moon"}]}, "Fleet moon/a: its namespace is not one of"),
        (
            {"fleets": [{"name": "a", "mode": AT_MATCH_END, "on_deadline": "interrupt", "canary_sessions": 1}]},
            "Fleet a: canary_sessions contradicts mode at_match_end, where no one leaves before the deadline",
        ),
        (
            {"fleets": [{"name": "a", "mode": AT_MATCH_END, "canary_sessions": 1}]},
            "Fleet a: canary_sessions contradicts",
        ),
        ({"fleets": [{"name": "a", "reconnect_timeout": 5.0}]}, "Fleet a: spread_seconds (10) contradicts"),
    ],
)
def test_what_contradicts_itself_is_told(options: dict[str, Any], words: str) -> None:
    (problem,) = problems(options)
    assert words in problem


def test_all_problems_are_told_at_once_and_one_of_all_fleets_only_once() -> None:
    fleets = [{"name": "a", "most_at_once": -1}, {"name": "b", "deadline": "2020-01-01T00:00:00Z"}]
    found = problems({"spread_seconds": 500.0, "fleets": fleets})
    assert [problem.split(" ")[0] for problem in found] == ["spread_seconds", "Fleet", "Fleet"]


def test_a_budget_that_one_fleet_can_use_is_no_contradiction() -> None:
    fleets = [{"name": "a", "mode": DISCONNECT}]
    assert problems({"mode": AT_MATCH_END, "players_per_second": 5.0, "fleets": fleets}) == []


def test_a_drain_that_goes_on_may_be_past_its_deadline() -> None:
    assert problems({"deadline": "2026-11-23T11:00:00Z"}, begins=False) == []


def test_the_first_policy_that_fits_best_wins() -> None:
    one, other = replace(POLICY, notice=1.0), replace(POLICY, notice=2.0)
    policies = Policies(POLICY, {("", "a"): one, ("lobby", "a"): other})
    assert [policies.of((namespace, "a")) for namespace in ("arena", "lobby")] == [one, other]
