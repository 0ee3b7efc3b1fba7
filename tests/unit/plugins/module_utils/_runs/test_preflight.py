"""Every reason not to start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.direction import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.preflight import (
    Inside,
    Matrix,
    Sticky,
    Subnet,
    Wanted,
    World,
    is_conformant,
    judge,
)

RELEASE = {
    "name": "2026-11",
    "kubernetes_version": "1.36",
    "agones_version": "1.60.0",
    "node_image": {"ami_type": "AL2023", "release_version": "1.36.1"},
    "charts": [{"name": "agones", "version": "1.60.0"}],
}
OLD = {
    "name": "2026-10",
    "kubernetes_version": "1.35",
    "node_image": {"ami_type": "AL2023", "release_version": "1.35.2"},
    "addons": [{"name": "vpc-cni", "version": "v1"}],
    "charts": [{"name": "agones", "version": "1.59.0"}],
}
MATRIX = Matrix("https://agones.dev", {"1.59": ["1.33", "1.34", "1.35"], "1.60": ["1.34", "1.35", "1.36"]})
SERVICES = [{"name": "mm", "target_groups": {"blue": "mm-blue", "green": "mm-green"}}]
WANTED = Wanted("arena", RELEASE, OLD, MATRIX, {"eks_bluegreen_node_role_arn": "arn"}, "none", SERVICES)
TAGS = {"eks-bluegreen/environment": "arena"}
SOURCE = {
    "slot": "blue",
    "cluster_name": "arena-blue",
    "exists": True,
    "status": "ACTIVE",
    "version": "1.35",
    "release": "2026-10",
    "endpoint": "https://blue",
    "tags": TAGS,
    "target_group_arns": {"mm": "arn:mm-blue"},
}
TARGET = {
    **SOURCE,
    "slot": "green",
    "cluster_name": "arena-green",
    "exists": False,
    "status": "",
    "version": "",
    "release": "",
    "tags": {},
    "target_group_arns": {},
}
BUILT = {**TARGET, "exists": True, "status": "ACTIVE", "version": "1.36", "release": "2026-11", "tags": TAGS}
PUBLIC = Subnet("subnet-1", "public-a", "public", "a", True, True)
PRIVATE = Subnet("subnet-2", "private-b", "private", "b", False, False)
GROUP = {"nodegroupName": "game", "amiType": "AL2023", "releaseVersion": "1.35.2"}
WORLD = World(
    source=SOURCE,
    target=TARGET,
    is_resumed=False,
    offered=["1.35", "1.36"],
    subnets=[PUBLIC, PRIVATE],
    owners={"arena": ""},
    sticky=[],
    inside=Inside([GROUP], {"vpc-cni": "v1"}, {"agones": "1.59.0"}),
)


def told(wanted: Wanted = WANTED, world: World = WORLD) -> list[tuple[str, str]]:
    return [(one.severity, one.check) for one in judge(wanted, world, [], [])]


def test_a_sound_environment_has_no_finding() -> None:
    assert told() == []
    assert is_conformant(judge(WANTED, WORLD, [], []))


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"variables": {"a": None}}, ("error", "variable_missing")),
        ({"variables": {"a": []}}, ("error", "variable_missing")),
        ({"queue": "per_slot"}, ("error", "queue_kind")),
        ({"release": {**RELEASE, "kubernetes_version": "1.33"}}, ("error", "release_matrix")),
        ({"release": {**RELEASE, "name": 2026.1}}, ("error", "release_file")),
        ({"release": {**RELEASE, "node_image": {"ami_type": "x"}}}, ("error", "release_file")),
        ({"release": {**RELEASE, "charts": []}}, ("error", "release_file")),
        ({"source_release": None}, ("warning", "source_release")),
        ({"source_release": {**OLD, "kubernetes_version": "1.34"}}, ("warning", "source_conformant")),
    ],
)
def test_what_is_wanted_is_judged(change: dict[str, Any], finding: tuple[str, str]) -> None:
    assert finding in told(replace(WANTED, **change))


def test_an_agones_of_the_future_is_no_guess() -> None:
    release = {**RELEASE, "agones_version": "1.61.0", "charts": [{"name": "agones", "version": "1.61.0"}]}
    assert told(replace(WANTED, release=release)) == [("error", "release_matrix")]


def test_agones_that_does_not_support_its_kubernetes_says_what_it_supports() -> None:
    release = {**RELEASE, "agones_version": "1.59.0", "charts": [{"name": "agones", "version": "1.59.0"}]}
    (found,) = judge(replace(WANTED, release=release), WORLD, [], [])
    assert found.finding == "Agones 1.59.0 does not support Kubernetes 1.36; it supports 1.33, 1.34, 1.35"


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"offered": ["1.35"]}, ("error", "version_offered")),
        ({"subnets": [replace(PUBLIC, has_internet_gateway=False), PRIVATE]}, ("error", "public_subnet")),
        ({"subnets": [replace(PUBLIC, maps_public_ip=False), PRIVATE]}, ("error", "public_subnet")),
        ({"subnets": [PUBLIC, replace(PRIVATE, has_internet_gateway=True)]}, ("error", "private_subnet")),
        ({"subnets": [PUBLIC, replace(PRIVATE, zone="a")]}, ("error", "two_zones")),
        ({"owners": {"arena": "arena-blue"}}, ("error", "load_balancer_owned")),
        ({"sticky": [Sticky("rule", 300, True)]}, ("error", "stickiness")),
        ({"sticky": [Sticky("group", 300, False)]}, ("warning", "target_stickiness")),
        (
            {"source": {**SOURCE, "target_group_arns": {}}, "target": {**TARGET, "target_group_arns": {"mm": "arn"}}},
            ("error", "target_group_partner"),
        ),
        ({"source": {**SOURCE, "exists": False}}, ("error", "source_exists")),
        ({"source": {**SOURCE, "status": "UPDATING"}}, ("error", "source_status")),
        ({"source": {**SOURCE, "release": ""}}, ("warning", "source_release")),
        ({"inside": replace(WORLD.inside, charts=None, unreachable="refused")}, ("error", "source_reachable")),
        ({"inside": replace(WORLD.inside, charts={})}, ("warning", "source_conformant")),
        ({"inside": replace(WORLD.inside, addons={})}, ("warning", "source_conformant")),
        ({"inside": replace(WORLD.inside, nodegroups=[{**GROUP, "amiType": "x"}])}, ("warning", "source_conformant")),
        ({"target": {**BUILT, "tags": {}}}, ("error", "target_foreign")),
        ({"target": {**BUILT, "release": "2026-09"}}, ("error", "target_leftover")),
        ({"target": {**BUILT, "version": "1.34"}}, ("error", "target_leftover")),
        ({"target": {**BUILT, "status": "DELETING"}}, ("error", "target_status")),
    ],
)
def test_what_was_observed_is_judged(change: dict[str, Any], finding: tuple[str, str]) -> None:
    assert told(world=replace(WORLD, **change)) == [finding]


@pytest.mark.parametrize(
    "change",
    [
        {"offered": None},
        {"target": BUILT},
        {"is_resumed": True, "target": {**BUILT, "release": "", "status": "CREATING"}},
        {"subnets": []},
    ],
)
def test_what_is_no_reason(change: dict[str, Any]) -> None:
    assert told(world=replace(WORLD, **change)) == []


def test_errors_come_first_once_and_can_be_accepted() -> None:
    world = replace(WORLD, sticky=[Sticky("rule", 300, True), Sticky("group", 300, False)])
    known = [Finding("error", "subnet_exists", "subnets", "none", "Name some")]
    found = judge(WANTED, world, known * 2, ["stickiness"])
    assert [(one.severity, one.check) for one in found] == [
        ("error", "subnet_exists"),
        ("warning", "stickiness"),
        ("warning", "target_stickiness"),
    ]
