"""A sound environment; tests change one thing of it."""

from __future__ import annotations

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._ec2.subnets import Subnet
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Balancer,
    Facts,
    Fargate,
    Group,
    Inside,
    InstanceType,
    Matrix,
    Usage,
    WantedUpgrade,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.judge import judge_upgrade
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import Release, read_release

AGONES = {"name": "agones", "namespace": "agones-system", "chart": "agones.tgz", "version": "1.60.0"}
RELEASE: dict[str, Any] = {
    "name": "2026-11",
    "kubernetes_version": "1.36",
    "agones_version": "1.60.0",
    "node_image": {"ami_type": "AL2023_x86_64_STANDARD", "release_version": "1.36.1-20261101"},
    "addons": [{"name": "vpc-cni", "version": "v2"}],
    "charts": [AGONES],
}
OLD: dict[str, Any] = {
    "name": "2026-10",
    "kubernetes_version": "1.35",
    "node_image": {"ami_type": "AL2023_x86_64_STANDARD", "release_version": "1.35.2-20261001"},
    "addons": [{"name": "vpc-cni", "version": "v1"}],
    "charts": [{"name": "agones", "version": "1.59.0"}],
}
MATRIX = Matrix("https://agones.dev", {"1.59": ["1.33", "1.34", "1.35"], "1.60": ["1.34", "1.35", "1.36"]})
SERVICES = [{"name": "mm", "target_groups": {"blue": "mm-blue", "green": "mm-green"}}]
NODEGROUP: dict[str, Any] = {
    "name": "game",
    "instance_types": ["c7i.2xlarge"],
    "min_size": 3,
    "desired_size": 3,
    "max_size": 6,
}


def released(**change: Any) -> dict[str, Any]:
    """What is wanted of the release when its file has this change."""
    release, problems = read_release({**RELEASE, **change})
    return {"release": release, "release_problems": problems}


def running(**change: Any) -> Release:
    """The source's release when its file has this change."""
    return read_release({**OLD, **change})[0]


WANTED = WantedUpgrade(
    "arena",
    released()["release"],
    running(),
    MATRIX,
    {"eks_bluegreen_node_role_arn": "arn"},
    "none",
    SERVICES,
    nodegroups=[NODEGROUP],
    fargate_profiles=[{"name": "system"}],
)
TAGS = {"eks-bluegreen/environment": "arena"}
SOURCE: dict[str, Any] = {
    "slot": "blue",
    "cluster_name": "arena-blue",
    "exists": True,
    "status": "ACTIVE",
    "version": "1.35",
    "release": "2026-10",
    "endpoint": "https://blue",
    "tags": TAGS,
    "target_group_arns": {"mm": "arn:mm-blue"},
}
TARGET: dict[str, Any] = {
    **SOURCE,
    "slot": "green",
    "cluster_name": "arena-green",
    "exists": False,
    "status": "",
    "version": "",
    "release": "",
    "tags": {},
    "target_group_arns": {},
}
BUILT = {**TARGET, "exists": True, "status": "ACTIVE", "version": "1.36", "release": "2026-11", "tags": TAGS}
PUBLIC = Subnet("subnet-1", "public-a", "public", "a", True, True, 4000)
PRIVATE = Subnet("subnet-2", "private-b", "private", "b", False, False, 4000)
HAS_GROUP: dict[str, Any] = {
    "nodegroupName": "game",
    "amiType": "AL2023_x86_64_STANDARD",
    "releaseVersion": "1.35.2-20261001",
    "scalingConfig": {"desiredSize": 3},
}
C7I = InstanceType(8, 4, 15, ["x86_64"])
BALANCER_ARN = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/arena/1"
LIMITS: dict[str, float] = {
    "L-1216C47A": 100,
    "L-34B43A08": 100,
    "L-DF5E4CA3": 5000,
    "L-3032A538": 6,
    "L-1194D53C": 100,
    "L-6D54EA21": 30,
    "L-BD136A63": 450,
    "L-33415657": 10,
    "target-groups": 3000,
    "rules-per-application-load-balancer": 100,
    "targets-per-application-load-balancer": 1000,
}


def forward(*arns: str, sticky: int = 0, where: str = "HTTP:80 default", kind: str = "listener") -> Forward:
    config: dict[str, Any] = {"TargetGroups": [{"TargetGroupArn": arn, "Weight": 1} for arn in arns]}
    if sticky:
        config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": sticky}
    return Forward(kind, "arn", "arn:l", "arena", where, ({"Type": "forward", "ForwardConfig": config},))


def group(slot: str, attributes: dict[str, str] | None = None, **described: Any) -> Group:
    settings = {
        "TargetGroupName": f"mm-{slot}",
        "TargetGroupArn": f"arn:mm-{slot}",
        "Protocol": "HTTP",
        "Port": 8080,
        "HealthCheckPath": "/healthz",
        **described,
    }
    return Group("mm", slot, settings, attributes or {"deregistration_delay.timeout_seconds": "300"})


BALANCER = Balancer("arena", BALANCER_ARN, "", [forward("arn:mm-blue")], {"arn:mm-blue": 2})
USAGE = Usage(
    limits=LIMITS,
    instances={("c7i.2xlarge", "ON_DEMAND"): 3},
    interfaces=20,
    fargate_vcpus=2.5,
    clusters=1,
    target_groups=1,
)
WORLD = Facts(
    source=SOURCE,
    target=TARGET,
    is_resumed=False,
    offered=["1.35", "1.36"],
    subnets=[PUBLIC, PRIVATE],
    inside=Inside([HAS_GROUP], {"vpc-cni": "v1"}, {"agones": "1.59.0"}, Fargate(8, 2.5)),
    addons={"vpc-cni": ["v2", "v1"]},
    image_types=["AL2023_x86_64_STANDARD", "AL2023_x86_64_NVIDIA", "AL2023_ARM_64_STANDARD", "BOTTLEROCKET_x86_64"],
    instance_types={"c7i.2xlarge": C7I},
    zones={"c7i.2xlarge": frozenset("ab")},
    balancers=[BALANCER],
    groups=[group("blue")],
    usage=USAGE,
)


def findings(wanted: WantedUpgrade = WANTED, world: Facts = WORLD) -> list[Finding]:
    return judge_upgrade(wanted, world, [], [])


def told(wanted: WantedUpgrade = WANTED, world: Facts = WORLD) -> list[tuple[str, str]]:
    return [(one.severity, one.check) for one in findings(wanted, world)]
