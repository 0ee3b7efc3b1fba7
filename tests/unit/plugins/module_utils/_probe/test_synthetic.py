"""Synthetic sessions: allocated with our mark, and released by it alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure, NotFound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.synthetic import (
    RELEASE_ATTEMPTS,
    KubeAllocator,
    Synthetic,
)

from tests.unit.plugins.module_utils._agones.kube import FakeKube
from tests.unit.plugins.module_utils._probe.cluster import LABEL, Cluster

Json = dict[str, Any]
FLEET = ("arena", "fleet-0")


def synthetic(cluster: Cluster, mark: str = "run-1") -> Synthetic:
    return Synthetic(cluster, mark, DEFAULT_DOMAIN, cluster.clock)


def mark_of(cluster: Cluster, name: str) -> str:
    return str(cluster.servers[name]["metadata"]["labels"].get(LABEL, ""))


def test_a_session_is_allocated_with_its_mark() -> None:
    cluster = Cluster()
    found = synthetic(cluster).allocate(FLEET, {"note": "canary"})
    assert found == {"server": "s0", "address": "127.47.101.1", "port": 7001}
    assert (mark_of(cluster, "s0"), mark_of(cluster, "s1")) == ("run-1", "")
    assert cluster.servers["s0"]["metadata"]["annotations"]["note"] == "canary"
    assert synthetic(cluster).selector == f"{LABEL}=run-1"


def test_without_a_free_server_it_says_what_the_api_said() -> None:
    with pytest.raises(ApiFailure, match=r"no server could be allocated \(UnAllocated\)"):
        synthetic(Cluster(ready=0)).allocate(FLEET)


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ({"state": "Allocated", "gameServerName": "s0"}, {"server": "s0", "address": "", "port": 0}),
        (
            {"state": "Allocated", "gameServerName": "s0", "address": "a", "ports": [{"port": 7}, {"port": 8}]},
            {"server": "s0", "address": "a", "port": 7},
        ),
    ],
)
def test_the_first_port_is_the_one_to_connect_to(status: Json, found: Json) -> None:
    class Answering(Cluster):
        def allocate(self, namespace: str, body: Mapping[str, Any]) -> Json:
            return {"status": status}

    assert synthetic(Answering()).allocate(FLEET) == found


def test_only_a_server_with_our_mark_is_released() -> None:
    cluster = Cluster(ready=3)
    one, other = synthetic(cluster), synthetic(cluster, "run-0")
    ours, theirs = one.allocate(FLEET)["server"], other.allocate(FLEET)["server"]
    one.release("arena", theirs)
    one.release("arena", "s2")
    one.release("arena", "absent")
    assert cluster.states() == ["Allocated", "Allocated", "Ready"]
    one.release("arena", ours)
    assert cluster.states() == ["Shutdown", "Allocated", "Ready"]


def test_a_server_that_ends_already_is_left_alone() -> None:
    cluster = Cluster()
    one = synthetic(cluster)
    name = one.allocate(FLEET)["server"]
    cluster.servers[name]["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    one.release("arena", name)
    assert cluster.states()[0] == "Allocated"


def allocated() -> tuple[Cluster, Synthetic]:
    cluster = Cluster()
    one = synthetic(cluster)
    one.allocate(FLEET)
    return cluster, one


def refusing(cluster: Cluster, *errors: ApiFailure) -> list[ApiFailure]:
    """The next patches meet these errors."""
    left, patch = list(errors), cluster.patch_server

    def patch_server(namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        if left:
            raise left.pop(0)
        return patch(namespace, name, body)

    cluster.patch_server = patch_server  # type: ignore[method-assign]
    return left


def test_a_lost_race_on_release_is_tried_again() -> None:
    cluster, one = allocated()
    cluster.conflicts = 2
    one.release("arena", "s0")
    assert (cluster.states(), cluster.clock.seconds) == (["Shutdown", "Ready"], 0.0)


def test_a_busy_api_server_is_asked_again_after_a_while() -> None:
    cluster, one = allocated()
    left = refusing(cluster, ApiFailure("busy", 503), ApiFailure("no answer", 0))
    one.release("arena", "s0")
    assert (cluster.states(), left) == (["Shutdown", "Ready"], [])
    assert cluster.clock.seconds > 0


def test_a_server_that_went_meanwhile_is_released() -> None:
    cluster, one = allocated()
    refusing(cluster, NotFound("gone", 404))
    one.release("arena", "s0")
    assert cluster.states() == ["Allocated", "Ready"]


def test_a_right_that_is_missing_is_told_at_once() -> None:
    cluster, one = allocated()
    refusing(cluster, ApiFailure("forbidden", 403))
    with pytest.raises(ApiFailure, match="forbidden"):
        one.release("arena", "s0")


def test_a_server_that_cannot_be_released_is_named_after_some_attempts() -> None:
    cluster, one = allocated()
    cluster.conflicts = RELEASE_ATTEMPTS
    with pytest.raises(ApiFailure, match="the synthetic session arena/s0 could not be released: run again"):
        one.release("arena", "s0")
    assert cluster.states() == ["Allocated", "Ready"]
    assert one.release_all(["arena"]) == []
    assert cluster.states() == ["Shutdown", "Ready"]


def test_all_of_one_mark_are_released_and_why_some_are_left_is_told() -> None:
    cluster = Cluster(ready=4)
    one, other = synthetic(cluster), synthetic(cluster, "run-0")
    for each in (one, one, other):
        each.allocate(FLEET)
    assert one.release_all(["arena"]) == []
    assert cluster.states() == ["Shutdown", "Shutdown", "Allocated", "Ready"]
    refusing(cluster, ApiFailure("forbidden", 403))
    assert other.release_all(["arena"]) == ["forbidden"]
    assert cluster.states() == ["Shutdown", "Shutdown", "Allocated", "Ready"]


def test_the_real_cluster_lists_fleets_and_servers_of_a_mark() -> None:
    kube: Any = FakeKube()
    of_arena = "/apis/agones.dev/v1/namespaces/arena"
    kube.put(f"{of_arena}/fleets/ranked", {"metadata": {"name": "ranked"}})
    kube.put(f"{of_arena}/gameservers/ours", {"metadata": {"name": "ours", "labels": {LABEL: "run-1"}}})
    kube.put(f"{of_arena}/gameservers/theirs", {"metadata": {"name": "theirs", "labels": {LABEL: "run-0"}}})
    api = KubeAllocator(kube)
    assert [one["metadata"]["name"] for one in api.fleets("arena")] == ["ranked"]
    assert [one["metadata"]["name"] for one in api.list_servers("arena", f"{LABEL}=run-1")] == ["ours"]
