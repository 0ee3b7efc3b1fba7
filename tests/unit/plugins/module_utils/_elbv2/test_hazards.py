"""Stickiness: where it is found, how long it lasts, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.hazards import (
    GROUP_STICKINESS,
    TARGET_STICKINESS,
    Hazard,
    group_stickiness,
    target_stickiness,
    warnings,
)

from tests.unit.plugins.module_utils._elbv2.fakes import group, rule

STICKY = "stickiness beats weights: a cookie binds clients to a target group, even at weight 0"
TURN_OFF = "turn TargetGroupStickinessConfig off, and wait that long before the swap"


def forwarding(stickiness: Any) -> dict[str, Any]:
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": [], "TargetGroupStickinessConfig": stickiness}}


@pytest.mark.parametrize(
    ("actions", "seconds"),
    [
        ([forwarding({"Enabled": True, "DurationSeconds": 3600})], [3600]),
        ([forwarding({"Enabled": True})], [0]),
        ([{"Type": "authenticate-oidc"}, forwarding({"Enabled": True, "DurationSeconds": 1})], [1]),
        ([forwarding({"Enabled": False, "DurationSeconds": 3600})], []),
        ([forwarding({})], []),
        ([forwarding(None)], []),
        ([{"Type": "forward", "TargetGroupArn": "arn:tg/blue/1"}], []),
        ([{"Type": "redirect"}], []),
    ],
)
def test_a_forward_that_binds_clients(actions: list[dict[str, Any]], seconds: list[int]) -> None:
    found = group_stickiness([rule(1, *actions)])
    assert found == [Hazard(GROUP_STICKINESS, "arena HTTP:80 rule 01", one) for one in seconds]


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        ({"stickiness.enabled": "false", "stickiness.type": "lb_cookie"}, None),
        ({}, None),
        (
            {
                "stickiness.enabled": "true",
                "stickiness.type": "lb_cookie",
                "stickiness.lb_cookie.duration_seconds": "86400",
                "stickiness.app_cookie.duration_seconds": "60",
            },
            86400,
        ),
        # AWS sets no end to that of a network load balancer.
        ({"stickiness.enabled": "true", "stickiness.type": "source_ip"}, 0),
    ],
)
def test_a_target_group_that_binds_clients(attributes: dict[str, str], seconds: int | None) -> None:
    found = target_stickiness(group("blue"), attributes)
    assert found == ([] if seconds is None else [Hazard(TARGET_STICKINESS, "target group blue", seconds)])


@pytest.mark.parametrize(
    ("count", "places"),
    [
        (1, "rule 0"),
        (3, "rule 0, rule 1, rule 2"),
        (4, "rule 0, rule 1, rule 2 and 1 more"),
        (9, "rule 0, rule 1, rule 2 and 6 more"),
    ],
)
def test_one_warning_however_many_places(count: int, places: str) -> None:
    hazards = [Hazard(GROUP_STICKINESS, f"rule {number}", 60) for number in range(count)]
    assert warnings(hazards) == [f"{STICKY} for up to 60 s: {places}; {TURN_OFF}"]


def test_a_warning_tells_the_longest_time_and_none_where_there_is_no_end() -> None:
    one, other = Hazard(GROUP_STICKINESS, "rule 1", 60), Hazard(GROUP_STICKINESS, "rule 2", 3600)
    assert f"{STICKY} for up to 3600 s: " in warnings([one, other])[0]
    (endless,) = warnings([Hazard(TARGET_STICKINESS, "target group blue", 0)])
    assert endless.startswith("stickiness beats weights: clients stay with one target of the group: target group blue;")


def test_each_kind_has_a_warning_of_its_own() -> None:
    assert warnings([]) == []
    assert len(warnings([Hazard(TARGET_STICKINESS, "target group blue", 1), Hazard(GROUP_STICKINESS, "rule", 1)])) == 2


@pytest.mark.parametrize(
    ("kind", "effect", "remedy"),
    [
        (GROUP_STICKINESS, "a cookie binds", "turn Target"),
        (TARGET_STICKINESS, "clients stay", "set stickiness.enabled"),
    ],
)
def test_a_hazard_is_shown_with_its_effect_and_remedy(kind: str, effect: str, remedy: str) -> None:
    shown = Hazard(kind, "somewhere", 9).shown()
    assert (shown["kind"], shown["resource"], shown["seconds"]) == (kind, "somewhere", 9)
    assert shown["message"].startswith(effect)
    assert shown["remedy"].startswith(remedy)
