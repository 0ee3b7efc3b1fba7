from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure, Conflict
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.run_probe import SessionProbe

from tests.unit.plugins.module_utils._agones.world import FakeClock, FakeKeeper, game_server

Json = dict[str, Any]
LABEL = f"{DEFAULT_DOMAIN}/synthetic"


class Cluster:
    """A Fleet with Ready servers; allocating takes the first one."""

    def __init__(self, ready: int = 2, fleets: int = 1) -> None:
        self.clock = FakeClock()
        self.clock.on_sleep = self.pass_time
        self.names = [f"fleet-{number}" for number in range(fleets)]
        self.servers = {f"s{n}": game_server(f"s{n}", "Ready") for n in range(ready)}
        self.conflicts = 0
        self.refuses_until = 0.0
        self.connected: list[tuple[str, int]] = []
        self.deaf_until = 0.0
        self._versions = itertools.count(10)

    def pass_time(self, seconds: float) -> None:
        self.clock.seconds += seconds

    def fleets(self, namespace: str) -> list[Json]:
        sizes = [{"metadata": {"name": name}, "spec": {"replicas": 2}} for name in self.names]
        return [*sizes, {"metadata": {"name": "empty"}, "spec": {"replicas": 0}}]

    def allocate(self, namespace: str, body: Mapping[str, Any]) -> Json:
        if self.clock.seconds < self.refuses_until:
            raise ApiFailure("error trying to reach service", 503)
        for name, server in self.servers.items():
            if server["status"]["state"] == "Ready":
                server["status"]["state"] = "Allocated"
                server["metadata"]["labels"].update(body["spec"]["metadata"]["labels"])
                ports = server["status"]["ports"]
                status = {"state": "Allocated", "gameServerName": name, "address": "127.47.101.1", "ports": ports}
                return {"status": status}
        return {"status": {"state": "UnAllocated", "gameServerName": ""}}

    def find_server(self, namespace: str, name: str) -> Json | None:
        return self.servers.get(name)

    def list_servers(self, namespace: str, selector: str) -> list[Json]:
        key, _equals, value = selector.partition("=")
        return [one for one in self.servers.values() if one["metadata"]["labels"].get(key) == value]

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        server = self.servers[name]
        if self.conflicts:
            self.conflicts -= 1
            server["metadata"]["resourceVersion"] = str(next(self._versions))
        if body["metadata"]["resourceVersion"] != server["metadata"]["resourceVersion"]:
            raise Conflict("changed", 409)
        server["status"]["state"] = body["status"]["state"]
        return server

    def connect(self, address: str, port: int, timeout: float) -> None:
        self.connected.append((address, port))
        if self.clock.seconds < self.deaf_until:
            raise ConnectionRefusedError("refused")

    def states(self) -> list[str]:
        return [str(server["status"]["state"]) for server in self.servers.values()]


def probe(cluster: Cluster, **more: Any) -> SessionProbe:
    options = {"connect": cluster.connect, **more}
    return SessionProbe(cluster, ["arena"], "run-1", DEFAULT_DOMAIN, FakeKeeper(), cluster.clock, **options)


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
