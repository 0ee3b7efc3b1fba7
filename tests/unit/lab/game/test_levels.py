"""The level of the drain contract that the collection's canary finds in the lab's game server, and in poorer ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from functools import partial
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.canary import Times
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.canary_round import Canary
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.round import SessionProbe
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.synthetic import Synthetic

from lab.game.arena import ArenaServer, Timer
from lab.game.sdk import GameServerView, view_of
from tests.unit.plugins.module_utils._drain.world import FakeKeeper
from tests.unit.plugins.module_utils._probe.cluster import Cluster

Json = dict[str, Any]
NEVER_ENDING = 0.0


class Sdk:
    """The SDK of one server, over the cluster; loses answers where that is told to."""

    def __init__(self, cluster: ArenaCluster, name: str) -> None:
        self._cluster = cluster
        self._name = name

    async def ready(self) -> None:
        raise AssertionError("it is ready already")

    async def shutdown(self) -> None:
        self._cluster.change(self._name, "Shutdown")

    async def set_annotation(self, key: str, value: str) -> None:
        if self._cluster.answers:
            self._cluster.change(self._name, annotations={f"agones.dev/sdk-{key}": value})

    def set_list(self, name: str, values: Sequence[str]) -> None:
        pass


class Cancellable:
    """A timer that the cluster's clock fires."""

    def __init__(self) -> None:
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class ArenaCluster(Cluster):
    """A cluster whose game servers are the lab's. Their work is done whenever the runner waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, domain: str = DEFAULT_DOMAIN, answers: bool = True) -> None:
        super().__init__(ready=3)
        self._loop = loop
        self.answers = answers
        self.edit: Callable[[str], str] = lambda text: text
        self._arenas = {
            name: ArenaServer(
                self._view(name),
                Sdk(self, name),
                NEVER_ENDING,
                domain=domain,
                now=lambda: self.clock.now().astimezone(UTC),
                call_later=self._call_later,
            )
            for name in self.servers
        }
        for name, arena in self._arenas.items():
            self._in_loop(partial(arena.start, self._view(name)))

    def _call_later(self, delay: float, work: Callable[[], None]) -> Timer:
        timer = Cancellable()
        self.later(delay, lambda: None if timer.is_cancelled else self._in_loop(work))
        return timer

    def change(
        self, name: str, state: str = "", labels: Mapping[str, str] | None = None, annotations: Json | None = None
    ) -> None:
        self._change(name, state, labels, annotations)

    def pass_time(self, seconds: float) -> None:
        super().pass_time(seconds)
        for name, arena in self._arenas.items():
            self._in_loop(partial(arena.observe, self._view(name)))

    def _view(self, name: str) -> GameServerView:
        view = view_of(self.servers[name])
        annotations = {key: self.edit(text) for key, text in view.annotations.items()}
        return GameServerView(**{**vars(view), "annotations": annotations})

    def _hear(self, name: str) -> None:
        pass  # its arena sees the annotation itself

    def _in_loop(self, work: Callable[[], None]) -> None:
        async def run() -> None:
            work()
            for _ in range(8):
                await asyncio.sleep(0)

        self._loop.run_until_complete(run())


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def probed(cluster: ArenaCluster) -> Json:
    synthetic = Synthetic(cluster, "run-1", DEFAULT_DOMAIN, cluster.clock)
    keeper, policies = FakeKeeper(), Policies(Policy("run-1"))
    canary = Canary(synthetic, lambda: cluster, keeper, cluster.clock, policies, {}, Times())
    result = SessionProbe(synthetic, ["arena"], keeper, cluster.clock, connect=None, canary=canary).run()
    assert result["passed"]
    found: Json = result["probes"][0]
    return found


def without_successor(text: str) -> str:
    """What a server reads that cannot hand over."""
    if not text.startswith("{") or "successor" not in text:
        return text
    return json.dumps({**json.loads(text), "successor": None})


def test_the_reference_game_server_has_level_3(loop: asyncio.AbstractEventLoop) -> None:
    one = probed(ArenaCluster(loop))
    assert (one["level"], one["level_reason"]) == ("L3", "")
    assert one["observed"]["answers"] == {"handoff": "accepted"}
    assert one["observed"]["closing_seconds"] == pytest.approx(3.0, abs=0.3)


def test_one_that_refuses_a_handoff_has_level_2(loop: asyncio.AbstractEventLoop) -> None:
    cluster = ArenaCluster(loop)
    cluster.edit = without_successor
    one = probed(cluster)
    assert (one["level"], one["level_reason"]) == ("L2", "it refuses handoff")


def test_one_whose_answers_are_lost_has_level_1(loop: asyncio.AbstractEventLoop) -> None:
    assert probed(ArenaCluster(loop, answers=False))["level"] == "L1"


def test_one_that_looks_for_something_else_has_level_0(loop: asyncio.AbstractEventLoop) -> None:
    one = probed(ArenaCluster(loop, domain="somebody.else"))
    assert (one["level"], one["level_reason"]) == ("L0", "it neither answered nor called Shutdown()")
