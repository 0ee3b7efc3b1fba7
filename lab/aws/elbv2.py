"""ELBv2 put right: weights have a limit, target groups must exist, health comes from the data plane."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from moto.elbv2 import urls as moto_urls
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, elbv2_backends

MAX_WEIGHT = 999
MAX_GROUPS = 5
STATES = ("healthy", "unhealthy", "initial", "draining", "unavailable")
DESCRIPTIONS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.NotRegistered": "Target is not registered to the target group",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.Timeout": "Request timed out",
    "Target.ResponseCodeMismatch": "Health checks failed with these codes",
}
Health = Mapping[str, str]
HealthTable = Mapping[str, Mapping[str, Health]]


class HealthReport:
    """What the data plane last said: target group ARN -> "ip:port" -> {state, reason}. Safe to share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._table: HealthTable = {}

    def replace(self, table: Any) -> None:
        """Take a whole new table; ValueError says what is wrong with it."""
        check_table(table)
        with self._lock:
            self._table = table

    def of(self, target_group_arn: str, target: str) -> Health | None:
        with self._lock:
            return self._table.get(target_group_arn, {}).get(target)

    def table(self) -> HealthTable:
        with self._lock:
            return self._table


def check_table(table: Any) -> None:
    if not isinstance(table, dict):
        raise ValueError('the body must be an object: {"<target group ARN>": {"<ip>:<port>": {"state": "healthy"}}}')
    for arn, targets in table.items():
        if not isinstance(targets, dict):
            raise ValueError(f"{arn} must have an object of targets")
        for target, health in targets.items():
            state = health.get("state") if isinstance(health, dict) else None
            if state not in STATES:
                raise ValueError(f"{arn} {target}: state is {state!r}, not one of {', '.join(STATES)}")


class SimELBv2(ELBv2Backend):  # type: ignore[misc]
    """`install` gives it the report to answer from, before moto makes the first backend."""

    _report: HealthReport

    @classmethod
    def install(cls, report: HealthReport) -> None:
        cls._report = report
        elbv2_backends.backend = cls

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=moto_urls.url_bases, url_paths=moto_urls.url_paths)

    def create_listener(self, load_balancer_arn: str, protocol: str, port: Any, *args: Any, **kwargs: Any) -> Any:
        balancer = self.load_balancers.get(load_balancer_arn)
        if balancer and any(str(listener.port) == str(port) for listener in balancer.listeners.values()):
            raise ELBClientError("DuplicateListener", f"A listener already exists on port {port}")
        listener = super().create_listener(load_balancer_arn, protocol, port, *args, **kwargs)
        self._note_users()
        return listener

    def create_rule(self, *args: Any, **kwargs: Any) -> Any:
        rule = super().create_rule(*args, **kwargs)
        self._note_users()
        return rule

    def modify_listener(
        self,
        arn: str,
        port: Any = None,
        protocol: Any = None,
        ssl_policy: Any = None,
        certificates: Any = None,
        actions: Any = None,
    ) -> Any:
        self._check_forwards(actions or [])
        listener = super().modify_listener(arn, port, protocol, ssl_policy, certificates, actions or [])
        self._note_users()
        return listener

    def modify_rule(self, *args: Any, **kwargs: Any) -> Any:
        rule = super().modify_rule(*args, **kwargs)
        self._note_users()
        return rule

    def delete_listener(self, *args: Any, **kwargs: Any) -> Any:
        listener = super().delete_listener(*args, **kwargs)
        self._note_users()
        return listener

    def delete_rule(self, *args: Any, **kwargs: Any) -> None:
        super().delete_rule(*args, **kwargs)
        self._note_users()

    def delete_load_balancer(self, *args: Any, **kwargs: Any) -> None:
        super().delete_load_balancer(*args, **kwargs)
        self._note_users()

    def _validate_actions(self, actions: list[Any]) -> None:
        # AWS has this kind since late 2025, moto does not know it.
        super()._validate_actions([action for action in actions if action.type != "jwt-validation"])
        self._check_forwards([action.data for action in actions])

    def _check_forwards(self, actions: Sequence[Mapping[str, Any]]) -> None:
        for action in actions:
            check_weights(action)
            for arn in self._get_target_group_arns_from(action_data=dict(action)):
                if arn not in self.target_groups:
                    raise ELBClientError("TargetGroupNotFound", f"Target group '{arn}' not found")

    def _note_users(self) -> None:
        """Keep LoadBalancerArns of every target group true; moto only ever adds to them."""
        users: dict[str, list[str]] = {}
        for balancer in self.load_balancers.values():
            for arn in sorted(set(self._forwards_of(balancer))):
                users.setdefault(arn, []).append(balancer.arn)
        for group in self.target_groups.values():
            group.load_balancer_arns = users.get(group.arn, [])

    def _forwards_of(self, balancer: Any) -> Iterator[str]:
        for listener in balancer.listeners.values():
            for actions in (listener.default_actions, *(rule.actions for rule in listener.rules.values())):
                for action in actions:
                    yield from self._get_target_group_arns_from(action_data=action.data)

    def describe_target_health(self, target_group_arn: str, targets: list[dict[str, Any]]) -> list[Any]:
        group = self.target_groups.get(target_group_arn)
        if group is None:
            raise ELBClientError("TargetGroupNotFound", f"Target group '{target_group_arn}' not found")
        wanted: Iterable[dict[str, Any]] = targets or list(group.targets.values())
        return [self._health(group, target) for target in wanted]

    def _health(self, group: Any, target: Mapping[str, Any]) -> Any:
        registered = group.targets.get(target["Id"])
        port = target.get("Port", registered["Port"] if registered else group.port)
        state, reason = self._state(group, target["Id"], port, registered=registered is not None)
        description = DESCRIPTIONS.get(reason) if reason else None
        return FakeHealthStatus(target["Id"], port, group.health_check_port, state, reason, description)

    def _state(self, group: Any, address: str, port: Any, *, registered: bool) -> tuple[str, str | None]:
        if not registered:
            return "unused", "Target.NotRegistered"
        if not group.load_balancer_arns:
            return "unused", "Target.NotInUse"
        health = self._report.of(group.arn, f"{address}:{port}")
        if health is None:
            return "initial", "Elb.RegistrationInProgress"
        return health["state"], health.get("reason") or None


def check_weights(action: Mapping[str, Any]) -> None:
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    if len(groups) > MAX_GROUPS:
        raise ELBClientError(
            "TooManyTargetGroups",
            f"A forward action takes {MAX_GROUPS} target groups at most; {len(groups)} were given",
        )
    for group in groups:
        weight = int(group.get("Weight", 1))
        if not 0 <= weight <= MAX_WEIGHT:
            raise ELBClientError("ValidationError", f"The weight {weight} is not from 0 to {MAX_WEIGHT}")
