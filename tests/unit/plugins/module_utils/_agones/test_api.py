"""What is asked of an API server, how its answers are told apart, and what is tried again."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import api as api_module
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    GAME_SERVERS,
    ApiFailure,
    Conflict,
    Expired,
    KubeApi,
    NotFound,
    connect,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._drain.world import FakeClock, game_server

Json = dict[str, Any]


class Answer:
    def __init__(self, status: int, body: Any, chunks: list[bytes] | None = None) -> None:
        self.status = status
        self.data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._chunks = chunks or []

    def stream(self, amt: Any, decode_content: bool) -> list[bytes]:
        return self._chunks

    def release_conn(self) -> None:
        pass


class Server:
    """Stands for the ApiClient: answers in order, and notes what was asked."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []
        self.sent: list[tuple[Any, dict[str, str]]] = []
        self.timeouts: list[Any] = []
        self.configuration = SimpleNamespace(host="https://blue")
        self.rest_client = SimpleNamespace(pool_manager=SimpleNamespace(request=self.request))

    def update_params_for_auth(self, headers: dict[str, str], query: list[Any], settings: list[str]) -> None:
        headers["authorization"] = "Bearer secret"

    def request(self, method: str, url: str, **more: Any) -> Answer:
        self.asked.append((method, url.removeprefix("https://blue")))
        self.timeouts.append(more["timeout"])
        self.sent.append((json.loads(more["body"]) if more["body"] else None, more["headers"]))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def api(*answers: Answer | Exception) -> tuple[KubeApi, Server]:
    server, clock = Server(*answers), FakeClock()
    return KubeApi(server, clock), server


def page(*names: str, token: str = "", version: str = "9") -> Answer:
    return Answer(
        200, {"items": [game_server(n) for n in names], "metadata": {"continue": token, "resourceVersion": version}}
    )


def test_a_list_is_read_page_by_page() -> None:
    kube, server = api(page("a", token="t/1"), page("b", version="12"))
    items, version = kube.list(GAME_SERVERS.path("arena"), selector="x=y")
    assert ([item["metadata"]["name"] for item in items], version) == (["a", "b"], "12")
    assert server.asked[1][1].endswith("gameservers?limit=500&labelSelector=x%3Dy&continue=t%2F1")


@pytest.mark.parametrize(
    ("answer", "alive"),
    [
        (Answer(200, b"ok"), True),
        (Answer(403, {"message": "no"}), True),
        (Answer(500, b"etcd failed"), False),
        (urllib3.exceptions.ReadTimeoutError(None, "", "timed out"), False),  # type: ignore[arg-type]
    ],
)
def test_a_server_is_alive_when_it_answers_in_time(answer: Answer | Exception, alive: bool) -> None:
    kube, server = api(answer)
    assert kube.is_alive(2.0) is alive
    assert server.asked == [("GET", "/readyz")]
    assert (server.timeouts[0].connect_timeout, server.timeouts[0].read_timeout) == (2.0, 2.0)


def test_a_list_keeps_what_is_used_of_each_object() -> None:
    kube, _server = api(page("a", token="t"), page("b"))
    items, _version = kube.list(GAME_SERVERS.path("arena"), trim=lambda item: {"name": item["metadata"]["name"]})
    assert items == [{"name": "a"}, {"name": "b"}]


def test_a_quiet_watch_is_waited_for_longer_than_a_connection() -> None:
    kube, server = api(Answer(200, b""), Answer(200, {}))
    assert list(kube.watch("/x", "7", 20.0)) == []
    kube.get("/x")
    assert [(one.connect_timeout, one.read_timeout) for one in server.timeouts] == [(5.0, 25.0), (5.0, 15.0)]


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (409, Conflict), (410, Expired), (422, ApiFailure)])
def test_refusals_are_told_apart_and_explained(status: int, kind: type[ApiFailure]) -> None:
    kube, _server = api(Answer(status, {"message": "because"}))
    with pytest.raises(kind, match=f"PATCH https://blue/x failed \\({status}\\): because") as caught:
        kube.patch("/x", {})
    assert caught.value.status == status


def test_a_refusal_that_is_no_json_is_shown() -> None:
    kube, _server = api(Answer(503, b"error trying to reach service"))
    with pytest.raises(ApiFailure, match="error trying to reach service"):
        kube.create("/x", {})


def test_forbidden_says_what_to_do() -> None:
    kube, _server = api(Answer(403, {"message": "no"}))
    with pytest.raises(ApiFailure, match="access entry"):
        kube.get("/x")


def test_reads_are_tried_again_writes_are_not() -> None:
    lost = urllib3.exceptions.ProtocolError("reset")
    kube, server = api(lost, Answer(503, b""), Answer(200, {"a": 1}))
    assert kube.get("/x") == {"a": 1}
    kube, server = api(lost)
    with pytest.raises(ApiFailure, match="no answer"):
        kube.patch("/x", {})
    assert len(server.asked) == 1


def test_find_and_delete_take_absence_well() -> None:
    kube, server = api(Answer(404, {}), Answer(404, {}))
    assert kube.find("/x") is None
    kube.delete("/x", grace_seconds=0)
    assert server.asked[1] == ("DELETE", "/x?gracePeriodSeconds=0")


def test_a_merge_patch_says_so() -> None:
    kube, server = api(Answer(200, {}))
    kube.patch("/x", {"a": None})
    body, headers = server.sent[0]
    assert (body, headers["Content-Type"]) == ({"a": None}, "application/merge-patch+json")


def test_a_watch_puts_lines_together_from_chunks() -> None:
    lines = b"".join(
        json.dumps({"type": kind, "object": {"metadata": {"resourceVersion": version}}}).encode() + b"\n"
        for kind, version in (("ADDED", "1"), ("DELETED", "2"))
    )
    kube, _server = api(Answer(200, {}, [lines[:7], lines[7:70], lines[70:]]))
    events = list(kube.watch("/x", "0", 5.0))
    assert [kind for kind, _obj in events] == ["ADDED", "DELETED"]


def test_a_watch_may_be_of_one_label() -> None:
    kube, server = api(Answer(200, {}, [b""]))
    list(kube.watch("/x", "7", 5.0, selector="mark=run-1"))
    assert server.asked == [("GET", "/x?watch=true&resourceVersion=7&timeoutSeconds=5&labelSelector=mark%3Drun-1")]


def test_a_watch_from_too_long_ago_is_expired() -> None:
    line = json.dumps({"type": "ERROR", "object": {"code": 410, "message": "too old"}}).encode() + b"\n"
    kube, _server = api(Answer(200, {}, [line]))
    with pytest.raises(Expired):
        list(kube.watch("/x", "0", 5.0))


def test_a_kubeconfig_that_is_not_there_is_named() -> None:
    with pytest.raises(BlueGreenError, match="/nowhere/kubeconfig"):
        connect("/nowhere/kubeconfig")


def test_nobody_but_us_repeats_a_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clients: list[Any] = []
    monkeypatch.setattr(api_module, "KubeApi", clients.append)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": "https://blue"}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )
    connect(str(kubeconfig))
    assert clients[0].rest_client.pool_manager.connection_pool_kw["retries"].total is False
