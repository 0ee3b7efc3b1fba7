# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What EKS' upgrade insights say about the source.

They check the calls of the source's clients against later versions of Kubernetes, so the same charts will
ask the target for what they find.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster_info import PASSING
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Facts,
    Insight,
    WantedUpgrade,
    error,
    warning,
)

ERROR = "ERROR"
_CHECKS = {"UPGRADE_READINESS": "upgrade_insight", "MISCONFIGURATION": "misconfiguration_insight"}
READ_CATEGORIES = tuple(_CHECKS)


def check_insights(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    """Those up to the release's Kubernetes.

    An error if EKS says so, but not about add-ons: the target gets its own.
    """
    for insight in world.insights:
        if insight.status == PASSING or not _concerns(insight, wanted.release.kubernetes_version):
            continue
        severity = error if insight.status == ERROR and not insight.about_addons else warning
        about = f" about Kubernetes {insight.kubernetes_version}" if insight.kubernetes_version else ""
        yield severity(
            _CHECKS[insight.category],
            f"cluster {world.source['cluster_name']}",
            f"EKS' insight {insight.name!r}{about} is {insight.status}: {insight.reason.rstrip('. ')}",
            insight.recommendation.rstrip(". ") or "See the insights of the cluster in the EKS console",
        )


def _concerns(insight: Insight, release_version: str) -> bool:
    about, release = (_minor(text) for text in (insight.kubernetes_version, release_version))
    return about is None or release is None or about <= release


def _minor(version: str) -> tuple[int, ...] | None:
    parts = version.split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else None
