# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What preflight judges: what is wanted, and the world as it was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._ec2.subnets import Subnet
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import Release, ReleaseProblem
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data


@dataclass(frozen=True)
class Matrix:
    """Which Kubernetes minors each Agones minor supports, and who says so."""

    source: str
    rows: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Fargate:
    """Pods on Fargate, and the vCPUs that they take together."""

    pods: int
    vcpus: float


@dataclass(frozen=True)
class WantedUpgrade:
    """What the run should do, and with what. `fargate` is None if the target runs what the source runs.

    `is_built`: by the run, not by another tool. `is_public`: the target's API server answers outside of the VPC,
    to `public_cidrs` or, if there are none, to everyone. `release_problems`: what is wrong with the release's file.
    """

    environment: str
    release: Release
    source_release: Release | None
    matrix: Matrix
    variables: Mapping[str, Any]
    queue: str
    services: Sequence[Data]
    traffic_steps: Sequence[int] = ()
    nodegroups: Sequence[Data] = ()
    fargate_profiles: Sequence[Data] = ()
    fargate: Fargate | None = None
    is_built: bool = True
    is_public: bool = False
    public_cidrs: Sequence[str] = ()
    release_problems: Sequence[ReleaseProblem] = ()

    @property
    def release_name(self) -> str:
        return f"release {self.release.name}"


@dataclass(frozen=True)
class Inside:
    """What runs in the source cluster. `charts` is None when its API could not be asked, `unreachable` says why."""

    nodegroups: Sequence[Data] = ()
    addons: Mapping[str, str] = field(default_factory=dict)
    charts: Mapping[str, str] | None = None
    fargate: Fargate | None = None
    unreachable: str = ""


@dataclass(frozen=True)
class InstanceType:
    """`addresses` are those of each network interface."""

    vcpus: int
    interfaces: int
    addresses: int
    architectures: Sequence[str]


@dataclass(frozen=True)
class Balancer:
    """A load balancer; `cluster` owns it, or no one. `targets` counts those registered, by target group."""

    name: str
    arn: str
    cluster: str = ""
    forwards: Sequence[Forward] = ()
    targets: Mapping[str, int] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return "network" if ":loadbalancer/net/" in self.arn else "application"


@dataclass(frozen=True)
class Group:
    """A service's target group in a slot: as DescribeTargetGroups shows it, and its attributes."""

    service: str
    slot: str
    described: Data
    attributes: Mapping[str, str]

    @property
    def name(self) -> str:
        return str(self.described["TargetGroupName"])


@dataclass(frozen=True)
class Insight:
    """What EKS says about a cluster. `about_addons`: only about the versions of its add-ons."""

    name: str
    category: str
    kubernetes_version: str
    status: str
    reason: str
    recommendation: str
    about_addons: bool = False


@dataclass(frozen=True)
class Usage:
    """What the account uses of its quotas; None if that could not be read.

    `instances` counts running instances by type and market, `target_nodes` those of the target by node group.
    """

    limits: Mapping[str, float] = field(default_factory=dict)
    instances: Mapping[tuple[str, str], int] | None = None
    interfaces: int | None = None
    fargate_vcpus: float | None = None
    clusters: int | None = None
    target_groups: int | None = None
    target_nodes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What was observed. `offered`, `addons`, `instance_types`, `zones`, `node_subnets` are None where not readable.

    `node_subnets` are those that node groups name for themselves, by id; `image_types` are what botocore knows.
    """

    source: Data
    target: Data
    is_resumed: bool
    offered: Sequence[str] | None
    subnets: Sequence[Subnet]
    inside: Inside
    addons: Mapping[str, Sequence[str]] | None = None
    instance_types: Mapping[str, InstanceType] | None = None
    zones: Mapping[str, frozenset[str]] | None = None
    node_subnets: Mapping[str, Subnet] | None = field(default_factory=dict)
    image_types: Sequence[str] = ()
    insights: Sequence[Insight] = ()
    balancers: Sequence[Balancer] = ()
    groups: Sequence[Group] = ()
    usage: Usage = Usage()

    def pair(self, service: str) -> tuple[Group | None, Group | None]:
        """The target groups of a service: the source's, the target's."""
        found = {group.slot: group for group in self.groups if group.service == service}
        return found.get(self.source["slot"]), found.get(self.target["slot"])


def image_of(group: Data, release: Release, key: str) -> str:
    """A node group's own ami_type or release_version, or the release's; "" if a launch template names the image."""
    return str(group.get(key, getattr(release.node_image, key)) or "")


def own_subnets(group: Data) -> list[str]:
    """The subnets that a node group names instead of all public ones: a list, or a text as Ansible takes it for one."""
    named = group.get("subnet_ids") or []
    return [one.strip() for one in named.split(",")] if isinstance(named, str) else list(named)


Check = Callable[[WantedUpgrade, Facts], Iterator[Finding]]


def error(check: str, resource: str, finding: str, remedy: str) -> Finding:
    return Finding("error", check, resource, finding, remedy)


def warning(check: str, resource: str, finding: str, remedy: str) -> Finding:
    return Finding("warning", check, resource, finding, remedy)
