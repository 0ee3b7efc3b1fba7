from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.gate import (
    Window,
    judge_gate,
    read_counters,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.gate_round import (
    AllocationGate,
    refuse_long_window,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._drain.world import FakeClock, FakeKeeper

WINDOW = Window(100.0, {"arena/a": 5, "arena/b": 1}, {"arena/a": 0})


@pytest.mark.parametrize(
    ("source", "target", "now", "passed", "reason"),
    [
        ({"arena/a": 5, "arena/b": 1}, {"arena/a": 3}, 110.0, True, "passed"),
        ({"arena/a": 5, "arena/b": 1}, {"arena/a": 3}, 109.0, False, "9 of 10 seconds"),
        ({"arena/a": 5, "arena/b": 1}, {"arena/a": 2}, 200.0, False, "2 of 3 allocations"),
        ({"arena/a": 5, "arena/b": 2}, {"arena/a": 9}, 200.0, False, "still allocates"),
        ({"arena/a": 5}, {"arena/a": 9}, 200.0, False, "Fleets changed"),
        ({"arena/a": 4, "arena/b": 2}, {"arena/a": 9}, 200.0, False, "Fleets changed"),
        ({"arena/a": 5, "arena/b": 1}, {"arena/a": 9, "arena/c": 0}, 200.0, False, "Fleets changed"),
    ],
)
def test_judge(source: dict[str, int], target: dict[str, int], now: float, passed: bool, reason: str) -> None:
    verdict = judge_gate(WINDOW, source, target, now, seconds=10.0, minimum=3)
    assert verdict.passed is passed
    assert reason in verdict.reason
    assert (verdict.window.since == now) == ("again" in verdict.reason)


def test_the_first_reading_opens_the_window() -> None:
    verdict = judge_gate(None, {"a": 1}, {"a": 1}, 100.0, seconds=0.0, minimum=0)
    assert (verdict.passed, verdict.window.since) == (False, 100.0)


def fleet(allocations: int | None) -> dict[str, Any]:
    status = {} if allocations is None else {"allocations": allocations}
    return {"metadata": {"namespace": "arena", "name": "arena"}, "status": status}


def test_fleets_without_a_counter_are_named() -> None:
    assert read_counters([fleet(3)]) == ({"arena/arena": 3}, [])
    assert read_counters([fleet(None)]) == ({}, ["arena/arena"])


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
