"""The lab's EKS: add-ons."""

from __future__ import annotations

import json
import uuid
from functools import partial
from typing import Any

import pytest

from tests.contract.aws.world import ROLE, World, refused, wait_gone, wait_until


def addon(world: World, cluster: str, name: str) -> Any:
    return world.eks.describe_addon(clusterName=cluster, addonName=name)["addon"]


def status_of(world: World, cluster: str, name: str) -> str:
    return str(addon(world, cluster, name)["status"])


def install(world: World, cluster: str, name: str, **more: Any) -> Any:
    """An add-on, ACTIVE when this returns."""
    request = {"resolveConflicts": "OVERWRITE", **more}
    world.eks.create_addon(clusterName=cluster, addonName=name, **request)
    wait_until(partial(status_of, world, cluster, name), "ACTIVE")
    return addon(world, cluster, name)


@pytest.fixture
def bare(world: World) -> str:
    """A cluster that came without add-ons of its own."""
    return world.create_cluster("bare", bootstrapSelfManagedAddons=False)


def test_the_add_ons_of_the_lab_s_releases_can_be_installed(world: World) -> None:
    for version in ("1.35", "1.36"):
        cluster = world.create_cluster(version=version)
        for name, wanted in (("vpc-cni", "v1.21.0-eksbuild.1"), ("kube-proxy", f"v{version}.0-eksbuild.1")):
            created = world.eks.create_addon(
                clusterName=cluster, addonName=name, addonVersion=wanted, resolveConflicts="OVERWRITE"
            )["addon"]
            assert (created["status"], created["addonVersion"]) == ("CREATING", wanted)
            wait_until(partial(status_of, world, cluster, name), "ACTIVE")
        assert world.eks.list_addons(clusterName=cluster)["addons"] == ["kube-proxy", "vpc-cni"]


def test_an_add_on_is_updated_and_deleted(world: World, bare: str) -> None:
    install(world, bare, "vpc-cni", addonVersion="v1.21.0-eksbuild.1")
    values = json.dumps({"enableNetworkPolicy": "true"})
    update = world.eks.update_addon(
        clusterName=bare, addonName="vpc-cni", addonVersion="v1.21.1-eksbuild.1", configurationValues=values
    )["update"]

    def status() -> str:
        found = world.eks.describe_update(name=bare, addonName="vpc-cni", updateId=update["id"])
        return str(found["update"]["status"])

    wait_until(status, "Successful")
    assert addon(world, bare, "vpc-cni")["addonVersion"] == "v1.21.1-eksbuild.1"
    assert addon(world, bare, "vpc-cni")["configurationValues"] == values
    assert update["id"] in world.eks.list_updates(name=bare, addonName="vpc-cni")["updateIds"]
    world.eks.delete_addon(clusterName=bare, addonName="vpc-cni", preserve=True)
    wait_gone(lambda: addon(world, bare, "vpc-cni"))


def test_a_bad_add_on_is_refused(world: World, cluster: str) -> None:
    create = partial(world.eks.create_addon, clusterName=cluster)
    with refused("InvalidParameterException", "nonsense", "not supported"):
        create(addonName="nonsense")
    with refused("InvalidParameterException", "v1.36.0-eksbuild.1", "v1.35.0-eksbuild.1"):
        create(addonName="kube-proxy", addonVersion="v1.36.0-eksbuild.1")
    with refused("InvalidParameterException", "arena-missing", "does not exist"):
        create(addonName="vpc-cni", serviceAccountRoleArn=ROLE.format("missing"))
    with refused("InvalidParameterException", "resolveConflicts"):
        create(addonName="vpc-cni", resolveConflicts="MAYBE")
    install(world, cluster, "coredns")
    with refused("ResourceInUseException", "already exists"):
        create(addonName="coredns")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"unknown": 1}, ["$", "unknown"]),
        ({"env": {"WARM_PREFIX_TARGET": 3}}, ["$.env.WARM_PREFIX_TARGET", "string"]),
        ("{", ["neither JSON nor YAML"]),
    ],
)
def test_configuration_that_does_not_fit_the_schema_is_refused(
    world: World, cluster: str, values: Any, words: list[str]
) -> None:
    text = values if isinstance(values, str) else json.dumps(values)
    with refused("InvalidParameterException", "ConfigurationValue", *words):
        world.eks.create_addon(clusterName=cluster, addonName="vpc-cni", configurationValues=text)


def test_what_a_cluster_came_with_stands_in_the_way_of_a_polite_add_on(world: World) -> None:
    cluster = world.create_cluster("polite")
    world.eks.create_addon(clusterName=cluster, addonName="kube-proxy", resolveConflicts="NONE")
    wait_until(partial(status_of, world, cluster, "kube-proxy"), "CREATE_FAILED")
    issue = addon(world, cluster, "kube-proxy")["health"]["issues"][0]
    assert issue["code"] == "ConfigurationConflict"
    assert "Conflicts found" in issue["message"]


def test_an_update_that_fails_says_why_and_may_be_tried_again(world: World, bare: str) -> None:
    before = install(world, bare, "coredns", addonVersion="v1.12.4-eksbuild.1")
    request = {"clusterName": bare, "addonName": "coredns", "addonVersion": "v1.13.1-eksbuild.1"}
    with world.failing(f"update of add-on {bare}/coredns", "edited by hand", "ConfigurationConflict"):
        update = world.eks.update_addon(**request)["update"]
        wait_until(partial(status_of, world, bare, "coredns"), "UPDATE_FAILED")
    failed = world.eks.describe_update(name=bare, addonName="coredns", updateId=update["id"])["update"]
    assert failed["status"] == "Failed"
    assert failed["errors"][0]["errorCode"] == "ConfigurationConflict"
    assert failed["errors"][0]["errorMessage"] == "edited by hand"
    assert addon(world, bare, "coredns")["addonVersion"] == before["addonVersion"]
    world.eks.update_addon(**request)
    wait_until(partial(status_of, world, bare, "coredns"), "ACTIVE")


