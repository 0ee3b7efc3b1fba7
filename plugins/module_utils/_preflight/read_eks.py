# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What EKS offers, says and has, as preflight reads it."""

from __future__ import annotations

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CALLS_IN_PARALLEL
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.addon import describe_addon, list_addons
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster_info import (
    PASSING,
    describe_cluster_versions,
    describe_insight,
    list_insights,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.nodegroup import (
    describe_nodegroup,
    list_nodegroups,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight import api
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import Insight
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.insights import READ_CATEGORIES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import Release
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data


def read_offer(eks: Any, reads: Reads) -> list[str] | None:
    def read() -> list[str]:
        return sorted({str(one["clusterVersion"]) for one in describe_cluster_versions(eks)})

    return reads.optional(read, "version_offered", "EKS versions")


def read_addon_offers(eks: Any, release: Release, reads: Reads) -> dict[str, list[str]] | None:
    """The versions of each of the release's add-ons for its Kubernetes; none for one that EKS does not know."""
    names = [addon.name for addon in release.addons if addon.name]

    def read() -> dict[str, list[str]]:
        offers = in_parallel(
            lambda name: api.list_addon_versions(eks, name, release.kubernetes_version), names, CALLS_IN_PARALLEL
        )
        return dict(zip(names, offers, strict=True))

    return reads.optional(read, "addon_offered", "EKS add-ons")


def read_cluster_count(eks: Any, reads: Reads) -> int | None:
    return reads.optional(lambda: len(api.list_clusters(eks)), "quota_readable", "EKS clusters")


def read_nodegroups(eks: Any, slot: Data, reads: Reads) -> list[Data]:
    name = slot["cluster_name"]

    def read() -> list[Data]:
        names = list_nodegroups(eks, name) if slot["exists"] else []
        described = in_parallel(lambda group: describe_nodegroup(eks, name, group), names, CALLS_IN_PARALLEL)
        return [group for group in described if group is not None]

    return reads.optional(read, "nodegroups_readable", f"cluster {name}") or []


def read_addons(eks: Any, slot: Data, reads: Reads) -> dict[str, str]:
    name = slot["cluster_name"]

    def read() -> dict[str, str]:
        names = list_addons(eks, name) if slot["exists"] else []
        described = in_parallel(lambda addon: describe_addon(eks, name, addon), names, CALLS_IN_PARALLEL)
        return {addon["addonName"]: str(addon["addonVersion"]) for addon in described if addon is not None}

    return reads.optional(read, "addons_readable", f"cluster {name}") or {}


def read_insights(eks: Any, source: Data, reads: Reads) -> list[Insight]:
    """Of each insight that does not pass, what EKS recommends."""
    name = source["cluster_name"]

    def read() -> list[Insight]:
        listed = list_insights(eks, name, READ_CATEGORIES) if source["exists"] else []
        troubled = [one["id"] for one in listed if one["insightStatus"]["status"] != PASSING]
        described = in_parallel(lambda insight: describe_insight(eks, name, insight), troubled, CALLS_IN_PARALLEL)
        return [insight_of(one) for one in described if one is not None]

    return reads.optional(read, "insights_readable", f"cluster {name}") or []


def insight_of(described: Data) -> Insight:
    status, details = described["insightStatus"], described.get("categorySpecificSummary") or {}
    return Insight(
        name=str(described["name"]),
        category=str(described["category"]),
        kubernetes_version=str(described.get("kubernetesVersion") or ""),
        status=str(status["status"]),
        reason=str(status.get("reason") or described.get("description") or ""),
        recommendation=str(described.get("recommendation") or ""),
        about_addons=bool(details.get("addonCompatibilityDetails")),
    )
