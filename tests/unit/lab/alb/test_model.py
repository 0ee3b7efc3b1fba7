"""Reading the answers of the ELBv2 API."""

from __future__ import annotations

from typing import Any

import pytest

from lab.alb.model import (
    Condition,
    FixedResponse,
    Forward,
    LoadBalancer,
    parse_actions,
    parse_codes,
    parse_condition,
    parse_listener,
    parse_target_group,
)


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([{"Type": "forward", "TargetGroupArn": "a"}], Forward((("a", 1),), 0)),
        (
            [{"Type": "forward", "TargetGroupArn": "a", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a"}]}}],
            Forward((("a", 1),), 0),
        ),
        (
            [
                {
                    "Type": "forward",
                    "ForwardConfig": {
                        "TargetGroups": [
                            {"TargetGroupArn": "a", "Weight": 0},
                            {"TargetGroupArn": "b", "Weight": 100},
                        ],
                        "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
                    },
                }
            ],
            Forward((("a", 0), ("b", 100)), 60),
        ),
        (
            [
                {
                    "Type": "forward",
                    "ForwardConfig": {
                        "TargetGroups": [{"TargetGroupArn": "a", "Weight": 5}],
                        "TargetGroupStickinessConfig": {"Enabled": False, "DurationSeconds": 60},
                    },
                }
            ],
            Forward((("a", 5),), 0),
        ),
        (
            [
                {"Type": "forward", "TargetGroupArn": "a", "Order": 2},
                {"Type": "authenticate-oidc", "Order": 1},
            ],
            Forward((("a", 1),), 0),
        ),
        (
            [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "MessageBody": "no"}}],
            FixedResponse(404, "text/plain", "no"),
        ),
    ],
)
def test_the_last_action_routes(actions: list[dict[str, Any]], expected: Forward | FixedResponse) -> None:
    assert parse_actions(actions) == expected


def test_an_unknown_action_says_so() -> None:
    action = parse_actions([{"Type": "redirect"}])
    assert isinstance(action, FixedResponse)
    assert action.status == 501


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Field": "path-pattern", "Values": ["/a*"]}, Condition("path", "", ("/a*",))),
        (
            {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a*", "/b"]}},
            Condition("path", "", ("/a*", "/b")),
        ),
        ({"Field": "host-header", "HostHeaderConfig": {"Values": ["x.y"]}}, Condition("host", "", ("x.y",))),
        (
            {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Test", "Values": ["1"]}},
            Condition("header", "X-Test", ("1",)),
        ),
        ({"Field": "source-ip", "SourceIpConfig": {"Values": ["0.0.0.0/0"]}}, Condition("source-ip", "", ())),
    ],
)
def test_conditions(condition: dict[str, Any], expected: Condition) -> None:
    assert parse_condition(condition) == expected


def test_rules_are_in_the_order_of_their_priority_and_the_default_is_apart() -> None:
    action = [{"Type": "forward", "TargetGroupArn": "a"}]
    rules = [
        {"Priority": "default", "IsDefault": True, "Conditions": [], "Actions": action},
        {"Priority": "20", "IsDefault": False, "Conditions": [], "Actions": action},
        {"Priority": "3", "IsDefault": False, "Conditions": [], "Actions": action},
    ]
    listener = parse_listener({"Port": 8080, "DefaultActions": action}, rules)
    assert [rule.priority for rule in listener.rules] == [3, 20]
    assert set(LoadBalancer("arn", "name", (listener,)).target_groups()) == {"a"}


def test_a_target_group_with_its_targets() -> None:
    group = parse_target_group(
        {
            "TargetGroupArn": "arn",
            "TargetGroupName": "name",
            "Port": 8080,
            "HealthCheckPath": "/healthz",
            "HealthCheckPort": "9000",
            "HealthCheckIntervalSeconds": 5,
            "HealthCheckTimeoutSeconds": 2,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 3,
            "Matcher": {"HttpCode": "200-299"},
        },
        [{"Target": {"Id": "127.0.0.1", "Port": 81}}, {"Target": {"Id": "127.0.0.2"}}],
    )
    assert group.targets == {("127.0.0.1", 81), ("127.0.0.2", 8080)}
    assert (group.check.port, group.check.path, group.check.codes) == (9000, "/healthz", ((200, 299),))


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [("200", ((200, 200),)), ("200,202", ((200, 200), (202, 202))), ("200-299,404", ((200, 299), (404, 404)))],
)
def test_matchers(matcher: str, expected: tuple[tuple[int, int], ...]) -> None:
    assert parse_codes(matcher) == expected
