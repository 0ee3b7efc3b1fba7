"""EKS' insights."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import Insight

from tests.unit.plugins.module_utils._preflight.worlds import WORLD, findings, told

REMOVED = Insight(
    "Deprecated APIs removed in Kubernetes v1.36",
    "UPGRADE_READINESS",
    "1.36",
    "ERROR",
    "Usage of removed APIs was found.",
    "Update manifests.",
)


@pytest.mark.parametrize(
    ("insight", "found"),
    [
        (REMOVED, [("error", "upgrade_insight")]),
        (replace(REMOVED, status="WARNING"), [("warning", "upgrade_insight")]),
        (replace(REMOVED, status="UNKNOWN"), [("warning", "upgrade_insight")]),
        (replace(REMOVED, status="PASSING"), []),
        (replace(REMOVED, about_addons=True), [("warning", "upgrade_insight")]),
        (replace(REMOVED, kubernetes_version="1.37"), []),
        (replace(REMOVED, kubernetes_version="1.9"), [("error", "upgrade_insight")]),
        (replace(REMOVED, kubernetes_version=""), [("error", "upgrade_insight")]),
        (replace(REMOVED, category="MISCONFIGURATION"), [("error", "misconfiguration_insight")]),
    ],
)
def test_insights_are_judged(insight: Insight, found: list[tuple[str, str]]) -> None:
    assert told(world=replace(WORLD, insights=[insight])) == found


def test_the_recommendation_is_the_remedy() -> None:
    (found,) = findings(world=replace(WORLD, insights=[REMOVED]))
    assert str(found) == (
        "cluster arena-blue: EKS' insight 'Deprecated APIs removed in Kubernetes v1.36' about Kubernetes 1.36 is "
        "ERROR: Usage of removed APIs was found. Update manifests"
    )
