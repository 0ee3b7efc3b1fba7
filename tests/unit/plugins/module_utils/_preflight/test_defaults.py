"""What EKS makes of a target for which no one chooses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.plugins.module_utils._preflight.worlds import (
    AGONES,
    NODEGROUP,
    RELEASE,
    WANTED,
    findings,
    released,
    told,
)

OPEN = ("warning", "api_open")
NO_DNS = ("warning", "cluster_dns")
# Small enough for the quotas twice.
SMALL = {**NODEGROUP, "max_size": 3}
GAME_ONLY = {**SMALL, "taints": [{"key": "game", "effect": "NO_SCHEDULE"}]}
EVICTING = {**SMALL, "taints": [{"key": "game", "effect": "NO_EXECUTE"}]}
LENIENT = {**SMALL, "taints": [{"key": "game", "effect": "PREFER_NO_SCHEDULE"}]}
COREDNS = {"name": "coredns", "version": "default"}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"is_public": True}, [OPEN]),
        ({"is_public": True, "public_cidrs": ["0.0.0.0/0"]}, [OPEN]),
        ({"is_public": True, "public_cidrs": ["198.51.100.0/24", "::/0"]}, [OPEN]),
        ({"is_public": True, "public_cidrs": ["198.51.100.0/24"]}, []),
        ({"is_public": True, "public_cidrs": ["198.51.100.0/24", "10.0.0.0/8"]}, []),
        ({"is_public": False}, []),
        ({"is_public": False, "public_cidrs": ["0.0.0.0/0"]}, []),
        ({"is_public": True, "is_built": False}, []),
    ],
)
def test_an_api_for_the_whole_internet(change: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert told(replace(WANTED, **change)) == found


@pytest.mark.parametrize(
    ("cidrs", "why"),
    [
        ([], "eks_bluegreen_cluster_public_access_cidrs is not set"),
        (["10.0.0.0/8", "0.0.0.0/0"], "eks_bluegreen_cluster_public_access_cidrs contains 0.0.0.0/0"),
    ],
)
def test_an_open_api_says_why(cidrs: list[str], why: str) -> None:
    (found,) = findings(replace(WANTED, is_public=True, public_cidrs=cidrs))
    assert found.resource == "cluster arena-green"
    assert found.finding == f"its API server will answer the whole internet: {why}"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"nodegroups": [GAME_ONLY]}, [NO_DNS]),
        ({"nodegroups": [GAME_ONLY, EVICTING]}, [NO_DNS]),
        ({"nodegroups": [GAME_ONLY, SMALL]}, []),
        ({"nodegroups": [LENIENT]}, []),
        ({"nodegroups": [{**SMALL, "taints": None}]}, []),
        ({"nodegroups": []}, []),
        ({"nodegroups": [GAME_ONLY], "is_built": False}, []),
        ({"nodegroups": [GAME_ONLY], **released(charts=[AGONES, {**AGONES, "name": "coredns"}])}, []),
    ],
)
def test_a_dns_that_finds_no_node(change: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert told(replace(WANTED, **change)) == found


def test_a_dns_that_the_release_names() -> None:
    release = released(addons=[*RELEASE["addons"], COREDNS])
    assert NO_DNS not in told(replace(WANTED, **release, nodegroups=[GAME_ONLY]))
