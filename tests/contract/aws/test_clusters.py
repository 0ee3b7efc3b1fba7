"""The lab's EKS: clusters, their life, their updates."""

from __future__ import annotations

import base64
import json
import re
import uuid

import pytest

from tests.contract.aws.world import ROLE, World, refused, wait_gone, wait_until


def test_a_cluster_is_created_and_described_truly(world: World) -> None:
    name = f"test-{uuid.uuid4().hex[:8]}"
    request = world.cluster_request(name, version="1.36", tags={"slot": "green"})
    with world.held():
        created = world.eks.create_cluster(**request)["cluster"]
        assert created["status"] == world.cluster(name)["status"] == "CREATING"
        assert "endpoint" not in created
    wait_until(lambda: world.cluster(name)["status"], "ACTIVE")
    cluster = world.cluster(name)
    assert cluster["version"] == "1.36"
    assert cluster["arn"] == f"arn:aws:eks:eu-west-1:123456789012:cluster/{name}"
    assert cluster["endpoint"].startswith(f"https://127.{world.config.number}.1.")
    assert base64.b64decode(cluster["certificateAuthority"]["data"]).startswith(b"-----BEGIN CERTIFICATE-----")
    assert re.fullmatch(
        r"https://oidc\.eks\.eu-west-1\.amazonaws\.com/id/[0-9A-F]{32}", cluster["identity"]["oidc"]["issuer"]
    )
    assert cluster["accessConfig"]["authenticationMode"] == "API"
    assert cluster["resourcesVpcConfig"]["vpcId"] == world.subnets["vpc"][0]
    assert cluster["resourcesVpcConfig"]["endpointPublicAccess"] is True
    assert cluster["tags"] == {"slot": "green"}
    assert cluster["deletionProtection"] is False


def test_two_clusters_share_neither_endpoint_nor_issuer(world: World) -> None:
    one, other = world.cluster(world.create_cluster()), world.cluster(world.create_cluster())
    assert one["endpoint"] != other["endpoint"]
    assert one["identity"]["oidc"]["issuer"] != other["identity"]["oidc"]["issuer"]


def test_cluster_json_says_what_the_lab_needs(world: World) -> None:
    name = world.create_cluster()
    wait_until(lambda: world.facts(name)["status"], "ACTIVE")
    facts, cluster = world.facts(name), world.cluster(name)
    assert facts["endpoint"] == cluster["endpoint"]
    assert facts["oidc_issuer"] == cluster["identity"]["oidc"]["issuer"]
    assert facts["certificate_authority"] == cluster["certificateAuthority"]["data"]
    assert facts["endpoint"] == f"https://{world.config.control_address(facts['index'])}:6443"
    assert (facts["name"], facts["region"], facts["version"]) == (name, "eu-west-1", "1.35")


def test_the_default_version_and_mode_are_those_of_the_api(world: World) -> None:
    name = f"test-{uuid.uuid4().hex[:8]}"
    request = world.cluster_request(name)
    del request["version"], request["accessConfig"]
    cluster = world.eks.create_cluster(**request)["cluster"]
    assert cluster["version"] == "1.35"
    assert cluster["accessConfig"]["authenticationMode"] == "CONFIG_MAP"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "1.29"}, ["unsupported Kubernetes version", "1.36"]),
        ({"roleArn": "no-arn"}, ["Invalid Role Arn"]),
        ({"roleArn": ROLE.format("missing")}, ["does not exist"]),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-1", "subnet-2"]}}, ["subnet-1", "does not exist"]),
        ({"accessConfig": {"authenticationMode": "KEY"}}, ["authenticationMode"]),
        ({"name": "9_bad name"}, ["cluster name"]),
    ],
)
def test_a_bad_cluster_is_refused_before_anything_is_made(
    world: World, change: dict[str, object], words: list[str]
) -> None:
    request = {**world.cluster_request(f"test-{uuid.uuid4().hex[:8]}"), **change}
    with refused("InvalidParameterException", *words):
        world.eks.create_cluster(**request)
    assert request["name"] not in world.eks.list_clusters()["clusters"]


