# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What EKS makes of a target that the run builds, if no one chooses: an API for everyone, a DNS without a node."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Facts,
    WantedUpgrade,
    warning,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

DNS = "coredns"
REPELLING = ("NO_SCHEDULE", "NO_EXECUTE")


def check_api(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    if not (wanted.is_built and wanted.is_public):
        return
    # Without CIDRs EKS takes 0.0.0.0/0; an IPv6 cluster has ::/0 as well.
    everywhere = [cidr for cidr in wanted.public_cidrs if cidr.endswith("/0")]
    if everywhere or not wanted.public_cidrs:
        why = f"contains {everywhere[0]}" if everywhere else "is not set"
        yield warning(
            "api_open",
            f"cluster {world.target['cluster_name']}",
            f"its API server will answer the whole internet: eks_bluegreen_cluster_public_access_cidrs {why}",
            "Set eks_bluegreen_cluster_public_access_cidrs, or eks_bluegreen_cluster_endpoint_public_access: false",
        )


def check_dns(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    """EKS' own CoreDNS tolerates none of the user's taints, and says that it is not for Fargate."""
    groups, release = wanted.nodegroups, wanted.release
    named = {addon.name for addon in release.addons} | {chart.name for chart in release.charts}
    if wanted.is_built and groups and all(_repels(group) for group in groups) and DNS not in named:
        yield warning(
            "cluster_dns",
            f"cluster {world.target['cluster_name']}",
            "every node group has a taint, and the release names no add-on coredns: the CoreDNS that EKS installs "
            "would find no node, and names would not be resolved",
            "Add the add-on coredns to the release, with configuration_values {computeType: Fargate} if a Fargate "
            "profile selects kube-system, or with a toleration",
        )


def _repels(group: Data) -> bool:
    return any(taint.get("effect") in REPELLING for taint in group.get("taints") or [])
