"""What the drain is told by its role's options, and when it is reviewed before anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import PHASES, PHASES_AFTER_CUTOVER

ROLE = Path(__file__).parents[3] / "roles" / "session_drain"
MODULE = "gameops.eks_bluegreen.agones_session_drain"
OMIT = "__omitted__"
LIMITS = ("reserve_seats", "players_per_second", "most_at_once")


def loaded(path: str) -> Any:
    return DataLoader().load_from_file(str(ROLE / path), trusted_as_template=True)


def task(name: str) -> dict[str, Any]:
    (found,) = loaded(f"tasks/{name}.yml")
    assert isinstance(found, dict)
    return found


def templated(text: Any, **variables: Any) -> Any:
    known = {**loaded("vars/main.yml"), "omit": OMIT, **variables}
    return Templar(DataLoader(), variables=known).template(text)


@pytest.mark.parametrize("option", LIMITS)
@pytest.mark.parametrize(
    ("given", "told"), [("", OMIT), (None, OMIT), (0, 0), (0.0, 0.0), ("0", "0"), (2, 2), ("2", "2")]
)
def test_a_limit_of_0_is_told_and_none_is_not(option: str, given: Any, told: Any) -> None:
    assert templated(task("main")[MODULE][option], **{f"session_drain_{option}": given}) == told


def test_the_review_is_of_the_very_drain_and_changes_nothing() -> None:
    drain, review = task("main"), task("review")
    target = "target_kubeconfig"
    assert {**review[MODULE], target: ""} == {**drain[MODULE], target: ""}
    assert (review["check_mode"], review["diff"], review["changed_when"]) == (True, False, False)
    assert "register" not in review


@pytest.mark.parametrize("phase", ["", *PHASES])
def test_a_run_that_has_cut_over_is_not_reviewed_early(phase: str) -> None:
    condition = loaded("vars/main.yml")[task("review")["when"]]
    assert templated(condition, eks_bluegreen_run={"phase": phase}) is (phase not in PHASES_AFTER_CUTOVER)


@pytest.mark.parametrize("run", [None, {}, {"phase": "verify"}])
def test_the_review_looks_at_the_target_that_there_is(run: Any) -> None:
    text = task("review")[MODULE]["target_kubeconfig"]
    assert templated(text, eks_bluegreen_run=run, eks_bluegreen_target={"kubeconfig": "green.yml"}) == "green.yml"
    assert templated(text, eks_bluegreen_run=run, eks_bluegreen_target={"kubeconfig": ""}) == ""
    assert templated(text, eks_bluegreen_run=run, eks_bluegreen_target={}) == ""


def test_the_review_leaves_a_target_alone_that_is_being_built() -> None:
    text = task("review")[MODULE]["target_kubeconfig"]
    run, target = {"phase": "provision"}, {"kubeconfig": "green.yml"}
    assert templated(text, eks_bluegreen_run=run, eks_bluegreen_target=target) == ""
