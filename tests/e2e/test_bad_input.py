"""Bad input is refused before anything is written, naming the variable or the file, and what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lab.config import REPOSITORY
from tests.e2e.conftest import Theatre

RELEASES = REPOSITORY / "lab" / "releases"


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lab's releases, and one whose Agones does not support its Kubernetes."""
    folder = tmp_path_factory.mktemp("releases")
    for path in RELEASES.glob("*.yml"):
        shutil.copy(path, folder)
    text = (RELEASES / "2026-11.yml").read_text()
    (folder / "2026-12.yml").write_text(text.replace("2026-11", "2026-12").replace("1.60.0", "1.59.0"))
    return folder


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param({"eks_bluegreen_release": "2027-01"}, ["2027-01", "2026-11"], id="unknown release"),
        pytest.param({"eks_bluegreen_release": 2026.1}, ["eks_bluegreen_release", "quotes"], id="release is a number"),
        pytest.param({"eks_bluegreen_release": "2026-12"}, ["1.59", "1.36"], id="Agones without its Kubernetes"),
        pytest.param({"eks_bluegreen_region": "eu-nowhere-9"}, ["eu-nowhere-9"], id="unknown region"),
        pytest.param(
            {"eks_bluegreen_slots": {"red": {"cluster_name": "arena-red"}}}, ["eks_bluegreen_slots", "red"], id="slot"
        ),
        pytest.param({"eks_bluegreen_public_subnets": ["arena-private-a"]}, ["arena-private-a"], id="private subnet"),
        pytest.param({"eks_bluegreen_load_balancers": ["elsewhere"]}, ["elsewhere"], id="no such load balancer"),
        pytest.param(
            {"eks_bluegreen_services": [{"name": "matchmaker", "target_groups": {"blue": "arena-matchmaker-blue"}}]},
            ["matchmaker", "green"],
            id="target group without its partner",
        ),
        pytest.param({"eks_bluegreen_state_bucket": "no-such-bucket"}, ["no-such-bucket", "bootstrap"], id="no bucket"),
    ],
)
def test_refused(theatre: Theatre, releases: Path, variables: dict[str, Any], said: list[str]) -> None:
    before = (theatre.weights(), theatre.destination(), theatre.clusters(), theatre.record())
    wanted = {"eks_bluegreen_releases_dir": str(releases), **variables}
    played = theatre.start("upgrade", "-e", json.dumps(wanted)).finish()
    assert played.code != 0
    assert [text for text in said if text not in played.output] == []
    assert (theatre.weights(), theatre.destination(), theatre.clusters(), theatre.record()) == before


def test_a_lab_that_is_not_running_is_said_to_be(theatre: Theatre) -> None:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.99.0.1:4566", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    played = theatre.start("upgrade", "-e", json.dumps({"eks_bluegreen_environment": nowhere})).finish()
    assert played.code != 0
    assert "http://127.99.0.1:4566" in played.output
