"""The ELBv2 modules against the lab's endpoint: every call, pages, throttling, drift, and what is refused."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2 import api, write
from botocore.retries.bucket import TokenBucket

from tests.contract.aws.faults import Call, Fault, injected, throttling
from tests.contract.aws.modules import play, refusal, succeed, twice
from tests.contract.aws.world import World

pytestmark = pytest.mark.usefixtures("operator", "_short_waits")

Actions = list[dict[str, Any]]


@pytest.fixture
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries and readings follow at once."""
    really_sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: really_sleep(min(seconds, 0.01)))
    monkeypatch.setattr(TokenBucket, "acquire", lambda *_: True)
    # Else a busy machine looks once more than the tests count.
    monkeypatch.setattr(write, "FRESH_SECONDS", 60.0)


@dataclass(frozen=True)
class Scene:
    """Load balancers and target groups under one name."""

    world: World
    elbv2: Any
    name: str

    def group(self, name: str, **more: Any) -> str:
        """A target group with a healthy target, as far as the endpoint is told."""
        settings = {"Protocol": "HTTP", "Port": 8080, "VpcId": self.world.subnets["vpc"][0], "TargetType": "ip"}
        made = self.elbv2.create_target_group(Name=f"{self.name}-{name}", **{**settings, **more})
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def balancer(self, name: str = "alb", kind: str = "application", **more: Any) -> str:
        subnets = self.world.subnets["public"]
        made = self.elbv2.create_load_balancer(Name=f"{self.name}-{name}", Subnets=subnets, Type=kind, **more)
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])

    def listener(self, balancer: str, port: int, actions: Actions, protocol: str = "HTTP") -> str:
        made = self.elbv2.create_listener(
            LoadBalancerArn=balancer, Protocol=protocol, Port=port, DefaultActions=actions
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def rule(self, listener: str, priority: int, actions: Actions) -> str:
        condition = {"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/{priority}/*"]}}
        made = self.elbv2.create_rule(ListenerArn=listener, Priority=priority, Conditions=[condition], Actions=actions)
        return str(made["Rules"][0]["RuleArn"])

    def swap(self, *balancers: str, pairs: tuple[str, ...] = ("",), **more: Any) -> dict[str, Any]:
        """Options of the module; a pair is <name>-<pair>blue and <name>-<pair>green."""
        return {
            "load_balancers": [f"{self.name}-{balancer}" for balancer in balancers or ("alb",)],
            "pairs": [{slot: f"{self.name}-{pair}{slot}" for slot in ("blue", "green")} for pair in pairs],
            "require_healthy": False,
            **more,
        }

    def actions(self) -> str:
        """Everything on the load balancers of this scene."""
        found = []
        for balancer in self.elbv2.describe_load_balancers()["LoadBalancers"]:
            if balancer["LoadBalancerName"].startswith(self.name):
                listeners = self.elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
                for listener in listeners:
                    rules = self.elbv2.describe_rules(ListenerArn=listener["ListenerArn"], PageSize=400)["Rules"]
                    found += [[listener["DefaultActions"]], *[[rule["RuleArn"], rule["Actions"]] for rule in rules]]
        return json.dumps(found, sort_keys=True)


def forward(*groups: tuple[str, int], **more: Any) -> Actions:
    tuples = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": tuples, **more}}]


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world, world.client("elbv2"), f"t{uuid.uuid4().hex[:8]}")


@pytest.fixture
def alb(scene: Scene) -> Scene:
    """Three listeners and twelve rules, all to blue; green is attached."""
    blue, green = scene.group("blue"), scene.group("green")
    balancer, actions = scene.balancer(), forward((blue, 100), (green, 0))
    for port in (80, 81, 82):
        listener = scene.listener(balancer, port, actions)
        for priority in range(1, 5):
            scene.rule(listener, priority, actions)
    return scene


TO_BLUE, TO_GREEN = {"blue": 100, "green": 0}, {"blue": 0, "green": 100}


