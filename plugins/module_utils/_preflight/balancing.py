# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Load balancers and target groups: whose they are, what binds clients, whether both slots' groups are alike."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.hazards import (
    group_stickiness,
    target_stickiness,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import TargetGroup
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import at
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Facts,
    Group,
    WantedUpgrade,
    error,
    warning,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

# What cannot change after creation, and the health check, which the upgrade makes like the source's.
_FIXED = ("Protocol", "ProtocolVersion", "Port", "VpcId", "TargetType", "IpAddressType")
CONVERGING = (
    "HealthCheckEnabled",
    "HealthCheckProtocol",
    "HealthCheckPort",
    "HealthCheckPath",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
    "Matcher.HttpCode",
    "Matcher.GrpcCode",
)


def check_owners(_wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    for balancer in world.balancers:
        if balancer.cluster:
            yield error(
                "load_balancer_owned",
                f"load balancer {balancer.name}",
                f"it belongs to cluster {balancer.cluster}, whose controller reverts changes and deletes it with the "
                "cluster",
                "Create a separate load balancer, and let charts bind to target groups with TargetGroupBindings",
            )


def check_stickiness(_wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    for hazard in group_stickiness([forward for balancer in world.balancers for forward in balancer.forwards]):
        yield error(
            "stickiness",
            hazard.resource,
            f"a cookie binds clients to a target group for {hazard.seconds} s, whatever the weights say",
            "Turn group stickiness off, and wait that long before the upgrade",
        )
    for group in world.groups:
        for hazard in target_stickiness(TargetGroup(group.name, ""), group.attributes):
            lasting = f" for {hazard.seconds} s" if hazard.seconds else ""
            yield warning(
                "target_stickiness",
                hazard.resource,
                f"clients stay with one target of the group{lasting}",
                "Clients that move to the other slot's target group lose that target; turn it off if that matters",
            )


def check_partners(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    have = world.source.get("target_group_arns") or {}
    partners = world.target.get("target_group_arns") or {}
    for service in wanted.services:
        name = str(service["name"])
        if name not in have and name in partners:
            groups = service["target_groups"]
            missing, partner = (groups[str(slot["slot"])] for slot in (world.source, world.target))
            yield error(
                "target_group_partner",
                f"target group {missing}",
                f"it does not exist, only its partner {partner} does: service {name} has nothing to go back to",
                "Create it, register the source's targets in it, and let a listener forward to it",
            )


def check_pairs(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    for service in wanted.services:
        source, target = world.pair(str(service["name"]))
        if source is not None and target is not None:
            yield from _pair_findings(source, target)


def _pair_findings(source: Group, target: Group) -> Iterator[Finding]:
    place = f"target group {target.name}"
    for key in _FIXED:
        if at(source.described, key) != at(target.described, key):
            yield error(
                "target_group_pair",
                place,
                f"its {_said(key, target.described)}, that of its partner {source.name} "
                f"{_value(at(source.described, key))}; this cannot change",
                f"Delete {target.name}, which no listener should need: the upgrade creates it again like its partner",
            )
    differing = [
        f"its {_said(key, target.described)}, that of its partner {source.name} {_value(at(source.described, key))}"
        for key in CONVERGING
        if at(source.described, key) != at(target.described, key)
    ]
    differing += [
        f"its attribute {key} is {_value(target.attributes.get(key))}, that of its partner {source.name} "
        f"{_value(source.attributes.get(key))}"
        for key in sorted({*source.attributes, *target.attributes} if source.attributes and target.attributes else ())
        if source.attributes.get(key) != target.attributes.get(key)
    ]
    for found in differing:
        remedy = f"The upgrade makes it like {source.name}; if that one is wrong, correct it first"
        yield warning("target_group_attributes", place, found, remedy)


def _said(key: str, described: Data) -> str:
    return f"{key} is {_value(at(described, key))}"


def _value(value: object) -> str:
    return "not set" if value is None else str(value)
