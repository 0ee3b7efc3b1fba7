"""The lab's EKS: Fargate profiles."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.aws.world import ROLE, World, refused, wait_gone, wait_until


def test_a_profile_becomes_active_and_stands_in_cluster_json(world: World) -> None:
    cluster = world.create_cluster()
    selectors = [{"namespace": "arena", "labels": {"compute": "fargate"}}, {"namespace": "kube-system"}]
    created = world.create_profile(cluster, selectors=selectors, tags={"slot": "blue"})
    assert created["status"] == "CREATING"
    wait_until(lambda: world.profile(cluster)["status"], "ACTIVE")
    profile = world.profile(cluster)
    assert profile["selectors"] == selectors
    assert profile["subnets"] == world.subnets["private"]
    assert profile["podExecutionRoleArn"] == ROLE.format("fargate")
    assert profile["tags"] == {"slot": "blue"}
    assert world.facts(cluster)["fargate_profiles"] == [
        {
            "name": "system",
            "status": "ACTIVE",
            "selectors": [selectors[0], {"namespace": "kube-system", "labels": {}}],
            "subnets": world.subnets["private"],
            "role_arn": ROLE.format("fargate"),
        }
    ]
    with world.held():
        world.eks.delete_fargate_profile(clusterName=cluster, fargateProfileName="system")
        assert world.facts(cluster)["fargate_profiles"][0]["status"] == "DELETING"
    wait_gone(lambda: world.profile(cluster))
    assert world.facts(cluster)["fargate_profiles"] == []


def test_without_subnets_a_profile_takes_the_private_ones_of_the_cluster(world: World) -> None:
    cluster = world.create_cluster()
    world.create_profile(cluster, subnets=[])
    assert world.profile(cluster)["subnets"] == world.subnets["private"]


def test_a_public_subnet_is_refused(world: World, cluster: str) -> None:
    public = world.subnets["public"][0]
    with refused("InvalidParameterException", public, "not a private subnet"):
        world.create_profile(cluster, subnets=[world.subnets["private"][0], public])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"subnets": ["subnet-1"]}, ["subnet-1", "does not exist"]),
        ({"podExecutionRoleArn": ROLE.format("missing")}, ["PodExecutionRole"]),
        ({"selectors": []}, ["1 to 5 selectors"]),
        ({"selectors": [{"labels": {"a": "b"}}]}, ["namespace"]),
        ({"selectors": [{"namespace": "a", "labels": {str(n): "x" for n in range(6)}}]}, ["5 Label pairs"]),
    ],
)
def test_a_bad_profile_is_refused(world: World, cluster: str, change: dict[str, Any], words: list[str]) -> None:
    with refused("InvalidParameterException", *words):
        world.create_profile(cluster, "bad", **change)


def test_one_profile_of_a_cluster_changes_at_a_time(world: World) -> None:
    cluster = world.create_cluster()
    with world.held():
        world.create_profile(cluster, "first")
        with refused("ResourceInUseException", "Fargate profile first", "CREATING"):
            world.create_profile(cluster, "second")
    wait_until(lambda: world.profile(cluster, "first")["status"], "ACTIVE")
    with world.held():
        world.eks.delete_fargate_profile(clusterName=cluster, fargateProfileName="first")
        with refused("ResourceInUseException", "first", "DELETING"):
            world.create_profile(cluster, "second")


def test_a_name_is_taken_once(world: World) -> None:
    cluster = world.create_cluster()
    world.create_profile(cluster)
    with refused("ResourceInUseException", "already exists"):
        world.create_profile(cluster)


def test_pages_and_what_is_not_there(world: World, cluster: str) -> None:
    assert world.eks.list_fargate_profiles(clusterName=cluster)["fargateProfileNames"] == []
    with refused("ResourceNotFoundException", "No Fargate Profile found for name: missing"):
        world.profile(cluster, "missing")
