"""In what a slot differs from what it should be, as the module finds it in the lab's account."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from lab.world import seed
from tests.contract.aws.faults import Fault, injected
from tests.contract.aws.modules import play, succeed
from tests.contract.aws.world import ROLE, World, wait_until

pytestmark = pytest.mark.usefixtures("operator", "short_sleeps")

OWN = {"eks-bluegreen/environment": "arena", "eks-bluegreen/slot": "green"}
RELEASE = {**OWN, "eks-bluegreen/release": "2026-11"}
IMAGE = {"ami_type": "AL2023_x86_64_STANDARD", "release_version": "1.35.6-20261002"}
ENTRY = {"principal_arn": ROLE.format("matchmaker"), "kubernetes_groups": ["arena-matchmakers"]}
IDENTITY = {"namespace": "arena", "service_account": "telemetry", "role_arn": ROLE.format("node")}
PROFILE = {"name": "system", "selectors": [{"namespace": "kube-system"}]}
GROUP = {"name": "game", "min_size": 1, "max_size": 4, "desired_size": 2, "instance_types": ["c7i.2xlarge"]}


@dataclass(frozen=True)
class Stage:
    """A slot that another tool has built, or not, and what is asked of it."""

    world: World
    cluster: str
    services: list[dict[str, Any]]
    listener: str

    def options(self, **more: Any) -> dict[str, Any]:
        """What the slot is compared with; of a dictionary of these, what it says differs."""
        subnets = self.world.subnets
        options: dict[str, Any] = {
            "environment_name": "arena",
            "slot": "green",
            "release": "2026-11",
            "cluster": {
                "name": self.cluster,
                "kubernetes_version": "1.35",
                "role_arn": ROLE.format("cluster"),
                "subnet_ids": subnets["public"] + subnets["private"],
                "authentication_mode": "API",
            },
            "access_entries": [ENTRY],
            "pod_identity_associations": [IDENTITY],
            "fargate": {
                "profiles": [PROFILE],
                "pod_execution_role_arn": ROLE.format("fargate"),
                "subnet_ids": subnets["private"],
            },
            "nodes": {
                "nodegroups": [GROUP],
                "addons": [{"name": "kube-proxy", "version": "default"}],
                "node_role_arn": ROLE.format("node"),
                "subnet_ids": subnets["public"],
                "node_image": IMAGE,
            },
            "traffic": {"services": self.services, "load_balancers": [self.cluster], "vpc_id": subnets["vpc"][0]},
        }
        for name, value in more.items():
            options[name] = {**options[name], **value} if isinstance(value, dict) else value
        return options

    def deviations(self, **more: Any) -> list[str]:
        found = succeed("slot_deviations_info", **self.options(**more))
        assert not found["changed"]
        return list(found["deviations"])


def build(world: World) -> Stage:
    """Everything as it is asked for."""
    cluster = world.create_cluster("ext", tags=RELEASE)
    named, public, private = {"cluster_name": cluster}, world.subnets["public"], world.subnets["private"]
    succeed("iam_oidc_provider", **named, tags=RELEASE)
    succeed("eks_access_entry", **named, **ENTRY, tags=RELEASE)
    succeed("eks_pod_identity_association", **named, **IDENTITY, tags=RELEASE)
    fargate = {"pod_execution_role_arn": ROLE.format("fargate"), "subnet_ids": private}
    succeed("eks_fargate_profile", **named, **PROFILE, **fargate, tags=OWN)
    nodes = {"node_role_arn": ROLE.format("node"), "subnet_ids": public, **IMAGE}
    succeed("eks_nodegroup", **named, **GROUP, **nodes, labels={}, taints=[], tags=OWN)
    succeed("eks_addon", **named, name="kube-proxy", version="default", tags=OWN)
    return Stage(world, cluster, *balanced(world, cluster))


def balanced(world: World, name: str) -> tuple[list[dict[str, Any]], str]:
    """A service whose target groups are both in a listener, green's with weight 0; and the listener."""
    elbv2 = world.client("elbv2")
    names = {slot: f"{name}-{slot}" for slot in ("blue", "green")}
    common = {"protocol": "HTTP", "port": 8080, "vpc_id": world.subnets["vpc"][0]}
    arns = {
        slot: succeed("elbv2_target_group", name=group, **common, tags=OWN if slot == "green" else {})
        for slot, group in names.items()
    }
    balancer = elbv2.create_load_balancer(Name=name, Subnets=world.subnets["public"])["LoadBalancers"][0]
    groups = [
        {"TargetGroupArn": arns[slot]["target_group_arn"], "Weight": weight}
        for slot, weight in (("blue", 100), ("green", 0))
    ]
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
    )["Listeners"][0]["ListenerArn"]
    return [{"name": "mm", "target_groups": names}], listener


