"""Addresses, the programs' inheritance, and the two files that the agent reads."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from lab.node_agent.agent import next_number, read_images, strip_environment
from lab.node_agent.cluster import ClusterFile
from lab.world.config import LabConfig, LabError


@pytest.mark.parametrize(
    ("taken", "last", "expected"),
    [
        (set(), 0, 1),
        ({1}, 1, 2),
        (set(), 1, 2),
        ({2, 3}, 1, 4),
        (set(), 254, 1),
        ({1, 2}, 254, 3),
        (set(range(1, 254)), 254, 254),
        (set(range(1, 255)), 7, None),
    ],
)
def test_an_address_rests_before_it_is_used_again(taken: set[int], last: int, expected: int | None) -> None:
    assert next_number(taken, last) == expected


def test_programs_do_not_inherit_credentials_clusters_and_proxies() -> None:
    environ = {
        "PATH": "/bin",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_PROFILE": "p",
        "KUBECONFIG": "/k",
        "https_proxy": "p",
        "NO_PROXY": "x",
        "LAB_NUMBER": "43",
    }
    strip_environment(environ)
    assert environ == {"PATH": "/bin", "LAB_NUMBER": "43"}


@pytest.fixture
def config(tmp_path: Path) -> LabConfig:
    return LabConfig.from_environment({"LAB_STATE": str(tmp_path), "LAB_IMAGES": str(tmp_path / "images.yml")})


def test_images_are_read(config: LabConfig) -> None:
    config.images.write_text("repo/app: [python, -m, app]\n")
    assert read_images(config) == {"repo/app": ["python", "-m", "app"]}


@pytest.mark.parametrize("text", ["", "[a, b]", "repo/app: python", "repo/app: []", "a: [b"])
def test_a_bad_image_file_is_named(config: LabConfig, text: str) -> None:
    config.images.write_text(text)
    with pytest.raises(LabError, match=r"LAB_IMAGES .*images\.yml"):
        read_images(config)


def test_the_images_of_the_lab_are_good(config: LabConfig) -> None:
    images = read_images(replace(config, images=LabConfig.from_environment({}).images))
    assert all(name.startswith("gameops-lab/") for name in images)


def test_the_clusters_file_is_read_again_when_it_changes(config: LabConfig) -> None:
    path = config.cluster_dir("c") / "cluster.json"
    path.parent.mkdir(parents=True)
    data = {
        "name": "c",
        "index": 1,
        "region": "eu-west-1",
        "version": "1.35",
        "kubeconfig": "/k",
        "fargate_profiles": [],
    }
    path.write_text(json.dumps(data))
    file = ClusterFile(config, "c")
    assert file.read().profiles == []
    assert file.read() is file.read()
    profile = {"name": "p", "selectors": [{"namespace": "n"}], "status": "ACTIVE"}
    path.write_text(json.dumps({**data, "fargate_profiles": [profile]}))
    os.utime(path, ns=(1, 1))
    assert file.read().profiles[0].selectors[0].labels == {}


def test_a_cluster_that_is_not_there_is_named(config: LabConfig) -> None:
    with pytest.raises(LabError, match=r"cluster\.json does not exist"):
        ClusterFile(config, "c").read()
    path = config.cluster_dir("c") / "cluster.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    with pytest.raises(LabError, match="is not a cluster's file"):
        ClusterFile(config, "c").read()
