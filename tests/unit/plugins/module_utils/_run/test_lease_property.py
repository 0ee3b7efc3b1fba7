"""Whatever the order, the faults and the pauses: no two runners believe to hold the same generation's lease."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseLost, RunKeeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.round import Asked, Place, RunRecord
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import S3Store
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._run.fakes import BUCKET, KEY, FakeS3, client_error, lost_answer

FAULTS: list[Callable[[], tuple[Exception, bool]]] = [
    lambda: (lost_answer(), True),
    lambda: (lost_answer(), False),
    lambda: (client_error("ConditionalRequestConflict", 409), False),
    lambda: (client_error("PreconditionFailed", 412), True),
    lambda: (client_error("InternalError", 500), True),
]
ACTIONS = ("open", "open", "taken_over", "keep", "keep", "released", "closed")


@dataclass(frozen=True)
class Step:
    """What one runner does; `between` is what another does just before its next write lands."""

    runner: int
    action: str
    pause: float
    fault: int | None
    between: tuple[int, str] | None


steps = st.builds(
    Step,
    runner=st.integers(0, 2),
    action=st.sampled_from(ACTIONS),
    pause=st.sampled_from([0.0, 0.4, 3.0, 9.9, 10.6, 11.5, 30.0]),
    fault=st.none() | st.integers(0, len(FAULTS) - 1),
    between=st.none() | st.tuples(st.integers(0, 2), st.sampled_from(ACTIONS)),
)


class World:
    """One bucket, three runners, and who was ever told that he holds which generation."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.client = FakeS3(self.clock)
        self.store = S3Store(self.client, BUCKET, self.clock)
        self.leases: dict[int, dict[str, Any]] = {}
        self.believers: dict[int, set[int]] = {}
        self.highest = 0

    def play(self, step: Step) -> None:
        self.clock.sleep(step.pause)
        if step.fault is not None:
            self.client.faults = [FAULTS[step.fault]()]
        if step.between is not None:
            self.client.before_put = partial(self.act, *step.between)
        self.act(step.runner, step.action)

    def act(self, runner: int, action: str) -> None:
        lease = self.leases.get(runner)
        try:
            if action in ("open", "taken_over"):
                self._acquire(runner, action)
            elif lease is not None and action == "keep":
                RunKeeper(self.store, lease, self.clock).keep()
                self._believe(runner, lease["generation"])
            elif lease is not None:
                self._record().ensure(action, Asked(lease=lease), check_mode=False)
                del self.leases[runner]
        except LeaseLost:
            self.leases.pop(runner, None)
        except BlueGreenError:
            pass

    def _acquire(self, runner: int, action: str) -> None:
        generation = self.client.body(KEY)["generation"] if KEY in self.client.objects else 0
        asked = Asked("2026-11", "blue", "green", if_generation=generation, lease_seconds=10.0)
        if generation and self.client.body(KEY)["state"] == "open":
            asked = Asked("2026-11", lease_seconds=10.0)
        result = self._record().ensure(action, asked, check_mode=False)
        if result["lease"] is not None:
            self.leases[runner] = result["lease"]
            self._believe(runner, result["lease"]["generation"])

    def _believe(self, runner: int, generation: int) -> None:
        assert generation >= self.highest, "a lease was kept that a newer one had replaced"
        self.highest = generation
        self.believers.setdefault(generation, set()).add(runner)

    def _record(self) -> RunRecord:
        return RunRecord(self.store, Place(BUCKET, KEY, None), self.clock)


@settings(max_examples=100, deadline=None)
@given(st.lists(steps, min_size=2, max_size=14))
def test_one_generation_has_one_holder(script: list[Step]) -> None:
    world = World()
    for step in script:
        world.play(step)
    assert all(len(runners) == 1 for runners in world.believers.values()), world.believers