def test_creation_and_deletion_may_fail_too(world: World, bare: str) -> None:
    with world.failing(f"creation of add-on {bare}/metrics-server", "no nodes", "InsufficientNumberOfReplicas"):
        world.eks.create_addon(clusterName=bare, addonName="metrics-server")
        wait_until(partial(status_of, world, bare, "metrics-server"), "CREATE_FAILED")
    assert addon(world, bare, "metrics-server")["health"]["issues"][0]["code"] == "InsufficientNumberOfReplicas"
    with world.failing(f"deletion of add-on {bare}/metrics-server", "no access"):
        world.eks.delete_addon(clusterName=bare, addonName="metrics-server")
        wait_until(partial(status_of, world, bare, "metrics-server"), "DELETE_FAILED")


def test_an_add_on_brings_its_pod_identity_associations(world: World, bare: str) -> None:
    wanted = [{"serviceAccount": "ebs-csi-controller-sa", "roleArn": ROLE.format("node")}]
    installed = install(world, bare, "aws-ebs-csi-driver", podIdentityAssociations=wanted)
    listed = world.eks.list_pod_identity_associations(clusterName=bare)["associations"]
    assert [one["associationArn"] for one in listed] == installed["podIdentityAssociations"]
    assert (listed[0]["namespace"], listed[0]["ownerArn"]) == ("kube-system", installed["addonArn"])
    with refused("InvalidRequestException", "owned by"):
        world.eks.delete_pod_identity_association(clusterName=bare, associationId=listed[0]["associationId"])
    changed = [{**wanted[0], "roleArn": ROLE.format("matchmaker")}]
    update = {"clusterName": bare, "addonName": "aws-ebs-csi-driver"}
    world.eks.update_addon(**update, podIdentityAssociations=changed)
    wait_until(partial(status_of, world, bare, "aws-ebs-csi-driver"), "ACTIVE")
    described = world.eks.describe_pod_identity_association(clusterName=bare, associationId=listed[0]["associationId"])[
        "association"
    ]
    assert described["roleArn"] == ROLE.format("matchmaker")
    world.eks.delete_addon(**update)
    wait_gone(lambda: addon(world, bare, "aws-ebs-csi-driver"))
    assert world.eks.list_pod_identity_associations(clusterName=bare)["associations"] == []


def test_versions_on_offer(world: World) -> None:
    found = world.eks.describe_addon_versions(addonName="vpc-cni", kubernetesVersion="1.36")["addons"]
    assert [one["addonName"] for one in found] == ["vpc-cni"]
    versions = {one["addonVersion"]: one["compatibilities"][0] for one in found[0]["addonVersions"]}
    assert list(versions) == ["v1.21.1-eksbuild.1", "v1.21.0-eksbuild.1", "v1.20.4-eksbuild.2"]
    assert versions["v1.21.0-eksbuild.1"] == {
        "clusterVersion": "1.36",
        "platformVersions": ["*"],
        "defaultVersion": True,
    }
    with refused("InvalidParameterException", "nonsense"):
        world.eks.describe_addon_versions(addonName="nonsense")


def test_what_an_update_does_not_name_may_be_lost(world: World, bare: str) -> None:
    role, values = ROLE.format("node"), json.dumps({"replicaCount": 2})
    install(world, bare, "coredns", serviceAccountRoleArn=role, configurationValues=values)
    update = {"clusterName": bare, "addonName": "coredns"}
    for resolve, kept in (("PRESERVE", values), ("OVERWRITE", None)):
        world.eks.update_addon(**update, addonVersion="v1.13.1-eksbuild.1", resolveConflicts=resolve)
        wait_until(partial(status_of, world, bare, "coredns"), "ACTIVE")
        assert "serviceAccountRoleArn" not in addon(world, bare, "coredns")
        assert addon(world, bare, "coredns").get("configurationValues") == kept


def test_add_ons_on_offer_come_on_several_pages(world: World) -> None:
    pages = list(world.eks.get_paginator("describe_addon_versions").paginate())
    assert len(pages) > 1
    names = [one["addonName"] for page in pages for one in page["addons"]]
    assert {"vpc-cni", "kube-proxy", "coredns", "eks-pod-identity-agent"} <= set(names)
    storage = world.eks.describe_addon_versions(types=["storage"])["addons"]
    assert [one["addonName"] for one in storage] == ["aws-ebs-csi-driver"]


def test_the_schema_of_a_configuration(world: World) -> None:
    found = world.eks.describe_addon_configuration(addonName="vpc-cni", addonVersion="v1.21.0-eksbuild.1")
    schema = json.loads(found["configurationSchema"])
    assert "enableNetworkPolicy" in schema["properties"]
    assert found["podIdentityConfiguration"][0]["serviceAccount"] == "aws-node"
    with refused("ResourceNotFoundException", "v0"):
        world.eks.describe_addon_configuration(addonName="vpc-cni", addonVersion="v0")


def test_the_same_request_may_come_again(world: World, bare: str) -> None:
    request = {"clusterName": bare, "addonName": "coredns", "clientRequestToken": uuid.uuid4().hex}
    first = world.eks.create_addon(**request)["addon"]
    assert world.eks.create_addon(**request)["addon"]["addonArn"] == first["addonArn"]
