"""Bad input gets a clear error."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.inputs import (
    read_inputs,
    region_problem,
    release_problem,
)

SLOTS = {"blue": {"cluster_name": "arena-blue"}, "green": {"cluster_name": "arena-green"}}
SERVICES = [{"name": "matchmaker", "target_groups": {"blue": "mm-blue", "green": "mm-green"}}]


@pytest.mark.parametrize(
    ("release", "said"),
    [
        (2026.1, "is 2026.1, not a string: YAML read the name as a float"),
        (2026, "YAML read the name as a int"),
        (True, "YAML read the name as a bool"),
        ("2026/11", "letters, digits, dots"),
        ("", "letters, digits, dots"),
        ("x" * 41, "up to 40"),
        ("2026-12", "holds 2026-10, 2026-11; did you mean 2026-1"),
        ("spring", "holds 2026-10, 2026-11"),
    ],
)
def test_a_release_that_is_none(release: Any, said: str) -> None:
    assert said in (release_problem(release, ["2026-10", "2026-11"], "/releases") or "")


def test_a_release() -> None:
    assert release_problem("2026-11", ["2026-10", "2026-11"], "/releases") is None
    assert "/releases (eks_bluegreen_releases_dir) holds no release" in (release_problem("a", [], "/releases") or "")


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (None, "is not set"),
        ("", "is not set"),
        ("eu-wset-1", "did you mean eu-west-1"),
        ("mars", "not a region with EKS"),
    ],
)
def test_a_region_that_is_none(region: Any, said: str) -> None:
    assert said in (region_problem(region, ["eu-west-1", "us-east-1"]) or "")
    assert region_problem("us-east-1", ["eu-west-1", "us-east-1"]) is None


def test_a_whole_environment() -> None:
    inputs = read_inputs(SLOTS, SERVICES, ["arena"])
    assert inputs.clusters == {"blue": "arena-blue", "green": "arena-green"}
    assert inputs.services[0].target_groups["green"] == "mm-green"


@pytest.mark.parametrize(
    ("slots", "services", "balancers", "said"),
    [
        ({"blue": {}, "purple": {}}, SERVICES, ["arena"], "names blue, purple: there are exactly two slots"),
        ({}, SERVICES, ["arena"], "names nothing"),
        ({**SLOTS, "green": {}}, SERVICES, ["arena"], "eks_bluegreen_slots.green has no cluster_name"),
        ({**SLOTS, "green": SLOTS["blue"]}, SERVICES, ["arena"], "names the same cluster"),
        (SLOTS, [], ["arena"], "eks_bluegreen_services is empty"),
        (SLOTS, SERVICES, [], "eks_bluegreen_load_balancers is empty"),
        (SLOTS, [{"name": "a"}], ["arena"], r"eks_bluegreen_services\[0\] needs a name, and target_groups"),
        (SLOTS, ["a"], ["arena"], "needs a name"),
        (
            SLOTS,
            [{"name": "a", "target_groups": {"blue": "x"}}],
            ["arena"],
            "has no target group for green: name the partner of x",
        ),
        (SLOTS, [{"name": "a", "target_groups": {"blue": "x", "green": "x"}}], ["arena"], "share target group x"),
        (
            SLOTS,
            [{"name": "a", "target_groups": {"blue": "x", "green": "y", "red": "z"}}],
            ["arena"],
            "has a target group for red: the slots are blue and green",
        ),
    ],
)
def test_an_environment_that_is_none(slots: Any, services: Any, balancers: Any, said: str) -> None:
    with pytest.raises(BlueGreenError, match=said):
        read_inputs(slots, services, balancers)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(BlueGreenError) as caught:
        read_inputs({}, [], [])
    assert len(caught.value.details["problems"]) == 3
