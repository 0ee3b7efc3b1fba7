from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from lightkube import ApiError

from lab.game.sdk import GameServerView, SidecarSdk, view_of


def game_server(version: int = 1, state: str = "Allocated", players: list[str] | None = None) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "arena",
            "name": "arena-x",
            "uid": "uid-1",
            "resourceVersion": str(version),
            "annotations": {"agones.dev/last-allocated": "allocation-1"},
        },
        "spec": {"template": {"spec": {"containers": [{"name": "arena", "image": "gameops-lab/arena:1"}]}}},
        "status": {
            "state": state,
            "address": "127.40.101.1",
            "ports": [{"name": "game", "port": 7001}],
            "lists": {"players": {"capacity": 5, "values": players or []}},
        },
    }


def api_error(code: int) -> ApiError:
    body = {"code": code, "message": "no", "reason": "", "status": "Failure"}
    request = httpx2.Request("PATCH", "http://cluster.invalid")
    response = httpx2.Response(code, json=body, request=request)
    return ApiError(request=request, response=response)


class FakeApi:
    """One GameServer; `faults` are raised by the next patches."""

    def __init__(self, obj: dict[str, Any], faults: list[Exception] | None = None) -> None:
        self.obj = obj
        self.faults = faults or []
        self.patches: list[list[dict[str, Any]]] = []

    async def get(self, _: Any, name: str, *, namespace: str) -> Any:
        return self.obj

    async def patch(self, _: Any, name: str, *, obj: Any, namespace: str, patch_type: Any) -> Any:
        if self.faults:
            raise self.faults.pop(0)
        if obj[0]["value"] != self.obj["metadata"]["resourceVersion"]:
            raise api_error(422)
        self.patches.append(obj[1:])
        return self.obj


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BATCH_SECONDS", "RETRY_SECONDS", "RACE_SECONDS"):
        monkeypatch.setattr(f"lab.game.sdk.{name}", 0)


def sdk_of(api: FakeApi, obj: dict[str, Any] | None = None) -> SidecarSdk:
    return SidecarSdk(api, view_of(obj or api.obj))  # type: ignore[arg-type]


def test_a_view_reads_what_matters() -> None:
    view = view_of(game_server(7, players=["a"]))
    assert view == GameServerView(
        namespace="arena",
        name="arena-x",
        uid="uid-1",
        version="7",
        state="Allocated",
        address="127.40.101.1",
        port=7001,
        annotations={"agones.dev/last-allocated": "allocation-1"},
        lists={"players": ("a",)},
    )
    assert view.allocation == "allocation-1"


def test_a_view_of_a_server_without_address_and_ports() -> None:
    obj = game_server()
    obj["status"] = {"state": "Starting", "address": "", "ports": None}
    assert (view_of(obj).address, view_of(obj).port) == ("", 0)


def test_ready_and_shutdown_change_the_state_under_a_test_of_the_version() -> None:
    api = FakeApi(game_server(state="Scheduled"))
    asyncio.run(sdk_of(api).ready())
    asyncio.run(sdk_of(api).shutdown())
    states = [patch[0]["value"] for patch in api.patches]
    assert states == ["RequestReady", "Shutdown"]
    assert api.patches[0][0]["path"] == "/status/state"


def test_a_lost_race_and_a_broken_connection_are_tried_again() -> None:
    api = FakeApi(game_server(5), [api_error(500), httpx2.ConnectError("refused")])
    asyncio.run(sdk_of(api, game_server(1)).set_annotation("drain-ack", "{}"))
    assert api.patches == [[{"op": "add", "path": "/metadata/annotations/agones.dev~1sdk-drain-ack", "value": "{}"}]]


@pytest.mark.parametrize("fault", [[api_error(404)], []])
def test_nothing_is_written_to_a_server_that_is_gone(fault: list[Exception]) -> None:
    obj = game_server()
    if not fault:
        obj["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    api = FakeApi(obj, fault)
    asyncio.run(sdk_of(api).shutdown())
    assert api.patches == []


def test_changes_of_a_list_are_written_together_and_only_if_there_are_any() -> None:
    async def run(api: FakeApi, *values: list[str]) -> None:
        sdk = sdk_of(api)
        for value in values:
            sdk.set_list("players", value)
        assert sdk._flush is not None
        await sdk._flush

    api = FakeApi(game_server(players=["a"]))
    asyncio.run(run(api, ["a", "b"], ["b"]))
    assert api.patches == [[{"op": "add", "path": "/status/lists/players/values", "value": ["b"]}]]
    asyncio.run(run(api, ["a", "b"], ["a"]))
    assert len(api.patches) == 1
