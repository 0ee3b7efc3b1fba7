"""The module eks_fargate_profile against the lab's EKS."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.contract.aws.faults import Fault, injected, lagging
from tests.contract.aws.modules import play, refusal, succeed, twice
from tests.contract.aws.world import ROLE, World, wait_until

NOT_FOUND = Fault(404, "ResourceNotFoundException", "No Fargate Profile found")
OTHER = [{"namespace": "agones-system", "labels": {"app": "controller"}}]

pytestmark = pytest.mark.usefixtures("operator", "short_rounds")


@pytest.fixture
def options(world: World) -> dict[str, Any]:
    """A profile of a cluster of its own: one profile of a cluster changes at a time."""
    return {
        "cluster_name": world.create_cluster(),
        "name": "system",
        "pod_execution_role_arn": ROLE.format("fargate"),
        "subnet_ids": world.subnets["private"],
        "selectors": [{"namespace": "kube-system"}],
    }


def test_created_and_tagged(world: World, options: dict[str, Any]) -> None:
    result = twice("eks_fargate_profile", **options, tags={"slot": "green"})
    assert result["fargate_profile"]["status"] == "ACTIVE"

    assert twice("eks_fargate_profile", **options, tags={"a": "b"}, purge_tags=True)["changed"]
    assert world.profile(options["cluster_name"])["tags"] == {"a": "b"}


def test_a_difference_is_shown_and_refused(options: dict[str, Any]) -> None:
    succeed("eks_fargate_profile", **options)
    with injected(lambda _call: None) as seen:
        message = refusal("eks_fargate_profile", **{**options, "selectors": OTHER})

    assert "selectors is [{'namespace': 'kube-system'}], wanted [{'namespace': 'agones-system'" in message
    assert seen.operations() == {"eks.DescribeFargateProfile"}


def test_made_anew_on_demand(world: World, options: dict[str, Any]) -> None:
    succeed("eks_fargate_profile", **options)

    result = twice("eks_fargate_profile", **{**options, "selectors": OTHER}, recreate=True)

    assert (result["diff"]["before"]["selectors"], result["diff"]["after"]["selectors"]) == (
        options["selectors"],
        OTHER,
    )
    assert world.profile(options["cluster_name"])["selectors"] == OTHER


def test_one_that_was_deleted_but_not_made_anew_is_made_by_the_next_run(world: World, options: dict[str, Any]) -> None:
    succeed("eks_fargate_profile", **options)
    with world.held():
        stopped = play("eks_fargate_profile", **{**options, "selectors": OTHER}, recreate=True, wait_timeout=0)
        assert "not finished within 0 seconds" in stopped["msg"]
        assert world.profile(options["cluster_name"])["status"] == "DELETING"

    succeed("eks_fargate_profile", **{**options, "selectors": OTHER}, recreate=True)
    assert world.profile(options["cluster_name"])["selectors"] == OTHER


def test_profiles_of_several_runners_go_one_after_the_other(world: World, options: dict[str, Any]) -> None:
    results: list[dict[str, Any]] = []
    with world.held():
        world.create_profile(options["cluster_name"], "of-another-runner")
        runner = threading.Thread(target=lambda: results.append(play("eks_fargate_profile", **options)))
        runner.start()
        runner.join(1.5)
        assert runner.is_alive()
    runner.join(30)

    assert not results[0].get("failed"), results[0]
    assert (results[0]["changed"], results[0]["fargate_profile"]["status"]) == (True, "ACTIVE")


def test_waiting_says_for_what(world: World, options: dict[str, Any]) -> None:
    with world.held():
        world.create_profile(options["cluster_name"], "of-another-runner")
        result = play("eks_fargate_profile", **options, wait_timeout=0)

    assert "has Fargate profile of-another-runner in status CREATING" in result["msg"]


def test_public_subnets_are_refused_before_the_call(world: World, options: dict[str, Any]) -> None:
    public = world.subnets["public"][0]
    with injected(lambda _call: None) as seen:
        message = refusal("eks_fargate_profile", **{**options, "subnet_ids": [world.subnets["private"][0], public]})

    assert f"have a route to an internet gateway: {public} (" in message
    assert "Name subnets that reach AWS through a NAT gateway or VPC endpoints" in message
    assert seen.count("CreateFargateProfile") == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"subnet_ids": ["subnet-1"]}, "names subnets that do not exist here: subnet-1"),
        ({"selectors": []}, "cannot be created without selectors"),
        ({"selectors": [{"labels": {"a": "b"}}]}, "missing required arguments: namespace"),
        ({"selectors": [{"namespace": "a", "labels": {"a": 5}}]}, "selectors[0].labels[a]: 5 is not a string"),
        ({"pod_execution_role_arn": None}, "cannot be created without pod_execution_role_arn"),
    ],
)
def test_bad_options_are_refused_and_nothing_is_written(
    world: World, options: dict[str, Any], wrong: dict[str, Any], words: str
) -> None:
    message = refusal("eks_fargate_profile", **{**options, **wrong})

    assert words in message
    assert world.eks.list_fargate_profiles(clusterName=options["cluster_name"])["fargateProfileNames"] == []


def test_a_profile_that_is_found_late_is_created_once(options: dict[str, Any]) -> None:
    with injected(lagging("CreateFargateProfile", "DescribeFargateProfile", NOT_FOUND, 2)) as seen:
        result = succeed("eks_fargate_profile", **options)

    assert seen.count("CreateFargateProfile") == 1
    assert (result["changed"], result["fargate_profile"]["status"]) == (True, "ACTIVE")


def test_a_creation_that_fails_says_why_and_is_made_anew(world: World, options: dict[str, Any]) -> None:
    where = f"{options['cluster_name']}/system"
    with world.failing(f"creation of Fargate profile {where}", "the role is in use", "PodExecutionRoleAlreadyInUse"):
        result = play("eks_fargate_profile", **options)

    assert result["failed"]
    assert "is CREATE_FAILED: PodExecutionRoleAlreadyInUse: the role is in use. Delete it" in result["msg"]
    assert succeed("eks_fargate_profile", **options, recreate=True)["fargate_profile"]["status"] == "ACTIVE"


def test_deleted_once(world: World, options: dict[str, Any]) -> None:
    succeed("eks_fargate_profile", **options)
    where = {key: options[key] for key in ("cluster_name", "name")}

    assert succeed("eks_fargate_profile", **where, state="absent")["changed"]
    assert not succeed("eks_fargate_profile", **where, state="absent")["changed"]
    wait_until(lambda: world.facts(options["cluster_name"])["fargate_profiles"], [])
