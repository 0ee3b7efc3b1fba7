from __future__ import annotations

import json

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.ledger import Ledger, percentiles

FLEET = ("arena", "arena")


def moved(*players: str, since: float | None = 100.0) -> Ledger:
    ledger = Ledger()
    for player in players:
        ledger.leave(player, since, on_target=False)
    ledger.open_claim("uid", FLEET, players, 100.0)
    return ledger


def test_a_claim_closes_when_all_players_are_back() -> None:
    ledger = moved("a", "b")
    ledger.arrive(["a", "stranger"], 101.5)
    ledger.close_claims(102.0, lambda _fleet: 120.0)
    assert ledger.claims_by_fleet()[FLEET] == 1
    ledger.arrive(["b"], 103.0)
    ledger.close_claims(103.0, lambda _fleet: 120.0)
    assert ledger.claims_by_fleet()[FLEET] == 0
    assert ledger.downtimes == [1.5, 3.0]


def test_a_claim_closes_after_the_timeout_and_a_late_player_still_counts() -> None:
    ledger = moved("a")
    ledger.close_claims(219.9, lambda _fleet: 120.0)
    assert ledger.claims_by_fleet()[FLEET] == 1
    ledger.close_claims(220.0, lambda _fleet: 120.0)
    assert ledger.claims_by_fleet()[FLEET] == 0
    ledger.arrive(["a"], 300.0)
    assert ledger.summary()["downtime_seconds"]["max"] == 200.0


def test_without_ids_a_claim_waits_for_the_timeout() -> None:
    ledger = Ledger()
    ledger.open_claim("uid", FLEET, None, 100.0)
    ledger.close_claims(150.0, lambda _fleet: 120.0)
    assert ledger.claims_by_fleet()[FLEET] == 1
    assert ledger.summary()["sessions_without_ids"] == 1


def test_an_empty_session_needs_no_seat() -> None:
    ledger = moved()
    ledger.close_claims(100.0, lambda _fleet: 120.0)
    assert ledger.claims_by_fleet()[FLEET] == 0


def test_players_whose_leaving_nobody_saw_have_no_downtime() -> None:
    ledger = moved("a", since=None)
    ledger.leave("b", None, on_target=True)
    ledger.arrive(["a"], 110.0)
    summary = ledger.summary()
    assert (summary["moved"], summary["returned"], summary["unobserved"]) == (2, 2, 2)
    assert summary["downtime_seconds"] == {"p50": None, "p95": None, "p99": None, "max": None}


def test_players_whose_return_nobody_saw_have_no_downtime() -> None:
    ledger = moved("a")
    ledger.arrive(["a"], None)
    assert (ledger.downtimes, ledger.unobserved, ledger.away) == ([], 1, {})


def test_a_player_seen_on_the_target_first_was_not_away() -> None:
    ledger = Ledger()
    ledger.leave("a", 100.0, on_target=True)
    assert ledger.downtimes == [0.0]


def test_it_survives_json() -> None:
    ledger = moved("a", "b")
    ledger.arrive(["a"], 101.0)
    assert Ledger.from_document(json.loads(json.dumps(ledger.to_document()))) == ledger


@pytest.mark.parametrize(
    ("values", "p50", "p95", "highest"),
    [([4.0], 4.0, 4.0, 4.0), ([1.0, 2.0], 1.0, 2.0, 2.0), ([float(n) for n in range(1, 101)], 50.0, 95.0, 100.0)],
)
def test_percentiles(values: list[float], p50: float, p95: float, highest: float) -> None:
    found = percentiles(values)
    assert (found["p50"], found["p95"], found["max"]) == (p50, p95, highest)
