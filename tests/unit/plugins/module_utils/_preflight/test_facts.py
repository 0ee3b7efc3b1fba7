"""What is wanted and what was read: small questions that all checks ask."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Balancer,
    error,
    image_of,
    own_subnets,
    warning,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import read_release

from tests.unit.plugins.module_utils._preflight.worlds import BALANCER_ARN, SOURCE, TARGET, WANTED, WORLD, group

IMAGE = {"ami_type": "AL2023_x86_64_STANDARD"}


@pytest.mark.parametrize(
    ("node_group", "release", "image"),
    [
        ({}, {"node_image": IMAGE}, "AL2023_x86_64_STANDARD"),
        ({"ami_type": "BOTTLEROCKET_x86_64"}, {"node_image": IMAGE}, "BOTTLEROCKET_x86_64"),
        # A launch template names the image.
        ({"ami_type": ""}, {"node_image": IMAGE}, ""),
        ({"ami_type": None}, {"node_image": IMAGE}, ""),
        ({}, {"node_image": None}, ""),
        ({}, {}, ""),
    ],
)
def test_a_node_group_s_own_image_comes_before_the_release_s(
    node_group: dict[str, Any], release: dict[str, Any], image: str
) -> None:
    assert image_of(node_group, read_release(release)[0], "ami_type") == image


@pytest.mark.parametrize(
    ("named", "found"),
    [
        (["a", "b"], ["a", "b"]),
        ("a, b", ["a", "b"]),
        ("", []),
        (None, []),
        ([], []),
    ],
)
def test_subnets_may_be_a_list_or_a_text(named: Any, found: list[str]) -> None:
    assert own_subnets({"subnet_ids": named}) == found
    assert own_subnets({}) == []


@pytest.mark.parametrize(
    ("arn", "kind"),
    [(BALANCER_ARN, "application"), (BALANCER_ARN.replace("/app/", "/net/"), "network")],
)
def test_the_kind_of_a_load_balancer_is_in_its_arn(arn: str, kind: str) -> None:
    assert Balancer("arena", arn).kind == kind


def test_a_pair_is_the_source_s_group_and_the_target_s() -> None:
    blue, green = group("blue"), group("green")
    other = replace(blue, service="voice")
    world = replace(WORLD, groups=[other, green, blue])
    assert world.pair("mm") == (blue, green)
    assert replace(world, source=TARGET, target=SOURCE).pair("mm") == (green, blue)
    assert world.pair("voice") == (other, None)
    assert world.pair("lobby") == (None, None)
    assert blue.name == "mm-blue"


def test_a_release_has_a_name_to_be_told_by() -> None:
    assert WANTED.release_name == "release 2026-11"
    assert replace(WANTED, release=read_release({})[0]).release_name == "release "


def test_findings_are_errors_or_warnings() -> None:
    severities = [make("stickiness", "arena", "it is sticky", "Turn it off").severity for make in (error, warning)]
    assert severities == ["error", "warning"]
