"""The allocation gate over both slots, slice by slice."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.gate_round import (
    AllocationGate,
    predict_gate,
    refuse_long_window,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._activation.test_gate import fleet
from tests.unit.plugins.module_utils._drain.world import FakeClock, FakeKeeper


class Slots:
    """Both slots' counters as functions of the time."""

    def __init__(self, source_until: float = 0.0, target_from: float = 0.0) -> None:
        self.clock = FakeClock()
        self.clock.on_sleep = self.pass_time
        self.source_until, self.target_from = source_until, target_from

    def pass_time(self, seconds: float) -> None:
        self.clock.seconds += seconds

    def source(self) -> list[dict[str, Any]]:
        return [fleet(int(min(self.clock.seconds, self.source_until)))]

    def target(self) -> list[dict[str, Any]]:
        return [fleet(int(max(self.clock.seconds - self.target_from, 0)))]


def gate(slots: Slots, keeper: FakeKeeper, seconds: float = 10.0) -> AllocationGate:
    return AllocationGate(slots.source, slots.target, keeper, slots.clock, seconds, 3)


def test_it_passes_once_the_source_has_been_silent_for_the_window() -> None:
    slots, keeper = Slots(source_until=5.0), FakeKeeper()
    result = gate(slots, keeper).run()
    assert result["passed"]
    assert result["target_allocations"] >= 3
    assert slots.clock.seconds == pytest.approx(15.0, abs=1.0)
    assert keeper.kept > 4


def test_it_journals_the_sessions_for_the_timeline_every_few_seconds() -> None:
    slots, keeper = Slots(), FakeKeeper()
    busy = {"metadata": {"name": "arena"}, "status": {"allocations": 0, "allocatedReplicas": 4, "reservedReplicas": 1}}
    AllocationGate(lambda: [busy], slots.target, keeper, slots.clock, 9.0, 3, "blue", "green").run()
    assert keeper.entries == [("sessions", {"slots": {"blue": 5, "green": 0}})] * 2


def test_it_journals_what_the_game_calls_a_session() -> None:
    slots, keeper = Slots(), FakeKeeper()
    one = gate(slots, keeper, 1.0)
    one.sessions = lambda: (7, 2)
    one.run()
    assert keeper.entries[0] == ("sessions", {"slots": {"source": 7, "target": 2}})


def test_a_window_longer_than_a_slice_is_remembered_and_then_forgotten() -> None:
    slots, keeper = Slots(), FakeKeeper()
    first = gate(slots, keeper, 30.0).run()
    assert (first["passed"], first["round"]["finished"]) == (False, False)
    assert gate(slots, keeper, 30.0).run()["passed"]
    assert slots.clock.seconds == pytest.approx(30.0, abs=1.0)
    assert keeper.memory["allocation-gate"] == {}
    assert not gate(slots, keeper, 30.0).run()["passed"]


def test_an_idle_target_does_not_pass() -> None:
    slots, keeper = Slots(target_from=1000.0), FakeKeeper()
    result = gate(slots, keeper).run()
    assert (result["passed"], result["round"]["progress"]) == (
        False,
        "allocation gate: 0 of 3 allocations on the target",
    )


def test_without_counters_or_fleets_it_fails() -> None:
    slots = Slots()
    blind = AllocationGate(lambda: [fleet(None)], slots.target, FakeKeeper(), slots.clock, 1.0, 0)
    with pytest.raises(BlueGreenError, match="no counter"):
        blind.run()
    empty = AllocationGate(slots.source, list, FakeKeeper(), slots.clock, 1.0, 0)
    with pytest.raises(BlueGreenError, match="the target has no Fleet"):
        empty.run()


def test_the_preview_reads_once_and_judges_nothing() -> None:
    slots, keeper = Slots(), FakeKeeper()
    result = gate(slots, keeper).preview()
    assert (result["passed"], result["round"]["finished"]) == (False, True)
    assert (keeper.kept, keeper.memory, slots.clock.seconds) == (0, {}, 0.0)


def test_a_long_window_needs_a_run_that_remembers_it() -> None:
    refuse_long_window(60.0, remembered=True)
    refuse_long_window(15.0, remembered=False)
    with pytest.raises(BlueGreenError, match="window_seconds is 60"):
        refuse_long_window(60.0, remembered=False)


def test_a_source_that_still_allocates_begins_the_window_again() -> None:
    slots, keeper = Slots(source_until=1000.0), FakeKeeper()
    result = gate(slots, keeper, 30.0).run()
    assert (result["passed"], result["source_allocations"]) == (False, 1)
    assert "the source still allocates" in result["round"]["progress"]
    assert keeper.memory["allocation-gate"]["since"] == slots.clock.now().timestamp()
    assert result["window_seconds"] == 0.0


def test_the_preview_of_a_slot_that_is_not_there_yet_is_the_prediction() -> None:
    slots, keeper = Slots(), FakeKeeper()
    slots.target = list  # type: ignore[method-assign]
    assert gate(slots, keeper).preview() == predict_gate()
    assert not predict_gate()["passed"]
