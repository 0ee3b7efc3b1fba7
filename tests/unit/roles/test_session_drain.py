"""What the drain is told by its role's options, and when it is reviewed before anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import PHASES, PHASES_AFTER_CUTOVER
from ansible_collections.gameops.eks_bluegreen.plugins.modules import agones_session_drain

from tests.unit.playbooks.stage import play, role

ROLE = Path(__file__).parents[3] / "roles" / "session_drain"
MODULE = "gameops.eks_bluegreen.agones_session_drain"
OMIT = "__omitted__"
LIMITS = ("reserve_seats", "players_per_second", "most_at_once")


def loaded(path: str) -> Any:
    return DataLoader().load_from_file(str(ROLE / path), trusted_as_template=True)


DRAIN = loaded("vars/main.yml")["__session_drain_options"]


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
    assert templated(DRAIN[option], **{f"session_drain_{option}": given}) == told


def test_the_review_is_of_the_very_drain_and_changes_nothing() -> None:
    drain, review = task("main"), task("review")
    assert drain["module_defaults"] == review["module_defaults"] == {MODULE: "{{ __session_drain_options }}"}
    assert set(drain[MODULE]) == set(review[MODULE]) == {"target_kubeconfig"}
    assert (review["check_mode"], review["diff"], review["changed_when"]) == (True, False, False)
    assert "register" not in review


def test_the_drain_is_asked_for_by_options_of_the_module() -> None:
    assert set(DRAIN) < set(agones_session_drain.ARGUMENT_SPEC)
    assert {f"session_drain_{option}" for option in LIMITS} <= set(loaded("defaults/main.yml"))


def test_both_ask_the_module_for_the_same_and_leave_out_what_is_empty(tmp_path: Path) -> None:
    given = {
        "session_drain_most_at_once": "0",
        "eks_bluegreen_drain_mode": "handoff",
        "eks_bluegreen_run": {"run_id": "run-1", "phase": "provision"},
    }
    tasks = [*role("session_drain", "review"), *role("session_drain", "main")]
    (review, drain) = play(tmp_path, tasks, {"host": given}, real_roles=["session_drain"])["host"].calls
    assert (review[1]["target_kubeconfig"], drain[1]["target_kubeconfig"]) == ("", "green.kubeconfig")
    assert {**review[1], "target_kubeconfig": ""} == {**drain[1], "target_kubeconfig": ""}
    told = {key: drain[1].get(key) for key in ("mode", "run_id", "most_at_once", "state", "notice_seconds")}
    assert told == {"mode": "handoff", "run_id": "run-1", "most_at_once": "0", "state": "drained", "notice_seconds": 30}
    empty = {"deadline", "reserve_seats", "players_per_second", "players_metric", "session_predicate"}
    assert set(DRAIN) - empty == set(drain[1]) - {"target_kubeconfig"}


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
