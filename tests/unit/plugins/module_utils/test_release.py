"""A release, read of its file: its fields, and all that is wrong with it at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import (
    Chart,
    NodeImage,
    Release,
    ReleaseAddon,
    chart_of,
    read_release,
)

ROOT = Path(__file__).parents[4]
RELEASES = sorted([*(ROOT / "inventories/example-releases").glob("*.yml"), *(ROOT / "lab/releases").glob("*.yml")])
AGONES = {"name": "agones", "namespace": "agones-system", "chart": "agones.tgz", "version": "1.60.0"}
SOUND: dict[str, Any] = {
    "name": "2026-11",
    "kubernetes_version": "1.36",
    "agones_version": "1.60.0",
    "node_image": {"ami_type": "AL2023_x86_64_STANDARD", "release_version": "1.36.1-20261101"},
    "charts": [AGONES],
}
READ = Release(
    name="2026-11",
    kubernetes_version="1.36",
    agones_version="1.60.0",
    node_image=NodeImage("AL2023_x86_64_STANDARD", "1.36.1-20261101"),
    charts=[Chart("agones", "agones-system", "agones.tgz", "1.60.0")],
    addons=[],
)


def told(**change: Any) -> list[tuple[str, str]]:
    return [(problem.where, problem.finding) for problem in read_release({**SOUND, **change})[1]]


def test_a_sound_release_is_its_fields() -> None:
    assert read_release(SOUND) == (READ, [])


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_releases_of_lab_and_example_are_sound(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    release, problems = read_release(document)
    assert problems == []
    assert [chart.name for chart in release.charts] == [chart["name"] for chart in document["charts"]]


@pytest.mark.parametrize(
    ("change", "where", "finding"),
    [
        ({"name": 2026.1}, "name", "its name is 2026.1, not a text"),
        ({"name": None}, "name", "its name is missing"),
        ({"kubernetes_version": 1.36}, "kubernetes_version", "its kubernetes_version is 1.36, not a text"),
        ({"kubernetes_version": ""}, "kubernetes_version", "its kubernetes_version is missing"),
        ({"node_image": {"ami_type": "x"}}, "node_image.release_version", "its node_image has no release_version"),
        ({"node_image": "AL2023"}, "node_image", "its node_image is 'AL2023', not a dictionary"),
        ({"addons": {"vpc-cni": "v1"}}, "addons", "its addons is {'vpc-cni': 'v1'}, not a list"),
        ({"addons": ["vpc-cni"]}, "addons[0]", "its add-on 1 is 'vpc-cni', not a dictionary"),
        ({"addons": [{"name": "vpc-cni"}]}, "addons[0]", "its add-on vpc-cni has no version"),
        ({"addons": [{}]}, "addons[0]", "its add-on 1 has no name and no version"),
        (
            {"addons": [{"name": "vpc-cni", "version": "v1", "before_nodes": "no"}]},
            "addons",
            "its add-on vpc-cni has before_nodes 'no', not true or false",
        ),
        (
            {"charts": [AGONES, {"name": "arena", "chart": "a.tgz", "version": "1"}]},
            "charts[1]",
            "its chart arena has no namespace",
        ),
        ({"charts": "agones.tgz"}, "charts", "its charts is 'agones.tgz', not a list"),
        (
            {"agones_version": "1.61.0"},
            "agones_version",
            "its agones_version is 1.61.0, but that of its chart agones is 1.60.0",
        ),
        ({"charts": []}, "agones_version", "its agones_version is 1.60.0, but that of its chart agones is missing"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(change: dict[str, Any], where: str, finding: str) -> None:
    assert (where, finding) in told(**change)


def test_everything_is_told_at_once() -> None:
    assert [where for where, _finding in told(name=7, node_image=None, addons=[{}, 3], charts=[AGONES, {}])] == [
        "name",
        "node_image.ami_type",
        "node_image.release_version",
        "charts[1]",
        "addons[0]",
        "addons[1]",
    ]


@pytest.mark.parametrize("document", [None, [], "2026-11"])
def test_a_file_that_is_no_dictionary_has_no_field(document: object) -> None:
    release, problems = read_release(document)
    assert problems[0].finding == f"it is {document!r}, not a dictionary"
    assert (release.name, list(release.charts), release.node_image) == ("", [], NodeImage("", ""))


def test_an_agones_that_is_missing_twice_is_told_once() -> None:
    assert told(agones_version=None, charts=None) == [("agones_version", "its agones_version is missing")]


def test_numbers_are_texts_where_they_can_be() -> None:
    release, _problems = read_release({**SOUND, "kubernetes_version": 1.36, "charts": [{**AGONES, "version": 2}]})
    assert (release.kubernetes_version, release.charts[0].version) == ("1.36", "2")


def test_roles_get_what_was_set() -> None:
    addon = {"name": "coredns", "version": "v1", "configuration_values": {"computeType": "Fargate"}}
    charts = [{**AGONES, "values": {"replicas": 2}}, {**AGONES, "name": "arena", "digest": "sha256:1"}]
    release, _problems = read_release({**SOUND, "addons": [addon, {**addon, "before_nodes": True}], "charts": charts})
    assert release.as_dict() == {
        **SOUND,
        "addons": [addon, {**addon, "before_nodes": True}],
        "charts": [AGONES, {**AGONES, "name": "arena", "digest": "sha256:1"}],
    }


@pytest.mark.parametrize(
    ("lacks", "is_complete"),
    [({}, True), ({"version": ""}, False), ({"namespace": None}, False), ({"digest": ""}, True)],
)
def test_a_chart_is_complete_with_what_it_needs(lacks: dict[str, Any], is_complete: bool) -> None:
    assert chart_of({**AGONES, **lacks}).is_complete is is_complete


def test_an_addon_is_complete_with_name_and_version() -> None:
    assert ReleaseAddon("vpc-cni", "v1").is_complete
    assert not ReleaseAddon("vpc-cni", "").is_complete


def test_a_chart_has_the_values_that_it_is_given() -> None:
    chart = chart_of({**AGONES, "digest": None, "values": {"read": "never"}}, {"replicas": 2})
    assert chart == Chart("agones", "agones-system", "agones.tgz", "1.60.0", values={"replicas": 2})
    assert chart_of(AGONES).values == {}


@pytest.mark.parametrize(
    ("source", "is_local"),
    [
        ("/srv/charts/agones-1.60.0.tgz", True),
        ("./charts/agones", True),
        ("~/charts/agones", True),
        ("charts/agones-1.60.0.tgz", True),
        ("oci://registry.example.com/charts/agones", False),
        ("https://charts.example.com/agones-1.60.0.tgz", False),
        ("agones/agones", False),
    ],
)
def test_where_a_chart_comes_from(source: str, is_local: bool) -> None:
    assert Chart("agones", "ns", source, "1").is_local is is_local
