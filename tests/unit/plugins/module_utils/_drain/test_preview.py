"""The module's way in: both slots looked at, then counted, through an API server's answers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import NotFound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DISCONNECT
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.look import review_slots
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.preview import preview, preview_drain
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._drain.world import FakeClock, FakeFeed, World, game_server

SETTINGS = Settings(["arena"], source_slot="blue", target_slot="green")
POLICIES = Policies(Policy("run-1", mode=DISCONNECT, canary=0))


class FakeApi:
    """An API server with some GameServers of the Fleet arena; it refuses every write but access reviews.

    Without `fleets` Agones is not installed. `denied` are what the runner may not do, like "list fleets".
    """

    server = "https://fake"

    def __init__(
        self,
        *servers: dict[str, Any],
        buffer: int = 0,
        fleets: tuple[str, ...] = ("arena",),
        denied: tuple[str, ...] = (),
        agones: str = "1.60.0",
    ) -> None:
        self.servers = list(servers)
        self.buffer = buffer
        self.fleets = fleets
        self.denied = denied
        self.agones = {"agones.dev/sdk-version": agones}
        self.asked: list[str] = []

    def list(self, path: str, **_more: Any) -> tuple[list[dict[str, Any]], str]:
        if path.endswith("/fleets"):
            if not self.fleets:
                raise NotFound("no such resource", 404)
            return [{"metadata": {"name": name, "annotations": self.agones}} for name in self.fleets], "1"
        if path.endswith("/fleetautoscalers"):
            policy = {"type": "Buffer", "buffer": {"bufferSize": self.buffer}}
            return [{"metadata": {"name": "arena"}, "spec": {"fleetName": "arena", "policy": policy}}], "1"
        return self.servers, "1"

    def find(self, path: str) -> dict[str, Any] | None:
        return {} if path == "/api/v1/namespaces/arena" else None

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert path.endswith("/selfsubjectaccessreviews")
        attributes = body["spec"]["resourceAttributes"]
        asked = f"{attributes['verb']} {attributes['resource']}"
        self.asked.append(asked)
        return {"status": {"allowed": asked not in self.denied}}


def test_the_preview_counts_what_the_seats_allow_at_once() -> None:
    source: Any = FakeApi(*(game_server(f"s{number}") for number in range(4)))
    target: Any = FakeApi(*(game_server(f"seat-{number}", "Ready") for number in range(3)), buffer=1)
    result = preview_drain(source, target, SETTINGS, POLICIES, FakeClock())
    assert result["diff"] == {
        "before": {"sessions": 4},
        "after": {"sessions": 0, "signalled_at_once": 2, "mode": "disconnect"},
    }
    assert "patch gameservers" in source.asked


def test_the_preview_tells_that_there_is_something_to_do_and_writes_nothing() -> None:
    world = World(seats=2)
    for number in range(3):
        world.add_session(f"s{number}")
    first, first_target = FakeFeed(world, "source").relist(), FakeFeed(world, "target").relist()
    result = preview(POLICIES, SETTINGS, {}, world.clock, first, first_target)
    assert (result["changed"], result["drained"]) == (True, False)
    assert result["diff"]["after"]["signalled_at_once"] == 2
    assert world.writes == 0


def test_the_preview_of_a_target_that_is_not_there_yet() -> None:
    source: Any = FakeApi(game_server("s0"))
    result = preview_drain(source, None, SETTINGS, POLICIES, FakeClock())
    assert result["diff"]["after"]["signalled_at_once"] == "unknown: the target has no game servers yet"


def test_the_preview_of_a_target_without_agones() -> None:
    source: Any = FakeApi(game_server("s0"))
    target: Any = FakeApi(fleets=(), denied=("list fleetautoscalers",))
    result = preview_drain(source, target, SETTINGS, POLICIES, FakeClock())
    assert result["diff"]["after"]["signalled_at_once"] == "unknown: the target has no game servers yet"
    assert result["warnings"] == []


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (FakeApi(fleets=("lobby",)), "Fleet arena/arena: green has no Fleet of that name"),
        (FakeApi(agones="1.40.0"), "green: Agones 1.40.0 is older than 1.41"),
    ],
)
def test_the_preview_warns_of_what_the_charts_may_bring_to_the_target(target: Any, said: str) -> None:
    source: Any = FakeApi(game_server("s0"))
    (warned,) = preview_drain(source, target, SETTINGS, POLICIES, FakeClock())["warnings"]
    assert warned.startswith(said)
    assert warned.endswith("the drain will be refused unless the release's charts change that")
    with pytest.raises(BlueGreenError, match=said):
        review_slots(source, target, POLICIES, SETTINGS, FakeClock(), begins=True)


def test_the_preview_refuses_what_the_runner_may_not_do_on_either_slot() -> None:
    source: Any = FakeApi(denied=("patch gameservers",))
    target: Any = FakeApi(fleets=("lobby",), denied=("list fleetautoscalers",))
    with pytest.raises(BlueGreenError) as refused:
        preview_drain(source, target, SETTINGS, POLICIES, FakeClock())
    source_problem, target_problem = refused.value.details["problems"]
    assert source_problem.startswith("blue: the runner may not patch gameservers.agones.dev in namespace arena")
    assert target_problem.startswith("green: the runner may not list fleetautoscalers.autoscaling.agones.dev")
