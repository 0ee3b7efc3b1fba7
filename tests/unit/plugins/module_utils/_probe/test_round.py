from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.round import SessionProbe, takes_tcp
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.synthetic import Synthetic

from tests.unit.plugins.module_utils._drain.world import FakeKeeper
from tests.unit.plugins.module_utils._probe.cluster import LABEL, Cluster


def probe(cluster: Cluster, **more: Any) -> SessionProbe:
    synthetic = Synthetic(cluster, "run-1", DEFAULT_DOMAIN, cluster.clock)
    options = {"connect": cluster.connect, **more}
    return SessionProbe(synthetic, ["arena"], FakeKeeper(), cluster.clock, **options)


def test_a_session_is_allocated_reached_and_released() -> None:
    cluster = Cluster()
    result = probe(cluster).run()
    assert (result["passed"], result["round"]["finished"]) == (True, True)
    assert cluster.states() == ["Shutdown", "Ready"]
    assert cluster.connected == [("127.47.101.1", 7001)]
    assert [one["name"] for one in result["probes"]] == ["fleet-0"], "a Fleet of size 0 is not probed"


def test_without_connecting_allocating_is_enough() -> None:
    cluster = Cluster()
    assert probe(cluster, connect=None).run()["passed"]
    assert cluster.connected == []


@pytest.mark.parametrize(
    ("ports", "takes"),
    [
        ([{"protocol": "TCP"}], True),
        ([{"protocol": "TCPUDP"}], True),
        ([{"protocol": "UDP"}], False),
        # Agones' default is UDP.
        ([{"name": "game"}], False),
        ([{"protocol": "UDP"}, {"protocol": "TCP"}], False),
        ([{"protocol": "TCP"}, {"protocol": "UDP"}], True),
        ([], False),
        (None, False),
    ],
)
def test_a_connection_is_for_a_first_port_that_takes_one(ports: Any, takes: bool) -> None:
    assert takes_tcp({"spec": {"replicas": 1, "template": {"spec": {"ports": ports}}}}) is takes


@pytest.mark.parametrize("protocol", ["UDP", None])
def test_a_game_that_speaks_udp_is_allocated_only_and_that_is_told(protocol: str | None) -> None:
    cluster = Cluster(protocol=protocol)
    cluster.deaf_until = 1_000_000.0
    result = probe(cluster).run()
    assert (result["passed"], cluster.connected) == (True, [])
    assert [one["connect"] for one in result["probes"]] == ["none"]
    (warning,) = result["warnings"]
    assert "arena/fleet-0: its first port takes no TCP connection" in warning
    assert "connect: none" in warning


@pytest.mark.parametrize(
    ("protocol", "connects", "tried"), [("TCP", True, "tcp"), ("TCP", False, "none"), ("UDP", False, "none")]
)
def test_what_was_asked_for_is_no_warning(protocol: str, connects: bool, tried: str) -> None:
    cluster = Cluster(protocol=protocol)
    result = probe(cluster, connect=cluster.connect if connects else None).run()
    assert (result["warnings"], result["probes"][0]["connect"]) == ([], tried)


def test_a_round_that_has_not_passed_does_not_warn() -> None:
    assert probe(Cluster(ready=0, protocol="UDP")).run()["warnings"] == []


def test_it_is_tried_again_until_the_api_answers_and_the_server_listens() -> None:
    cluster = Cluster(ready=50)
    cluster.refuses_until, cluster.deaf_until = 1.0, 2.0
    result = probe(cluster).run()
    assert result["passed"]
    assert "Allocated" not in cluster.states()


def test_without_a_ready_server_it_says_so() -> None:
    result = probe(Cluster(ready=0)).run()
    assert (result["passed"], result["round"]["finished"]) == (False, False)
    assert result["round"]["progress"] == "fleet-0: no server could be allocated (UnAllocated)"


def test_without_a_fleet_it_does_not_pass() -> None:
    result = probe(Cluster(fleets=0)).run()
    assert (result["passed"], result["round"]["progress"]) == (False, "no Fleet with servers in arena")


def test_what_an_earlier_probe_left_is_released_and_nothing_else() -> None:
    cluster = Cluster(ready=4)
    for name, mark in (("s0", "run-1"), ("s1", "run-0")):
        cluster.servers[name]["status"]["state"] = "Allocated"
        cluster.servers[name]["metadata"]["labels"][LABEL] = mark
    probe(cluster).run()
    assert cluster.states() == ["Shutdown", "Allocated", "Shutdown", "Ready"]


def test_a_lost_race_on_release_is_tried_again() -> None:
    cluster = Cluster()
    cluster.conflicts = 2
    assert probe(cluster).run()["passed"]
    assert cluster.states() == ["Shutdown", "Ready"]


def test_a_server_that_cannot_be_released_fails_the_probe() -> None:
    cluster = Cluster(ready=99)
    cluster.conflicts = 10_000
    assert probe(cluster, slice_seconds=0.0).run()["round"]["progress"].startswith("fleet-0: the synthetic session")


@pytest.mark.parametrize("count", [1, 3])
def test_every_fleet_is_probed(count: int) -> None:
    cluster = Cluster(ready=9, fleets=count)
    assert len(probe(cluster).run()["probes"]) == count