def test_the_target_group_of_a_slot_from_beginning_to_end(scene: Scene) -> None:
    blue = {
        "name": f"{scene.name}-blue",
        "protocol": "HTTP",
        "protocol_version": "HTTP2",
        "port": 8080,
        "vpc_id": scene.world.subnets["vpc"][0],
        "health_check_path": "/healthz",
        "health_check_interval": 10,
        "health_check_timeout": 5,
        "healthy_threshold": 2,
        "unhealthy_threshold": 3,
        "matcher": "200-299",
        "attributes": {"deregistration_delay.timeout_seconds": 30},
        "tags": {"slot": "blue", "team": "arena"},
        "targets": [{"id": "10.0.0.10"}],
    }
    made = twice("elbv2_target_group", **blue)["target_group"]
    assert (made["attributes"]["deregistration_delay.timeout_seconds"], made["tags"]["team"]) == ("30", "arena")

    green = {"name": f"{scene.name}-green", "like": blue["name"]}
    made = twice("elbv2_target_group", **green)["target_group"]
    assert (made["protocol_version"], made["health_check_path"], made["matcher"]) == (
        "HTTP2",
        "/healthz",
        {"http_code": "200-299"},
    )
    assert made["attributes"]["deregistration_delay.timeout_seconds"] == "30"

    changed = {
        "health_check_interval": 15,
        "matcher": "200",
        "attributes": {"stickiness.enabled": True, "stickiness.type": "lb_cookie"},
        "tags": {"slot": "blue"},
        "purge_tags": True,
        "targets": [{"id": "10.0.0.11", "port": 9}],
        "purge_targets": True,
    }
    after = twice("elbv2_target_group", **{**blue, **changed})
    assert after["target_group"]["tags"] == {"slot": "blue"}
    assert [key for key in after["diff"]["after"] if key.startswith("targets.")] == ["targets.10.0.0.11:9"]

    message = refusal("elbv2_target_group", **{**blue, "port": 9090, "protocol": "HTTPS"})
    assert "protocol is 'HTTP', wanted 'HTTPS'; port is 8080, wanted 9090" in message

    assert succeed("elbv2_target_group", name=green["name"], state="absent")["changed"]
    assert not succeed("elbv2_target_group", name=green["name"], state="absent")["changed"]


def test_a_swap_over_pages_of_listeners_and_rules(alb: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "PAGE_SIZE", 2)
    before = alb.actions()

    predicted = play("elbv2_target_group_swap", check_mode=True, **alb.swap(weights=TO_GREEN))
    assert alb.actions() == before
    result = succeed("elbv2_target_group_swap", **alb.swap(weights=TO_GREEN))

    assert len(result["forwards"]) == 15
    assert result["changed"]
    assert (predicted["forwards"], predicted["diff"]) == (result["forwards"], result["diff"])
    info = succeed("elbv2_target_group_swap_info", load_balancers=result_names(alb), pairs=alb.swap()["pairs"])
    assert info["shares"] == {"blue": {"lowest": 0.0, "highest": 0.0}, "green": {"lowest": 100.0, "highest": 100.0}}
    assert [one["cluster"] for one in info["load_balancers"]] == [None]

    with injected(lambda _call: None) as seen:
        assert not succeed("elbv2_target_group_swap", **alb.swap(weights=TO_GREEN))["changed"]
    assert not any(call.operation.startswith("Modify") for call in seen.attempts)
    # Five rules with the default: three pages for each of three listeners.
    assert seen.count("DescribeRules") == 9

    succeed("elbv2_target_group_swap", **alb.swap(weights=TO_BLUE))
    assert alb.actions() == before


def result_names(scene: Scene) -> list[str]:
    return [f"{scene.name}-alb"]


