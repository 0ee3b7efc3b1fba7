# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The ELBv2 API: one call per function, and the reads and writes of a swap made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Semaphore
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import (
    CALLS_IN_PARALLEL,
    CLIENT_CONFIG,
    aws_call,
    error_code,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import (
    Action,
    Forward,
    TargetGroup,
    writable,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

# AWS's largest page: a listener's rules come in one answer.
PAGE_SIZE = 400
# Adaptive: once AWS throttles, botocore slows all threads of the client down together.
SWAP_CLIENT_CONFIG: Mapping[str, Any] = {
    **CLIENT_CONFIG,
    "retries": {**CLIENT_CONFIG["retries"], "mode": "adaptive"},
}
CLUSTER_TAG = "elbv2.k8s.aws/cluster"
_IN_USE = "ResourceInUse"


@aws_call("find load balancer {name}", none_for="LoadBalancerNotFound")
def describe_load_balancer(client: Any, name: str) -> dict[str, Any] | None:
    by = {"LoadBalancerArns": [name]} if name.startswith("arn:") else {"Names": [name]}
    found: list[dict[str, Any]] = client.describe_load_balancers(**by)["LoadBalancers"]
    return found[0] if found else None


@aws_call("read tags of load balancers and target groups")
def describe_tags(client: Any, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    """By ARN; AWS takes up to 20 at a time."""
    described = client.describe_tags(ResourceArns=list(arns))["TagDescriptions"]
    return {one["ResourceArn"]: {tag["Key"]: tag.get("Value", "") for tag in one["Tags"]} for one in described}


@aws_call("add tags to {arn}")
def add_tags(client: Any, arn: str, tags: Mapping[str, str]) -> None:
    client.add_tags(ResourceArns=[arn], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])


@aws_call("remove tags from {arn}")
def remove_tags(client: Any, arn: str, keys: Sequence[str]) -> None:
    client.remove_tags(ResourceArns=[arn], TagKeys=list(keys))


@aws_call("list the listeners of load balancer {load_balancer_arn}")
def describe_listeners(client: Any, load_balancer_arn: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("describe_listeners").paginate(
        LoadBalancerArn=load_balancer_arn, PaginationConfig={"PageSize": PAGE_SIZE}
    )
    return [listener for page in pages for listener in page["Listeners"]]


@aws_call("list the rules of listener {listener_arn}")
def describe_rules(client: Any, listener_arn: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("describe_rules").paginate(
        ListenerArn=listener_arn, PaginationConfig={"PageSize": PAGE_SIZE}
    )
    return [rule for page in pages for rule in page["Rules"]]


@aws_call("modify rule {arn}")
def modify_rule(client: Any, arn: str, actions: list[Action]) -> None:
    client.modify_rule(RuleArn=arn, Actions=actions)


@aws_call("modify the default actions of listener {arn}")
def modify_listener(client: Any, arn: str, actions: list[Action]) -> None:
    client.modify_listener(ListenerArn=arn, DefaultActions=actions)


@aws_call("find target group {name}", none_for="TargetGroupNotFound")
def describe_target_group(client: Any, name: str) -> dict[str, Any] | None:
    by = {"TargetGroupArns": [name]} if name.startswith("arn:") else {"Names": [name]}
    found: list[dict[str, Any]] = client.describe_target_groups(**by)["TargetGroups"]
    return found[0] if found else None


@aws_call("list the target groups of the region")
def describe_target_groups(client: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator("describe_target_groups").paginate()
    return [group for page in pages for group in page["TargetGroups"]]


@aws_call("read the health of target group {arn}")
def describe_target_health(client: Any, arn: str) -> list[dict[str, Any]]:
    health: list[dict[str, Any]] = client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return health


@aws_call("create target group {settings[Name]}")
def create_target_group(client: Any, settings: Mapping[str, Any]) -> str:
    return str(client.create_target_group(**settings)["TargetGroups"][0]["TargetGroupArn"])


@aws_call("modify target group {arn}")
def modify_target_group(client: Any, arn: str, settings: Mapping[str, Any]) -> None:
    client.modify_target_group(TargetGroupArn=arn, **settings)


@aws_call("read the attributes of target group {arn}")
def describe_target_group_attributes(client: Any, arn: str) -> dict[str, str]:
    found = client.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    return {attribute["Key"]: attribute["Value"] for attribute in found}


@aws_call("modify the attributes of target group {arn}")
def modify_target_group_attributes(client: Any, arn: str, attributes: Mapping[str, str]) -> None:
    listed = [{"Key": key, "Value": value} for key, value in attributes.items()]
    client.modify_target_group_attributes(TargetGroupArn=arn, Attributes=listed)


@aws_call("register targets in target group {arn}")
def register_targets(client: Any, arn: str, targets: Sequence[Mapping[str, Any]]) -> None:
    client.register_targets(TargetGroupArn=arn, Targets=list(targets))


@aws_call("deregister targets from target group {arn}")
def deregister_targets(client: Any, arn: str, targets: Sequence[Mapping[str, Any]]) -> None:
    client.deregister_targets(TargetGroupArn=arn, Targets=list(targets))


@aws_call("delete target group {arn}", none_for="TargetGroupNotFound")
def delete_target_group(client: Any, arn: str) -> None:
    client.delete_target_group(TargetGroupArn=arn)


@dataclass(frozen=True)
class LoadBalancer:
    """A load balancer; `cluster` is the Kubernetes cluster whose controller owns it, or ""."""

    name: str
    arn: str
    cluster: str = ""
    type: str = "application"


@dataclass(frozen=True)
class Health:
    """How many registered targets are healthy, and why the others are not (counted by state and reason)."""

    healthy: int
    total: int
    others: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        others = ", ".join(f"{count} {reason}" for reason, count in sorted(self.others.items()))
        return f"{self.healthy} of {self.total} targets healthy" + (f" ({others})" if others else "")


class SwapApi:
    """What a swap reads and writes, on a boto3 client; safe to use from several threads.

    However many threads use it, no more than CALLS_IN_PARALLEL calls are under way.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._free = Semaphore(CALLS_IN_PARALLEL)
        self._listeners: dict[str, list[str]] = {}

    @property
    def region(self) -> str:
        region: str = self._client.meta.region_name
        return region

    def find_load_balancer(self, name: str) -> LoadBalancer | None:
        """Without its owner."""
        found = self._call(describe_load_balancer, name)
        if found is None:
            return None
        return LoadBalancer(found["LoadBalancerName"], found["LoadBalancerArn"], type=found.get("Type", "application"))

    def owner(self, load_balancer: LoadBalancer) -> str:
        """The cluster whose controller owns the load balancer, or ""."""
        tags: dict[str, dict[str, str]] = self._call(describe_tags, [load_balancer.arn])
        return tags.get(load_balancer.arn, {}).get(CLUSTER_TAG, "")

    def load_balancer(self, name: str) -> LoadBalancer | None:
        """With its owner."""
        found = self.find_load_balancer(name)
        return None if found is None else replace(found, cluster=self.owner(found))

    def target_group(self, name: str) -> TargetGroup | None:
        found = self._call(describe_target_group, name)
        if found is None:
            return None
        return TargetGroup(
            found["TargetGroupName"],
            found["TargetGroupArn"],
            found.get("VpcId", ""),
            found.get("Protocol", ""),
            tuple(found.get("LoadBalancerArns") or ()),
        )

    def forwards(self, load_balancer: LoadBalancer) -> list[Forward]:
        """Every default action and rule of the load balancer.

        The rules of listeners that an earlier call has seen are read together with the listeners.
        """
        with ThreadPoolExecutor(max_workers=CALLS_IN_PARALLEL) as pool:
            known = self._listeners.get(load_balancer.arn, [])
            rules = {arn: pool.submit(self._rules, load_balancer, arn) for arn in known}
            listeners = self._call(describe_listeners, load_balancer.arn)
            for listener in listeners:
                arn = listener["ListenerArn"]
                if arn not in rules:
                    rules[arn] = pool.submit(self._rules, load_balancer, arn)
        self._listeners[load_balancer.arn] = [listener["ListenerArn"] for listener in listeners]
        found = []
        for listener in listeners:
            found.append(_default_action(load_balancer, listener))
            its_rules = rules[listener["ListenerArn"]].result()
            found.extend(_rule(load_balancer, listener, rule) for rule in its_rules if not rule.get("IsDefault"))
        return found

    def write(self, forward: Forward, actions: Sequence[Action]) -> None:
        """Replace the actions of a listener or a rule."""
        modify = modify_listener if forward.kind == "listener" else modify_rule
        self._call(modify, forward.arn, writable(actions))

    def health(self, group: TargetGroup) -> Health:
        return summarise_health(self._call(describe_target_health, group.arn))

    def attributes(self, group: TargetGroup) -> dict[str, str]:
        found: dict[str, str] = self._call(describe_target_group_attributes, group.arn)
        return found

    def refuse_unknown_actions(self, forwards: Iterable[Forward]) -> None:
        """Raise if a kind of action is newer than botocore, which then hides its settings: writing would lose them."""
        known = set(self._client.meta.service_model.shape_for("ActionTypeEnum").enum)
        for forward in forwards:
            unknown = {str(action.get("Type")) for action in forward.actions} - known
            if unknown:
                raise BlueGreenError(
                    f"{forward.load_balancer} {forward.where} has an action of type {', '.join(sorted(unknown))}, "
                    "which the installed botocore does not know and so cannot write back: upgrade boto3 and botocore"
                )

    def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        with self._free:
            return function(self._client, *args)

    def _rules(self, load_balancer: LoadBalancer, listener_arn: str) -> list[dict[str, Any]]:
        """Only application load balancers have rules."""
        if load_balancer.type != "application":
            return []
        found: list[dict[str, Any]] = self._call(describe_rules, listener_arn)
        return found


def summarise_health(descriptions: Sequence[Mapping[str, Any]]) -> Health:
    """Count the answer of DescribeTargetHealth."""
    healthy = 0
    others: dict[str, int] = {}
    for description in descriptions:
        state = description["TargetHealth"]
        if state["State"] == "healthy":
            healthy += 1
        else:
            reason = "/".join(text for text in (state["State"], state.get("Reason")) if text)
            others[reason] = others.get(reason, 0) + 1
    return Health(healthy, len(descriptions), others)


def _default_action(load_balancer: LoadBalancer, listener: Mapping[str, Any]) -> Forward:
    arn = listener["ListenerArn"]
    where = f"{_address(listener)} default"
    return Forward("listener", arn, arn, load_balancer.name, where, tuple(listener.get("DefaultActions", ())))


def _rule(load_balancer: LoadBalancer, listener: Mapping[str, Any], rule: Mapping[str, Any]) -> Forward:
    where = f"{_address(listener)} rule {rule['Priority']}{_conditions(rule)}"
    return Forward(
        "rule", rule["RuleArn"], listener["ListenerArn"], load_balancer.name, where, tuple(rule.get("Actions", ()))
    )


def _address(listener: Mapping[str, Any]) -> str:
    return f"{listener.get('Protocol', '')}:{listener.get('Port', '')}"


def _conditions(rule: Mapping[str, Any]) -> str:
    texts = []
    for condition in rule.get("Conditions", ()):
        configs = [value.get("Values", []) for key, value in condition.items() if key.endswith("Config")]
        values = condition.get("Values") or (configs[0] if configs else [])
        texts.append(f"{condition.get('Field')} {' '.join(str(value) for value in values)}")
    return f" ({', '.join(texts)})" if texts else ""


class TargetGroupApi:
    """What the target group of a slot needs of AWS."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def describe(self, name: str) -> dict[str, Any] | None:
        return describe_target_group(self._client, name)

    def attributes(self, arn: str) -> dict[str, str]:
        return describe_target_group_attributes(self._client, arn)

    def tags(self, arn: str) -> dict[str, str]:
        return describe_tags(self._client, [arn]).get(arn, {})

    def targets(self, arn: str) -> list[dict[str, Any]]:
        """Those that are registered and not on their way out."""
        described = describe_target_health(self._client, arn)
        return [one["Target"] for one in described if one["TargetHealth"]["State"] != "draining"]

    def create(self, settings: Mapping[str, Any]) -> str:
        return create_target_group(self._client, settings)

    def modify(self, arn: str, settings: Mapping[str, Any]) -> None:
        modify_target_group(self._client, arn, settings)

    def set_attributes(self, arn: str, attributes: Mapping[str, str]) -> None:
        modify_target_group_attributes(self._client, arn, attributes)

    def add_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        add_tags(self._client, arn, tags)

    def remove_tags(self, arn: str, keys: Sequence[str]) -> None:
        remove_tags(self._client, arn, keys)

    def register(self, arn: str, targets: Sequence[Mapping[str, Any]]) -> None:
        register_targets(self._client, arn, targets)

    def deregister(self, arn: str, targets: Sequence[Mapping[str, Any]]) -> None:
        deregister_targets(self._client, arn, targets)

    def delete(self, arn: str) -> bool:
        """Whether it is gone; False while AWS says that a listener or rule uses it."""
        try:
            delete_target_group(self._client, arn)
        except AnsibleAWSError as error:
            if error_code(error) == _IN_USE:
                return False
            raise
        return True
