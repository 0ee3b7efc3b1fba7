"""Long work in rounds: merging results, progress, deadlines."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.gameops.eks_bluegreen.plugins.plugin_utils._rounds import (
    RoundsAction,
    guard_of,
    merge_rounds,
    repeat_rounds,
    seconds_of,
)

from tests.unit.plugins.clock import FakeClock


def a_round(
    finished: bool, progress: str = "", retry: float = 1.0, timeout: float = 100.0, **values: Any
) -> dict[str, Any]:
    told = {"finished": finished, "progress": progress, "retry_after_seconds": retry, "timeout_seconds": timeout}
    return {"round": told, **values}


def repeat(rounds: list[dict[str, Any]], *, check_mode: bool = False) -> tuple[dict[str, Any], list[str]]:
    said: list[str] = []
    left = iter(rounds)
    return repeat_rounds(lambda: next(left), check_mode=check_mode, clock=FakeClock(), show=said.append), said


TO_B, TO_C = {"before": {"x": "a"}, "after": {"x": "b"}}, {"before": {"x": "b"}, "after": {"x": "c"}}
ONE, TWO = {"before": "web: 0", "after": "web: 10"}, {"before": "api: 0", "after": "api: 10"}
NONE = {"before": "", "after": ""}


@pytest.mark.parametrize(
    ("first", "last", "merged"),
    [
        (None, {"changed": False}, {"changed": False}),
        ({"changed": True}, {"changed": False, "x": 1}, {"changed": True, "x": 1}),
        (
            {"changed": True, "diff": {**TO_B, "before_header": "x", "after_header": "y"}},
            {"changed": True, "diff": TO_C},
            {"changed": True, "diff": {"before_header": "x", "before": {"x": "a"}, "after": {"x": "c"}}},
        ),
        ({"changed": True, "diff": ONE}, {"changed": False}, {"changed": True, "diff": ONE}),
        ({"changed": True}, {"changed": True, "diff": TWO}, {"changed": True, "diff": TWO}),
    ],
)
def test_merge_keeps_the_first_before_and_the_last_after(first: Any, last: Any, merged: Any) -> None:
    assert merge_rounds(first, last) == merged


@pytest.mark.parametrize(
    ("rounds", "diff"),
    [
        ([(True, ONE), (True, TWO)], [ONE, TWO]),
        ([(True, ONE), (True, TWO), (True, ONE)], [ONE, TWO, ONE]),
        ([(True, ONE), (True, TWO), (False, NONE)], [ONE, TWO]),
        ([(True, ONE), (False, NONE)], ONE),
        ([(True, ONE), (False, None), (True, TWO)], [ONE, TWO]),
        # What a round only had in mind is not what it did.
        ([(False, ONE), (True, TWO)], TWO),
        ([(False, ONE), (False, TWO)], TWO),
    ],
)
def test_texts_are_the_changes_of_one_round_each(rounds: list[tuple[bool, Any]], diff: Any) -> None:
    merged = None
    for changed, text in rounds:
        merged = merge_rounds(merged, {"changed": changed, **({"diff": text} if text else {})})
    assert merged is not None
    assert merged["diff"] == diff


@pytest.mark.parametrize(
    ("given", "seconds"), [({}, 9.0), ({"x": None}, 9.0), ({"x": 0}, 0.0), ({"x": "2.5"}, 2.5), ({"x": 3}, 3.0)]
)
def test_a_time_in_seconds(given: dict[str, Any], seconds: float) -> None:
    assert seconds_of(given, "x", 9.0) == seconds


@pytest.mark.parametrize("value", ["soon", "", "nan", "inf", [1], {}])
def test_what_is_no_time_is_refused_by_name(value: Any) -> None:
    with pytest.raises(AnsibleActionFail) as refused:
        seconds_of({"wait_timeout": value}, "wait_timeout", 9.0)
    assert str(refused.value) == f"wait_timeout must be a number of seconds, not {value!r}"


def test_a_timeout_of_nothing_is_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ActionBase, "run", lambda *_: {})
    action: Any = RoundsAction.__new__(RoundsAction)
    action._task = SimpleNamespace(args={"wait_timeout": 0}, action="eks_cluster", check_mode=False)
    monkeypatch.setattr(action, "_refuse_what_rounds_cannot_do", lambda: None, raising=False)
    monkeypatch.setattr(action, "_execute_module", lambda **_: a_round(False, "CREATING", timeout=0), raising=False)
    monkeypatch.setattr(action, "_shower", lambda _vars: lambda _text: None, raising=False)

    assert action.run()["msg"] == "not finished within 0 seconds; last seen: CREATING"


def test_a_failure_that_the_first_round_gets_over_is_none() -> None:
    first = a_round(False, changed=True)
    first["round"]["failed_before"] = "game is DELETE_FAILED"

    result, _ = repeat([first, a_round(True, changed=False)])

    assert result == {"changed": True}


def test_a_failure_that_a_later_round_finds_is_the_tasks() -> None:
    later = a_round(False, changed=True)
    later["round"]["failed_before"] = "game is DELETE_FAILED"

    result, _ = repeat([a_round(False, changed=True), later])

    assert (result["failed"], result["msg"]) == (True, "game is DELETE_FAILED")


def test_rounds_until_finished_or_any_changed() -> None:
    result, _ = repeat([a_round(False, changed=True), a_round(False, changed=False), a_round(True, changed=False)])
    assert result == {"changed": True}


def test_progress_is_said_at_a_change_and_once_a_minute() -> None:
    rounds = [a_round(False, "12 left", 25.0, 200.0)] * 4
    _, said = repeat([*rounds, a_round(False, "3 left", 1.0, 200.0), a_round(True, "0 left")])
    assert said == ["12 left (0 s)", "12 left (50 s)", "3 left (100 s)"]


@pytest.mark.parametrize("round_seconds", [1.0, 21.2, 29.9, 46.2])
def test_long_rounds_are_not_silent_for_more_than_a_minute(round_seconds: float) -> None:
    clock, said_at = FakeClock(), [0.0]

    def execute() -> dict[str, Any]:
        clock.sleep(round_seconds)
        return a_round(clock.monotonic() > 600, "7 left", 0.0, 900.0)

    repeat_rounds(execute, check_mode=False, clock=clock, show=lambda _text: said_at.append(clock.monotonic()))
    assert max(after - before for before, after in pairwise(said_at)) <= 60


def test_timeout_fails_with_the_last_thing_seen() -> None:
    result, _ = repeat([a_round(False, "7 left", 60.0, 100.0, changed=True, left=7)] * 3)
    assert result["failed"] is True
    assert result["left"] == 7
    assert result["msg"] == "not finished within 100 seconds; last seen: 7 left"


def test_the_time_counts_from_the_start_of_the_first_round() -> None:
    clock, began = FakeClock(), []

    def execute() -> dict[str, Any]:
        began.append(clock.monotonic())
        clock.sleep(40.0)
        return a_round(False, "7 left", 11.0, 100.0)

    result = repeat_rounds(execute, check_mode=False, clock=clock, show=lambda _text: None)

    # Counted from the end of the first round, there would be time for a third.
    assert (result["failed"], began, clock.monotonic()) == (True, [0.0, 51.0], 91.0)


def test_a_failed_round_ends_the_loop() -> None:
    result, _ = repeat([{"failed": True, "msg": "lease lost"}, a_round(True)])
    assert result == {"failed": True, "msg": "lease lost"}


def test_check_mode_takes_one_round() -> None:
    result, _ = repeat([a_round(False, changed=True)], check_mode=True)
    assert result == {"changed": True}


def test_no_round_begins_once_the_playbook_has_been_killed() -> None:
    parents = iter([100, 100, 1])
    guard = guard_of(lambda: next(parents))
    guard()
    with pytest.raises(AnsibleActionFail, match="killed"):
        guard()


def test_every_round_is_guarded() -> None:
    action: Any = RoundsAction.__new__(RoundsAction)
    rounds = iter([{"changed": True}, {"changed": False}])
    action._execute_module = lambda **_: next(rounds)
    parents = iter([100, 100, 1])
    action._guard = guard_of(lambda: next(parents))
    assert action._round({}) == {"changed": True}
    with pytest.raises(AnsibleActionFail, match="killed"):
        action._round({})
    assert next(rounds) == {"changed": False}
