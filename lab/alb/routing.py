"""Where a request goes: the rule that matches, the target group by weight or cookie. Pure functions."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from functools import lru_cache

from lab.alb.model import Action, Condition, Forward, Listener

STICKY_COOKIE = "AWSALBTG"


def choose_action(listener: Listener, path: str, host: str, headers: Mapping[str, str]) -> Action:
    """The action of the first rule all of whose conditions hold, else the default action.

    `headers` must find names whatever their case.
    """
    for rule in listener.rules:
        if all(_holds(one, path, host, headers) for one in rule.conditions):
            return rule.action
    return listener.default


def _holds(condition: Condition, path: str, host: str, headers: Mapping[str, str]) -> bool:
    if condition.kind == "path":
        return any(_like(one, ignore_case=False).fullmatch(path) for one in condition.patterns)
    if condition.kind == "host":
        name = host.partition(":")[0]
        return any(_like(one, ignore_case=True).fullmatch(name) for one in condition.patterns)
    value = headers.get(condition.name) if condition.kind == "header" else None
    return value is not None and any(_like(one, ignore_case=True).fullmatch(value) for one in condition.patterns)


@lru_cache(maxsize=256)
def _like(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    expression = "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def choose_group(forward: Forward, cookie: str | None, now: float, draw: float) -> str | None:
    """The ARN of the target group for a request; None when all weights are 0.

    A valid cookie beats the weights, 0 included. `draw` is a random number from 0 to below 1, `now` in Unix seconds.
    """
    if forward.sticky_seconds and cookie:
        held = read_cookie(cookie, now)
        if any(held == arn for arn, _ in forward.weights):
            return held
    point = draw * sum(weight for _, weight in forward.weights)
    for arn, weight in forward.weights:
        if point < weight:
            return arn
        point -= weight
    return None


def make_cookie(arn: str, expires: float) -> str:
    """The value of the stickiness cookie. AWS encrypts its own; no one may rely on what is in it."""
    return base64.urlsafe_b64encode(json.dumps([arn, expires]).encode()).decode().rstrip("=")


def read_cookie(value: str, now: float) -> str | None:
    """The target group that a cookie sticks to; None if the cookie has expired or is not one of ours."""
    try:
        arn, expires = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
        return str(arn) if expires > now else None
    except (ValueError, TypeError):
        return None
