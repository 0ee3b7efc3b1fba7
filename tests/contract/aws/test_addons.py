"""The lab's EKS: add-ons."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.contract.aws.world import World, refused, wait_gone, wait_until


def addon(world: World, cluster: str, name: str) -> Any:
    return world.eks.describe_addon(clusterName=cluster, addonName=name)["addon"]


def status_of(world: World, cluster: str, name: str) -> str:
    return str(addon(world, cluster, name)["status"])


def test_the_add_ons_of_the_lab_s_releases_can_be_installed(world: World) -> None:
    for version in ("1.35", "1.36"):
        cluster = world.create_cluster(version=version)
        for name, wanted in (("vpc-cni", "v1.21.0-eksbuild.1"), ("kube-proxy", f"v{version}.0-eksbuild.1")):
            created = world.eks.create_addon(clusterName=cluster, addonName=name, addonVersion=wanted)["addon"]
            assert (created["status"], created["addonVersion"]) == ("CREATING", wanted)
            wait_until(partial(status_of, world, cluster, name), "ACTIVE")
        assert world.eks.list_addons(clusterName=cluster)["addons"] == ["kube-proxy", "vpc-cni"]


def test_an_add_on_is_updated_and_deleted(world: World, cluster: str) -> None:
    world.eks.create_addon(clusterName=cluster, addonName="vpc-cni", addonVersion="v1.21.0-eksbuild.1")
    wait_until(lambda: addon(world, cluster, "vpc-cni")["status"], "ACTIVE")
    update = world.eks.update_addon(
        clusterName=cluster, addonName="vpc-cni", addonVersion="v1.21.1-eksbuild.1", configurationValues='{"a": 1}'
    )["update"]

    def status() -> str:
        found = world.eks.describe_update(name=cluster, addonName="vpc-cni", updateId=update["id"])
        return str(found["update"]["status"])

    wait_until(status, "Successful")
    assert addon(world, cluster, "vpc-cni")["addonVersion"] == "v1.21.1-eksbuild.1"
    assert addon(world, cluster, "vpc-cni")["configurationValues"] == '{"a": 1}'
    world.eks.delete_addon(clusterName=cluster, addonName="vpc-cni")
    wait_gone(lambda: addon(world, cluster, "vpc-cni"))


def test_a_bad_add_on_is_refused(world: World, cluster: str) -> None:
    with refused("InvalidParameterException", "nonsense", "not supported"):
        world.eks.create_addon(clusterName=cluster, addonName="nonsense")
    with refused("InvalidParameterException", "v1.36.0-eksbuild.1", "v1.35.0-eksbuild.1"):
        world.eks.create_addon(clusterName=cluster, addonName="kube-proxy", addonVersion="v1.36.0-eksbuild.1")
    world.eks.create_addon(clusterName=cluster, addonName="coredns")
    with refused("ResourceInUseException", "already exists"):
        world.eks.create_addon(clusterName=cluster, addonName="coredns")


def test_versions_on_offer(world: World) -> None:
    found = world.eks.describe_addon_versions(addonName="kube-proxy", kubernetesVersion="1.36")["addons"]
    assert [one["addonName"] for one in found] == ["kube-proxy"]
    versions = {one["addonVersion"]: one["compatibilities"][0] for one in found[0]["addonVersions"]}
    assert set(versions) == {"v1.36.0-eksbuild.1", "v1.36.1-eksbuild.1"}
    assert versions["v1.36.1-eksbuild.1"] == {
        "clusterVersion": "1.36",
        "platformVersions": ["*"],
        "defaultVersion": True,
    }
    every = world.eks.describe_addon_versions()["addons"]
    assert {"vpc-cni", "kube-proxy", "coredns"} <= {one["addonName"] for one in every}
    with refused("InvalidParameterException", "nonsense"):
        world.eks.describe_addon_versions(addonName="nonsense")
