from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.figures import Moved, Seats, row, table

PHASES = [
    {"name": "verify", "started_at": "2026-11-23T12:00:00Z", "finished_at": "2026-11-23T12:00:10Z"},
    {"name": "drain", "started_at": "2026-11-23T12:00:20Z", "finished_at": "2026-11-23T12:00:30Z"},
]
NOON = 1795435200.0


def accounts(lost: int, downtimes: list[dict[str, Any]], reconnects: list[dict[str, float]]) -> dict[str, Any]:
    return {
        "players": {"total": 10, "quit": 0},
        "match_requests": {"made": 5, "failed": 0},
        "sessions": {"lost": lost},
        "parties": {"apart": 0},
        "downtimes": downtimes,
        "reconnects": reconnects,
    }


def downtime(seconds: float, waited: float) -> dict[str, Any]:
    return {"player": "a", "seconds": seconds, "waited": waited, "from": "blue", "to": "green", "at": NOON}


def moved(**more: Any) -> Moved:
    report = {
        "run": {"run_id": "20261123-120000-2026-11"},
        "phases": [{"name": "verify", "seconds": 10.0}, {"name": "drain", "seconds": 10.04}],
        "timeline": {"phases": PHASES},
        "drain": {
            "sessions": {
                "total": 4,
                "remaining": 0,
                "moved": 3,
                "ended_alone": 1,
                "interrupted": 0,
                "forced": 0,
                "lost": 0,
            }
        },
    }
    old = downtime(9.0, 0.0)
    values: dict[str, Any] = {
        "code": 0,
        "output": "",
        "seconds": 61.26,
        "source": "blue",
        "target": "green",
        "report": report,
        "before": accounts(1, [old], []),
        "after": accounts(
            2,
            [old, downtime(1.0, 0.75), downtime(1.5, 0.5)],
            [{"at": NOON + 5, "seconds": 0.25}, {"at": NOON + 25, "seconds": 3.0}],
        ),
    }
    return Moved(**{**values, **more})


def test_only_what_happened_during_the_upgrade_counts() -> None:
    found = row("disconnect", moved(), deaf_sessions=2)
    assert found["sessions_lost_for_players"] == 1
    assert found["downtime"] == {"count": 2, "p50": 1.0, "p95": 1.5, "max": 1.5}
    assert found["downtime_less_wait"]["p95"] == 1.0
    assert found["drain_seconds"] == 10.0
    assert found["upgrade_seconds"] == 61.3
    assert found["deaf_sessions"] == 2


def test_reconnects_during_the_drain_are_not_undisturbed() -> None:
    assert moved().quiet_reconnects == [0.25]
    assert moved(quiet_since=NOON + 6).quiet_reconnects == []


@pytest.mark.parametrize(
    ("seats", "least"),
    [
        ([], None),
        ([Seats(0, up=10, playing=9, away=0)], None),
        ([Seats(0, up=10, playing=4, away=2), Seats(1, up=10, playing=5, away=4), Seats(2, 10, 9, 0)], 1),
        ([Seats(0, up=3, playing=2, away=2)], -1),
    ],
)
def test_the_least_free_seats_are_those_while_somebody_was_away(seats: list[Seats], least: int | None) -> None:
    assert moved(seats=seats).least_free_seats == least


def test_a_table_has_a_line_for_each_row() -> None:
    lines = table([row("disconnect", moved())]).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[-1] == (
        "| disconnect | 4 | 3 | 1 | 0 / 0 / 0 | 0 | 1.00 s / 1.50 s / 1.50 s | 1.00 s | 0.25 s |  | 10 s | 61 s |"
    )


def test_a_table_without_downtimes_leaves_their_cells_empty() -> None:
    quiet = moved(after=accounts(1, [downtime(9.0, 0.0)], []))
    assert table([row("at_match_end", quiet)]).splitlines()[-1].count("|  |  |  |  |") == 1