def test_subnets_of_one_zone_are_refused(world: World) -> None:
    request = world.cluster_request("test-one-zone", resourcesVpcConfig={"subnetIds": world.subnets["public"][:1]})
    with refused("InvalidParameterException", "two different AZs"):
        world.eks.create_cluster(**request)


def test_a_name_is_taken_once_but_the_same_request_may_come_again(world: World) -> None:
    name, token = f"test-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    request = world.cluster_request(name, clientRequestToken=token)
    first = world.eks.create_cluster(**request)["cluster"]
    assert world.eks.create_cluster(**request)["cluster"]["arn"] == first["arn"]
    with refused("ResourceInUseException", "already exists"):
        world.eks.create_cluster(**world.cluster_request(name))


def test_a_cluster_that_cannot_boot_is_failed_and_can_be_deleted(world: World) -> None:
    name = f"broken-{uuid.uuid4().hex[:8]}"
    world.eks.create_cluster(**world.cluster_request(name))
    wait_until(lambda: world.cluster(name)["status"], "FAILED")
    assert "never boots" in world.cluster(name)["health"]["issues"][0]["message"]
    world.eks.delete_cluster(name=name)
    wait_gone(lambda: world.cluster(name))


def test_deletion_removes_the_cluster_and_its_security_group(world: World) -> None:
    name = world.create_cluster()
    group = world.cluster(name)["resourcesVpcConfig"]["clusterSecurityGroupId"]
    described = world.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert described["VpcId"] == world.subnets["vpc"][0]
    with world.held():
        assert world.eks.delete_cluster(name=name)["cluster"]["status"] == "DELETING"
        assert world.cluster(name)["status"] == "DELETING"
    wait_gone(lambda: world.cluster(name))
    with refused("InvalidGroup.NotFound"):
        world.client("ec2").describe_security_groups(GroupIds=[group])


def test_a_freed_index_and_name_can_be_used_again(world: World) -> None:
    name = world.create_cluster()
    endpoint = world.cluster(name)["endpoint"]
    world.eks.delete_cluster(name=name)
    wait_gone(lambda: world.cluster(name))
    world.eks.create_cluster(**world.cluster_request(name))
    wait_until(lambda: world.cluster(name)["status"], "ACTIVE")
    assert world.cluster(name)["endpoint"] == endpoint
    wait_until(lambda: world.facts(name)["status"], "ACTIVE")


def test_a_cluster_in_use_is_not_deleted(world: World) -> None:
    name = world.create_cluster()
    world.create_nodegroup(name)
    with refused("ResourceInUseException", "nodegroups attached", "game"):
        world.eks.delete_cluster(name=name)
    other = world.create_cluster()
    world.create_profile(other)
    with refused("ResourceInUseException", "Fargate profiles attached", "system"):
        world.eks.delete_cluster(name=other)


def test_deletion_protection_holds_until_it_is_lifted(world: World) -> None:
    name = world.create_cluster(deletionProtection=True)
    with refused("InvalidRequestException", "deletion protection"):
        world.eks.delete_cluster(name=name)
    world.eks.update_cluster_config(name=name, deletionProtection=False)
    wait_until(lambda: world.cluster(name)["status"], "ACTIVE")
    world.eks.delete_cluster(name=name)
    wait_gone(lambda: world.cluster(name))


def test_nothing_is_added_to_a_cluster_that_is_not_active(world: World) -> None:
    name = f"broken-{uuid.uuid4().hex[:8]}"
    with world.held():
        world.eks.create_cluster(**world.cluster_request(name))
        with refused("InvalidRequestException", "not in ACTIVE status"):
            world.create_nodegroup(name)


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("logging", {"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]}, "LoggingUpdate"),
        ("resourcesVpcConfig", {"endpointPrivateAccess": True}, "EndpointAccessUpdate"),
        ("upgradePolicy", {"supportType": "STANDARD"}, "UpgradePolicyUpdate"),
        ("deletionProtection", True, "DeletionProtectionUpdate"),
    ],
)
def test_an_update_changes_what_it_names_and_can_be_followed(
    world: World, cluster: str, field: str, value: object, kind: str
) -> None:
    with world.held():
        update = world.eks.update_cluster_config(name=cluster, **{field: value})["update"]
        assert (update["status"], update["type"]) == ("InProgress", kind)
        assert world.cluster(cluster)["status"] == "UPDATING"

    def status() -> str:
        return str(world.eks.describe_update(name=cluster, updateId=update["id"])["update"]["status"])

    wait_until(status, "Successful")
    assert world.cluster(cluster)["status"] == "ACTIVE"
    assert update["id"] in world.eks.list_updates(name=cluster)["updateIds"]
    with refused("InvalidParameterException"):
        world.eks.update_cluster_config(name=cluster, **{field: value})


