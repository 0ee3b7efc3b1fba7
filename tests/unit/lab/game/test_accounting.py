from __future__ import annotations

from collections.abc import Sequence

import pytest

from lab.game.accounting import Accounts, End, percentile, session_end, summary

PLAYERS = ["a", "b"]


def test_downtime_runs_from_the_message_to_the_first_message_of_the_next_server() -> None:
    accounts = Accounts(PLAYERS)
    for player in PLAYERS:
        accounts.playing(player, "blue", now=0.0, wall=1000.0)
        accounts.told(player, End.MOVED, now=10.0)
        accounts.waits(player, 0.5)
    accounts.playing("a", "green", now=11.5, wall=1011.5)
    status = accounts.status(now=13.0)
    assert status["downtime_seconds"] == {"count": 1, "p50": 1.5, "p95": 1.5, "p99": 1.5, "max": 1.5}
    assert accounts.lists()["downtimes"] == [
        {"player": "a", "seconds": 1.5, "waited": 0.5, "from": "blue", "to": "green", "at": 1011.5}
    ]
    assert status["players"] == {
        "total": 2,
        "quit": 0,
        "playing": 1,
        "by_slot": {"blue": 1, "green": 1},
        "playing_by_slot": {"green": 1},
        "away_by_drain": 1,
        "longest_away_by_drain_seconds": 3.0,
    }


def test_the_end_of_a_match_is_no_downtime_but_a_reconnect() -> None:
    accounts = Accounts(PLAYERS)
    accounts.playing("a", "blue", now=0.0, wall=0.0)
    accounts.told("a", End.ENDED_ALONE, now=10.0)
    accounts.waits("a", 0.75)
    accounts.playing("a", "green", now=20.0, wall=1020.0)
    status = accounts.status(now=20.0)
    assert status["downtime_seconds"]["count"] == 0
    assert status["lost_downtime_seconds"]["count"] == 0
    assert status["reconnect_seconds"]["max"] == 9.25
    assert accounts.lists()["reconnects"] == [{"at": 1020.0, "seconds": 9.25}]


def test_who_quits_is_away_no_more() -> None:
    accounts = Accounts(PLAYERS)
    for player in PLAYERS:
        accounts.playing(player, "blue", now=0.0, wall=0.0)
        accounts.told(player, End.MOVED, now=10.0)
    accounts.quit("a")
    players = accounts.status(now=12.0)["players"]
    assert (players["total"], players["quit"], players["away_by_drain"]) == (1, 1, 1)


def test_a_broken_connection_is_booked_apart_from_the_drain() -> None:
    accounts = Accounts(PLAYERS)
    accounts.playing("a", "blue", now=0.0, wall=0.0)
    accounts.connection_lost("a", now=10.0)
    accounts.connection_lost("a", now=11.0)  # broken again before it was back
    accounts.connection_found_again()
    accounts.playing("a", "blue", now=12.0, wall=0.0)
    status = accounts.status(now=12.0)
    assert status["connections"] == {"lost": 2, "found_again": 1}
    assert status["downtime_seconds"]["count"] == 0
    assert status["lost_downtime_seconds"]["max"] == 2.0


def test_requests_sessions_and_parties_are_counted() -> None:
    accounts = Accounts(PLAYERS)
    accounts.request_answered(failed=False)
    accounts.request_answered(failed=True)
    for end in (End.MOVED, End.ENDED_ALONE, End.LOST):
        accounts.session_started()
        accounts.session_ended(end)
    accounts.session_started()
    servers: list[Sequence[str | None]] = [["s1", "s1"], ["s1", "s2"], ["s1", None]]
    for landed in servers:
        accounts.party_landed(landed)
    status = accounts.status(now=0.0)
    assert status["match_requests"] == {"made": 2, "failed": 1}
    assert status["sessions"] == {"total": 4, "running": 1, "ended_alone": 1, "moved": 1, "lost": 1}
    assert status["parties"] == {"together": 1, "apart": 1, "incomplete": 1}


def test_the_series_shows_who_plays_where() -> None:
    accounts = Accounts(PLAYERS)
    accounts.sample(1.0)
    accounts.playing("a", "blue", now=1.0, wall=1.0)
    accounts.sample(2.0)
    accounts.told("a", End.MOVED, now=2.5)
    accounts.sample(3.0)
    assert accounts.lists()["series"] == [
        {"at": 1.0, "playing": {}, "made": 0, "failed": 0},
        {"at": 2.0, "playing": {"blue": 1}, "made": 0, "failed": 0},
        {"at": 3.0, "playing": {}, "made": 0, "failed": 0},
    ]


@pytest.mark.parametrize(
    ("ends", "end"),
    [
        ([End.MOVED] * 5, End.MOVED),
        ([End.LOST, End.MOVED], End.MOVED),
        ([End.ENDED_ALONE, End.LOST], End.ENDED_ALONE),
        ([End.LOST] * 5, End.LOST),
        ([], End.LOST),
    ],
)
def test_how_a_session_ended(ends: list[End], end: End) -> None:
    assert session_end(ends) is end


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([3.0], 0.99, 3.0), ([4.0, 1.0, 3.0, 2.0], 0.5, 2.0), (list(range(1, 101)), 0.95, 95)],
)
def test_percentiles(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


def test_a_summary_of_nothing() -> None:
    assert summary([]) == {"count": 0, "p50": None, "p95": None, "p99": None, "max": None}
