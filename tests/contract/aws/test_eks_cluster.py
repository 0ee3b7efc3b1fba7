"""The module eks_cluster against the lab's EKS."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest

from lab.aws.eks.checks import DEFAULT_PAGE
from tests.contract.aws.faults import Call, Fault, injected, lagging
from tests.contract.aws.modules import play, refusal, succeed, twice
from tests.contract.aws.world import ROLE, World, wait_gone, wait_until

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
NOT_FOUND = Fault(404, "ResourceNotFoundException", "No cluster found")

pytestmark = pytest.mark.usefixtures("operator", "short_rounds")


@pytest.fixture
def options(world: World) -> dict[str, Any]:
    return {
        "name": f"module-{uuid.uuid4().hex[:8]}",
        "kubernetes_version": "1.35",
        "role_arn": ROLE.format("cluster"),
        "subnet_ids": world.subnets["public"] + world.subnets["private"],
        "authentication_mode": "API_AND_CONFIG_MAP",
    }


def test_created_in_full_and_returned_with_what_clients_need(world: World, options: dict[str, Any]) -> None:
    result = twice(
        "eks_cluster",
        **options,
        service_ipv4_cidr="10.100.0.0/16",
        ip_family="ipv4",
        bootstrap_cluster_creator_admin_permissions=True,
        endpoint_private_access=True,
        public_access_cidrs=["198.51.100.0/24"],
        logging_types=["audit", "api"],
        encryption_key_arn=KEY,
        support_type="STANDARD",
        zonal_shift=True,
        control_plane_tier="tier-xl",
        deletion_protection=True,
        tags={"eks-bluegreen/slot": "green", "someTag": 5},
    )

    cluster, described = result["cluster"], world.cluster(options["name"])
    assert cluster["endpoint"] == described["endpoint"]
    assert cluster["certificate_authority"]["data"] == described["certificateAuthority"]["data"]
    assert cluster["identity"]["oidc"]["issuer"] == described["identity"]["oidc"]["issuer"]
    assert described["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "10.100.0.0/16"
    assert described["encryptionConfig"] == [{"resources": ["secrets"], "provider": {"keyArn": KEY}}]
    assert described["deletionProtection"] is True
    assert described["tags"] == {"eks-bluegreen/slot": "green", "someTag": "5"}
    assert result["diff"]["before"] == {}


def test_all_that_can_change_changes_by_one_call_each(world: World, options: dict[str, Any]) -> None:
    succeed("eks_cluster", **options, tags={"a": "1", "b": "2"}, logging_types=["api"])
    changes = {
        "authentication_mode": "API",
        "subnet_ids": world.subnets["private"],
        "security_group_ids": ["sg-0123456789abcdef0"],
        "endpoint_private_access": True,
        "public_access_cidrs": ["198.51.100.0/24"],
        "logging_types": ["scheduler"],
        "encryption_key_arn": KEY,
        "support_type": "STANDARD",
        "zonal_shift": True,
        "control_plane_tier": "tier-xl",
        "deletion_protection": True,
        "tags": {"a": "1", "c": "3"},
        "purge_tags": True,
    }
    with injected(lambda _call: None) as seen:
        result = twice("eks_cluster", **{**options, **changes})

    assert (seen.count("UpdateClusterConfig"), seen.count("AssociateEncryptionConfig")) == (8, 1)
    assert result["cluster"]["tags"] == {"a": "1", "c": "3"}
    assert result["diff"]["before"]["logging_types"] == ["api"]
    described = world.cluster(options["name"])
    assert described["resourcesVpcConfig"]["subnetIds"] == world.subnets["private"]
    assert described["resourcesVpcConfig"]["securityGroupIds"] == ["sg-0123456789abcdef0"]
    assert described["tags"] == {"a": "1", "c": "3"}


def test_a_few_options_change_an_existing_cluster(world: World) -> None:
    name = world.create_cluster(deletionProtection=True)

    assert twice("eks_cluster", name=name, deletion_protection=False)["changed"]
    message = refusal("eks_cluster", name="missing", deletion_protection=False)

    assert "cluster missing does not exist" in message
    assert "kubernetes_version, role_arn, subnet_ids" in message


@pytest.mark.parametrize(
    ("access", "kept"),
    [
        ({"public_access_cidrs": []}, ["0.0.0.0/0"]),
        (
            {
                "public_access_cidrs": ["198.51.100.0/24"],
                "endpoint_public_access": False,
                "endpoint_private_access": True,
            },
            [],
        ),
    ],
    ids=["none", "of a private endpoint"],
)
def test_networks_that_eks_does_not_keep_are_no_difference(
    world: World, options: dict[str, Any], access: dict[str, Any], kept: list[str]
) -> None:
    twice("eks_cluster", **options, **access)

    assert world.cluster(options["name"])["resourcesVpcConfig"]["publicAccessCidrs"] == kept


def test_networks_count_once_the_endpoint_becomes_public(world: World, options: dict[str, Any]) -> None:
    office = {"endpoint_private_access": True, "public_access_cidrs": ["198.51.100.0/24"]}
    succeed("eks_cluster", **options, **office, endpoint_public_access=False)
    assert not succeed("eks_cluster", name=options["name"], **office)["changed"]

    twice("eks_cluster", name=options["name"], **office, endpoint_public_access=True)

    assert world.cluster(options["name"])["resourcesVpcConfig"]["publicAccessCidrs"] == ["198.51.100.0/24"]


def test_what_cannot_change_is_refused_before_any_call(world: World, options: dict[str, Any]) -> None:
    succeed("eks_cluster", **options, encryption_key_arn=KEY)
    wanted = {
        **options,
        "kubernetes_version": "1.36",
        "role_arn": ROLE.format("node"),
        "service_ipv4_cidr": "10.100.0.0/16",
        "ip_family": "ipv6",
        "authentication_mode": "CONFIG_MAP",
        "encryption_key_arn": KEY[:-1] + "1",
        "logging_types": ["api"],
    }
    with injected(lambda _call: None) as seen:
        message = refusal("eks_cluster", **wanted)

    assert seen.operations() == {"eks.DescribeCluster"}
    assert "kubernetes_version is '1.35', wanted '1.36' (the other slot is for that)" in message
    for option in ("role_arn", "service_ipv4_cidr", "ip_family", "authentication_mode", "encryption_key_arn"):
        assert f"{option} is " in message
    assert "logging_types" not in message


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"control_plane_tier": "huge"}, "control_plane_tier: 'huge' is not one of standard, tier-xl"),
        ({"endpoint_public_access": False, "endpoint_private_access": False}, "no one could reach it"),
        ({"public_access_cidrs": ["everywhere"]}, "public_access_cidrs: 'everywhere' does not appear to be"),
        ({"tags": {"": "x"}}, "Failed to create cluster|tags"),
        ({"logging_types": ["gossip"]}, "value of logging_types must be one or more of"),
        ({"subnet_ids": "none"}, "subnet-|none"),
        ({"zonal_shift": "perhaps"}, "not a valid boolean"),
        ({"tier": "standard"}, "Unsupported parameters"),
    ],
)
def test_bad_options_are_refused_and_nothing_is_written(
    world: World, options: dict[str, Any], wrong: dict[str, Any], words: str
) -> None:
    result = play("eks_cluster", **{**options, **wrong})

    assert result["failed"]
    assert any(word in result["msg"] for word in words.split("|")), result["msg"]
    assert options["name"] not in world.eks.list_clusters(maxResults=100)["clusters"]


def test_without_waiting_the_cluster_is_on_its_way(world: World, options: dict[str, Any]) -> None:
    with world.held():
        first = succeed("eks_cluster", **options, wait=False)
        again = succeed("eks_cluster", **options, wait=False)
        assert [(one["changed"], one["cluster"]["status"]) for one in (first, again)] == [
            (True, "CREATING"),
            (False, "CREATING"),
        ]
    assert succeed("eks_cluster", **options)["cluster"]["status"] == "ACTIVE"


@pytest.mark.parametrize("times", [1, 3])
def test_a_cluster_that_is_found_late_is_created_once(options: dict[str, Any], times: int) -> None:
    with injected(lagging("CreateCluster", "DescribeCluster", NOT_FOUND, times)) as seen:
        result = succeed("eks_cluster", **options)

    assert seen.count("CreateCluster") == 1
    assert (result["changed"], result["cluster"]["status"]) == (True, "ACTIVE")


def test_a_creation_that_fails_shows_its_health_and_the_remedy(world: World, options: dict[str, Any]) -> None:
    with world.failing(f"creation of cluster {options['name']}", "no room in subnet-1"):
        result = play("eks_cluster", **options)

    assert result["failed"]
    assert "is FAILED: AccessDenied: no room in subnet-1. Delete it (state: absent)" in result["msg"]
    assert "no room in subnet-1" in refusal("eks_cluster", **options)
    assert succeed("eks_cluster", name=options["name"], state="absent")["changed"]


def test_an_update_that_fails_shows_its_errors(world: World, options: dict[str, Any]) -> None:
    succeed("eks_cluster", **options)
    with world.failing(f"LoggingUpdate of {options['name']}", "the role may not write logs"):
        result = play("eks_cluster", **options, logging_types=["api"])

    assert result["failed"]
    assert result["msg"].startswith("LoggingUpdate ")
    assert "has failed: AccessDenied: the role may not write logs. Fix the cause and run again" in result["msg"]
    assert succeed("eks_cluster", **options, logging_types=["api"])["changed"]


def test_an_update_of_somebody_else_is_waited_for(world: World, options: dict[str, Any]) -> None:
    succeed("eks_cluster", **options)
    results: list[dict[str, Any]] = []
    runner = threading.Thread(target=lambda: results.append(play("eks_cluster", **options, zonal_shift=True)))
    with world.held():
        world.eks.update_cluster_config(name=options["name"], upgradePolicy={"supportType": "STANDARD"})
        runner.start()
        runner.join(1.5)
        assert runner.is_alive()
    runner.join(30)

    assert not results[0].get("failed"), results[0]
    described = world.cluster(options["name"])
    assert (described["zonalShiftConfig"], described["upgradePolicy"]) == (
        {"enabled": True},
        {"supportType": "STANDARD"},
    )


def test_an_update_that_an_earlier_round_began_shows_its_errors(world: World, options: dict[str, Any]) -> None:
    name = options["name"]
    succeed("eks_cluster", **options)
    results: list[dict[str, Any]] = []
    runner = threading.Thread(target=lambda: results.append(play("eks_cluster", **options, support_type="STANDARD")))
    with world.failing(f"UpgradePolicyUpdate of {name}", "not in this region", "OperationNotPermitted"):
        with world.held():
            world.eks.update_cluster_config(name=name, upgradePolicy={"supportType": "STANDARD"})
            runner.start()
            runner.join(2.5)
            assert runner.is_alive()
        runner.join(30)

    assert results[0]["failed"]
    assert "has failed: OperationNotPermitted: not in this region" in results[0]["msg"]


def test_a_protected_cluster_stays_with_all_that_is_in_it(world: World) -> None:
    name = world.create_cluster(deletionProtection=True)
    world.create_nodegroup(name)
    wait_until(lambda: world.nodegroup(name)["status"], "ACTIVE")

    message = refusal("eks_cluster", name=name, state="absent", delete_contents=True)

    assert "its deletion protection is on. Turn it off first (state: present, deletion_protection: false)" in message
    assert world.nodegroup(name)["status"] == "ACTIVE"


def test_check_mode_foresees_the_end_of_a_cluster_whose_protection_will_be_off(world: World) -> None:
    name = world.create_cluster(deletionProtection=True)
    world.create_nodegroup(name)
    removal: dict[str, Any] = {"name": name, "state": "absent", "delete_contents": True, "deletion_protection": False}

    predicted = play("eks_cluster", check_mode=True, **removal)
    assert (predicted["changed"], predicted["contents"]) == (True, [f"node group {name}/game"])
    assert "its deletion protection is on" in play("eks_cluster", **removal)["msg"]
    assert world.nodegroup(name)["status"] != "DELETING"


def test_more_node_groups_than_a_page_holds_go(world: World) -> None:
    name = world.create_cluster()
    groups = [f"game-{number}" for number in range(DEFAULT_PAGE + 1)]
    for group in groups:
        world.create_nodegroup(name, group, scalingConfig={"minSize": 0, "maxSize": 1, "desiredSize": 0})
    removal: dict[str, Any] = {"name": name, "state": "absent", "delete_contents": True}

    foreseen = play("eks_cluster", check_mode=True, **removal)["contents"]
    assert foreseen == [f"node group {name}/{group}" for group in groups]
    assert succeed("eks_cluster", **removal)["cluster"] is None
    wait_gone(lambda: world.cluster(name))


def test_where_aws_knows_no_capabilities_a_cluster_goes(world: World) -> None:
    name = world.create_cluster()
    denied = Fault(403, "AccessDeniedException", "Unable to determine service/operation name to be authorized")
    with injected(lambda call: denied if call.operation == "ListCapabilities" else None) as seen:
        assert succeed("eks_cluster", name=name, state="absent", delete_contents=True)["cluster"] is None
    assert seen.faulted() == {"eks.ListCapabilities"}


def test_add_ons_outlive_the_nodes(world: World) -> None:
    name = world.create_cluster()
    world.create_nodegroup(name)
    succeed("eks_addon", cluster_name=name, name="vpc-cni")
    with injected(lambda _call: None) as seen:
        assert succeed("eks_cluster", name=name, state="absent", delete_contents=True)["changed"]
    assert (seen.count("DeleteNodegroup"), seen.count("DeleteAddon")) == (1, 0)


def test_what_is_in_a_cluster_is_named_and_deleted_on_demand(world: World) -> None:
    name = world.create_cluster()
    world.create_nodegroup(name)
    world.create_profile(name)
    wait_until(lambda: (world.nodegroup(name)["status"], world.profile(name)["status"]), ("ACTIVE", "ACTIVE"))

    refused = play("eks_cluster", name=name, state="absent")
    assert refused["failed"]
    assert f"it still holds node group {name}/game, Fargate profile {name}/system" in refused["msg"]

    result = succeed("eks_cluster", name=name, state="absent", delete_contents=True)
    assert (result["changed"], result["cluster"]) == (True, None)
    wait_gone(lambda: world.cluster(name))
    assert not succeed("eks_cluster", name=name, state="absent", delete_contents=True)["changed"]


def test_a_part_that_cannot_be_deleted_shows_why(world: World) -> None:
    name = world.create_cluster()
    world.create_nodegroup(name)
    wait_until(lambda: world.nodegroup(name)["status"], "ACTIVE")
    with world.failing(f"deletion of node group {name}/game", "sg-1 is in use", "Ec2SecurityGroupDeletionFailure"):
        result = play("eks_cluster", name=name, state="absent", delete_contents=True)

    assert result["failed"]
    assert "was DELETE_FAILED: Ec2SecurityGroupDeletionFailure: sg-1 is in use" in result["msg"]
    assert succeed("eks_cluster", name=name, state="absent", delete_contents=True)["changed"]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "there are no AWS credentials"),
        ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWNKEY000000"}, "AWS does not accept the credentials"),
    ],
)
def test_bad_credentials_are_said_as_such(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], environment: dict[str, str], words: str
) -> None:
    for name, value in environment.items():
        monkeypatch.delenv(name)
        if value:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")

    assert words in refusal("eks_cluster", **options)


def test_credentials_that_expire_while_waiting_are_said_as_such(options: dict[str, Any]) -> None:
    created = False

    def decide(call: Call) -> Fault | None:
        nonlocal created
        created = created or call.operation == "CreateCluster"
        over = Fault(403, "ExpiredTokenException", "The security token included in the request is expired")
        return over if created and call.operation == "DescribeCluster" else None

    with injected(decide):
        result = play("eks_cluster", **options)

    assert result["failed"]
    assert result["msg"].startswith("the AWS credentials have expired")
