"""The flag by which a person pauses or ends a drain, as its loop reads it."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.flag import CONTROL_SECONDS, Flag

from tests.unit.plugins.module_utils._drain.world import FakeClock, FakeKeeper


def test_it_is_read_at_once_and_every_few_seconds() -> None:
    keeper, clock = FakeKeeper(), FakeClock()
    flag = Flag(keeper, clock)
    assert (flag.look(), flag.is_paused) == (True, False)
    keeper.memory["control"] = {"state": "paused", "by": "jo"}
    clock.seconds = CONTROL_SECONDS - 0.1
    assert (flag.look(), flag.is_paused) == (False, False)
    clock.seconds = CONTROL_SECONDS
    assert (flag.look(), flag.is_paused, flag.control.by) == (True, True, "jo")


def test_the_journal_hears_of_a_change_only() -> None:
    keeper, clock = FakeKeeper(), FakeClock()
    flag = Flag(keeper, clock)
    for state in ("running", "paused", "paused", "running"):
        keeper.memory["control"] = {"state": state, "reason": "lunch"}
        clock.seconds += CONTROL_SECONDS
        flag.look()
    assert keeper.entries == [("drain", {"control": one, "reason": "lunch"}) for one in ("paused", "running")]
