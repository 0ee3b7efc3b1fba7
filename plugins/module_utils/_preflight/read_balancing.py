# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Load balancers, target groups and the limits of both, as preflight reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CALLS_IN_PARALLEL
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import (
    LoadBalancer,
    describe_target_group_attributes,
    describe_target_groups,
    describe_target_health,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight import api
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import Balancer, Group
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data, T

_Listed = list[dict[str, Any]]


class BalancerReads(Protocol):
    """What is read of the load balancers."""

    def load_balancer(self, name: str) -> LoadBalancer | None: ...

    def forwards(self, load_balancer: LoadBalancer) -> list[Forward]: ...


@dataclass(frozen=True)
class Listing:
    """Target groups: those of the slots; how many the region has; of the slots' load balancers, targets by group.

    `count` is None if target groups could not be listed.
    """

    groups: Sequence[Group] = ()
    count: int | None = None
    targets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def read_balancers(balancers: BalancerReads, names: Sequence[str], reads: Reads) -> list[Balancer]:
    """The load balancers with all their forwards, and no targets yet."""

    def read(name: str) -> Balancer | None:
        found = balancers.load_balancer(name)
        if found is None:
            return None
        return Balancer(found.name, found.arn, found.cluster, balancers.forwards(found))

    def attempt(name: str) -> Balancer | None:
        nothing: Balancer | None = None
        return reads.attempt(lambda: read(name), nothing, "load_balancer_readable", name)

    return [balancer for balancer in in_parallel(attempt, names, CALLS_IN_PARALLEL) if balancer is not None]


def read_account_limits(elbv2: Any, reads: Reads) -> dict[str, float]:
    return reads.optional(lambda: api.describe_account_limits(elbv2), "quota_readable", "load balancing") or {}


def read_target_groups(elbv2: Any, slots: Sequence[Data], reads: Reads) -> Listing:
    """One listing of all target groups, then attributes and targets of those that concern the slots."""
    listed = reads.optional(lambda: describe_target_groups(elbv2), "target_groups_readable", "target groups")
    if listed is None:
        return Listing()
    groups = _slot_groups(slots, listed)
    balancers = {arn for group in groups for arn in group.described.get("LoadBalancerArns", [])}
    behind = [group for group in listed if balancers.intersection(group.get("LoadBalancerArns", []))]
    attributes = _read_each(
        lambda arn: describe_target_group_attributes(elbv2, arn),
        [group.described["TargetGroupArn"] for group in groups],
        "target_groups_readable",
        reads,
    )
    counts = _read_each(
        lambda arn: len(describe_target_health(elbv2, arn)),
        [group["TargetGroupArn"] for group in behind],
        "quota_readable",
        reads,
    )
    return Listing(
        groups=[replace(one, attributes=attributes.get(one.described["TargetGroupArn"], {})) for one in groups],
        count=len(listed),
        targets={arn: _targets_behind(arn, behind, counts) for arn in balancers},
    )


def _slot_groups(slots: Sequence[Data], listed: _Listed) -> list[Group]:
    by_arn = {group["TargetGroupArn"]: group for group in listed}
    return [
        Group(service, slot["slot"], by_arn[arn], {})
        for slot in slots
        for service, arn in (slot.get("target_group_arns") or {}).items()
        if arn in by_arn
    ]


def _targets_behind(balancer: str, groups: _Listed, counts: Mapping[str, int]) -> dict[str, int]:
    arns = [group["TargetGroupArn"] for group in groups if balancer in group["LoadBalancerArns"]]
    return {arn: counts.get(arn, 0) for arn in arns}


def _read_each(read: Callable[[str], T], arns: Sequence[str], check: str, reads: Reads) -> dict[str, T]:
    """The values by ARN, without those that could not be read."""
    values = in_parallel(
        lambda arn: reads.optional(lambda: read(arn), check, f"target group {arn}"), arns, CALLS_IN_PARALLEL
    )
    found = zip(arns, values, strict=True)
    return {arn: value for arn, value in found if value is not None}