def test_a_network_and_an_application_load_balancer_in_one_call(scene: Scene) -> None:
    http = [scene.group(f"web-{slot}") for slot in ("blue", "green")]
    udp = [scene.group(f"udp-{slot}", Protocol="UDP") for slot in ("blue", "green")]
    tcp = [scene.group(f"tcp-{slot}", Protocol="TCP") for slot in ("blue", "green")]
    scene.listener(scene.balancer("alb"), 80, forward((http[0], 100), (http[1], 0)))
    network = scene.balancer("nlb", "network")
    scene.listener(network, 7000, [{"Type": "forward", "TargetGroupArn": udp[0]}], "UDP")
    scene.listener(network, 7001, forward((tcp[0], 100), (tcp[1], 0)), "TCP")

    swap = scene.swap("alb", "nlb", pairs=("web-", "udp-", "tcp-"))
    succeed("elbv2_target_group_swap", **swap, weights=TO_BLUE)
    with injected(lambda _call: None) as seen:
        result = succeed("elbv2_target_group_swap", **swap, weights=TO_GREEN)

    assert sorted(one["where"] for one in result["forwards"]) == [
        "HTTP:80 default",
        "TCP:7001 default",
        "UDP:7000 default",
    ]
    assert {tuple(group["weight"] for group in one["target_groups"]) for one in result["forwards"]} == {(0, 100)}
    # A network load balancer has no rules to ask for: only the other one is read, for the plan and the verification.
    assert seen.count("DescribeRules") == 2
    detached = succeed("elbv2_target_group_swap", **swap, weights=TO_GREEN, detach="blue")
    assert [len(one["target_groups"]) for one in detached["forwards"]] == [1, 1, 1]


def test_actions_before_the_forward_are_kept(scene: Scene) -> None:
    blue = scene.group("blue")
    scene.group("green")
    oidc = {
        "Issuer": "https://issuer.example",
        "AuthorizationEndpoint": "https://issuer.example/authorize",
        "TokenEndpoint": "https://issuer.example/token",
        "UserInfoEndpoint": "https://issuer.example/user",
        "ClientId": "arena",
        "OnUnauthenticatedRequest": "authenticate",
    }
    cognito = {"UserPoolArn": "arn:pool", "UserPoolClientId": "arena", "UserPoolDomain": "arena"}
    jwt = {"JwksEndpoint": "https://issuer.example/keys", "Issuer": "https://issuer.example"}
    kinds: dict[str, dict[str, Any]] = {
        "authenticate-oidc": {"AuthenticateOidcConfig": {**oidc, "ClientSecret": "hidden"}},
        "authenticate-cognito": {"AuthenticateCognitoConfig": cognito},
        "jwt-validation": {"JwtValidationConfig": jwt},
    }
    listener = scene.listener(scene.balancer(), 80, [{"Type": "forward", "TargetGroupArn": blue}])
    for priority, (kind, config) in enumerate(kinds.items(), 1):
        last = {"Order": 2, **forward((blue, 1))[0]}
        scene.rule(listener, priority, [{"Type": kind, "Order": 1, **config}, last])

    sent: list[str] = []

    def listen(call: Call) -> None:
        if call.operation == "ModifyRule":
            sent.append(call.request)

    with injected(listen):
        succeed("elbv2_target_group_swap", **scene.swap(weights=TO_GREEN))

    assert len(sent) == len(kinds)
    secret = [request for request in sent if "authenticate-oidc" in request]
    assert ["UseExistingClientSecret=true" in request for request in secret] == [True]
    rules = scene.elbv2.describe_rules(ListenerArn=listener)["Rules"]
    for rule in rules:
        if not rule["IsDefault"]:
            first, last = rule["Actions"]
            kind = first["Type"]
            config = next(value for key, value in first.items() if key.endswith("Config"))
            wanted = {"authenticate-oidc": oidc, "authenticate-cognito": cognito, "jwt-validation": jwt}[kind]
            assert {key: config[key] for key in wanted} == wanted
            assert [group["Weight"] for group in last["ForwardConfig"]["TargetGroups"]] == [0, 100]


