"""A lease is kept within a slice, and not more often than needed."""

from __future__ import annotations

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.heartbeat import BEAT_SECONDS, Heartbeat
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseLost, NullKeeper

from tests.unit.plugins.clock import FakeClock


class CountingKeeper(NullKeeper):
    """Notes when the lease was kept; loses it at the second time, if told to."""

    def __init__(self, clock: FakeClock, loses: bool = False) -> None:
        self.clock = clock
        self.loses = loses
        self.kept_at: list[float] = []

    def keep(self) -> None:
        self.kept_at.append(self.clock.seconds)
        if self.loses and len(self.kept_at) > 1:
            raise LeaseLost("taken over")


@pytest.mark.parametrize(
    ("pause", "beats", "kept_at"),
    [
        (0.5, 9, [2.0, 4.0]),
        (BEAT_SECONDS, 3, [2.0, 4.0, 6.0]),
        # Late beats are not made up for.
        (7.0, 2, [7.0, 14.0]),
        (0.5, 3, []),
    ],
)
def test_the_lease_is_kept_every_few_seconds(pause: float, beats: int, kept_at: list[float]) -> None:
    clock = FakeClock()
    keeper = CountingKeeper(clock)
    heart = Heartbeat(keeper, clock)
    for _beat in range(beats):
        clock.sleep(pause)
        heart.beat()
    assert keeper.kept_at == kept_at


def test_the_time_that_keeping_takes_does_not_count() -> None:
    clock = FakeClock()

    class Slow(CountingKeeper):
        def keep(self) -> None:
            super().keep()
            self.clock.sleep(1.5)

    keeper = Slow(clock)
    heart = Heartbeat(keeper, clock)
    for _beat in range(3):
        clock.sleep(1.0)
        heart.beat()
    assert keeper.kept_at == [2.0]


def test_a_lost_lease_is_told_to_the_slice() -> None:
    clock = FakeClock()
    heart = Heartbeat(CountingKeeper(clock, loses=True), clock)
    clock.sleep(2.0)
    heart.beat()
    clock.sleep(2.0)
    with pytest.raises(LeaseLost):
        heart.beat()
