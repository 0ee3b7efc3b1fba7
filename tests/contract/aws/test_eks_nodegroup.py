"""The module eks_nodegroup against the lab's EKS."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.contract.aws.faults import Fault, injected, lagging
from tests.contract.aws.modules import play, refusal, succeed, twice
from tests.contract.aws.world import ROLE, World, wait_gone

NOT_FOUND = Fault(404, "ResourceNotFoundException", "No node group found")
GAME = {"key": "dedicated", "value": "game", "effect": "NO_SCHEDULE"}
SLOW = {"key": "slow", "effect": "PREFER_NO_SCHEDULE"}

pytestmark = pytest.mark.usefixtures("operator", "short_rounds")


@pytest.fixture
def options(world: World, cluster: str) -> dict[str, Any]:
    return {
        "cluster_name": cluster,
        "name": f"module-{uuid.uuid4().hex[:8]}",
        "node_role_arn": ROLE.format("node"),
        "subnet_ids": world.subnets["public"],
        "min_size": 1,
        "max_size": 4,
        "desired_size": 1,
    }


def described(world: World, options: dict[str, Any]) -> Any:
    return world.nodegroup(options["cluster_name"], options["name"])


@pytest.mark.parametrize("ami_type", ["AL2023_x86_64_STANDARD", "BOTTLEROCKET_ARM_64"])
def test_created_in_full(world: World, options: dict[str, Any], ami_type: str) -> None:
    result = twice(
        "eks_nodegroup",
        **options,
        kubernetes_version="1.35",
        release_version="1.35.2-20261001",
        ami_type=ami_type,
        capacity_type="SPOT",
        instance_types=["c7i.2xlarge", "c6i.2xlarge"],
        disk_size=100,
        labels={"arena/role": "game"},
        taints=[GAME, SLOW],
        max_unavailable_percentage=25,
        update_strategy="MINIMAL",
        node_repair={"enabled": True, "max_parallel_nodes_repaired_count": 1},
        warm_pool={"enabled": True, "min_size": 1, "pool_state": "STOPPED", "reuse_on_scale_in": True},
        tags={"slot": "green"},
    )

    assert result["nodegroup"]["status"] == "ACTIVE"
    assert result["nodegroup"]["labels"] == {"arena/role": "game"}
    group = described(world, options)
    assert (group["amiType"], group["instanceTypes"], group["diskSize"]) == (
        ami_type,
        ["c7i.2xlarge", "c6i.2xlarge"],
        100,
    )
    assert group["taints"] == [GAME, SLOW]
    assert group["updateConfig"] == {"maxUnavailablePercentage": 25, "updateStrategy": "MINIMAL"}
    assert group["nodeRepairConfig"] == {"enabled": True, "maxParallelNodesRepairedCount": 1}
    assert group["warmPoolConfig"]["reuseOnScaleIn"] is True


def test_all_that_can_change_changes_by_one_call(world: World, options: dict[str, Any]) -> None:
    succeed(
        "eks_nodegroup",
        **options,
        labels={"role": "game", "old": "x", "same": "s"},
        taints=[GAME, SLOW],
        max_unavailable=1,
        tags={"a": "1", "b": "2"},
    )
    changes = {
        "min_size": 2,
        "max_size": 3,
        "labels": {"role": "web", "same": "s", "new": "y"},
        "taints": [{**GAME, "value": "web"}, {"key": "new", "effect": "NO_EXECUTE"}],
        "max_unavailable_percentage": 50,
        "node_repair": {"enabled": True},
        "warm_pool": {"enabled": True},
        "tags": {"b": "3"},
        "purge_tags": True,
    }
    with injected(lambda _call: None) as seen:
        result = twice("eks_nodegroup", **{**options, "desired_size": 2, **changes})

    assert seen.count("UpdateNodegroupConfig") == 1
    group = described(world, options)
    assert group["scalingConfig"] == {"minSize": 2, "maxSize": 3, "desiredSize": 2}
    assert group["labels"] == changes["labels"]
    assert sorted(group["taints"], key=lambda taint: str(taint["key"])) == [
        {**GAME, "value": "web"},
        {"key": "new", "effect": "NO_EXECUTE"},
    ]
    assert group["updateConfig"] == {"maxUnavailablePercentage": 50}
    assert group["tags"] == {"b": "3"}
    assert result["diff"]["before"]["labels"] == {"role": "game", "old": "x", "same": "s"}


def test_the_number_of_nodes_is_the_autoscalers(world: World, options: dict[str, Any]) -> None:
    succeed("eks_nodegroup", **options)

    assert not succeed("eks_nodegroup", **{**options, "desired_size": 3})["changed"]
    assert described(world, options)["scalingConfig"]["desiredSize"] == 1


def test_what_would_replace_nodes_is_refused_before_any_call(options: dict[str, Any]) -> None:
    succeed("eks_nodegroup", **options, instance_types=["c7i.2xlarge", "c6i.2xlarge"])
    wanted = {
        "kubernetes_version": "1.36",
        "release_version": "1.36.0-20261101",
        "ami_type": "BOTTLEROCKET_x86_64",
        "capacity_type": "SPOT",
        "instance_types": ["c6i.2xlarge", "c7i.2xlarge"],
        "disk_size": 50,
    }
    with injected(lambda _call: None) as seen:
        message = refusal("eks_nodegroup", **{**options, **wanted, "max_size": 9})

    assert seen.operations() == {"eks.DescribeNodegroup"}
    for option in wanted:
        assert f"{option} is " in message
    assert "max_size" not in message


def test_a_launch_template_by_name_and_version(world: World, options: dict[str, Any]) -> None:
    ec2, name = world.client("ec2"), f"game-{uuid.uuid4().hex[:8]}"
    template = {"InstanceType": "c7i.2xlarge"}
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=template)
    ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=template)

    succeed("eks_nodegroup", **options, launch_template={"name": name, "version": 2})
    assert not succeed("eks_nodegroup", **options, launch_template={"name": name})["changed"]
    assert described(world, options)["launchTemplate"]["version"] == "2"
    assert "launch_template is " in refusal("eks_nodegroup", **options, launch_template={"name": name, "version": 1})
    assert "'$Latest' is not a number" in refusal(
        "eks_nodegroup", **options, launch_template={"name": name, "version": "$Latest"}
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ami_type": "AL3_x86_64"}, "ami_type: 'AL3_x86_64' is not one of AL2_x86_64, "),
        ({"labels": {"arena/role": 5}}, "labels[arena/role]: 5 is not a string"),
        (
            {"max_unavailable_percentage": 101},
            "max_unavailable_percentage: 101 is above the maximum that AWS takes, 100",
        ),
        ({"taints": [{"key": "k" * 64, "effect": "NO_SCHEDULE"}]}, "taints[0].key: "),
        ({"min_size": 5}, "min_size 5 is above desired_size 1"),
        ({"min_size": -1}, "min_size: -1 is below the minimum that AWS takes, 0"),
        ({"max_unavailable": 1, "max_unavailable_percentage": 5}, "mutually exclusive"),
        ({"warm_pool": {"size": 1}}, "Unsupported parameters"),
        ({"subnet_ids": ["subnet-1"]}, "Failed to create node group"),
        ({"taints": [{"key": "k", "effect": "NEVER"}]}, "value of effect must be one of"),
    ],
)
def test_bad_options_are_refused_and_nothing_is_written(
    world: World, options: dict[str, Any], wrong: dict[str, Any], words: str
) -> None:
    result = play("eks_nodegroup", **{**options, **wrong})

    assert result["failed"]
    assert words in result["msg"]
    assert options["name"] not in world.eks.list_nodegroups(clusterName=options["cluster_name"])["nodegroups"]


def test_node_groups_start_side_by_side_without_waiting(world: World, options: dict[str, Any]) -> None:
    names = [options["name"], options["name"] + "-2"]
    with world.held():
        started = [succeed("eks_nodegroup", **{**options, "name": name}, wait=False) for name in names]
        assert [one["nodegroup"]["status"] for one in started] == ["CREATING", "CREATING"]
    waited = [succeed("eks_nodegroup", **{**options, "name": name}) for name in names]

    assert [(one["changed"], one["nodegroup"]["status"]) for one in waited] == [(False, "ACTIVE"), (False, "ACTIVE")]


def test_a_node_group_that_is_found_late_is_created_once(options: dict[str, Any]) -> None:
    with injected(lagging("CreateNodegroup", "DescribeNodegroup", NOT_FOUND, 2)) as seen:
        result = succeed("eks_nodegroup", **options)

    assert seen.count("CreateNodegroup") == 1
    assert (result["changed"], result["nodegroup"]["status"]) == (True, "ACTIVE")


def test_a_creation_that_fails_shows_its_health_and_the_remedy(world: World, options: dict[str, Any]) -> None:
    options["subnet_ids"] = world.subnets["private"]

    result = play("eks_nodegroup", **options)

    assert result["failed"]
    assert "is CREATE_FAILED: Ec2SubnetInvalidConfiguration: " in result["msg"]
    assert result["msg"].endswith("Delete it (state: absent) and run again")
    assert succeed("eks_nodegroup", **options, state="absent")["nodegroup"] is None


def test_an_update_that_fails_shows_its_errors(world: World, options: dict[str, Any]) -> None:
    succeed("eks_nodegroup", **options)
    where = f"{options['cluster_name']}/{options['name']}"
    with world.failing(f"update of node group {where}", "no node came up", "NodeCreationFailure"):
        result = play("eks_nodegroup", **{**options, "max_size": 5})

    assert result["failed"]
    assert f"of node group {where} has failed: NodeCreationFailure: no node came up" in result["msg"]


def test_a_deletion_that_fails_shows_why_and_is_tried_again(world: World, options: dict[str, Any]) -> None:
    succeed("eks_nodegroup", **options)
    where = f"{options['cluster_name']}/{options['name']}"
    with world.failing(f"deletion of node group {where}", "sg-1 is in use", "Ec2SecurityGroupDeletionFailure"):
        result = play("eks_nodegroup", **options, state="absent")
        again = play("eks_nodegroup", **options, state="absent")

    for one in (result, again):
        assert one["failed"]
        assert "is DELETE_FAILED: Ec2SecurityGroupDeletionFailure: sg-1 is in use. Fix the cause" in one["msg"]
    assert succeed("eks_nodegroup", **options, state="absent")["changed"]
    wait_gone(lambda: described(world, options))


def test_deleted_once(world: World, options: dict[str, Any]) -> None:
    where = {key: options[key] for key in ("cluster_name", "name")}
    succeed("eks_nodegroup", **options)

    assert play("eks_nodegroup", check_mode=True, **where, state="absent")["changed"]
    assert described(world, options)["status"] == "ACTIVE"
    assert succeed("eks_nodegroup", **where, state="absent")["changed"]
    assert not succeed("eks_nodegroup", **where, state="absent")["changed"]
    assert not succeed("eks_nodegroup", cluster_name="missing", name="game", state="absent")["changed"]
