"""The source and the target's place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.plugins.module_utils._preflight.worlds import (
    BUILT,
    HAS_GROUP,
    NODEGROUP,
    SOURCE,
    WANTED,
    WORLD,
    running,
    told,
)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"source": {**SOURCE, "exists": False}}, ("error", "source_exists")),
        ({"source": {**SOURCE, "status": "UPDATING"}}, ("error", "source_status")),
        ({"source": {**SOURCE, "release": ""}}, ("warning", "source_release")),
        ({"inside": replace(WORLD.inside, charts=None, unreachable="refused")}, ("error", "source_reachable")),
        ({"inside": replace(WORLD.inside, charts={})}, ("warning", "source_conformant")),
        ({"inside": replace(WORLD.inside, addons={})}, ("warning", "source_conformant")),
        (
            {"inside": replace(WORLD.inside, nodegroups=[{**HAS_GROUP, "amiType": "x"}])},
            ("warning", "source_conformant"),
        ),
        ({"target": {**BUILT, "tags": {}}}, ("error", "target_foreign")),
        ({"target": {**BUILT, "release": "2026-09"}}, ("error", "target_leftover")),
        ({"target": {**BUILT, "version": "1.34"}}, ("error", "target_leftover")),
        ({"target": {**BUILT, "status": "DELETING"}}, ("error", "target_status")),
    ],
)
def test_the_clusters_are_judged(change: dict[str, Any], finding: tuple[str, str]) -> None:
    assert told(world=replace(WORLD, **change)) == [finding]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"source_release": None}, ("warning", "source_release")),
        ({"source_release": running(kubernetes_version="1.34")}, ("warning", "source_conformant")),
    ],
)
def test_the_source_is_compared_with_its_release(change: dict[str, Any], finding: tuple[str, str]) -> None:
    assert told(replace(WANTED, **change)) == [finding]


@pytest.mark.parametrize(
    ("addons", "found"),
    [
        ([{"name": "vpc-cni", "version": "v1"}], []),
        ([{"name": "vpc-cni", "version": "v0"}], [("warning", "source_conformant")]),
        ([{"name": "vpc-cni", "version": "default"}], []),
        ([{"name": "vpc-cni", "version": "latest"}], []),
        ([{"name": "vpc-cni"}], []),
        ([{"version": "v1"}], []),
        ([], []),
    ],
)
def test_addons_are_compared_by_the_version_that_is_named(
    addons: list[dict[str, Any]], found: list[tuple[str, str]]
) -> None:
    assert told(replace(WANTED, source_release=running(addons=addons))) == found


@pytest.mark.parametrize("chart", [{"name": "agones"}, {"version": "1.59.0"}, {}])
def test_a_chart_of_the_source_that_lacks_something_is_not_compared(chart: dict[str, Any]) -> None:
    assert told(replace(WANTED, source_release=running(charts=[chart]))) == []


@pytest.mark.parametrize(
    ("group", "have", "found"),
    [
        ({}, {}, []),
        ({"release_version": "1.35.3-20261115"}, {}, [("warning", "source_conformant")]),
        ({"release_version": "1.35.3-20261115"}, {"releaseVersion": "1.35.3-20261115"}, []),
        ({"ami_type": "AL2023_x86_64_NVIDIA"}, {"amiType": "AL2023_x86_64_NVIDIA"}, []),
        ({"ami_type": "", "release_version": ""}, {"amiType": "CUSTOM", "releaseVersion": "ami-1"}, []),
        ({"name": "other", "ami_type": "AL2023_x86_64_NVIDIA"}, {}, []),
    ],
)
def test_a_node_group_is_compared_with_its_own_image(
    group: dict[str, Any], have: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    wanted = replace(WANTED, nodegroups=[{**NODEGROUP, **group}])
    assert told(wanted, replace(WORLD, inside=replace(WORLD.inside, nodegroups=[{**HAS_GROUP, **have}]))) == found


@pytest.mark.parametrize(
    "change",
    [{"target": BUILT}, {"is_resumed": True, "target": {**BUILT, "release": "", "status": "CREATING"}}],
)
def test_what_is_no_reason(change: dict[str, Any]) -> None:
    assert told(world=replace(WORLD, **change)) == []
