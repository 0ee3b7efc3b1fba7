"""The variables and the release file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.plugins.module_utils._preflight.worlds import (
    AGONES,
    NODEGROUP,
    RELEASE,
    WANTED,
    WORLD,
    findings,
    released,
    told,
)

IMAGE = RELEASE["node_image"]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"variables": {"a": None}}, ("error", "variable_missing")),
        ({"variables": {"a": []}}, ("error", "variable_missing")),
        ({"queue": "sharded"}, ("error", "queue_kind")),
        ({"queue": "per_slot"}, ("error", "queue_kind")),
        ({"queue": "per_slot", "traffic_steps": [10, 100]}, ("error", "queue_kind")),
        (released(kubernetes_version="1.33"), ("error", "release_matrix")),
        (released(name=2026.1), ("error", "release_file")),
        (released(node_image={"ami_type": "x"}), ("error", "release_file")),
        (released(node_image={**IMAGE, "release_version": "1.35.9-2"}), ("error", "node_image")),
        (released(node_image={**IMAGE, "release_version": "1.3"}), ("error", "node_image")),
        (released(charts=[]), ("error", "release_file")),
        (released(addons=[{"name": "vpc-cni", "version": "v3"}]), ("error", "addon_offered")),
        (released(addons=[{"name": "coredns", "version": "v1"}]), ("error", "addon_offered")),
    ],
)
def test_what_is_wanted_is_judged(change: dict[str, Any], finding: tuple[str, str]) -> None:
    assert finding in told(replace(WANTED, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"addons": [{"name": "vpc-cni", "version": "latest"}]},
        {"node_image": {"ami_type": "BOTTLEROCKET_x86_64", "release_version": "1.49.0-713f44ce"}},
    ],
)
def test_what_is_no_reason(change: dict[str, Any]) -> None:
    assert told(replace(WANTED, **released(**change))) == []


def test_queues_per_slot_move_at_once() -> None:
    assert told(replace(WANTED, queue="per_slot", traffic_steps=[100])) == []


def test_an_agones_of_the_future_is_no_guess() -> None:
    change = released(agones_version="1.61.0", charts=[{**AGONES, "version": "1.61.0"}])
    assert told(replace(WANTED, **change)) == [("error", "release_matrix")]


def test_agones_that_does_not_support_its_kubernetes_says_what_it_supports() -> None:
    change = released(agones_version="1.59.0", charts=[{**AGONES, "version": "1.59.0"}])
    (found,) = findings(replace(WANTED, **change))
    assert found.finding == "Agones 1.59.0 does not support Kubernetes 1.36; it supports 1.33, 1.34, 1.35"


def test_an_addon_says_what_is_offered_instead() -> None:
    (found,) = findings(replace(WANTED, **released(addons=[{"name": "vpc-cni", "version": "v3"}])))
    assert str(found) == (
        "add-on vpc-cni: EKS does not offer v3 for Kubernetes 1.36; it offers v2, v1. Put one of these into the release"
    )


def test_a_chart_says_what_it_lacks() -> None:
    charts = [AGONES, {"chart": "a.tgz", "namespace": None, "version": "1"}]
    (found,) = findings(replace(WANTED, **released(charts=charts)))
    assert found.finding == "its chart 2 has no name and no namespace"


@pytest.mark.parametrize(
    ("addon", "found"),
    [
        ({"name": "vpc-cni"}, "its add-on vpc-cni has no version"),
        ({"name": "vpc-cni", "version": ""}, "its add-on vpc-cni has no version"),
        ({"name": "vpc-cni", "version": None}, "its add-on vpc-cni has no version"),
        ({"version": "v2"}, "its add-on 2 has no name"),
        ({}, "its add-on 2 has no name and no version"),
    ],
)
def test_an_addon_says_what_it_lacks(addon: dict[str, Any], found: str) -> None:
    (one,) = findings(replace(WANTED, **released(addons=[{"name": "vpc-cni", "version": "v2"}, addon])))
    assert (one.severity, one.check, one.finding) == ("error", "release_file", found)


@pytest.mark.parametrize(
    ("group", "found"),
    [
        ({"name": None}, "its node group 1 has no name"),
        ({"name": ""}, "its node group 1 has no name"),
        ({"min_size": None}, "its node group game has no min_size"),
        ({"min_size": 0}, None),
        ({"max_size": None}, "its node group game has no max_size"),
        ({"desired_size": None}, "its node group game has no desired_size"),
        ({"desired_size": None, "max_size": None}, "its node group game has no max_size and no desired_size"),
    ],
)
def test_a_node_group_says_what_it_lacks(group: dict[str, Any], found: str | None) -> None:
    told = findings(replace(WANTED, nodegroups=[{**NODEGROUP, **group}]))
    assert [(one.check, one.resource, one.finding) for one in told] == (
        [("variable_missing", "eks_bluegreen_nodegroups", found)] if found else []
    )


def test_a_node_group_without_anything_is_told_once() -> None:
    (lacking, types) = findings(replace(WANTED, nodegroups=[{}]))
    assert lacking.finding == "its node group 1 has no name and no min_size and no max_size and no desired_size"
    assert (types.check, types.resource) == ("instance_type", "node group 1")


TEMPLATE = {"id": "lt-1", "version": "3"}


@pytest.mark.parametrize(
    ("group", "found"),
    [
        ({"min_size": 4}, "min_size 4 is above desired_size 3"),
        ({"desired_size": 7}, "desired_size 7 is above max_size 6"),
        ({"desired_size": "7"}, "desired_size 7 is above max_size 6"),
        ({"launch_template": {**TEMPLATE, "version": "$Latest"}}, "launch_template.version '$Latest' is not a number"),
        ({"launch_template": {**TEMPLATE, "version": 3}}, None),
        ({"launch_template": "id=lt-1"}, None),
        ({"launch_template": TEMPLATE, "disk_size": 50}, "disk_size belongs in the launch template"),
        ({"disk_size": 50}, None),
        ({"ami_type": "AL2024_x86_64"}, "its ami_type is 'AL2024_x86_64', which the installed botocore does not know"),
        ({"ami_type": ""}, None),
    ],
)
def test_what_the_module_would_refuse_of_a_node_group(group: dict[str, Any], found: str | None) -> None:
    wanted = replace(WANTED, nodegroups=[{**NODEGROUP, **group}])
    errors = [one for one in findings(wanted) if one.severity == "error"]
    assert [(one.check, one.resource) for one in errors] == (
        [("nodegroup_options", "node group game")] if found else []
    )
    assert not found or errors[0].finding.startswith(found)
    assert not [one for one in told(replace(wanted, is_built=False)) if one[0] == "error"]


def test_an_image_of_the_release_that_nobody_knows_is_told_once() -> None:
    image = released(node_image={**IMAGE, "ami_type": "AL2024_x86_64"})
    wanted = replace(WANTED, **image, nodegroups=[NODEGROUP, {**NODEGROUP, "name": "web"}])
    assert [check for severity, check in told(wanted) if severity == "error"] == ["node_image"]
    assert ("error", "node_image") not in told(wanted, replace(WORLD, image_types=()))


@pytest.mark.parametrize(
    ("selectors", "found"),
    [(5, None), (6, "has 6 selectors, but EKS takes at most five")],
)
def test_what_the_module_would_refuse_of_a_fargate_profile(selectors: int, found: str | None) -> None:
    profile = {"name": "system", "selectors": [{"namespace": f"n{number}"} for number in range(selectors)]}
    told = findings(replace(WANTED, fargate_profiles=[profile]))
    assert [(one.severity, one.check, one.resource, one.finding) for one in told] == (
        [("error", "fargate_profile_options", "Fargate profile system", found)] if found else []
    )


def test_a_version_that_eks_does_not_offer() -> None:
    assert told(world=replace(WORLD, offered=["1.35"])) == [("error", "version_offered")]


def test_offers_that_could_not_be_read_are_not_judged() -> None:
    assert told(world=replace(WORLD, offered=None, addons=None)) == []
