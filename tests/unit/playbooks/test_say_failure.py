"""What a playbook says when it has failed: the task file hands what it knows to the filter failure_text."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbooks.stage import Played, play, task_file

WAY_BACK = "go back with the playbook rollback"
HOSTS: dict[str, dict[str, Any]] = {
    "open": {"eks_bluegreen_run": {"run_id": "1", "phase": "drain"}},
    "none": {"eks_bluegreen_run": None},
    "empty": {"eks_bluegreen_run": {}},
    "unknown": {},
    "own_ways": {"eks_bluegreen_run": {"phase": "reclaim"}, "eks_bluegreen_ways_out": "pause it"},
    "taken_back": {
        "eks_bluegreen_run": {"phase": "bake"},
        "eks_bluegreen_failed_task": "Bake",
        "eks_bluegreen_failed_why": "slow",
        "eks_bluegreen_taken_back_to": "blue",
    },
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    fails = {"name": "Preflight", "gameops.eks_bluegreen.stub": {"step": "preflight"}}
    tasks = [{"name": "Fail", "block": [fails], "rescue": task_file("tasks/say_failure.yml")}]
    answers = {"preflight": {"failed": True, "msg": "no seats"}}
    hosts = {name: {**variables, "answers": answers} for name, variables in HOSTS.items()}
    return play(tmp_path_factory.mktemp("stage"), tasks, hosts)


def test_an_open_run_has_ways_out(played: dict[str, Played]) -> None:
    said = played["open"].said("open")
    assert "Preflight: no seats [phase drain; see how things stand with the playbook status" in said
    assert WAY_BACK in said


@pytest.mark.parametrize("name", ["none", "empty"])
def test_without_a_run_no_one_is_sent_back_to_the_one_before(name: str, played: dict[str, Played]) -> None:
    said = played[name].said(name)
    assert "[no run was opened and nothing has changed: correct this and start the same command again]" in said
    assert "rollback" not in said


def test_where_it_is_not_known_whether_a_run_is_open_the_ways_out_are_told(played: dict[str, Played]) -> None:
    assert WAY_BACK in played["unknown"].said("unknown")


def test_a_playbook_may_have_ways_of_its_own(played: dict[str, Played]) -> None:
    said = played["own_ways"].said("own_ways")
    assert "go on with the same command, pause it]" in said
    assert WAY_BACK not in said


def test_a_run_that_was_taken_back_is_closed_and_keeps_its_cause(played: dict[str, Played]) -> None:
    said = played["taken_back"].said("taken_back")
    assert "Bake: slow [everything was taken back to blue and the run is closed: correct the cause" in said
    assert WAY_BACK not in said


def test_the_play_fails_all_the_same(played: dict[str, Played]) -> None:
    assert [name for name, host in played.items() if not host.failed] == []
