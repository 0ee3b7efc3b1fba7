"""What a playbook says when it has failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gameops.eks_bluegreen.plugins.filter.failure import FilterModule
from jinja2 import Environment

PATH = Path(__file__).resolve().parents[3] / "playbooks/tasks/say_failure.yml"
WAY_BACK = "go back with the playbook rollback"


def said(**variables: Any) -> str:
    """The message of a failed task, under these variables."""
    (task,) = yaml.safe_load(PATH.read_text())
    environment = Environment(autoescape=False)
    environment.filters["gameops.eks_bluegreen.failure"] = FilterModule().filters()["failure"]
    known = {"ansible_failed_task": {"name": "Preflight"}, "ansible_failed_result": {"msg": "no seats"}, **variables}
    for name, text in task["vars"].items():
        rendered = environment.from_string(text).render(known).strip()
        known[name] = rendered == "True" if rendered in ("True", "False") else rendered
    return " ".join(environment.from_string(task["ansible.builtin.fail"]["msg"]).render(known).split())


def test_an_open_run_has_ways_out() -> None:
    text = said(eks_bluegreen_run={"run_id": "1", "phase": "drain"})
    assert text.startswith("Preflight: no seats [phase drain; see how things stand with the playbook status")
    assert WAY_BACK in text


@pytest.mark.parametrize("run", [None, {}])
def test_without_a_run_nobody_is_sent_back_to_the_one_before(run: Any) -> None:
    text = said(eks_bluegreen_run=run)
    assert text.endswith("[no run was opened and nothing has changed: correct this and start the same command again]")
    assert "rollback" not in text


def test_where_it_is_not_known_whether_a_run_is_open_the_ways_out_are_told() -> None:
    assert WAY_BACK in said()


def test_a_playbook_may_have_ways_of_its_own() -> None:
    text = said(eks_bluegreen_run={"phase": "reclaim"}, eks_bluegreen_ways_out="pause it")
    assert text.endswith("go on with the same command, pause it]")


def test_a_run_that_was_taken_back_is_closed_and_keeps_its_cause() -> None:
    text = said(
        eks_bluegreen_run={"phase": "bake"},
        eks_bluegreen_source={"slot": "blue"},
        eks_bluegreen_failed_task="Bake",
        eks_bluegreen_failed_why="slow",
        eks_bluegreen_taken_back=True,
    )
    assert text.startswith("Bake: slow [everything was taken back to blue and the run is closed: correct the cause")
    assert WAY_BACK not in text
