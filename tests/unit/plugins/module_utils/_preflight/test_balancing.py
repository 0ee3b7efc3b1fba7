"""Load balancers and target groups."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.plugins.module_utils._preflight.worlds import (
    BALANCER,
    SOURCE,
    TARGET,
    WORLD,
    findings,
    forward,
    group,
    told,
)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"balancers": [replace(BALANCER, cluster="arena-blue")]}, ("error", "load_balancer_owned")),
        (
            {"balancers": [replace(BALANCER, forwards=[forward("arn:mm-blue", sticky=300)])]},
            ("error", "stickiness"),
        ),
        ({"groups": [group("blue", {"stickiness.enabled": "true"})]}, ("warning", "target_stickiness")),
        (
            {"source": {**SOURCE, "target_group_arns": {}}, "target": {**TARGET, "target_group_arns": {"mm": "arn"}}},
            ("error", "target_group_partner"),
        ),
        ({"groups": [group("blue"), group("green", Port=9090)]}, ("error", "target_group_pair")),
        ({"groups": [group("blue"), group("green", HealthCheckPath="/")]}, ("warning", "target_group_attributes")),
        ({"groups": [group("blue"), group("green", {"slow_start": "30"})]}, ("warning", "target_group_attributes")),
    ],
)
def test_load_balancing_is_judged(change: dict[str, Any], finding: tuple[str, str]) -> None:
    assert finding in told(world=replace(WORLD, **change))


def test_equal_target_groups_are_no_reason() -> None:
    assert told(world=replace(WORLD, groups=[group("blue"), group("green")])) == []


def test_each_difference_names_the_attribute_and_both_values() -> None:
    delay, order = "deregistration_delay.timeout_seconds", "load_balancing.algorithm.type"
    groups = [
        group("blue", {delay: "300", order: "round_robin"}, Protocol="HTTP", Matcher={"HttpCode": "200"}),
        group("green", {delay: "30", order: "round_robin"}, Protocol="HTTPS"),
    ]
    found = findings(world=replace(WORLD, groups=groups))
    assert [(one.severity, one.resource, one.finding) for one in found] == [
        (
            "error",
            "target group mm-green",
            "its Protocol is HTTPS, that of its partner mm-blue HTTP; this cannot change",
        ),
        ("warning", "target group mm-green", "its Matcher.HttpCode is not set, that of its partner mm-blue 200"),
        ("warning", "target group mm-green", f"its attribute {delay} is 30, that of its partner mm-blue 300"),
    ]


def test_attributes_that_could_not_be_read_are_not_compared() -> None:
    groups = [group("blue"), replace(group("green"), attributes={})]
    assert told(world=replace(WORLD, groups=groups)) == []


@pytest.mark.parametrize(
    ("attributes", "finding"),
    [
        (
            {"stickiness.type": "app_cookie", "stickiness.app_cookie.duration_seconds": "90"},
            "clients stay with one target of the group for 90 s",
        ),
        ({"stickiness.type": "source_ip"}, "clients stay with one target of the group"),
    ],
)
def test_stickiness_of_any_kind_says_how_long(attributes: dict[str, str], finding: str) -> None:
    (found,) = findings(world=replace(WORLD, groups=[group("blue", {"stickiness.enabled": "true", **attributes})]))
    assert (found.resource, found.finding) == ("target group mm-blue", finding)