def test_log_types_that_a_change_does_not_name_stay(world: World) -> None:
    name = world.create_cluster(logging={"clusterLogging": [{"types": ["audit"], "enabled": True}]})
    world.eks.update_cluster_config(name=name, logging={"clusterLogging": [{"types": ["api"], "enabled": True}]})
    wait_until(lambda: world.cluster(name)["status"], "ACTIVE")
    assert world.cluster(name)["logging"]["clusterLogging"] == [
        {"types": ["api", "audit"], "enabled": True},
        {"types": ["authenticator", "controllerManager", "scheduler"], "enabled": False},
    ]


def test_one_update_at_a_time_and_one_kind_in_each(world: World) -> None:
    name = world.create_cluster()
    with refused("InvalidParameterException", "Only one type of update"):
        world.eks.update_cluster_config(name=name, deletionProtection=True, upgradePolicy={"supportType": "STANDARD"})
    with world.held():
        world.eks.update_cluster_config(name=name, deletionProtection=True)
        with refused("ResourceInUseException", "in progress"):
            world.eks.update_cluster_config(name=name, upgradePolicy={"supportType": "STANDARD"})


def test_the_authentication_mode_goes_one_way(world: World) -> None:
    name = world.create_cluster()
    with refused("InvalidParameterException", "API to API_AND_CONFIG_MAP"):
        world.eks.update_cluster_config(name=name, accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})


def test_versions_on_offer(world: World) -> None:
    offers = world.eks.describe_cluster_versions()["clusterVersions"]
    assert [offer["clusterVersion"] for offer in offers] == ["1.36", "1.35", "1.34", "1.33"]
    assert {offer["clusterVersion"]: offer["versionStatus"] for offer in offers}["1.33"] == "EXTENDED_SUPPORT"
    default = world.eks.describe_cluster_versions(defaultOnly=True)["clusterVersions"]
    assert [offer["clusterVersion"] for offer in default] == ["1.35"]
    assert default[0]["endOfStandardSupportDate"].date().isoformat() == "2027-03-27"


def test_an_unknown_cluster_is_not_found_by_any_call(world: World) -> None:
    calls = {
        "describe_cluster": {"name": "missing"},
        "delete_cluster": {"name": "missing"},
        "list_nodegroups": {"clusterName": "missing"},
        "list_fargate_profiles": {"clusterName": "missing"},
        "list_capabilities": {"clusterName": "missing"},
        "list_addons": {"clusterName": "missing"},
        "list_access_entries": {"clusterName": "missing"},
        "list_updates": {"name": "missing"},
    }
    for operation, arguments in calls.items():
        with refused("ResourceNotFoundException", "missing"):
            getattr(world.eks, operation)(**arguments)


def test_an_operation_that_the_lab_does_not_have_says_so(world: World, cluster: str) -> None:
    with refused("InvalidRequestException", "does not know the operation update_cluster_version"):
        world.eks.update_cluster_version(name=cluster, version="1.36")


def test_pages(world: World) -> None:
    for _ in range(3):
        world.create_cluster("paged")
    pages = list(world.eks.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 2}))
    names = [name for page in pages for name in page["clusters"]]
    assert len(pages) >= 2
    assert names == sorted(set(names))
    assert names[:2] == world.eks.list_clusters(maxResults=2)["clusters"]
    with refused("InvalidParameterException", "nextToken"):
        world.eks.list_clusters(nextToken="/nonsense/")


def test_the_endpoint_is_alive_and_knows_its_paths(world: World) -> None:
    from urllib.error import HTTPError
    from urllib.request import urlopen

    with urlopen(f"{world.config.aws_endpoint}/lab/health", timeout=5) as answer:
        assert json.load(answer)["status"] == "ok"
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{world.config.aws_endpoint}/lab/nothing", timeout=5)
