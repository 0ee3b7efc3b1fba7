"""A round on the API servers of both slots: what is looked at before it, and what it takes from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Event
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import kube_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.kube_round import drain_once
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._drain.test_preview import SETTINGS, FakeApi
from tests.unit.plugins.module_utils._drain.test_round import FAST
from tests.unit.plugins.module_utils._drain.world import FakeFeed, FakeKeeper, World

Json = dict[str, Any]
POLICIES = Policies(replace(FAST, notice=60.0))


class Slot(FakeApi):
    """The API server of one side of a world."""

    def __init__(self, world: World, side: str, **more: Any) -> None:
        super().__init__(**more)
        self.world, self.side = world, side
        self.ahead = timedelta()

    def server_time(self) -> datetime:
        return self.world.clock.now() + self.ahead

    def find(self, path: str) -> Json | None:
        name = path.rpartition("/")[2]
        if "/pods/" in path:
            return {} if self.world.has_pod("arena", name) else None
        return self.world.find_server("arena", name) if "/gameservers/" in path else super().find(path)

    def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        return self.world.patch_server("arena", path.rpartition("/")[2], body)


class Started(FakeFeed):
    """A watch that was begun with a list."""

    def start(self) -> list[Event]:
        return self.relist()


@pytest.fixture(autouse=True)
def _feeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        kube_round, "WatchFeed", lambda api, _namespaces, _seconds, clock: Started(api.world, api.side, clock)
    )


def slots(**more: Any) -> tuple[Any, Any, World]:
    world = World(seats=4)
    for number in range(4):
        world.add_session(f"s{number}")
    return Slot(world, "source", **more), Slot(world, "target", buffer=1), world


def run(source: Any, target: Any, world: World, keeper: FakeKeeper) -> Json:
    return drain_once(source, target, SETTINGS, POLICIES, keeper, world.clock)


def test_a_round_keeps_the_buffer_of_the_target_free() -> None:
    source, target, world = slots()
    result = run(source, target, world, FakeKeeper())
    assert (world.writes, result["states"]["accepted"]) == (3, 3)
    assert "patch gameservers" in source.asked
    assert "list fleetautoscalers" in target.asked


def test_rights_are_looked_at_before_the_first_round_of_a_runner_only() -> None:
    source, target, world = slots()
    keeper = FakeKeeper()
    run(source, target, world, keeper)
    source.asked.clear()
    run(source, target, world, keeper)
    assert source.asked == []


def test_a_runner_without_rights_writes_nothing() -> None:
    source, target, world = slots(denied=("patch gameservers",))
    keeper = FakeKeeper()
    with pytest.raises(
        BlueGreenError, match="the drain did not begin and nothing was written: blue: the runner may not"
    ):
        run(source, target, world, keeper)
    assert (world.writes, keeper.kept, keeper.memory) == (0, 0, {})


def test_a_clock_that_is_wrong_is_refused_before_anything_is_looked_at() -> None:
    source, target, world = slots()
    source.ahead = timedelta(seconds=60)
    with pytest.raises(BlueGreenError, match="60 s behind that of the API server of blue"):
        run(source, target, world, FakeKeeper())
    assert (world.writes, source.asked) == (0, [])
