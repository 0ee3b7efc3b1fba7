from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from lab.game.allocation import Allocated, AllocationFailed, Allocator, BotoEks

ALLOCATED = {
    "status": {
        "state": "Allocated",
        "gameServerName": "arena-x",
        "address": "127.40.101.1",
        "ports": [{"name": "game", "port": 7001}],
    }
}
GAME_SERVER = {"metadata": {"uid": "uid-1"}}
Answer = tuple[int, Any] | Exception


class FakeCluster:
    def __init__(self, answers: list[Answer], unreachable: Exception | None = None) -> None:
        self.answers = answers
        self.unreachable = unreachable
        self.calls: list[tuple[str, str, Any]] = []
        self.forgotten = 0

    async def prepare(self) -> None:
        if self.unreachable:
            raise self.unreachable

    def forget(self) -> None:
        self.forgotten += 1

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        self.calls.append((method, path, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def allocate(cluster: FakeCluster) -> Allocated | None:
    allocator = Allocator("arena", "arena", lambda _: cluster)  # type: ignore[arg-type, return-value]
    return asyncio.run(allocator.allocate("arena-green", {"arena/session": "s"}))


def test_an_allocation_names_the_server_and_its_uid() -> None:
    cluster = FakeCluster([(201, ALLOCATED), (200, GAME_SERVER)])
    assert allocate(cluster) == Allocated("arena-x", "uid-1", "127.40.101.1", 7001)
    method, path, body = cluster.calls[0]
    assert (method, path) == ("POST", "/apis/allocation.agones.dev/v1/namespaces/arena/gameserverallocations")
    assert body["spec"] == {
        "selectors": [{"matchLabels": {"agones.dev/fleet": "arena"}}],
        "metadata": {"annotations": {"arena/session": "s"}},
    }
    assert cluster.calls[1][1] == "/apis/agones.dev/v1/namespaces/arena/gameservers/arena-x"


def test_no_ready_server_is_no_error() -> None:
    assert allocate(FakeCluster([(201, {"status": {"state": "UnAllocated"}})])) is None


@pytest.mark.parametrize(
    "fault",
    [
        (401, "Unauthorized"),
        (429, "later"),
        (503, "error trying to reach service"),
        aiohttp.ClientConnectionError("reset"),
        TimeoutError(),
    ],
)
def test_a_fault_that_may_pass_is_tried_once_more(fault: Answer) -> None:
    cluster = FakeCluster([fault, (201, ALLOCATED), (200, GAME_SERVER)])
    assert allocate(cluster) is not None
    assert cluster.forgotten == 1
    with pytest.raises(AllocationFailed, match="arena-green"):
        allocate(FakeCluster([fault, fault]))


def test_a_refusal_is_final() -> None:
    cluster = FakeCluster([(403, {"message": "forbidden"})])
    with pytest.raises(AllocationFailed, match="HTTP 403"):
        allocate(cluster)
    assert len(cluster.calls) == 1


def test_a_cluster_that_cannot_be_reached() -> None:
    with pytest.raises(AllocationFailed, match="arena-green cannot be reached: gone"):
        allocate(FakeCluster([], unreachable=RuntimeError("gone")))


def test_a_token_is_a_presigned_url_for_one_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL": "http://127.40.0.1:4566",
    }.items():
        monkeypatch.setenv(name, value)
    token = BotoEks("eu-west-1").token("arena-green")
    prefix, _, encoded = token.partition(".")
    assert prefix == "k8s-aws-v1"
    url = urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    query = parse_qs(url.query)
    assert url.netloc == "127.40.0.1:4566"
    assert query["Action"] == ["GetCallerIdentity"]
    assert query["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert query["X-Amz-Expires"] == ["60"]
