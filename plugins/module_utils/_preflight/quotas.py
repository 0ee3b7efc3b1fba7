# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The quotas that an upgrade may reach, and where AWS states them.

Codes of Service Quotas: https://docs.aws.amazon.com/general/latest/gr/ under ec2-service.html, vpc-service.html,
eks.html and ecs-service.html (Fargate). Names of load balancing:
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Limit.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

LOAD_BALANCING = "elasticloadbalancing"
ON_DEMAND, SPOT = "ON_DEMAND", "SPOT"


@dataclass(frozen=True)
class Quota:
    """`check` names its finding. `code` is that of Service Quotas, or a name of DescribeAccountLimits.

    `hard` is the limit that no one can raise, used if AWS does not state it.
    """

    check: str
    title: str
    service: str
    code: str
    hard: float | None = None


def _vcpus(title: str, code: str) -> Quota:
    return Quota("quota_vcpus", title, "ec2", code)


def _balancing(check: str, title: str, name: str, hard: float | None = None) -> Quota:
    return Quota(check, title, LOAD_BALANCING, name, hard)


STANDARD = "Standard (A, C, D, H, I, M, R, T, Z)"
# By instance class and market. There is no spot quota for HPC and high memory.
VCPUS: Mapping[tuple[str, str], Quota] = {
    ("standard", ON_DEMAND): _vcpus(f"Running On-Demand {STANDARD} instances", "L-1216C47A"),
    ("standard", SPOT): _vcpus(f"All {STANDARD} Spot Instance Requests", "L-34B43A08"),
    ("g", ON_DEMAND): _vcpus("Running On-Demand G and VT instances", "L-DB2E81BA"),
    ("g", SPOT): _vcpus("All G and VT Spot Instance Requests", "L-3819A6DF"),
    ("f", ON_DEMAND): _vcpus("Running On-Demand F instances", "L-74FC7D96"),
    ("f", SPOT): _vcpus("All F Spot Instance Requests", "L-88CF9481"),
    ("x", ON_DEMAND): _vcpus("Running On-Demand X instances", "L-7295265B"),
    ("x", SPOT): _vcpus("All X Spot Instance Requests", "L-E3A00192"),
    ("inf", ON_DEMAND): _vcpus("Running On-Demand Inf instances", "L-1945791B"),
    ("inf", SPOT): _vcpus("All Inf Spot Instance Requests", "L-B5D1601B"),
    ("trn", ON_DEMAND): _vcpus("Running On-Demand Trn instances", "L-2C3B7624"),
    ("trn", SPOT): _vcpus("All Trn Spot Instance Requests", "L-6B0D517C"),
    ("p", ON_DEMAND): _vcpus("Running On-Demand P instances", "L-417A185B"),
    ("hpc", ON_DEMAND): _vcpus("Running On-Demand HPC instances", "L-F7808C92"),
    ("u", ON_DEMAND): _vcpus("Running On-Demand High Memory instances", "L-43DA4232"),
}
# The letters that an instance type begins with, where they are not the name of its class.
CLASSES = {
    **dict.fromkeys(("a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"), "standard"),
    **dict.fromkeys(("gr", "vt"), "g"),
}
INTERFACES = Quota("quota_interfaces", "Network interfaces per Region", "vpc", "L-DF5E4CA3")
FARGATE_VCPUS = Quota("quota_fargate_vcpus", "Fargate On-Demand vCPU resource count", "fargate", "L-3032A538")
CLUSTERS = Quota("quota_clusters", "Clusters", "eks", "L-1194D53C")
NODEGROUPS = Quota("quota_nodegroups", "Managed node groups per cluster", "eks", "L-6D54EA21")
NODES = Quota("quota_nodes", "Nodes per managed node group", "eks", "L-BD136A63")
FARGATE_PROFILES = Quota("quota_fargate_profiles", "Fargate profiles per cluster", "eks", "L-33415657")
SERVICE_QUOTAS = (INTERFACES, FARGATE_VCPUS, CLUSTERS, NODEGROUPS, NODES, FARGATE_PROFILES)

TARGET_GROUPS = _balancing("quota_target_groups", "Target groups per Region", "target-groups")
# By the kind of the load balancer.
RULES = {
    "application": _balancing(
        "quota_rules", "Rules per Application Load Balancer", "rules-per-application-load-balancer"
    ),
}
BALANCER_GROUPS = {
    "application": _balancing(
        "quota_target_groups",
        "Target groups per Application Load Balancer",
        "target-groups-per-application-load-balancer",
        100,
    ),
}
BALANCER_TARGETS = {
    "application": _balancing(
        "quota_targets", "Targets per Application Load Balancer", "targets-per-application-load-balancer"
    ),
    "network": _balancing("quota_targets", "Targets per Network Load Balancer", "targets-per-network-load-balancer"),
}
ACTION_GROUPS = {
    "application": _balancing(
        "quota_action_groups",
        "Target groups per action",
        "target-groups-per-action-on-application-load-balancer",
        5,
    ),
    "network": _balancing(
        "quota_action_groups", "Target groups per action", "target-groups-per-action-on-network-load-balancer", 5
    ),
}


def class_of(instance_type: str) -> str:
    """The class of instance types that share a quota: c7i.2xlarge is of `standard`, g5.xlarge of `g`."""
    letters = re.match(r"[a-z]*", instance_type)
    family = letters.group() if letters else ""
    return CLASSES.get(family, family)


def vcpu_quota(instance_type: str, market: str) -> Quota | None:
    """The quota that a type counts against, or None for a kind that the table does not know."""
    return VCPUS.get((class_of(instance_type), market))
