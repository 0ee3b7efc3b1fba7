"""Health by thresholds, and changes that arrive later."""

from __future__ import annotations

import pytest

from lab.alb.health import TargetHealth, judge
from lab.alb.model import HealthCheck, LoadBalancer, World
from lab.alb.propagation import Propagation

CHECK = HealthCheck("/", None, 5, 2, healthy_threshold=3, unhealthy_threshold=2, codes=((200, 204), (301, 301)))


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("", "initial"),
        ("+", "healthy"),
        ("-", "initial"),
        ("--", "unhealthy"),
        ("-+", "healthy"),
        ("+-", "healthy"),
        ("+-+-", "healthy"),
        ("+--", "unhealthy"),
        ("+--+", "unhealthy"),
        ("+--++", "unhealthy"),
        ("+--+++", "healthy"),
        ("+--++-+++", "healthy"),
    ],
)
def test_thresholds(outcomes: str, state: str) -> None:
    health = TargetHealth(CHECK)
    for outcome in outcomes:
        health.observe("" if outcome == "+" else "Target.Timeout")
    assert health.state == state
    assert health.reason == {"healthy": "", "unhealthy": "Target.Timeout"}.get(state, "Elb.InitialHealthChecking")


def test_a_change_is_told() -> None:
    health = TargetHealth(CHECK)
    assert [health.observe(one) for one in ("", "", "x", "x", "x")] == [True, False, False, True, False]


@pytest.mark.parametrize(
    ("status", "failure"),
    [(200, ""), (204, ""), (301, ""), (205, "Target.ResponseCodeMismatch"), (503, "Target.ResponseCodeMismatch")],
)
def test_codes(status: int, failure: str) -> None:
    assert judge(CHECK, status) == failure


def world(name: str) -> World:
    return World((LoadBalancer(name, name, ()),), {})


def test_a_change_arrives_after_the_delay_and_the_newest_wins() -> None:
    propagation = Propagation(1.0)
    assert propagation.next_due() is None
    propagation.offer(world("a"), 10.0)
    assert propagation.due(10.9) is None
    assert propagation.next_due() == 11.0
    assert propagation.due(11.0) == world("a")
    propagation.offer(world("a"), 12.0)
    assert propagation.next_due() is None
    propagation.offer(world("b"), 12.0)
    propagation.offer(world("c"), 12.5)
    assert propagation.due(13.0) == world("b")
    assert propagation.due(20.0) == world("c")
    assert propagation.due(30.0) is None
