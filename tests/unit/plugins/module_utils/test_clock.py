from __future__ import annotations

from datetime import timedelta

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SteadyClock

from tests.unit.plugins.module_utils._drain.world import FakeClock


def test_a_steady_clock_goes_on_whatever_becomes_of_the_wall_clock() -> None:
    inner = FakeClock()
    clock = SteadyClock(inner)
    before = clock.now()
    inner.skew = -600.0
    inner.seconds = 2.5
    assert clock.now() - before == timedelta(seconds=2.5)
    assert clock.monotonic() == 2.5


def test_it_sleeps_by_the_other_one() -> None:
    inner = FakeClock()
    slept: list[float] = []
    inner.on_sleep = slept.append
    SteadyClock(inner).sleep(3.0)
    assert slept == [3.0]
