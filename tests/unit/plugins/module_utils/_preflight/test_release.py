"""The variables and the release file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.plugins.module_utils._preflight.worlds import AGONES, RELEASE, WANTED, WORLD, findings, told

IMAGE = RELEASE["node_image"]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"variables": {"a": None}}, ("error", "variable_missing")),
        ({"variables": {"a": []}}, ("error", "variable_missing")),
        ({"queue": "sharded"}, ("error", "queue_kind")),
        ({"queue": "per_slot"}, ("error", "queue_kind")),
        ({"queue": "per_slot", "traffic_steps": [10, 100]}, ("error", "queue_kind")),
        ({"release": {**RELEASE, "kubernetes_version": "1.33"}}, ("error", "release_matrix")),
        ({"release": {**RELEASE, "name": 2026.1}}, ("error", "release_file")),
        ({"release": {**RELEASE, "node_image": {"ami_type": "x"}}}, ("error", "release_file")),
        ({"release": {**RELEASE, "node_image": {**IMAGE, "release_version": "1.35.9-2"}}}, ("error", "node_image")),
        ({"release": {**RELEASE, "node_image": {**IMAGE, "release_version": "1.3"}}}, ("error", "node_image")),
        ({"release": {**RELEASE, "charts": []}}, ("error", "release_file")),
        ({"release": {**RELEASE, "addons": [{"name": "vpc-cni", "version": "v3"}]}}, ("error", "addon_offered")),
        ({"release": {**RELEASE, "addons": [{"name": "coredns", "version": "v1"}]}}, ("error", "addon_offered")),
    ],
)
def test_what_is_wanted_is_judged(change: dict[str, Any], finding: tuple[str, str]) -> None:
    assert finding in told(replace(WANTED, **change))


@pytest.mark.parametrize(
    "release",
    [
        {**RELEASE, "addons": [{"name": "vpc-cni", "version": "latest"}]},
        {**RELEASE, "addons": [{"name": "vpc-cni"}]},
        {**RELEASE, "node_image": {"ami_type": "BOTTLEROCKET_x86_64", "release_version": "1.49.0-713f44ce"}},
    ],
)
def test_what_is_no_reason(release: dict[str, Any]) -> None:
    assert told(replace(WANTED, release=release)) == []


def test_queues_per_slot_move_at_once() -> None:
    assert told(replace(WANTED, queue="per_slot", traffic_steps=[100])) == []


def test_an_agones_of_the_future_is_no_guess() -> None:
    release = {**RELEASE, "agones_version": "1.61.0", "charts": [{**AGONES, "version": "1.61.0"}]}
    assert told(replace(WANTED, release=release)) == [("error", "release_matrix")]


def test_agones_that_does_not_support_its_kubernetes_says_what_it_supports() -> None:
    release = {**RELEASE, "agones_version": "1.59.0", "charts": [{**AGONES, "version": "1.59.0"}]}
    (found,) = findings(replace(WANTED, release=release))
    assert found.finding == "Agones 1.59.0 does not support Kubernetes 1.36; it supports 1.33, 1.34, 1.35"


def test_an_addon_says_what_is_offered_instead() -> None:
    release = {**RELEASE, "addons": [{"name": "vpc-cni", "version": "v3"}]}
    (found,) = findings(replace(WANTED, release=release))
    assert str(found) == (
        "add-on vpc-cni: EKS does not offer v3 for Kubernetes 1.36; it offers v2, v1. Put one of these into the release"
    )


def test_a_chart_says_what_it_lacks() -> None:
    release = {**RELEASE, "charts": [AGONES, {"chart": "a.tgz", "namespace": None, "version": "1"}]}
    (found,) = findings(replace(WANTED, release=release))
    assert found.finding == "its chart 2 has no name and no namespace"


def test_a_version_that_eks_does_not_offer() -> None:
    assert told(world=replace(WORLD, offered=["1.35"])) == [("error", "version_offered")]


def test_offers_that_could_not_be_read_are_not_judged() -> None:
    assert told(world=replace(WORLD, offered=None, addons=None)) == []
