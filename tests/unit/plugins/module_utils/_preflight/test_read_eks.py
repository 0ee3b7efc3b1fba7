"""What EKS offers, says and has."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_eks import (
    insight_of,
    read_addon_offers,
    read_addons,
    read_cluster_count,
    read_insights,
    read_nodegroups,
    read_offer,
)

from tests.unit.plugins.module_utils._preflight.account import INSIGHT, Aws
from tests.unit.plugins.module_utils._preflight.worlds import SOURCE, TARGET, released


def test_an_insight_about_add_ons() -> None:
    details = {"addonCompatibilityDetails": [{"name": "vpc-cni"}]}
    assert insight_of({**INSIGHT, "categorySpecificSummary": details}).about_addons
    assert not insight_of(INSIGHT).about_addons
    assert insight_of({**INSIGHT, "description": "why"}).reason == "why"


def test_versions_on_offer_are_sorted() -> None:
    assert read_offer(Aws(), Reads()) == ["1.35", "1.36"]


@pytest.mark.parametrize(
    ("addons", "offers"),
    [
        ([{"name": "vpc-cni"}], {"vpc-cni": ["v2"]}),
        ([{"version": "v1"}], {}),
        (None, {}),
    ],
)
def test_add_ons_are_asked_for_by_name(addons: Any, offers: dict[str, list[str]]) -> None:
    assert read_addon_offers(Aws(), released(addons=addons)["release"], Reads()) == offers


def test_clusters_of_all_pages_are_counted() -> None:
    assert read_cluster_count(Aws(), Reads()) == 2


class Vanishing(Aws):
    """What is listed is gone when it is described."""

    def describe_nodegroup(self, clusterName: str, nodegroupName: str) -> dict[str, Any]:  # noqa: N803
        raise self.error("ResourceNotFoundException")

    def describe_addon(self, clusterName: str, addonName: str) -> dict[str, Any]:  # noqa: N803
        raise self.error("ResourceNotFoundException")


def test_what_goes_while_it_is_read_is_left_out() -> None:
    reads = Reads()
    assert read_nodegroups(Vanishing(), SOURCE, reads) == []
    assert read_addons(Vanishing(), SOURCE, reads) == {}
    assert reads.problems == []


def test_what_is_in_a_cluster_is_described() -> None:
    assert read_nodegroups(Aws(), SOURCE, Reads()) == [{"nodegroupName": "game", "scalingConfig": {"desiredSize": 3}}]
    assert read_addons(Aws(), SOURCE, Reads()) == {"vpc-cni": "v1"}


@pytest.mark.parametrize("read", [read_nodegroups, read_addons, read_insights])
def test_a_cluster_that_does_not_exist_has_nothing(read: Any) -> None:
    class Untouched:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"AWS was asked to {name}")

    assert not read(Untouched(), TARGET, Reads())


def test_only_insights_that_do_not_pass_are_described() -> None:
    assert [(one.name, one.recommendation) for one in read_insights(Aws(), SOURCE, Reads())] == [
        ("Removed APIs", "Update")
    ]


@pytest.mark.parametrize(
    ("described", "field", "value"),
    [
        ({"insightStatus": {"status": "WARNING", "reason": "two calls"}, "description": "why"}, "reason", "two calls"),
        ({"kubernetesVersion": "1.36"}, "kubernetes_version", "1.36"),
        ({}, "kubernetes_version", ""),
        ({"recommendation": None}, "recommendation", ""),
        ({"categorySpecificSummary": {"addonCompatibilityDetails": []}}, "about_addons", False),
        ({"categorySpecificSummary": {"deprecationDetails": [1]}}, "about_addons", False),
    ],
)
def test_an_insight_as_eks_describes_it(described: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(insight_of({**INSIGHT, **described}), field) == value
