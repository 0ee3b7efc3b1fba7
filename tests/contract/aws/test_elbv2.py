"""ELBv2 where the lab corrects moto: forwards, use of target groups, health from the data plane."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.aws.world import World, refused


@dataclass
class Balancer:
    """A load balancer with a listener and a rule, both forwarding to blue; green is not attached."""

    elbv2: Any
    arn: str
    listener: str
    rule: str
    blue: str
    green: str

    def health(self, group: str) -> list[tuple[str, str, str | None]]:
        found = self.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [(one["Target"]["Id"], one["TargetHealth"]["State"], one["TargetHealth"].get("Reason")) for one in found]

    def users(self, group: str) -> list[str]:
        described = self.elbv2.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
        return list(described["LoadBalancerArns"])


def forward(*groups: tuple[str, int]) -> list[dict[str, Any]]:
    targets = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": targets}}]


@pytest.fixture
def balancer(world: World) -> Balancer:
    elbv2, suffix = world.client("elbv2"), uuid.uuid4().hex[:8]

    def group(slot: str) -> str:
        made = elbv2.create_target_group(
            Name=f"{slot}-{suffix}",
            Protocol="HTTP",
            Port=8080,
            VpcId=world.subnets["vpc"][0],
            TargetType="ip",
            HealthCheckPath="/healthz",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
        )
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    blue, green = group("blue"), group("green")
    arn = elbv2.create_load_balancer(Name=f"lb-{suffix}", Subnets=world.subnets["public"])["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    listener = elbv2.create_listener(
        LoadBalancerArn=arn, Protocol="HTTP", Port=8080, DefaultActions=forward((blue, 100))
    )["Listeners"][0]["ListenerArn"]
    rule = elbv2.create_rule(
        ListenerArn=listener,
        Priority=10,
        Conditions=[{"Field": "path-pattern", "Values": ["/match*"]}],
        Actions=forward((blue, 100)),
    )["Rules"][0]["RuleArn"]
    return Balancer(elbv2, arn, listener, rule, blue, green)


def report(world: World, table: Any) -> Any:
    body = json.dumps(table).encode()
    request = urllib.request.Request(f"{world.config.aws_endpoint}/lab/target-health", body, method="PUT")
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def test_weights_are_kept_zero_included(balancer: Balancer) -> None:
    wanted = forward((balancer.blue, 0), (balancer.green, 999))
    balancer.elbv2.modify_listener(ListenerArn=balancer.listener, DefaultActions=wanted)
    balancer.elbv2.modify_rule(RuleArn=balancer.rule, Actions=wanted)
    listener = balancer.elbv2.describe_listeners(ListenerArns=[balancer.listener])["Listeners"][0]
    assert listener["DefaultActions"][0]["ForwardConfig"]["TargetGroups"] == wanted[0]["ForwardConfig"]["TargetGroups"]
    rules = balancer.elbv2.describe_rules(ListenerArn=balancer.listener)["Rules"]
    assert {rule["Priority"] for rule in rules} == {"10", "default"}
    for rule in rules:
        assert rule["Actions"][0]["ForwardConfig"]["TargetGroups"] == wanted[0]["ForwardConfig"]["TargetGroups"]


def test_a_weight_above_999_is_refused_everywhere(balancer: Balancer) -> None:
    wanted = forward((balancer.blue, 1000))
    with refused("ValidationError", "1000", "999"):
        balancer.elbv2.modify_listener(ListenerArn=balancer.listener, DefaultActions=wanted)
    with refused("ValidationError", "1000", "999"):
        balancer.elbv2.modify_rule(RuleArn=balancer.rule, Actions=wanted)
    with refused("ValidationError", "1000", "999"):
        balancer.elbv2.create_listener(LoadBalancerArn=balancer.arn, Protocol="HTTP", Port=81, DefaultActions=wanted)
    with refused("ValidationError", "1000", "999"):
        balancer.elbv2.create_rule(
            ListenerArn=balancer.listener,
            Priority=11,
            Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
            Actions=wanted,
        )


def test_an_unknown_target_group_is_refused(balancer: Balancer) -> None:
    unknown = balancer.blue.replace("targetgroup/", "targetgroup/no")
    with refused("TargetGroupNotFound", "not found"):
        balancer.elbv2.modify_listener(ListenerArn=balancer.listener, DefaultActions=forward((unknown, 1)))
    with refused("TargetGroupNotFound", "not found"):
        balancer.elbv2.modify_rule(RuleArn=balancer.rule, Actions=forward((unknown, 1)))
    with refused("TargetGroupNotFound"):
        balancer.elbv2.describe_target_health(TargetGroupArn=unknown)


def test_more_than_five_groups_and_a_second_listener_on_a_port_are_refused(balancer: Balancer) -> None:
    six = forward(*[(balancer.blue, 1)] * 6)
    with refused("TooManyTargetGroups", "6"):
        balancer.elbv2.modify_rule(RuleArn=balancer.rule, Actions=six)
    with refused("DuplicateListener", "8080"):
        balancer.elbv2.create_listener(
            LoadBalancerArn=balancer.arn, Protocol="HTTP", Port=8080, DefaultActions=forward((balancer.blue, 1))
        )


def test_use_of_a_target_group_follows_what_forwards_to_it(balancer: Balancer) -> None:
    assert balancer.users(balancer.blue) == [balancer.arn]
    assert balancer.users(balancer.green) == []
    both = forward((balancer.blue, 100), (balancer.green, 0))
    balancer.elbv2.modify_rule(RuleArn=balancer.rule, Actions=both)
    assert balancer.users(balancer.green) == [balancer.arn]
    with refused("ResourceInUse"):
        balancer.elbv2.delete_target_group(TargetGroupArn=balancer.green)
    balancer.elbv2.delete_rule(RuleArn=balancer.rule)
    assert balancer.users(balancer.green) == []
    balancer.elbv2.delete_target_group(TargetGroupArn=balancer.green)
    balancer.elbv2.delete_load_balancer(LoadBalancerArn=balancer.arn)
    assert balancer.users(balancer.blue) == []


def test_targets_are_registered_by_any_address_and_vanish_when_deregistered(world: World, balancer: Balancer) -> None:
    pod = world.config.pod_address(1, 1)
    targets = [{"Id": pod, "Port": 8080}]
    balancer.elbv2.register_targets(TargetGroupArn=balancer.blue, Targets=targets)
    assert balancer.health(balancer.blue) == [(pod, "initial", "Elb.RegistrationInProgress")]
    balancer.elbv2.deregister_targets(TargetGroupArn=balancer.blue, Targets=targets)
    assert balancer.health(balancer.blue) == []
    asked = balancer.elbv2.describe_target_health(TargetGroupArn=balancer.blue, Targets=targets)
    assert asked["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"] == "Target.NotRegistered"


def test_health_is_what_the_data_plane_says(world: World, balancer: Balancer) -> None:
    first, second = world.config.pod_address(1, 1), world.config.pod_address(1, 2)
    for group in (balancer.blue, balancer.green):
        targets = [{"Id": first, "Port": 8080}, {"Id": second, "Port": 8080}]
        balancer.elbv2.register_targets(TargetGroupArn=group, Targets=targets)
    report(
        world,
        {
            balancer.blue: {
                f"{first}:8080": {"state": "healthy"},
                f"{second}:8080": {"state": "unhealthy", "reason": "Target.Timeout"},
            },
            balancer.green: {f"{first}:8080": {"state": "healthy"}},
        },
    )
    assert balancer.health(balancer.blue) == [(first, "healthy", None), (second, "unhealthy", "Target.Timeout")]
    assert balancer.health(balancer.green) == [
        (first, "unused", "Target.NotInUse"),
        (second, "unused", "Target.NotInUse"),
    ]
    report(world, {})
    assert {state for _, state, _ in balancer.health(balancer.blue)} == {"initial"}


def test_a_bad_health_report_is_refused_and_changes_nothing(world: World, balancer: Balancer) -> None:
    pod = world.config.pod_address(1, 1)
    balancer.elbv2.register_targets(TargetGroupArn=balancer.blue, Targets=[{"Id": pod, "Port": 8080}])
    report(world, {balancer.blue: {f"{pod}:8080": {"state": "healthy"}}})
    tables: list[Any] = [{balancer.blue: {f"{pod}:8080": {"state": "fine"}}}, {balancer.blue: ["healthy"]}, []]
    for table in tables:
        with pytest.raises(urllib.error.HTTPError, match="400"):
            report(world, table)
    assert balancer.health(balancer.blue) == [(pod, "healthy", None)]


def test_listeners_of_other_protocols_and_tags_still_work(world: World, balancer: Balancer) -> None:
    elbv2 = balancer.elbv2
    elbv2.add_tags(ResourceArns=[balancer.blue], Tags=[{"Key": "slot", "Value": "blue"}])
    found = elbv2.describe_tags(ResourceArns=[balancer.blue])["TagDescriptions"][0]["Tags"]
    assert found == [{"Key": "slot", "Value": "blue"}]
    elbv2.modify_target_group_attributes(
        TargetGroupArn=balancer.blue, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}]
    )
    attributes = elbv2.describe_target_group_attributes(TargetGroupArn=balancer.blue)["Attributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "5"} in attributes
