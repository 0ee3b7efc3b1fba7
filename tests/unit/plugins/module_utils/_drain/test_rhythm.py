from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.rhythm import Rhythm

from tests.unit.plugins.module_utils._drain.world import FakeClock


def test_it_is_due_at_once_and_then_some_seconds_after_it_was_done() -> None:
    clock = FakeClock()
    one = Rhythm(clock)
    assert [one.is_due(2.0) for _now in range(2)] == [True, False]
    clock.seconds = 1.9
    assert not one.is_due(2.0)
    clock.seconds = 2.0
    assert one.is_due(2.0)


def test_it_can_be_put_off_and_be_made_due() -> None:
    clock = FakeClock()
    one = Rhythm(clock)
    one.rest(5.0)
    clock.seconds = 4.0
    assert not one.is_due(1.0)
    one.hurry()
    assert one.is_due(1.0)
