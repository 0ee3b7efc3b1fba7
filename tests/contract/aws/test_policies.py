"""The policies of docs/iam, each with what its phase does and nothing else, at the endpoint that enforces them."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dev.iam_policies import DOCS, named, render
from lab.aws.operator_policies import names
from tests.contract.aws.modules import play, succeed
from tests.contract.aws.world import ROLE, World, refused

SUFFIX = uuid.uuid4().hex[:8]
CLUSTER, BALANCER = f"policy-{SUFFIX}-green", f"policy-{SUFFIX}"
BLUE, GREEN = f"policy-{SUFFIX}-blue", f"policy-{SUFFIX}-green"
SWAP = {"load_balancers": [BALANCER], "pairs": [{"blue": BLUE, "green": GREEN}], "require_healthy": False}


class Runners:
    """A user of the account for each phase, who may do what the phase's policy grants."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self._world = world
        self._patch = monkeypatch
        placeholders = {"cluster": [CLUSTER], "target group": [BLUE, GREEN], "load balancer": [BALANCER]}
        self._values = {**names(world.config), **placeholders}

    @contextmanager
    def running(self, phase: str) -> Iterator[None]:
        """In the body, modules run as the user of this phase."""
        iam, user = self._world.client("iam"), f"{phase}-{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=user)
        policy = json.loads((DOCS / f"{phase}.json").read_text())
        for name, part in named(user, render(policy, self._values)):
            arn = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(part))["Policy"]["Arn"]
            iam.attach_user_policy(UserName=user, PolicyArn=arn)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        with self._patch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
            patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
            yield


@pytest.fixture
def runners(world: World, monkeypatch: pytest.MonkeyPatch) -> Runners:
    return Runners(world, monkeypatch)


@pytest.fixture(scope="module")
def balancer(world: World) -> None:
    """The load balancer, with blue's target group alone behind it."""
    elbv2 = world.client("elbv2")
    group = elbv2.create_target_group(
        Name=BLUE, Protocol="HTTP", Port=8080, VpcId=world.subnets["vpc"][0], TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    made = elbv2.create_load_balancer(Name=BALANCER, Subnets=world.subnets["public"])["LoadBalancers"][0]
    forward = [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group, "Weight": 100}]}}]
    elbv2.create_listener(LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=forward)


def cluster_options(world: World, **more: Any) -> dict[str, Any]:
    return {
        "name": CLUSTER,
        "kubernetes_version": "1.35",
        "role_arn": ROLE.format("cluster"),
        "subnet_ids": world.subnets["public"] + world.subnets["private"],
        "authentication_mode": "API",
        "tags": {"a": "1"},
        **more,
    }


def denied(name: str, action: str, /, **options: Any) -> None:
    result = play(name, **options)
    assert result.get("failed")
    assert f"is not authorized to perform: {action} on resource" in result["msg"]


