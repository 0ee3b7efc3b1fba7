"""Bad input is refused before anything is written, naming the variable or the file, and what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lab.world.config import REPOSITORY
from tests.theatre import Played, Run, Theatre

RELEASES = REPOSITORY / "lab" / "releases"
# What is wrong, and words that the refusal must have.
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown release": ({"eks_bluegreen_release": "2027-01"}, ["2027-01", "2026-11"]),
    "release is a number": ({"eks_bluegreen_release": 2026.1}, ["eks_bluegreen_release", "quotes"]),
    "Agones without its Kubernetes": ({"eks_bluegreen_release": "2026-12"}, ["1.59", "1.36"]),
    "unknown region": ({"eks_bluegreen_region": "eu-nowhere-9"}, ["eu-nowhere-9"]),
    "slot": ({"eks_bluegreen_slots": {"red": {"cluster_name": "arena-red"}}}, ["eks_bluegreen_slots", "red"]),
    "private subnet": ({"eks_bluegreen_public_subnets": ["arena-private-a"]}, ["arena-private-a"]),
    "no such load balancer": ({"eks_bluegreen_load_balancers": ["elsewhere"]}, ["elsewhere"]),
    "target group without its partner": (
        {"eks_bluegreen_services": [{"name": "matchmaker", "target_groups": {"blue": "arena-matchmaker-blue"}}]},
        ["matchmaker", "green"],
    ),
    "Fleet of the drain": (
        {"eks_bluegreen_drain_fleets": [{"name": "aerna"}]},
        ["aerna", "blue has no such Fleet", "arena"],
    ),
    "pace of the drain": ({"session_drain_players_per_second": 0}, ["players_per_second is 0", "above 0"]),
    "no bucket": ({"eks_bluegreen_state_bucket": "no-such-bucket"}, ["no-such-bucket", "bootstrap"]),
}


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lab's releases, and one whose Agones does not support its Kubernetes."""
    folder = tmp_path_factory.mktemp("releases")
    for path in RELEASES.glob("*.yml"):
        shutil.copy(path, folder)
    text = (RELEASES / "2026-11.yml").read_text()
    (folder / "2026-12.yml").write_text(text.replace("2026-11", "2026-12").replace("1.60.0", "1.59.0"))
    return folder


@pytest.fixture(scope="module")
def answers(theatre: Theatre, releases: Path) -> dict[str, Played]:
    """Every case's run, two at a time: they wait for no one, because they write nothing."""
    before = written(theatre)
    runs: dict[str, Run] = {}
    for name, (variables, _said) in CASES.items():
        for earlier in list(runs.values())[-2:-1]:
            earlier.finish()
        wanted = {"eks_bluegreen_releases_dir": str(releases), **variables}
        runs[name] = theatre.start("upgrade", "-e", json.dumps(wanted))
    found = {name: run.finish() for name, run in runs.items()}
    assert written(theatre) == before
    return found


def written(theatre: Theatre) -> tuple[Any, ...]:
    """What a run would write."""
    return theatre.weights(), theatre.destination(), theatre.clusters(), theatre.record()


@pytest.mark.parametrize("case", CASES)
def test_refused(answers: dict[str, Played], case: str) -> None:
    played = answers[case]
    assert played.code != 0
    assert [text for text in CASES[case][1] if text not in played.output] == []


def test_a_lab_that_is_not_running_is_said_to_be(theatre: Theatre) -> None:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.99.0.1:4566", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    played = theatre.start("upgrade", "-e", json.dumps({"eks_bluegreen_environment": nowhere})).finish()
    assert played.code != 0
    assert "http://127.99.0.1:4566" in played.output
