"""What a drain writes down, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    DISCONNECT,
    HANDOFF,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import DRAIN_MEMORY
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.notes import SAVE_SECONDS, Notes
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import DrainAction, ShutDown, Signal

from tests.unit.plugins.module_utils._drain.parts import REQUEST, Drain, drain, server
from tests.unit.plugins.module_utils._drain.world import START, FakeClock, FakeKeeper


class Saved(FakeKeeper):
    """Counts what is saved; each time takes so long."""

    def __init__(self, clock: FakeClock, takes: float = 0.0) -> None:
        super().__init__()
        self.saves = 0
        self._clock, self._takes = clock, takes

    def save(self, name: str, value: Mapping[str, Any]) -> None:
        assert name == DRAIN_MEMORY
        super().save(name, value)
        self.saves += 1
        self._clock.seconds += self._takes


def noting(one: Drain, takes: float = 0.0) -> tuple[Notes, Saved, FakeClock]:
    clock = FakeClock()
    keeper = Saved(clock, takes)
    return Notes(keeper, one.state, Settings(["arena"], source_slot="blue", target_slot="green"), clock), keeper, clock


def signal(name: str, mode: str = DISCONNECT, seq: int = 1) -> Signal:
    request = replace(REQUEST, mode=mode, seq=seq)
    return Signal(f"uid-{name}", "arena", name, "1", request, "arena", 30.0)


def saves(*rounds: list[DrainAction]) -> list[int]:
    """How often the memory was saved after each of some promises."""
    one = drain()
    notes, keeper, _clock = noting(one)
    counts = []
    for number, actions in enumerate(rounds):
        one.memory.successors[str(number)] = "something has changed"
        notes.promise(actions)
        counts.append(keeper.saves)
    assert keeper.kept == keeper.saves, "the lease is kept after it was saved, and before it is written"
    return counts


def test_what_is_about_to_be_asked_is_saved_first_and_once() -> None:
    first, other = signal("s0"), signal("s1")
    assert saves([first], [signal("s0", seq=2)], [first, other], [other]) == [1, 1, 2, 2]


def test_another_mode_is_another_promise() -> None:
    assert saves([signal("s0")], [signal("s0", HANDOFF)]) == [1, 2]


def test_who_may_finish_the_match_needs_no_promise_of_its_own() -> None:
    assert saves([signal("s0", AT_MATCH_END)], [signal("s1", AT_MATCH_END)]) == [1, 1]


def test_an_end_by_force_is_saved_each_time() -> None:
    end = ShutDown("uid-s0", "arena", "s0", "1", "arena")
    assert saves([end], [end]) == [1, 2]


def test_the_memory_is_saved_when_it_has_changed_and_not_more_than_once_a_second() -> None:
    one = drain()
    notes, keeper, clock = noting(one)
    notes.write_when_due(START)
    one.sight.see_server(server(), START)
    notes.write_when_due(START)
    assert keeper.saves == 1
    clock.seconds = SAVE_SECONDS
    notes.write_when_due(START + 1)
    assert (keeper.saves, list(keeper.memory[DRAIN_MEMORY]["active"])) == (2, ["uid-s"])
    for second in range(2, 9):
        clock.seconds = second * SAVE_SECONDS
        # That someone watches is no news.
        one.memory.watched_at = START + second
        notes.write_when_due(START + second)
    assert keeper.saves == 2


def test_saving_takes_a_small_part_of_the_time() -> None:
    one = drain()
    notes, keeper, clock = noting(one, takes=0.5)
    while clock.seconds < 30.0:
        one.memory.successors["now"] = str(clock.seconds)
        notes.write_when_due(START + clock.seconds)
        clock.seconds += 0.1
    assert keeper.saves == 3


def test_the_journal_hears_of_a_change_once() -> None:
    one = drain()
    notes, keeper, clock = noting(one)
    one.sight.see_server(server(), START)
    for second in range(5):
        clock.seconds = float(second)
        notes.write_when_due(START + second)
    assert [kind for kind, _data in keeper.entries] == ["drain", "sessions"]
    assert keeper.entries[1][1] == {"slots": {"blue": 1, "green": 0}}
    one.sight.see_gone("uid-s", START + 5)
    notes.write_all()
    assert keeper.entries[-1][1] == {"slots": {"blue": 0, "green": 0}}
    assert keeper.memory[DRAIN_MEMORY]["active"] == {}


def test_the_journal_of_a_long_drain_is_written_less_often() -> None:
    one = drain(seats=0)
    notes, keeper, clock = noting(one)
    for second in range(120):
        clock.seconds = float(second)
        one.sight.see_server(server(f"s{second}"), START)
        notes.write_when_due(START + 3600 + second)
    assert len(keeper.entries) == 2 * 2
