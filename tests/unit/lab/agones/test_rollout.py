from __future__ import annotations

from typing import Any

import pytest

from lab.agones.rollout import Rollout, SetFigures, plan, scaled

ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}


def settled(name: str, wanted: int, allocated: int = 0, **figures: int) -> SetFigures:
    """A set that has what it wants, all of it Ready or Allocated."""
    return SetFigures(name, wanted, replicas=wanted, ready=wanted - allocated, allocated=allocated, **figures)


@pytest.mark.parametrize(
    ("value", "of", "up", "expected"),
    [(3, 10, True, 3), ("25%", 10, True, 3), ("25%", 10, False, 2), ("1%", 5, True, 1), ("99%", 0, True, 0)],
)
def test_scaled(value: int | str, of: int, up: bool, expected: int) -> None:
    assert scaled(value, of, up=up) == expected


@pytest.mark.parametrize("active", [None, settled("new", 3)])
def test_without_old_sets_the_active_one_gets_all(active: SetFigures | None) -> None:
    assert plan(7, ROLLING, active, [], 3) == Rollout(7)


def test_the_first_step_creates_the_surge_and_takes_what_may_be_unavailable() -> None:
    # 20 replicas, 5 of them Allocated: as measured, 5 new ones and 20 → 17.
    step = plan(20, ROLLING, None, [settled("old", 20, allocated=5)], fleet_ready=15)
    assert step == Rollout(5, {"old": 17})


def test_a_step_under_way_is_waited_for() -> None:
    active = SetFigures("new", 5, replicas=2)
    old = SetFigures("old", 17, replicas=17, ready=12, allocated=5)
    assert plan(20, ROLLING, active, [old], fleet_ready=12) == Rollout(5)


def test_old_sets_shrink_as_new_servers_become_ready() -> None:
    step = plan(20, ROLLING, settled("new", 8), [settled("old", 17, allocated=5)], fleet_ready=20)
    assert step == Rollout(8, {"old": 12})


def test_allocated_servers_of_old_sets_count() -> None:
    old = SetFigures("old", 1, replicas=5, allocated=5)
    assert plan(20, ROLLING, settled("new", 15), [old], fleet_ready=15) == Rollout(15)


def test_an_old_set_of_sessions_only_is_left_alone() -> None:
    old = SetFigures("old", 0, replicas=2, allocated=2)
    assert plan(8, ROLLING, settled("new", 6), [old], fleet_ready=6) == Rollout(6)


def test_an_empty_old_set_goes() -> None:
    assert plan(8, ROLLING, settled("new", 6), [SetFigures("old", 0)], fleet_ready=6) == Rollout(8, {}, ["old"])
    leaving = SetFigures("old", 0, shutdown=1)
    assert plan(8, ROLLING, settled("new", 6), [leaving], fleet_ready=6).delete == []


def test_servers_that_never_got_ready_go_first() -> None:
    stuck = SetFigures("stuck", 4, replicas=4)
    step = plan(4, ROLLING, settled("new", 1), [stuck, settled("old", 3)], fleet_ready=4)
    assert step.scale == {"stuck": 3}


def test_the_surge_is_never_exceeded() -> None:
    # 8 wanted, 2 above at most: 6 old ones leave room for 4.
    step = plan(8, ROLLING, settled("new", 3), [settled("old", 6)], fleet_ready=9)
    assert step.active == 4


@pytest.mark.parametrize(("allocated", "active"), [(0, 4), (1, 3), (5, 0)])
def test_recreate(allocated: int, active: int) -> None:
    old = SetFigures("old", 5, replicas=5, ready=5 - allocated, allocated=allocated)
    assert plan(4, {"type": "Recreate"}, None, [old], fleet_ready=5) == Rollout(active, {"old": 0})


def test_a_fleet_at_zero() -> None:
    step = plan(0, ROLLING, settled("new", 0), [settled("old", 3)], fleet_ready=3)
    assert step == Rollout(0, {"old": 0})


def simulate(wanted: int, allocated: int, strategy: dict[str, Any]) -> list[tuple[int, int]]:
    """(all, ready) of a Fleet after each step, every step done at once; ends when nothing changes."""
    new, old = SetFigures("new", 0), settled("old", wanted, allocated=allocated)
    history: list[tuple[int, int]] = []
    for _ in range(50):
        step = plan(wanted, strategy, new, [old], fleet_ready=new.ready + old.ready)
        target = step.scale.get("old", old.wanted)
        moved = (
            SetFigures("new", step.active, replicas=step.active, ready=step.active),
            SetFigures("old", target, max(target, allocated), ready=max(0, target - allocated), allocated=allocated),
        )
        if moved == (new, old):
            return history
        new, old = moved
        history.append((new.replicas + old.replicas, new.ready + old.ready))
    raise AssertionError(f"no end: {history[-5:]}")


@pytest.mark.parametrize(("wanted", "allocated"), [(20, 5), (20, 0), (8, 2), (1, 0), (3, 3), (100, 37)])
def test_every_rolling_update_ends(wanted: int, allocated: int) -> None:
    history = simulate(wanted, allocated, ROLLING)
    assert all(total <= wanted + scaled("25%", wanted, up=True) for total, _ in history)
    # All seats that are no sessions are of the new template.
    assert not history or history[-1] == (wanted, wanted - allocated)
