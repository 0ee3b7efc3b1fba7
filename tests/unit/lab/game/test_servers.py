from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lab.game.drain import ACKNOWLEDGEMENT_KEY
from lab.game.sdk import GameServerView, view_of
from lab.game.servers import (
    REQUEST_ANNOTATION,
    FaultySdk,
    House,
    read_kubeconfig,
    read_match_seconds,
    without_requests,
)
from lab.world.config import LabConfig, LabError


class FakeContainer:
    def __init__(self, view: GameServerView) -> None:
        self.views = [view]
        self.is_killed = False

    def observe(self, view: GameServerView) -> None:
        self.views.append(view)

    def kill(self) -> None:
        self.is_killed = True


class Rig:
    def __init__(self) -> None:
        self.started: list[FakeContainer] = []
        self.house = House(self._start)  # type: ignore[arg-type]

    def _start(self, view: GameServerView) -> FakeContainer:
        self.started.append(FakeContainer(view))
        return self.started[-1]


def game_server(state: str, *, image: str = "gameops-lab/arena:1.10.0", port: int | None = 7001) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "arena", "name": "arena-x", "uid": "uid-1", "resourceVersion": "1"},
        "spec": {"template": {"spec": {"containers": [{"name": "arena", "image": image}]}}},
        "status": {"state": state, "address": "127.40.101.1", "ports": port and [{"name": "game", "port": port}]},
    }


@pytest.mark.parametrize(
    ("obj", "starts"),
    [
        (game_server("Scheduled"), True),
        (game_server("Ready"), True),
        (game_server("Reserved"), True),
        (game_server("Allocated"), True),
        (game_server("Starting", port=None), False),
        (game_server("Scheduled", port=None), False),
        (game_server("Shutdown"), False),
        (game_server("Unhealthy"), False),
        (game_server("Scheduled", image="example.com/other:1"), False),
        (game_server("Scheduled", image="gameops-lab/arena-matchmaker:1"), False),
    ],
)
def test_what_gets_a_container(obj: dict[str, Any], starts: bool) -> None:
    rig = Rig()
    rig.house.on_change("ADDED", obj)
    assert (len(rig.started) == 1) is starts


def test_a_server_that_is_being_deleted_gets_none() -> None:
    rig = Rig()
    obj = game_server("Ready")
    obj["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    rig.house.on_change("ADDED", obj)
    assert not rig.started


def test_a_container_lives_as_long_as_its_game_server() -> None:
    rig = Rig()
    rig.house.on_change("ADDED", game_server("Scheduled"))
    rig.house.on_change("MODIFIED", game_server("Ready"))
    rig.house.refresh(game_server("Allocated"))
    assert [view.state for view in rig.started[0].views] == ["Scheduled", "Ready", "Allocated"]
    rig.house.on_change("MODIFIED", game_server("Shutdown"))
    assert not rig.started[0].is_killed
    rig.house.on_change("DELETED", game_server("Shutdown"))
    assert rig.started[0].is_killed
    rig.house.refresh(game_server("Allocated"))  # a poll that began before
    assert len(rig.house) == 0


@pytest.mark.parametrize(("text", "seconds"), [("120", 120.0), ("0", 0.0), ("0.5", 0.5)])
def test_the_length_of_a_match(text: str, seconds: float) -> None:
    assert read_match_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "long", "-1"])
def test_a_bad_length_of_a_match_says_what_to_do(text: str) -> None:
    with pytest.raises(LabError, match="LAB_MATCH_SECONDS"):
        read_match_seconds(text)


def test_the_kubeconfig_comes_from_the_clusters_record(tmp_path: Path) -> None:
    config = LabConfig.from_environment({"LAB_STATE": str(tmp_path)})
    with pytest.raises(LabError, match="does arena-blue exist"):
        read_kubeconfig(config, "arena-blue")
    record = config.cluster_dir("arena-blue") / "cluster.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"kubeconfig": "/tmp/kubeconfig"}))
    assert read_kubeconfig(config, "arena-blue") == "/tmp/kubeconfig"


class FakeSidecar:
    def __init__(self) -> None:
        self.calls: list[str] = []

    async def ready(self) -> None:
        self.calls.append("ready")

    async def shutdown(self) -> None:
        self.calls.append("shutdown")

    async def set_annotation(self, key: str, value: str) -> None:
        self.calls.append(key)

    def set_list(self, name: str, values: Sequence[str]) -> None:
        self.calls.append(name)


@pytest.mark.parametrize(
    ("phase", "dies", "died"),
    [("closing", True, ["died"]), ("closing", False, []), ("accepted", True, [])],
)
def test_a_server_that_crashes_while_closing_has_acknowledged_it(phase: str, dies: bool, died: list[str]) -> None:
    sidecar = FakeSidecar()

    async def run() -> None:
        sdk = FaultySdk(sidecar, lambda: dies, lambda: sidecar.calls.append("died"))
        sdk.set_list("players", [])
        await sdk.ready()
        await sdk.set_annotation(ACKNOWLEDGEMENT_KEY, json.dumps({"phase": phase}))
        await sdk.shutdown()

    asyncio.run(run())
    assert sidecar.calls == ["players", "ready", ACKNOWLEDGEMENT_KEY, *died, "shutdown"]


def test_a_deaf_server_hears_all_but_requests() -> None:
    obj = game_server("Allocated")
    obj["metadata"]["annotations"] = {REQUEST_ANNOTATION: "{}", "agones.dev/last-allocated": "now"}
    assert without_requests(view_of(obj)).annotations == {"agones.dev/last-allocated": "now"}