@pytest.mark.usefixtures("operator", "short_sleeps", "balancer")
def test_a_slot_is_made_with_one_policy_and_removed_with_another(world: World, runners: Runners) -> None:
    inside = {"cluster_name": CLUSTER, "tags": {"a": "1"}}
    with runners.running("provision"):
        other = ROLE.format("load-balancer-controller")
        denied("eks_cluster", "iam:PassRole", **cluster_options(world, role_arn=other))
        denied("eks_cluster", "eks:DescribeCluster", **cluster_options(world, name="somebody-else-s"))
        succeed("eks_cluster", **cluster_options(world))
        succeed("eks_cluster", **cluster_options(world, endpoint_private_access=True))
        issuer = succeed("iam_oidc_provider", **inside)["issuer"]
        view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
        succeed("eks_access_entry", **inside, principal_arn=ROLE.format("matchmaker"), policy_arns=[view])
        succeed(
            "eks_fargate_profile",
            **inside,
            name="system",
            pod_execution_role_arn=ROLE.format("fargate"),
            subnet_ids=world.subnets["private"],
            selectors=[{"namespace": "kube-system"}],
        )
        succeed(
            "eks_nodegroup",
            **inside,
            name="game",
            node_role_arn=ROLE.format("node"),
            subnet_ids=world.subnets["public"],
            min_size=1,
            max_size=2,
            desired_size=1,
        )
        succeed("eks_addon", **inside, name="coredns", version="default")
        succeed("elbv2_target_group", name=GREEN, like=BLUE, tags={"a": "1"})
        denied("elbv2_target_group", "elasticloadbalancing:DeleteTargetGroup", name=GREEN, state="absent")
        succeed("elbv2_target_group_swap", **SWAP, weights={"blue": 100, "green": 0})
        denied("eks_cluster", "eks:DeleteNodegroup", name=CLUSTER, state="absent", delete_contents=True)
    with runners.running("preflight"):
        succeed("elbv2_target_group_swap_info", load_balancers=[BALANCER], pairs=SWAP["pairs"])
        denied(
            "elbv2_target_group_swap", "elasticloadbalancing:ModifyListener", **SWAP, weights={"blue": 0, "green": 1}
        )
    with runners.running("cutover"):
        succeed("elbv2_target_group_swap", **SWAP, weights={"blue": 0, "green": 100})
    with runners.running("rollback"):
        succeed("elbv2_target_group_swap", **SWAP, weights={"blue": 100, "green": 0})
        denied("eks_addon", "eks:DescribeAddon", **inside, name="coredns")
    with runners.running("decommission"):
        succeed("elbv2_target_group_swap", **SWAP, weights={"blue": 100, "green": 0}, detach="green")
        succeed("elbv2_target_group", name=GREEN, state="absent")
        succeed("eks_cluster", name=CLUSTER, state="absent", delete_contents=True, wait=False)
        assert succeed("iam_oidc_provider", issuer=issuer, state="absent")["changed"]
        succeed("eks_cluster", name=CLUSTER, state="absent")
        found = succeed("eks_leftovers_info", cluster_name=CLUSTER, issuer=issuer, owner_tags={"a": "1"})
        assert (found["cluster_exists"], found["orphans"], found["unread"]) == (False, [], [])


@pytest.fixture(scope="module")
def stranger(world: World) -> dict[str, str]:
    """The key of a user who may do nothing."""
    iam, user = world.client("iam"), f"stranger-{SUFFIX}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("eks", "list_clusters", {}, "AccessDeniedException"),
        ("ssm", "get_parameter", {"Name": "/x"}, "AccessDeniedException"),
        ("service-quotas", "list_service_quotas", {"ServiceCode": "eks"}, "AccessDeniedException"),
        ("iam", "list_open_id_connect_providers", {}, "AccessDenied"),
        ("elbv2", "describe_load_balancers", {}, "AccessDenied"),
        ("ec2", "describe_subnets", {}, "UnauthorizedOperation"),
        ("s3", "list_objects_v2", {"Bucket": "b"}, "AccessDenied"),
        ("s3", "put_object", {"Bucket": "b", "Key": "k", "Body": b"1"}, "AccessDenied"),
    ],
)
def test_who_has_no_permission_is_denied_by_every_service(
    world: World, stranger: dict[str, str], service: str, operation: str, arguments: dict[str, Any], code: str
) -> None:
    client = world.client_with(service, stranger["key"], stranger["secret"])
    with refused(code):
        getattr(client, operation)(**arguments)


def test_who_they_are_anyone_may_ask(world: World, stranger: dict[str, str]) -> None:
    arn = world.client_with("sts", stranger["key"], stranger["secret"]).get_caller_identity()["Arn"]
    assert arn.endswith(f":user/stranger-{SUFFIX}")


def test_the_ledger_tells_what_was_asked_for(world: World, stranger: dict[str, str]) -> None:
    with refused("AccessDeniedException"):
        world.client_with("eks", stranger["key"], stranger["secret"]).describe_cluster(name="x")
    with urllib.request.urlopen(f"{world.config.aws_endpoint}/lab/calls", timeout=10) as answer:
        found = [one for one in json.load(answer) if one["principal"].endswith(f"stranger-{SUFFIX}")]
    (asked,) = [one for one in found if one["action"] == "eks:DescribeCluster"]
    assert (asked["allowed"], asked["count"]) == (False, 1)
    assert asked["resource"] == "arn:aws:eks:eu-west-1:123456789012:cluster/x"
