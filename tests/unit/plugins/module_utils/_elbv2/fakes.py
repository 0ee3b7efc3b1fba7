"""A load balancer that lives in a dictionary, and what else a swap is given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import Health, LoadBalancer
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import (
    Action,
    Forward,
    TargetGroup,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseLost

LOAD_BALANCER_ARN = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/arena/1"


class FakeKeeper:
    def __init__(self) -> None:
        self.kept = 0
        self.entries: list[tuple[str, dict[str, Any]]] = []

    def keep(self) -> None:
        self.kept += 1

    def journal(self, kind: str, **data: Any) -> None:
        self.entries.append((kind, data))


class LosingKeeper(FakeKeeper):
    """Learns at its second check that somebody else has the lease."""

    def keep(self) -> None:
        super().keep()
        if self.kept > 1:
            raise LeaseLost("the lease went to somebody else")


def group(name: str) -> TargetGroup:
    return TargetGroup(name, f"arn:tg/{name}/1", "vpc-1", "HTTP")


def rule(number: int, *actions: Action) -> Forward:
    arn = f"arn:rule/{number}"
    return Forward("rule", arn, "arn:listener/1", "arena", f"HTTP:80 rule {number:02}", actions)


class FakeApi:
    """Load balancer "arena". `broken` rules refuse writes, `deaf` ones accept and ignore them.

    `before_write` and `after_write` are called with the number of the write, from 1; they may raise, as a call does
    that AWS refuses, or whose answer is lost. `before_read` is called with the number of the reading.
    """

    region = "eu-west-1"

    def __init__(self, forwards: Iterable[Forward], groups: Iterable[str] = ("blue", "green")) -> None:
        self.groups = {name: group(name) for name in groups}
        self.healths = {name: Health(2, 2) for name in self.groups}
        self.attributes_of: dict[str, dict[str, str]] = {}
        self.balancer = LoadBalancer("arena", LOAD_BALANCER_ARN)
        self.rules: dict[str, Forward] = {forward.arn: forward for forward in forwards}
        self.broken: set[str] = set()
        self.deaf: set[str] = set()
        self.lock = threading.Lock()
        self.writes: list[str] = []
        self.readings = 0
        self.before_write: Callable[[int], None] = lambda _number: None
        self.after_write: Callable[[int], None] = lambda _number: None
        self.before_read: Callable[[int], None] = lambda _number: None

    def find_load_balancer(self, name: str) -> LoadBalancer | None:
        return replace(self.balancer, cluster="") if name in (self.balancer.name, self.balancer.arn) else None

    def owner(self, load_balancer: LoadBalancer) -> str:
        return self.balancer.cluster

    def target_group(self, name: str) -> TargetGroup | None:
        return self.groups.get(name)

    def forwards(self, load_balancer: LoadBalancer) -> list[Forward]:
        self.readings += 1
        self.before_read(self.readings)
        return list(self.rules.values())

    def refuse_unknown_actions(self, forwards: Sequence[Forward]) -> None:
        pass

    def health(self, group: TargetGroup) -> Health:
        return self.healths[group.name]

    def attributes(self, group: TargetGroup) -> dict[str, str]:
        return self.attributes_of.get(group.name, {})

    def write(self, forward: Forward, actions: Sequence[Action]) -> None:
        with self.lock:
            self.writes.append(forward.arn)
            number = len(self.writes)
            self.before_write(number)
            if forward.arn in self.broken:
                raise RuntimeError(f"{forward.arn} is broken")
            if forward.arn not in self.deaf:
                self.rules[forward.arn] = replace(forward, actions=tuple(deepcopy(list(actions))))
            self.after_write(number)

    def weights(self) -> list[dict[str, int]]:
        return [forward.weights() for forward in self.rules.values()]


def weighted_rules(number: int, *, attached: bool = True) -> list[Forward]:
    """Rules that give everything to blue; green is there with weight 0 if it is attached."""
    tuples = [{"TargetGroupArn": "arn:tg/blue/1", "Weight": 100}]
    if attached:
        tuples.append({"TargetGroupArn": "arn:tg/green/1", "Weight": 0})
    return [rule(n, {"Type": "forward", "ForwardConfig": {"TargetGroups": deepcopy(tuples)}}) for n in range(number)]


def other_weights() -> Forward:
    """A rule of the same target groups that somebody else has made."""
    tuples = [{"TargetGroupArn": f"arn:tg/{name}/1", "Weight": 7} for name in ("blue", "green")]
    return rule(55, {"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}})


BEFORE = {"arn:tg/blue/1": 100, "arn:tg/green/1": 0}


def arena(rules: int = 12, *, attached: bool = True) -> FakeApi:
    """The load balancer with so many rules, all for blue."""
    return FakeApi(weighted_rules(rules, attached=attached))


def make_sticky_before_second_reading(api: FakeApi) -> None:
    """Someone else makes the second rule sticky while its weights are being written."""

    def before_read(number: int) -> None:
        if number == 2:
            config = api.rules["arn:rule/1"].actions[0]["ForwardConfig"]
            config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 9}

    api.before_read = before_read
