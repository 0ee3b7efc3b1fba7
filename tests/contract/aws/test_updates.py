"""The lab's EKS: what UpdateClusterConfig takes, one kind at a time, and how an update ends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.aws.world import World, refused, wait_until

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def status_of(world: World, cluster: str, update: str) -> str:
    return str(world.eks.describe_update(name=cluster, updateId=update)["update"]["status"])


@pytest.mark.parametrize(
    ("request_body", "kind", "params"),
    [
        (
            {"resourcesVpcConfig": {"endpointPrivateAccess": True, "publicAccessCidrs": ["10.0.0.0/8"]}},
            "EndpointAccessUpdate",
            ["EndpointPrivateAccess", "PublicAccessCidrs"],
        ),
        ({"resourcesVpcConfig": {"securityGroupIds": ["sg-1"]}}, "VpcConfigUpdate", ["SecurityGroups"]),
        ({"zonalShiftConfig": {"enabled": True}}, "ZonalShiftConfigUpdate", ["ZonalShiftConfig"]),
        (
            {"controlPlaneScalingConfig": {"tier": "tier-xl"}},
            "ControlPlaneScalingConfigUpdate",
            ["PreviousTier", "UpdatedTier"],
        ),
    ],
)
def test_an_update_of_each_kind(
    world: World, cluster: str, request_body: dict[str, Any], kind: str, params: list[str]
) -> None:
    update = world.eks.update_cluster_config(name=cluster, **request_body)["update"]
    assert (update["type"], [one["type"] for one in update["params"]]) == (kind, params)
    wait_until(lambda: status_of(world, cluster, update["id"]), "Successful")
    described = world.cluster(cluster)
    for field, wanted in request_body.items():
        assert {**described[field], **wanted} == described[field]
    with refused("InvalidParameterException"):
        world.eks.update_cluster_config(name=cluster, **request_body)


def test_the_authentication_mode_moves_forward(world: World) -> None:
    name = world.create_cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})
    for mode in ("API_AND_CONFIG_MAP", "API"):
        update = world.eks.update_cluster_config(name=name, accessConfig={"authenticationMode": mode})["update"]
        assert update["type"] == "AccessConfigUpdate"
        wait_until(lambda: world.cluster(name)["status"], "ACTIVE")
        assert world.cluster(name)["accessConfig"]["authenticationMode"] == mode


def test_the_networks_of_a_private_endpoint_stay_as_they_are(world: World) -> None:
    private = {"endpointPublicAccess": False, "endpointPrivateAccess": True}
    name = world.create_cluster(resourcesVpcConfig={"subnetIds": world.subnets["public"], **private})
    with refused("InvalidParameterException", "already at the desired configuration", "Restrictions: []"):
        world.eks.update_cluster_config(name=name, resourcesVpcConfig={"publicAccessCidrs": ["10.0.0.0/8"]})

    world.eks.update_cluster_config(name=name, resourcesVpcConfig={"endpointPublicAccess": True})
    wait_until(lambda: world.cluster(name)["resourcesVpcConfig"]["publicAccessCidrs"], ["0.0.0.0/0"])


@pytest.mark.parametrize(
    ("request_body", "words"),
    [
        ({}, ["No changes needed"]),
        ({"resourcesVpcConfig": {"endpointPublicAccess": False, "subnetIds": ["subnet-1"]}}, ["Only one type"]),
        ({"resourcesVpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": False}}, ["cannot be false"]),
        ({"resourcesVpcConfig": {"publicAccessCidrs": ["10.0.0.0/99"]}}, ["10.0.0.0/99"]),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-1"]}}, ["subnet-1", "does not exist"]),
        ({"logging": {"clusterLogging": [{"types": ["gossip"], "enabled": True}]}}, ["gossip"]),
        ({"controlPlaneScalingConfig": {"tier": "huge"}}, ["huge", "tier-xl"]),
    ],
)
def test_a_bad_update_changes_nothing(
    world: World, cluster: str, request_body: dict[str, Any], words: list[str]
) -> None:
    with refused("InvalidParameterException", *words):
        world.eks.update_cluster_config(name=cluster, **request_body)
    assert world.cluster(cluster)["status"] == "ACTIVE"


def test_secrets_are_encrypted_once_and_for_good(world: World) -> None:
    name = world.create_cluster()
    config = [{"resources": ["secrets"], "provider": {"keyArn": KEY}}]
    with refused("InvalidParameterException", "KMS key"):
        world.eks.associate_encryption_config(
            clusterName=name, encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": "key"}}]
        )
    update = world.eks.associate_encryption_config(clusterName=name, encryptionConfig=config)["update"]
    assert update["type"] == "AssociateEncryptionConfig"
    wait_until(lambda: status_of(world, name, update["id"]), "Successful")
    assert world.cluster(name)["encryptionConfig"] == config
    with refused("InvalidRequestException", "already has"):
        world.eks.associate_encryption_config(clusterName=name, encryptionConfig=config)


def test_a_failed_update_says_why_and_leaves_the_cluster_as_it_was(world: World) -> None:
    name = world.create_cluster()
    with world.failing(f"UpgradePolicyUpdate of {name}", "the role may not", "AccessDenied"):
        update = world.eks.update_cluster_config(name=name, upgradePolicy={"supportType": "STANDARD"})["update"]
        wait_until(lambda: status_of(world, name, update["id"]), "Failed")
    failed = world.eks.describe_update(name=name, updateId=update["id"])["update"]
    assert failed["errors"] == [{"errorCode": "AccessDenied", "errorMessage": "the role may not", "resourceIds": []}]
    assert world.cluster(name)["upgradePolicy"] == {"supportType": "EXTENDED"}
    assert world.cluster(name)["status"] == "ACTIVE"


def test_updates_are_listed_on_pages(world: World) -> None:
    name = world.create_cluster()
    for tier in ("tier-xl", "tier-2xl", "tier-4xl", "tier-8xl", "standard", "tier-xl"):
        world.eks.update_cluster_config(name=name, controlPlaneScalingConfig={"tier": tier})
        wait_until(lambda: world.cluster(name)["status"], "ACTIVE")
    pages = list(world.eks.get_paginator("list_updates").paginate(name=name))
    assert [len(page["updateIds"]) for page in pages] == [5, 1]


def test_a_node_group_takes_its_other_settings_and_changes_them(world: World, cluster: str) -> None:
    world.create_nodegroup(
        cluster,
        "settings",
        updateConfig={"maxUnavailablePercentage": 50},
        nodeRepairConfig={"enabled": True},
        warmPoolConfig={"enabled": True, "minSize": 1},
        capacityType="SPOT",
    )
    wait_until(lambda: world.nodegroup(cluster, "settings")["status"], "ACTIVE")
    described = world.nodegroup(cluster, "settings")
    assert described["updateConfig"] == {"maxUnavailablePercentage": 50}
    assert described["nodeRepairConfig"] == {"enabled": True}
    assert (described["capacityType"], described["diskSize"]) == ("SPOT", 20)
    changes = {
        "updateConfig": {"maxUnavailable": 2, "updateStrategy": "MINIMAL"},
        "nodeRepairConfig": {"enabled": False},
        "warmPoolConfig": {"enabled": False},
    }
    world.eks.update_nodegroup_config(clusterName=cluster, nodegroupName="settings", **changes)
    wait_until(lambda: world.nodegroup(cluster, "settings")["status"], "ACTIVE")
    assert {key: world.nodegroup(cluster, "settings")[key] for key in changes} == changes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 5}}, ["maxUnavailablePercentage"]),
        (
            {"nodeRepairConfig": {"maxUnhealthyNodeThresholdCount": 1, "maxUnhealthyNodeThresholdPercentage": 1}},
            ["maxUnhealthyNodeThresholdCount"],
        ),
        ({"capacityType": "FREE"}, ["FREE", "SPOT"]),
        ({"launchTemplate": {"id": "lt-1"}}, ["lt-1", "does not exist"]),
        ({"launchTemplate": {"id": "lt-1", "name": "x"}}, ["by its id or by its name"]),
        ({"launchTemplate": {"id": "lt-1"}, "diskSize": 5}, ["diskSize"]),
    ],
)
def test_bad_settings_of_a_node_group_are_refused(
    world: World, cluster: str, change: dict[str, Any], words: list[str]
) -> None:
    with refused("InvalidParameterException", *words):
        world.create_nodegroup(cluster, "bad", **change)


def test_a_launch_template_is_described_in_full(world: World, cluster: str) -> None:
    template = world.client("ec2").create_launch_template(
        LaunchTemplateName=f"{cluster}-nodes", LaunchTemplateData={"KeyName": "none"}
    )["LaunchTemplate"]
    world.create_nodegroup(cluster, "templated", launchTemplate={"name": f"{cluster}-nodes"})
    described = world.nodegroup(cluster, "templated")
    assert described["launchTemplate"] == {
        "id": template["LaunchTemplateId"],
        "name": f"{cluster}-nodes",
        "version": "1",
    }
    assert "diskSize" not in described


def test_a_fargate_profile_may_fail(world: World, cluster: str) -> None:
    with world.failing(f"creation of Fargate profile {cluster}/poor", "the role may not"):
        world.create_profile(cluster, "poor")
        wait_until(lambda: world.profile(cluster, "poor")["status"], "CREATE_FAILED")
    assert world.profile(cluster, "poor")["health"]["issues"][0]["code"] == "AccessDenied"
    with world.failing(f"deletion of Fargate profile {cluster}/poor", "the role may not"):
        world.eks.delete_fargate_profile(clusterName=cluster, fargateProfileName="poor")
        wait_until(lambda: world.profile(cluster, "poor")["status"], "DELETE_FAILED")


def test_versions_come_on_pages(world: World) -> None:
    pages = list(world.eks.get_paginator("describe_cluster_versions").paginate(PaginationConfig={"PageSize": 3}))
    assert [[one["clusterVersion"] for one in page["clusterVersions"]] for page in pages] == [
        ["1.36", "1.35", "1.34"],
        ["1.33"],
    ]
