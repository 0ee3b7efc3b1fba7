# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""How many nodes and Fargate pods the target adds to what is there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._entries import lacking
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Facts,
    Fargate,
    InstanceType,
    WantedUpgrade,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.quotas import ON_DEMAND
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

_NOTHING = Fargate(0, 0.0)
# With its defaults the VPC CNI gives a node a second interface, with all of its addresses.
INTERFACES_AT_START = 2


@dataclass(frozen=True)
class NodeNeed:
    """A node group of the target: the nodes that it adds, at its expected and at its largest size.

    `instance_type` is the first of its types, which is what AWS takes while there is capacity; "" if none
    is named. `expected` and `largest` are whole sizes, `more` and `most` what they add to nodes that run already.
    """

    name: str
    market: str
    instance_type: str
    expected: int
    largest: int
    existing: int

    @property
    def more(self) -> int:
        return max(0, self.expected - self.existing)

    @property
    def most(self) -> int:
        return max(0, self.largest - self.existing)


def node_needs(wanted: WantedUpgrade, world: Facts) -> list[NodeNeed]:
    """Every node group of the target that has a name and sizes, as large as the source's is now, if that is larger."""
    sizes = {str(group["nodegroupName"]): current_size(group) for group in world.inside.nodegroups}
    complete = [group for group in wanted.nodegroups if not lacking(group, ("name", "desired_size", "max_size"))]
    return [_need(group, sizes, world.usage.target_nodes) for group in complete]


def current_size(described: Data) -> int:
    return int((described.get("scalingConfig") or {}).get("desiredSize", 0))


def _need(group: Data, sizes: Mapping[str, int], existing: Mapping[str, int]) -> NodeNeed:
    name = str(group["name"])
    desired = int(group["desired_size"])
    largest = max(desired, int(group["max_size"]))
    return NodeNeed(
        name=name,
        market=market_of(group),
        instance_type=first_type(group),
        expected=min(largest, max(desired, sizes.get(name, 0))),
        largest=largest,
        existing=existing.get(name, 0),
    )


def market_of(group: Data) -> str:
    return str(group.get("capacity_type") or ON_DEMAND).upper()


def first_type(group: Data) -> str:
    return str((group.get("instance_types") or [""])[0])


def fargate_need(wanted: WantedUpgrade, world: Facts) -> Fargate | None:
    """What the target adds on Fargate; nothing if its cluster exists. None if it is not known."""
    if world.target["exists"]:
        return _NOTHING
    return wanted.fargate or world.inside.fargate


def interfaces_at_start(kind: InstanceType) -> int:
    return min(INTERFACES_AT_START, kind.interfaces)
