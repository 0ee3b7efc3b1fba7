"""The lab's EKS: upgrade insights, which look at the add-ons."""

from __future__ import annotations

from typing import Any

from tests.contract.aws.world import World, refused, wait_until


def insights(world: World, cluster: str, **wanted: Any) -> dict[str, Any]:
    pages = world.eks.get_paginator("list_insights").paginate(clusterName=cluster, filter=wanted)
    return {one["name"]: one for page in pages for one in page["insights"]}


def test_insights_are_listed_by_category_on_several_pages(world: World, cluster: str) -> None:
    every = insights(world, cluster)
    assert len(every) > len(world.eks.list_insights(clusterName=cluster)["insights"])
    upgrade = insights(world, cluster, categories=["UPGRADE_READINESS"])
    assert set(upgrade) < set(every)
    assert {one["kubernetesVersion"] for one in upgrade.values()} == {"1.36"}
    assert {one["insightStatus"]["status"] for one in every.values()} == {"PASSING"}
    assert insights(world, cluster, statuses=["ERROR"]) == {}
    with refused("InvalidParameterException", "WEATHER"):
        world.eks.list_insights(clusterName=cluster, filter={"categories": ["WEATHER"]})


def test_an_insight_is_described(world: World, cluster: str) -> None:
    found = insights(world, cluster)["Kubelet version skew"]
    described = world.eks.describe_insight(clusterName=cluster, id=found["id"])["insight"]
    assert described["recommendation"]
    assert described["categorySpecificSummary"]["addonCompatibilityDetails"] == []
    with refused("ResourceNotFoundException", "nothing"):
        world.eks.describe_insight(clusterName=cluster, id="nothing")


def test_add_ons_that_the_next_version_has_are_fine(world: World) -> None:
    cluster = world.create_cluster("insights")
    world.eks.create_addon(clusterName=cluster, addonName="kube-proxy", resolveConflicts="OVERWRITE")
    wait_until(
        lambda: world.eks.describe_addon(clusterName=cluster, addonName="kube-proxy")["addon"]["status"], "ACTIVE"
    )
    found = insights(world, cluster, categories=["UPGRADE_READINESS"])
    assert found["EKS add-on version compatibility"]["insightStatus"]["status"] == "PASSING"


def test_a_tag_of_the_cluster_makes_the_lab_find_something(world: World) -> None:
    cluster = world.create_cluster("insights", tags={"lab/insights": "apis=WARNING addons=ERROR"})
    found = insights(world, cluster, statuses=["WARNING", "ERROR"])
    apis = found["Deprecated APIs removed in Kubernetes v1.36"]
    assert (apis["insightStatus"]["status"], len(found)) == ("WARNING", 2)
    described = world.eks.describe_insight(clusterName=cluster, id=apis["id"])["insight"]
    assert described["categorySpecificSummary"]["deprecationDetails"][0]["stopServingVersion"] == "1.36"
    assert described["resources"][0]["kubernetesResourceUri"].endswith("/arena")