def test_stickiness_is_told(scene: Scene) -> None:
    blue, green = scene.group("blue"), scene.group("green")
    sticky = {"TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 600}}
    scene.listener(scene.balancer(), 80, forward((blue, 100), (green, 0), **sticky))
    attributes = {
        "stickiness.enabled": True,
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": 90,
    }
    succeed("elbv2_target_group", name=f"{scene.name}-blue", attributes=attributes)

    result = succeed("elbv2_target_group_swap", **scene.swap(weights=TO_GREEN))

    assert [(one["kind"], one["seconds"]) for one in result["hazards"]] == [
        ("group_stickiness", 600),
        ("target_stickiness", 90),
    ]
    assert sum("stickiness beats weights" in warning for warning in result["warnings"]) == 2
    listeners = scene.elbv2.describe_listeners(
        LoadBalancerArn=scene.elbv2.describe_load_balancers(Names=[f"{scene.name}-alb"])["LoadBalancers"][0][
            "LoadBalancerArn"
        ]
    )["Listeners"]
    kept = listeners[0]["DefaultActions"][0]["ForwardConfig"]["TargetGroupStickinessConfig"]
    assert kept == {"Enabled": True, "DurationSeconds": 600}


Twist = Callable[[Scene], dict[str, Any]]


def owned(scene: Scene) -> dict[str, Any]:
    scene.elbv2.add_tags(
        ResourceArns=[balancer_of(scene)["LoadBalancerArn"]],
        Tags=[{"Key": "elbv2.k8s.aws/cluster", "Value": "arena-blue"}],
    )
    return {}


def balancer_of(scene: Scene) -> dict[str, Any]:
    found: dict[str, Any] = scene.elbv2.describe_load_balancers(Names=[f"{scene.name}-alb"])["LoadBalancers"][0]
    return found


def of_another_vpc(scene: Scene) -> dict[str, Any]:
    scene.group("far", VpcId=scene.world.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])
    return {"pairs": [{"blue": f"{scene.name}-blue", "green": f"{scene.name}-far"}]}


def of_another_protocol(scene: Scene) -> dict[str, Any]:
    scene.group("tcp", Protocol="TCP")
    return {"pairs": [{"blue": f"{scene.name}-blue", "green": f"{scene.name}-tcp"}]}


def of_another_balancer(scene: Scene) -> dict[str, Any]:
    scene.listener(scene.balancer("other"), 80, forward((scene.group("taken"), 1)))
    return {"pairs": [{"blue": f"{scene.name}-blue", "green": f"{scene.name}-taken"}]}


def six_groups(scene: Scene) -> dict[str, Any]:
    listener = scene.elbv2.describe_listeners(LoadBalancerArn=balancer_of(scene)["LoadBalancerArn"])["Listeners"][0]
    blue = listener["DefaultActions"][0]["ForwardConfig"]["TargetGroups"][0]["TargetGroupArn"]
    full = forward((blue, 1), *[(scene.group(f"more-{number}"), 1) for number in range(4)])
    scene.elbv2.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=full)
    return {}


