"""Load balancers as the data plane sees them, read from the answers of the ELBv2 API. No I/O here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Target = tuple[str, int]


@dataclass(frozen=True)
class Forward:
    """Forward to one of several target groups by weight; `sticky_seconds` is 0 without group stickiness."""

    weights: tuple[tuple[str, int], ...]
    sticky_seconds: int


@dataclass(frozen=True)
class FixedResponse:
    status: int
    content_type: str
    body: str


Action = Forward | FixedResponse


@dataclass(frozen=True)
class Condition:
    """`kind` is path, host or header (then `name` is the header's); one of the patterns must match."""

    kind: str
    name: str
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    priority: int
    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True)
class Listener:
    """`rules` in the order of their priority."""

    port: int
    rules: tuple[Rule, ...]
    default: Action


@dataclass(frozen=True)
class LoadBalancer:
    arn: str
    name: str
    listeners: tuple[Listener, ...]

    def target_groups(self) -> Iterator[str]:
        """The ARNs of all target groups in use, with any weight."""
        for listener in self.listeners:
            for action in (listener.default, *(rule.action for rule in listener.rules)):
                if isinstance(action, Forward):
                    yield from (arn for arn, _ in action.weights)


@dataclass(frozen=True)
class HealthCheck:
    """Times in seconds; `port` is None for the port of the target itself; `codes` are ranges."""

    path: str
    port: int | None
    interval: float
    timeout: float
    healthy_threshold: int
    unhealthy_threshold: int
    codes: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class TargetGroup:
    arn: str
    name: str
    check: HealthCheck
    targets: frozenset[Target]


@dataclass(frozen=True)
class World:
    """One reading of everything. Load balancers in the order of their creation; target groups in use, by ARN."""

    balancers: tuple[LoadBalancer, ...]
    groups: dict[str, TargetGroup]


def parse_listener(listener: dict[str, Any], rules: list[dict[str, Any]]) -> Listener:
    ordered = sorted((one for one in rules if not one.get("IsDefault")), key=lambda one: int(one["Priority"]))
    return Listener(
        port=int(listener["Port"]),
        rules=tuple(
            Rule(
                int(one["Priority"]),
                tuple(parse_condition(condition) for condition in one["Conditions"]),
                parse_actions(one["Actions"]),
            )
            for one in ordered
        ),
        default=parse_actions(listener["DefaultActions"]),
    )


def parse_condition(condition: dict[str, Any]) -> Condition:
    """Kinds that the lab does not know match nothing: a rule must not take requests that AWS would not give it."""
    field = condition["Field"]
    if field == "path-pattern":
        return Condition("path", "", _values(condition, "PathPatternConfig"))
    if field == "host-header":
        return Condition("host", "", _values(condition, "HostHeaderConfig"))
    if field == "http-header":
        name = condition["HttpHeaderConfig"]["HttpHeaderName"]
        return Condition("header", name, _values(condition, "HttpHeaderConfig"))
    return Condition(field, "", ())


def _values(condition: dict[str, Any], key: str) -> tuple[str, ...]:
    return tuple((condition.get(key) or {}).get("Values") or condition.get("Values") or ())


def parse_actions(actions: list[dict[str, Any]]) -> Action:
    """The routing action: the last one (authentication comes before it, and the lab lets everyone pass)."""
    action = max(actions, key=lambda one: int(one.get("Order") or 0))
    if action["Type"] == "forward":
        return _parse_forward(action)
    if action["Type"] == "fixed-response":
        config = action["FixedResponseConfig"]
        content_type = config.get("ContentType") or "text/plain"
        return FixedResponse(int(config["StatusCode"]), content_type, config.get("MessageBody") or "")
    return FixedResponse(501, "text/plain", f"the lab's load balancer does not know {action['Type']} actions")


def _parse_forward(action: dict[str, Any]) -> Forward:
    config = action.get("ForwardConfig") or {}
    groups = config.get("TargetGroups") or [{"TargetGroupArn": action.get("TargetGroupArn")}]
    weights = tuple((one["TargetGroupArn"], _weight(one)) for one in groups if one["TargetGroupArn"])
    stickiness = config.get("TargetGroupStickinessConfig") or {}
    enabled = str(stickiness.get("Enabled", False)).lower() == "true"
    return Forward(weights, int(stickiness.get("DurationSeconds") or 0) if enabled else 0)


def _weight(group: dict[str, Any]) -> int:
    weight = group.get("Weight")
    return 1 if weight is None else int(weight)


def parse_target_group(group: dict[str, Any], health: list[dict[str, Any]]) -> TargetGroup:
    """A target group with its registered targets, from DescribeTargetGroups and DescribeTargetHealth."""
    port = str(group.get("HealthCheckPort") or "traffic-port")
    matcher = (group.get("Matcher") or {}).get("HttpCode") or "200"
    targets = (one["Target"] for one in health)
    return TargetGroup(
        arn=group["TargetGroupArn"],
        name=group["TargetGroupName"],
        check=HealthCheck(
            path=group.get("HealthCheckPath") or "/",
            port=None if port == "traffic-port" else int(port),
            interval=float(group.get("HealthCheckIntervalSeconds") or 30),
            timeout=float(group.get("HealthCheckTimeoutSeconds") or 5),
            healthy_threshold=int(group.get("HealthyThresholdCount") or 5),
            unhealthy_threshold=int(group.get("UnhealthyThresholdCount") or 2),
            codes=parse_codes(matcher),
        ),
        targets=frozenset((one["Id"], int(one.get("Port") or group["Port"])) for one in targets),
    )


def parse_codes(matcher: str) -> tuple[tuple[int, int], ...]:
    """ "200", "200,202" or "200-299" as ranges."""
    ranges = (part.partition("-") for part in matcher.split(","))
    return tuple((int(low), int(high or low)) for low, _, high in ranges)
