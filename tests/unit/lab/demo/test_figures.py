"""The demo's bars."""

from __future__ import annotations

from typing import Any

import pytest

from lab.demo.figures import demo_figures, judge

RUN = {"run_id": "r-1", "source": "blue", "target": "green"}
MEASURED = {"lab_up_seconds": 19.0, "upgrade_seconds": 150.0, "wall_seconds": 200.0, "lab_memory_mib": 2200}
EXCLUSIVE = {"may_allocate_on": ["green"], "director_in": "green", "directors_at_once": 0}


def failed(**exclusive: Any) -> list[str]:
    accounts: dict[str, Any] = {
        "match_requests": {"made": 400, "failed": 0},
        "sessions": {"total": 80, "ended_alone": 40, "moved": 40, "lost": 0},
        "players": {"total": 250, "by_slot": {"green": 250}, "away_by_drain": 0},
        "downtime_seconds": {"p50": 1.0, "p95": 1.3, "p99": 1.4, "max": 1.5},
        "series": [{"at": 0.0, "playing": {"blue": 250}}],
    }
    report = {
        "run": RUN,
        "drain": {"sessions": {"interrupted": 0, "forced": 0, "lost": 0}},
        "timeline": {"weights": [{"at": "1970-01-01T00:00:10+00:00", "green": 10}]},
        "phases": [],
    }
    found = demo_figures(accounts, accounts, report, MEASURED, {**EXCLUSIVE, **exclusive})
    return [verdict.name for verdict in judge(found) if not verdict.passed]


def test_all_bars_are_met() -> None:
    assert failed() == []


@pytest.mark.parametrize(
    ("exclusive", "name"),
    [
        ({"may_allocate_on": ["blue", "green"]}, "where matchmakers may allocate"),
        ({"director_in": "blue"}, "where the director is"),
        ({"directors_at_once": 1}, "times that two directors were at work"),
    ],
)
def test_a_slot_that_shares_what_is_the_actives_alone(exclusive: dict[str, Any], name: str) -> None:
    assert failed(**exclusive) == [name]
