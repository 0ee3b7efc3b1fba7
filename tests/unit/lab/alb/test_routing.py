"""Where a request goes."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from lab.alb.model import Condition, FixedResponse, Forward, Listener, Rule
from lab.alb.routing import choose_action, choose_group, make_cookie, read_cookie


def action(name: str) -> FixedResponse:
    return FixedResponse(200, "text/plain", name)


LISTENER = Listener(
    8080,
    (
        Rule(1, (Condition("path", "", ("/match*", "/queue/?")),), action("match")),
        Rule(2, (Condition("host", "", ("*.Example.com",)), Condition("path", "", ("/api/*",))), action("api")),
        Rule(3, (Condition("header", "X-Canary", ("yes", "on*")),), action("canary")),
        Rule(4, (Condition("source-ip", "", ()),), action("never")),
    ),
    action("default"),
)


@pytest.mark.parametrize(
    ("path", "host", "headers", "expected"),
    [
        ("/match", "h", {}, "match"),
        ("/match/5", "h", {}, "match"),
        ("/Match", "h", {}, "default"),
        ("/queue/1", "h", {}, "match"),
        ("/queue/12", "h", {}, "default"),
        ("/api/x", "eu.example.COM:8080", {}, "api"),
        ("/api/x", "example.com", {}, "default"),
        ("/other", "eu.example.com", {}, "default"),
        ("/", "h", {"x-canary": "ON-1"}, "canary"),
        ("/", "h", {"x-canary": "no"}, "default"),
        ("/match", "h", {"x-canary": "yes"}, "match"),
    ],
)
def test_the_first_rule_that_holds_decides(path: str, host: str, headers: dict[str, str], expected: str) -> None:
    assert choose_action(LISTENER, path, host, CIMultiDict(headers)) == action(expected)


@pytest.mark.parametrize(
    ("weights", "draw", "expected"),
    [
        ((("blue", 100), ("green", 0)), 0.0, "blue"),
        ((("blue", 100), ("green", 0)), 0.999, "blue"),
        ((("blue", 0), ("green", 100)), 0.0, "green"),
        ((("blue", 90), ("green", 10)), 0.899, "blue"),
        ((("blue", 90), ("green", 10)), 0.9, "green"),
        ((("blue", 1), ("green", 1)), 0.49, "blue"),
        ((("blue", 1), ("green", 1)), 0.5, "green"),
        ((("blue", 0), ("green", 0)), 0.5, None),
        ((), 0.5, None),
    ],
)
def test_weights(weights: tuple[tuple[str, int], ...], draw: float, expected: str | None) -> None:
    assert choose_group(Forward(weights, 0), None, 0, draw) == expected


BOTH = (("blue", 0), ("green", 100))


@pytest.mark.parametrize(
    ("forward", "cookie", "expected"),
    [
        (Forward(BOTH, 60), make_cookie("blue", 100), "blue"),
        (Forward(BOTH, 60), make_cookie("blue", 50), "green"),
        (Forward(BOTH, 60), make_cookie("gone", 100), "green"),
        (Forward(BOTH, 60), "nonsense", "green"),
        (Forward(BOTH, 0), make_cookie("blue", 100), "green"),
    ],
)
def test_a_valid_cookie_beats_a_weight_of_zero(forward: Forward, cookie: str, expected: str) -> None:
    assert choose_group(forward, cookie, now=60, draw=0.5) == expected


def test_a_cookie_holds_until_it_expires() -> None:
    cookie = make_cookie("arn:aws:x", 100.5)
    assert read_cookie(cookie, 100.4) == "arn:aws:x"
    assert read_cookie(cookie, 100.5) is None
