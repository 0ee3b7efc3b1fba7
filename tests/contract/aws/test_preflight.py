"""What preflight reads, against the lab's account: nothing to find in a sound one, and what it is for in others."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SwapApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding, Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.capacity import shown_quotas
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import Facts as Seen
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Fargate,
    Matrix,
    WantedUpgrade,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.judge import judge_upgrade
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.survey import (
    Scope,
    SurveySources,
    survey,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import Release, read_release

from tests.contract.aws.modules import play
from tests.contract.aws.world import World

RELEASE = {
    "name": "2026-11",
    "kubernetes_version": "1.36",
    "agones_version": "1.60.0",
    "node_image": {"ami_type": "AL2023_x86_64_STANDARD", "release_version": "1.36.1-20261101"},
    "addons": [{"name": "vpc-cni", "version": "v1.21.0-eksbuild.1"}],
    "charts": [{"name": "agones", "namespace": "agones-system", "chart": "absent.tgz", "version": "1.60.0"}],
}
GAME = {"name": "game", "instance_types": ["c7i.2xlarge"], "min_size": 3, "desired_size": 3, "max_size": 6}
SERVICES = ("eks", "ec2", "elbv2", "service-quotas", "cloudwatch")


def released(**change: Any) -> Release:
    return read_release({**RELEASE, **change})[0]


WANTED = WantedUpgrade(
    "arena",
    released(),
    None,
    Matrix("https://agones.dev", {"1.60": ["1.36"]}),
    {},
    "none",
    [{"name": "mm", "target_groups": {"blue": "pre-blue", "green": "pre-green"}}],
    nodegroups=[GAME],
    fargate_profiles=[{"name": "system"}],
    fargate=Fargate(8, 2.0),
)


class Cluster:
    """The source's own API, which the fake endpoint has not."""

    def newest(self) -> Sequence[Any]:
        return []

    def fargate_pods(self) -> Sequence[Any]:
        return []


