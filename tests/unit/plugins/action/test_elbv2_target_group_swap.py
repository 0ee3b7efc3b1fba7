"""The wait after a step, during which the lease is kept."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.gameops.eks_bluegreen.plugins.action.elbv2_target_group_swap import ActionModule
from ansible_collections.gameops.eks_bluegreen.plugins.plugin_utils._rounds import guard_of

from tests.unit.plugins.clock import FakeClock

DIFF = {"before": "0", "after": "10"}


def hold(
    seconds: float,
    lease: dict[str, Any] | None,
    answers: list[dict[str, Any]],
    *,
    changed: bool = True,
    parent: Callable[[], int] = lambda: 100,
    clock: FakeClock | None = None,
) -> tuple[dict[str, Any], float]:
    """What the wait returns, and how long it took; `answers` are those of the module's further rounds."""
    action: Any = ActionModule.__new__(ActionModule)
    action._task = SimpleNamespace(args={"lease": lease})
    action._execute_module = lambda **_: answers.pop(0)
    action._guard = guard_of(parent)
    clock = clock or FakeClock()
    return action._hold({"changed": changed, "diff": DIFF}, seconds, {}, clock), clock.seconds


def test_a_short_wait_asks_nobody() -> None:
    assert hold(2, {"seconds": 10.0}, []) == ({"changed": True, "diff": DIFF}, 2.0)


def test_a_long_wait_keeps_the_lease() -> None:
    answers: list[dict[str, Any]] = [{"changed": False}] * 3

    result, took = hold(100, {"seconds": 90.0}, answers)

    assert answers == []
    assert result == {"changed": True, "diff": DIFF}
    assert took == 100


def test_a_lost_lease_ends_it() -> None:
    lost = {"failed": True, "msg": "taken over"}

    result, took = hold(600, {"seconds": 30.0}, [{"changed": False}, lost])

    assert result == {**lost, "changed": True, "diff": DIFF}
    assert took == 20


@pytest.mark.parametrize(
    ("killed_at", "asked", "ended_at"),
    [(0.0, 0, 0.0), (5.0, 0, 10.0), (10.5, 1, 20.0)],
    ids=["before the hold", "in the first sleep", "after round one"],
)
def test_it_ends_with_the_playbook(killed_at: float, asked: int, ended_at: float) -> None:
    answers: list[dict[str, Any]] = [{"changed": False}] * 9
    clock, parents = FakeClock(), iter([100])

    def parent() -> int:
        return next(parents, 1 if clock.seconds >= killed_at else 100)

    with pytest.raises(AnsibleActionFail, match="ansible-playbook was killed"):
        hold(600, {"seconds": 30.0}, answers, parent=parent, clock=clock)
    assert (9 - len(answers), clock.seconds) == (asked, ended_at)


AGAIN = {"before": "50", "after": "10"}


@pytest.mark.parametrize(("changed", "diff"), [(True, [DIFF, AGAIN]), (False, AGAIN)])
def test_a_rivals_weights_that_it_puts_right_are_a_change(changed: bool, diff: Any) -> None:
    again = {"changed": True, "diff": AGAIN, "weights": "now", "round": {"finished": True}}

    result, _took = hold(25, {"seconds": 30.0}, [again, {"changed": False}], changed=changed)

    assert result == {"changed": True, "diff": diff, "weights": "now"}


def test_a_wait_that_is_no_number_is_refused_before_anything_is_asked() -> None:
    action: Any = ActionModule.__new__(ActionModule)
    action._task = SimpleNamespace(args={"hold_seconds": "long"})
    with pytest.raises(AnsibleActionFail, match="hold_seconds must be a number of seconds, not 'long'"):
        action.run()
