# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What preflight reads besides the observation of the slots; in parallel, and a failed read is a finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.request import known_values
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Facts,
    Inside,
    Usage,
    WantedUpgrade,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.need import current_size
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_balancing import (
    BalancerReads,
    Listing,
    read_account_limits,
    read_balancers,
    read_target_groups,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_cluster import (
    SourceCluster,
    look_inside,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_ec2 import (
    Machines,
    read_interfaces,
    read_machines,
    read_node_subnets,
    read_subnets,
    read_zones,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_eks import (
    read_addon_offers,
    read_addons,
    read_cluster_count,
    read_insights,
    read_nodegroups,
    read_offer,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_quotas import (
    read_fargate_vcpus,
    read_limits,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

_READS_IN_PARALLEL = 16


@dataclass(frozen=True)
class SurveySources:
    """Where everything is read. `cluster` connects to the source cluster; None if it has no kubeconfig."""

    eks: Any
    ec2: Any
    elbv2: Any
    quotas: Any
    cloudwatch: Any
    balancers: BalancerReads
    cluster: Callable[[], SourceCluster] | None
    clock: Clock


@dataclass(frozen=True)
class Scope:
    """What is looked at."""

    source: Data
    target: Data
    is_resumed: bool
    network: Data
    load_balancers: Sequence[str]


def survey(sources: SurveySources, scope: Scope, wanted: WantedUpgrade, reads: Reads) -> Facts:
    """Read everything that the checks judge."""
    with ThreadPoolExecutor(max_workers=_READS_IN_PARALLEL) as pool:
        futures = _submit(pool, sources, scope, wanted, reads)
    image_types = known_values(sources.eks, "CreateNodegroup", "amiType")
    return _world(scope, {"image_types": image_types} | {name: future.result() for name, future in futures.items()})


def _submit(
    pool: ThreadPoolExecutor, sources: SurveySources, scope: Scope, wanted: WantedUpgrade, reads: Reads
) -> dict[str, Future[Any]]:
    eks, source, target = sources.eks, scope.source, scope.target
    readers: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
        # The longest chains of calls first.
        "machines": (read_machines, (sources.ec2, wanted)),
        "groups": (read_target_groups, (sources.elbv2, (source, target))),
        "balancers": (read_balancers, (sources.balancers, scope.load_balancers)),
        "inside": (look_inside, (sources.cluster if source["exists"] else None,)),
        "insights": (read_insights, (eks, source)),
        "nodegroups": (read_nodegroups, (eks, source)),
        "addons": (read_addons, (eks, source)),
        "target_nodegroups": (read_nodegroups, (eks, target)),
        "limits": (read_limits, (sources.quotas, wanted)),
        "account_limits": (read_account_limits, (sources.elbv2,)),
        "subnets": (read_subnets, (sources.ec2, scope.network)),
        "node_subnets": (read_node_subnets, (sources.ec2, scope.network, wanted)),
        "zones": (read_zones, (sources.ec2, wanted)),
        "interfaces": (read_interfaces, (sources.ec2,)),
        "fargate_vcpus": (read_fargate_vcpus, (sources.cloudwatch, sources.clock.now())),
        "offered": (read_offer, (eks,)),
        "addon_offers": (read_addon_offers, (eks, wanted.release)),
        "clusters": (read_cluster_count, (eks,)),
    }
    return {name: pool.submit(read, *arguments, reads) for name, (read, arguments) in readers.items()}


def _world(scope: Scope, found: Mapping[str, Any]) -> Facts:
    machines: Machines = found["machines"]
    listing: Listing = found["groups"]
    inside: Inside = found["inside"] if scope.source["exists"] else Inside()
    return Facts(
        source=scope.source,
        target=scope.target,
        is_resumed=scope.is_resumed,
        offered=found["offered"],
        subnets=found["subnets"],
        inside=replace(inside, nodegroups=found["nodegroups"], addons=found["addons"]),
        addons=found["addon_offers"],
        instance_types=machines.types,
        zones=found["zones"],
        node_subnets=found["node_subnets"],
        image_types=found["image_types"],
        insights=found["insights"],
        balancers=[replace(one, targets=listing.targets.get(one.arn, {})) for one in found["balancers"]],
        groups=listing.groups,
        usage=Usage(
            limits={**found["limits"], **found["account_limits"]},
            instances=machines.running,
            interfaces=found["interfaces"],
            fargate_vcpus=found["fargate_vcpus"],
            clusters=found["clusters"],
            target_groups=listing.count,
            target_nodes={group["nodegroupName"]: current_size(group) for group in found["target_nodegroups"]},
        ),
    )
