"""What is done to the GameServers of a slot: patches that may be refused, allocations, pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    RETRIED,
    ApiFailure,
    Conflict,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import (
    KubeServers,
    KubeSource,
    KubeTarget,
    allocation,
    try_patch,
)

from tests.endings import unguarded
from tests.unit.plugins.module_utils._agones.kube import FakeKube

Json = dict[str, Any]
PATH = "/apis/agones.dev/v1/namespaces/arena/gameservers/s0"
POD = "/api/v1/namespaces/arena/pods/s0"


class Refusing:
    """A slot whose servers take no patch."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        raise self.error

    def find_server(self, namespace: str, name: str) -> Json | None:
        return None


@pytest.mark.parametrize(
    "error",
    [Conflict("changed", 409), NotFound("gone", 404), *(ApiFailure("busy", status) for status in sorted(RETRIED))],
    ids=lambda error: str(error.status),
)
def test_a_patch_that_may_be_tried_again_is_not_accepted(error: ApiFailure) -> None:
    assert try_patch(Refusing(error), "arena", "s0", {}) is False


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_a_patch_that_will_never_be_accepted_is_an_error(status: int) -> None:
    with pytest.raises(ApiFailure):
        try_patch(Refusing(ApiFailure("no", status)), "arena", "s0", {})


def test_a_patch_is_of_the_version_that_was_read() -> None:
    kube: Any = FakeKube()
    servers = KubeServers(kube)
    assert servers.find_server("arena", "s0") is None
    version = kube.put(PATH, {"metadata": {}, "status": {"state": "Ready"}})["metadata"]["resourceVersion"]
    body = {"metadata": {"resourceVersion": version}, "status": {"state": "Shutdown"}}
    with unguarded():
        assert try_patch(servers, "arena", "s0", body) is True
    found = servers.find_server("arena", "s0")
    assert found is not None
    assert found["status"] == {"state": "Shutdown"}
    with unguarded():
        assert try_patch(servers, "arena", "s0", body) is False


def test_an_allocation_asks_for_a_server_of_the_fleet_and_marks_it() -> None:
    body = allocation("ranked", {"labels": {"a": "b"}})
    assert body["spec"] == {
        "selectors": [{"matchLabels": {"agones.dev/fleet": "ranked"}}],
        "metadata": {"labels": {"a": "b"}},
    }
    assert (body["apiVersion"], body["kind"]) == ("allocation.agones.dev/v1", "GameServerAllocation")


def test_a_pod_is_deleted_at_once() -> None:
    asked: list[Any] = []

    class Api(FakeKube):
        def delete(self, path: str, grace_seconds: int | None = None, **more: Any) -> None:
            asked.append((path, grace_seconds))
            super().delete(path, grace_seconds)

    kube: Any = Api()
    kube.put(POD, {})
    source = KubeSource(kube)
    assert source.has_pod("arena", "s0")
    with unguarded():
        source.delete_pod("arena", "s0")
    assert not source.has_pod("arena", "s0")
    assert asked == [(POD, 0)]


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ({"state": "Allocated", "gameServerName": "s0"}, "s0"),
        ({"state": "UnAllocated", "gameServerName": ""}, ""),
        ({"state": "Contention", "gameServerName": "s0"}, ""),
        (None, ""),
    ],
)
def test_only_an_allocated_server_has_a_name(status: Json | None, name: str) -> None:
    asked: list[Any] = []

    class Api:
        def create(self, path: str, body: Json) -> Json:
            asked.append((path, body["spec"]))
            return {"status": status}

    api: Any = Api()
    assert KubeTarget(api).allocate(("arena", "ranked"), {"x": "1"}) == name
    ((path, spec),) = asked
    assert path == "/apis/allocation.agones.dev/v1/namespaces/arena/gameserverallocations"
    assert spec == allocation("ranked", {"annotations": {"x": "1"}})["spec"]
