"""Long work in rounds: merging results, progress, deadlines."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.gameops.eks_bluegreen.plugins.plugin_utils._rounds import (
    for_parent,
    merge_rounds,
    repeat_rounds,
)

from tests.unit.plugins.clock import FakeClock


def a_round(finished: bool, progress: str = "", retry: float = 1.0, **values: Any) -> dict[str, Any]:
    return {"round": {"finished": finished, "progress": progress, "retry_after_seconds": retry}, **values}


def repeat(rounds: list[dict[str, Any]], **options: Any) -> tuple[dict[str, Any], list[str]]:
    said: list[str] = []
    left = iter(rounds)
    settings = {"timeout": 100.0, "check_mode": False, "clock": FakeClock(), **options}
    return repeat_rounds(lambda: next(left), show=said.append, **settings), said


@pytest.mark.parametrize(
    ("first", "last", "merged"),
    [
        (None, {"changed": False}, {"changed": False}),
        ({"changed": True}, {"changed": False, "x": 1}, {"changed": True, "x": 1}),
        (
            {"changed": True, "diff": {"before": "a", "after": "b"}},
            {"changed": True, "diff": {"before": "b", "after": "c"}},
            {"changed": True, "diff": {"before": "a", "after": "c"}},
        ),
        (
            {"changed": True, "diff": {"before": "a", "after": "b"}},
            {"changed": False},
            {"changed": True, "diff": {"before": "a", "after": "b"}},
        ),
    ],
)
def test_merge_keeps_the_first_before_and_the_last_after(first: Any, last: Any, merged: Any) -> None:
    assert merge_rounds(first, last) == merged


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
    rounds = [a_round(False, "12 left", 25.0)] * 4 + [a_round(False, "3 left", 1.0), a_round(True, "0 left")]
    _, said = repeat(rounds, timeout=200.0)
    assert said == ["12 left (0 s)", "12 left (75 s)", "3 left (100 s)"]


def test_timeout_fails_with_the_last_thing_seen() -> None:
    result, _ = repeat([a_round(False, "7 left", 60.0, changed=True, left=7)] * 3, timeout=100.0)
    assert result["failed"] is True
    assert result["left"] == 7
    assert result["msg"] == "not finished within 100 seconds; last seen: 7 left"


def test_a_failed_round_ends_the_loop() -> None:
    result, _ = repeat([{"failed": True, "msg": "lease lost"}, a_round(True)])
    assert result == {"failed": True, "msg": "lease lost"}


def test_check_mode_takes_one_round() -> None:
    result, _ = repeat([a_round(False, changed=True)], check_mode=True)
    assert result == {"changed": True}


def test_no_round_begins_once_the_playbook_has_been_killed() -> None:
    parents = iter([100, 100, 1])
    rounds = iter([{"round": 1}, {"round": 2}])
    execute = for_parent(lambda: next(rounds), lambda: next(parents))
    execute()
    with pytest.raises(AnsibleActionFail, match="killed"):
        execute()
    assert next(rounds) == {"round": 2}