@pytest.mark.parametrize(
    ("twist", "message"),
    [
        (owned, "belongs to cluster arena-blue (tag elbv2.k8s.aws/cluster)"),
        (of_another_vpc, "one load balancer cannot take both"),
        (of_another_protocol, "has protocol HTTP"),
        (of_another_balancer, "a target group belongs to one load balancer"),
        (six_groups, "would forward to 6 target groups; AWS allows 5"),
        (lambda _scene: {"pairs": []}, "pairs is empty"),
        (lambda _scene: {"pairs": [{"blue": "", "green": "x"}]}, "pairs[0].blue is empty"),
        (lambda _scene: {"pairs": [{"blue": "x"}]}, "missing required arguments: green found in pairs"),
        (lambda _scene: {"weights": {"blue": 1000, "green": 0}}, "use a whole number from 0 to 999"),
        (lambda _scene: {"weights": {"blue": "many", "green": 0}}, "cannot be converted to an int"),
        (lambda _scene: {"weights": {"blue": 0, "green": 0}}, "requests would have nowhere to go"),
        (lambda _scene: {"wieghts": {}}, "Unsupported parameters"),
        (
            lambda _scene: {"load_balancers": ["arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/x/1"]},
            "of region us-east-1, but this task works in eu-west-1",
        ),
        (
            lambda scene: {
                "pairs": [
                    {"blue": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/x/1", "green": f"{scene.name}-green"}
                ]
            },
            "pairs[0].blue is arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/x/1, of region us-east-1",
        ),
    ],
)
def test_what_is_refused_writes_nothing(alb: Scene, twist: Twist, message: str) -> None:
    more = twist(alb)
    before = alb.actions()

    said = refusal("elbv2_target_group_swap", **{**alb.swap(weights=TO_GREEN), **more})

    assert message in said
    assert alb.actions() == before


def test_a_rule_that_may_not_be_modified(alb: Scene) -> None:
    before, seen = alb.actions(), Counter[str]()

    def decide(call: Call) -> Fault | None:
        """The seventh rule that is written is someone else's; AWS says so once, then lets it be put back."""
        if call.operation != "ModifyRule":
            return None
        rule = call.request.split("&Actions")[0]
        seen[rule] += 1
        return Fault(403, "AccessDenied", "not authorized") if list(seen)[6:7] == [rule] and seen[rule] == 1 else None

    with injected(decide):
        result = play("elbv2_target_group_swap", **alb.swap(weights=TO_GREEN))

    assert result["failed"]
    assert "may not be modified by this caller: allow elasticloadbalancing:ModifyRule on it" in result["msg"]
    assert result["not_restored"] == []
    assert alb.actions() == before


def test_throttling_only_makes_it_slower(alb: Scene) -> None:
    with injected(throttling({"*": 4})) as seen:
        result = succeed("elbv2_target_group_swap", **alb.swap(weights=TO_GREEN))

    assert {tuple(group["weight"] for group in one["target_groups"]) for one in result["forwards"]} == {(0, 100)}
    assert {operation.split(".")[1] for operation in seen.faulted()} >= {
        "DescribeRules",
        "ModifyRule",
        "ModifyListener",
    }


def test_a_throttling_that_does_not_end_restores_all(alb: Scene) -> None:
    before, passed = alb.actions(), 0

    def decide(call: Call) -> Fault | None:
        """From the sixth write on, nothing goes to green any more."""
        nonlocal passed
        if call.operation.startswith("Modify") and "TargetGroups.member.2.Weight=100" in call.request:
            passed += 1
            return Fault(400, "Throttling", "Rate exceeded") if passed > 5 else None
        return None

    with injected(decide):
        result = play("elbv2_target_group_swap", **alb.swap(weights=TO_GREEN))

    assert "Rate exceeded" in result["msg"]
    assert result["not_restored"] == []
    assert alb.actions() == before


def test_somebody_else_at_the_same_rules(alb: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write looks first; someone else writes another rule before the fifth one."""
    monkeypatch.setattr(write, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(write, "CALLS_IN_PARALLEL", 1)
    listener = alb.elbv2.describe_listeners(LoadBalancerArn=balancer_of(alb)["LoadBalancerArn"])["Listeners"][2]
    rules = alb.elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    theirs = next(rule for rule in rules if rule["Priority"] == "4")["RuleArn"]
    before, writes = json.loads(alb.actions()), 0
    answer: Actions = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]

    def decide(call: Call) -> None:
        nonlocal writes
        writes += call.operation.startswith("Modify")
        if writes == 4 and call.operation.startswith("Modify"):
            alb.elbv2.modify_rule(RuleArn=theirs, Actions=answer)

    with injected(decide):
        result = play("elbv2_target_group_swap", **alb.swap(weights=TO_GREEN))

    assert "someone else changed" in result["msg"]
    assert "HTTP:82 rule 4" in result["msg"]
    after = json.loads(alb.actions())
    assert [one for one in after if one[0] != theirs] == [one for one in before if one[0] != theirs]
    assert next(one for one in after if one[0] == theirs)[1][0]["Type"] == "fixed-response"


def test_keys_that_are_missing_are_said_once(alb: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")

    said = refusal("elbv2_target_group_swap", **alb.swap(weights=TO_GREEN))

    assert said.startswith("there are no AWS credentials")
    assert said.count("credentials") <= 3