class Stage:
    """A source cluster behind a load balancer, and room for a target."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.source = world.create_cluster("preflight", tags={"eks-bluegreen/release": "2026-10"})
        elbv2 = world.client("elbv2")
        self.group = self.make_group("pre-blue")
        balancer = elbv2.create_load_balancer(Name="preflight", Subnets=world.subnets["public"])["LoadBalancers"][0]
        forward = {"TargetGroups": [{"TargetGroupArn": self.group, "Weight": 100}]}
        elbv2.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "ForwardConfig": forward}],
        )
        elbv2.register_targets(TargetGroupArn=self.group, Targets=[{"Id": "10.40.0.9"}, {"Id": "10.40.0.8"}])

    def make_group(self, name: str, path: str = "/healthz") -> str:
        settings = {"Protocol": "HTTP", "Port": 8080, "VpcId": self.world.subnets["vpc"][0], "TargetType": "ip"}
        made = self.world.client("elbv2").create_target_group(Name=name, HealthCheckPath=path, **settings)
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    @property
    def network(self) -> dict[str, Any]:
        subnets = self.world.subnets
        return {
            "vpc_id": subnets["vpc"][0],
            "public_subnet_ids": subnets["public"],
            "private_subnet_ids": subnets["private"],
        }

    def slot(self, name: str, cluster: str, *, exists: bool, group: str = "") -> dict[str, Any]:
        return {
            "slot": name,
            "cluster_name": cluster,
            "exists": exists,
            "status": "ACTIVE" if exists else "",
            "version": "1.35" if exists else "",
            "release": "",
            "endpoint": "",
            "tags": {},
            "target_group_arns": {"mm": group} if group else {},
        }

    def look(
        self, wanted: WantedUpgrade = WANTED, target_group: str = "", client: Callable[[str], Any] | None = None
    ) -> tuple[list[Finding], Seen]:
        eks, ec2, elbv2, quotas, cloudwatch = ((client or self.world.client)(name) for name in SERVICES)
        scope = Scope(
            source=self.slot("blue", self.source, exists=True, group=self.group),
            target=self.slot("green", "preflight-none", exists=False, group=target_group),
            is_resumed=False,
            network=self.network,
            load_balancers=["preflight"],
        )
        reads = Reads()
        sources = SurveySources(eks, ec2, elbv2, quotas, cloudwatch, SwapApi(elbv2), Cluster, SystemClock())
        seen = survey(sources, scope, wanted, reads)
        return judge_upgrade(wanted, seen, reads.problems, []), seen


@pytest.fixture(scope="module")
def stage(world: World) -> Stage:
    return Stage(world)


def checks(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    # The stage's source has no release tag.
    return [(one.severity, one.check) for one in findings if one.check != "source_release"]


def test_a_sound_account_has_no_finding(stage: Stage) -> None:
    findings, seen = stage.look()
    assert checks(findings) == []
    shown = {one["code"]: one for one in shown_quotas(WANTED, seen)}
    assert all(one["limit"] is not None for one in shown.values())
    assert shown["L-1216C47A"]["adds"] == 24
    assert shown["targets-per-application-load-balancer"]["adds"] == 2
    assert shown["target-groups-per-action-on-application-load-balancer"]["in_use"] == 1


def test_what_runs_counts_against_the_quota(stage: Stage) -> None:
    """1152 vCPUs are the quota; 140 nodes of 8 fit until 8 instances of 8 run."""
    ec2 = stage.world.client("ec2")
    wanted = replace(WANTED, nodegroups=[{**GAME, "desired_size": 140, "max_size": 140}])
    assert ("error", "quota_vcpus") not in checks(stage.look(wanted)[0])
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    run = ec2.run_instances(ImageId=image, InstanceType="c5.2xlarge", MinCount=8, MaxCount=8)
    try:
        assert ("error", "quota_vcpus") in checks(stage.look(wanted)[0])
    finally:
        ec2.terminate_instances(InstanceIds=[one["InstanceId"] for one in run["Instances"]])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"nodegroups": [{**GAME, "instance_types": ["c7i.nolarge"]}]}, ("error", "instance_type")),
        ({"nodegroups": [{**GAME, "instance_types": ["c7g.2xlarge"]}]}, ("error", "instance_type")),
        ({"release": released(addons=[{"name": "vpc-cni", "version": "v0.0.1"}])}, ("error", "addon_offered")),
        ({"release": released(kubernetes_version="1.99")}, ("error", "version_offered")),
        ({"fargate": Fargate(20000, 5000.0)}, ("error", "quota_fargate_vcpus")),
        ({"fargate": Fargate(20000, 5000.0)}, ("error", "subnet_addresses")),
    ],
)
def test_what_does_not_fit_is_found(stage: Stage, change: dict[str, Any], found: tuple[str, str]) -> None:
    assert found in checks(stage.look(replace(WANTED, **change))[0])


def test_two_target_groups_that_differ_are_found(stage: Stage) -> None:
    group = stage.make_group("pre-green", path="/other")
    elbv2 = stage.world.client("elbv2")
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "5"}
    elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=[delay])
    try:
        told = [one.finding for one in stage.look(target_group=group)[0] if one.check == "target_group_attributes"]
    finally:
        elbv2.delete_target_group(TargetGroupArn=group)
    assert told == [
        "its HealthCheckPath is /other, that of its partner pre-blue /healthz",
        "its attribute deregistration_delay.timeout_seconds is 5, that of its partner pre-blue 300",
    ]


def test_insights_are_told_with_their_recommendation(stage: Stage) -> None:
    eks = stage.world.eks
    arn = stage.world.cluster(stage.source)["arn"]
    addon = {"addonName": "kube-proxy", "addonVersion": "v1.35.0-eksbuild.1", "resolveConflicts": "OVERWRITE"}
    eks.create_addon(clusterName=stage.source, **addon)
    eks.tag_resource(resourceArn=arn, tags={"lab/insights": "apis=ERROR addons=ERROR"})
    try:
        findings = [one for one in stage.look()[0] if one.check == "upgrade_insight"]
    finally:
        eks.untag_resource(resourceArn=arn, tagKeys=["lab/insights"])
    assert [one.severity for one in findings] == ["error", "warning"]
    assert "Deprecated APIs removed in Kubernetes v1.36" in findings[0].finding
    assert all(one.remedy for one in findings)


@pytest.mark.usefixtures("operator")
def test_the_module_tells_all_reasons_at_once(stage: Stage) -> None:
    result = play(
        "upgrade_preflight",
        environment_name="arena",
        observed={"problems": [], "direction": {"resume": False}, "network": stage.network},
        source=stage.slot("blue", stage.source, exists=True, group=stage.group),
        target=stage.slot("green", "preflight-none", exists=False),
        release=RELEASE,
        matrix={"source": "https://agones.dev", "rows": {"1.60": ["1.36"]}},
        services=WANTED.services,
        load_balancers=["preflight"],
        nodegroups=[{**GAME, "desired_size": 200, "max_size": 200}],
        fargate_pods=8,
        fargate_vcpus=2.0,
    )
    errors = [one["check"] for one in result["findings"] if one["severity"] == "error"]
    assert errors == ["charts", "quota_vcpus", "source_reachable"]
    assert all(f"[{check}]" in result["msg"] for check in errors)
    assert {one["code"]: one["adds"] for one in result["quotas"]}["L-1216C47A"] == 1600


def test_whoever_may_not_read_quotas_gets_warnings(stage: Stage) -> None:
    iam = stage.world.client("iam")
    may = [
        {"Effect": "Allow", "Action": f"{service}:*", "Resource": "*"}
        for service in ("eks", "ec2", "elasticloadbalancing")
    ]
    iam.create_user(UserName="auditor")
    document = json.dumps({"Version": "2012-10-17", "Statement": may})
    iam.put_user_policy(UserName="auditor", PolicyName="reads", PolicyDocument=document)
    key = iam.create_access_key(UserName="auditor")["AccessKey"]
    findings, _ = stage.look(
        client=lambda name: stage.world.client_with(name, key["AccessKeyId"], key["SecretAccessKey"])
    )
    assert checks(findings) == [("warning", "quota_readable")] * 2
    assert sorted(one.resource for one in findings if one.check == "quota_readable") == ["Fargate", "Service Quotas"]
    assert all("is not authorized to perform" in one.finding for one in findings if one.check == "quota_readable")