@pytest.fixture(scope="module")
def stage(world: World) -> Stage:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": world.config.aws_endpoint,
            "AWS_REGION": world.config.region,
            "AWS_ACCESS_KEY_ID": seed.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": seed.SECRET_KEY,
        }.items():
            patch.setenv(name, value)
        return build(world)


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_slot_that_is_as_asked_for(stage: Stage, check_mode: bool) -> None:
    found = play("slot_deviations_info", check_mode=check_mode, **stage.options())
    assert not found.get("failed"), found.get("msg")
    assert (found["changed"], found["deviations"], found["desired_nodes"]) == (False, [], 2)
    issuer = stage.world.cluster(stage.cluster)["identity"]["oidc"]["issuer"]
    assert found["oidc_provider"]["issuer"] == issuer
    assert found["oidc_provider"]["oidc_provider_arn"].endswith(issuer.removeprefix("https://"))


def test_without_a_cluster_there_is_nothing_to_compare(stage: Stage) -> None:
    assert stage.deviations(cluster={"name": "missing"}) == ["cluster missing does not exist"]


def test_everything_that_differs_is_told_at_once(stage: Stage) -> None:
    found = stage.deviations(
        release="2026-12",
        cluster={"logging_types": ["api"]},
        access_entries=[{**ENTRY, "kubernetes_groups": ["others"]}, {"principal_arn": ROLE.format("stranger")}],
        pod_identity_associations=[{**IDENTITY, "role_arn": ROLE.format("matchmaker")}],
        fargate={"profiles": [PROFILE, {**PROFILE, "name": "arena"}]},
        nodes={
            "nodegroups": [{**GROUP, "max_size": 6, "labels": {"a": "b"}}, {**GROUP, "name": "spare"}],
            "addons": [],
        },
    )
    release = "tags[eks-bluegreen/release] is '2026-11', wanted '2026-12'"
    name = stage.cluster
    for text in (
        f"cluster {name}: {release}",
        f"cluster {name}: logging_types is [], wanted ['api']",
        f"OIDC provider of {name}: {release}",
        f"access entry {name}/{ENTRY['principal_arn']}: kubernetes_groups is ['arena-matchmakers'], wanted ['others']",
        f"access entry {name}/{ROLE.format('stranger')} does not exist",
        f"pod identity association {name}/arena/telemetry: {release}",
        f"Fargate profile {name}/arena does not exist",
        f"node group {name}/game: max_size is 4, wanted 6",
        f"node group {name}/game: labels[a] is missing, wanted 'b'",
        f"node group {name}/spare does not exist",
    ):
        assert text in found, found


def test_what_cannot_change_is_told_with_the_rest(stage: Stage) -> None:
    found = stage.deviations(
        cluster={"kubernetes_version": "1.36"},
        nodes={"node_image": {**IMAGE, "release_version": "1.36.1"}},
        traffic={"vpc_id": "vpc-other"},
    )
    assert len(found) == 3
    for words, text in zip(("kubernetes_version is '1.35'", "release_version is", "vpc_id is"), found, strict=True):
        assert words in text
        assert "exists with other settings" in text


def test_what_is_not_active_is_told(stage: Stage) -> None:
    world, cluster = stage.world, stage.cluster
    with world.held():
        world.eks.update_nodegroup_config(
            clusterName=cluster, nodegroupName="game", scalingConfig={"minSize": 1, "maxSize": 4, "desiredSize": 3}
        )
        assert f"node group {cluster}/game is UPDATING" in stage.deviations()
    wait_until(lambda: world.nodegroup(cluster)["status"], "ACTIVE")
    assert stage.deviations() == []


def test_what_cannot_be_read_is_told_and_hides_nothing_else(stage: Stage) -> None:
    denied = Fault(403, "AccessDeniedException", "no")
    with injected(lambda call: denied if call.operation == "DescribeNodegroup" else None):
        found = stage.deviations(fargate={"profiles": [{**PROFILE, "name": "arena"}]})
    assert len(found) == 2
    assert found[0] == f"Fargate profile {stage.cluster}/arena does not exist"
    assert f"node group game of cluster {stage.cluster}" in found[1]


def test_a_target_group_must_exist_and_be_in_the_listeners(stage: Stage) -> None:
    elbv2 = stage.world.client("elbv2")
    forward = elbv2.describe_listeners(ListenerArns=[stage.listener])["Listeners"][0]["DefaultActions"]
    groups = forward[0]["ForwardConfig"]["TargetGroups"]
    alone = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups[:1]}}]
    elbv2.modify_listener(ListenerArn=stage.listener, DefaultActions=alone)
    (text,) = stage.deviations()
    assert text.startswith("target group weights: ")
    assert text.endswith(" is missing")
    assert f"{stage.cluster}-green 0" in text
    shifted = [{**groups[0], "Weight": 40}, {**groups[1], "Weight": 60}]
    full = [{"Type": "forward", "ForwardConfig": {"TargetGroups": shifted}}]
    elbv2.modify_listener(ListenerArn=stage.listener, DefaultActions=full)
    assert stage.deviations() == []
    gone = {**stage.services[0]["target_groups"], "green": uuid.uuid4().hex[:8]}
    found = stage.deviations(traffic={"services": [{"name": "mm", "target_groups": gone}]})
    assert found[0] == f"target group {gone['green']} does not exist"
