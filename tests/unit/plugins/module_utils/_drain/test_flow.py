from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.ledger import Ledger

FLEET = ("arena", "arena")


def timeout(_fleet: tuple[str, str]) -> float:
    return 120.0


def test_mean_downtime_is_what_is_missing_over_time() -> None:
    ledger = Ledger()
    ledger.read_online(40, 0.0)
    ledger.open_claim("uid", FLEET, None, 0.5, counted=10)
    for second, online in ((1, 30), (2, 30), (3, 35), (4, 40)):
        ledger.read_online(online, float(second))
    assert ledger.summary()["aggregate"] == {"left": 10, "mean_downtime_seconds": 2.5}


def test_a_claim_without_ids_is_settled_when_as_many_play_as_before() -> None:
    ledger = Ledger()
    ledger.read_online(40, 0.0)
    ledger.open_claim("uid", FLEET, None, 0.5, counted=10)
    ledger.read_online(33, 1.0)
    assert ledger.close_claims(1.0, timeout) == []
    ledger.read_online(40, 4.5)
    (settled,) = ledger.close_claims(4.5, timeout)
    assert (settled.players, settled.returned, settled.seconds) == (10, 10, 4.0)


def test_who_is_missing_at_the_timeout_has_not_returned() -> None:
    ledger = Ledger()
    ledger.read_online(40, 0.0)
    ledger.open_claim("uid", FLEET, None, 0.5, counted=10)
    ledger.read_online(37, 120.0)
    (settled,) = ledger.close_claims(121.0, timeout)
    assert (settled.players, settled.returned) == (10, 7)


def test_without_a_reading_nothing_is_known() -> None:
    ledger = Ledger()
    ledger.open_claim("uid", FLEET, None, 0.5, counted=10)
    (settled,) = ledger.close_claims(121.0, timeout)
    assert (settled.players, settled.returned) == (10, None)
    assert ledger.summary()["aggregate"] is None


def test_while_nobody_is_on_his_way_players_may_come_and_go() -> None:
    ledger = Ledger()
    for second, online in enumerate((40, 30, 50)):
        ledger.read_online(online, float(second))
    ledger.open_claim("uid", FLEET, None, 2.5, counted=1)
    assert ledger.claims["uid"].level == 50
