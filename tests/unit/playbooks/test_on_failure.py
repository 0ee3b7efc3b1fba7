"""What a failed cutover says once it has been taken back, or could not be."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.unit.playbooks.stage import FAILS, REPOSITORY, SLOTS, Played, play

UNREAD = {"eks_bluegreen_target": {**SLOTS["eks_bluegreen_target"], "readable": False, "kubeconfig": ""}}
RUN = {"run_id": "1", "phase": "bake"}
STARTED = {
    "eks_bluegreen_lease": {"token": 1},
    "eks_bluegreen_run": RUN,
    "eks_bluegreen_observed": {"lease": {}},
    "eks_bluegreen_state_bucket": "bucket",
}
TURNED = {"run_record taken_over": {"lease": {"token": 2}, "run": {**RUN, "direction": "rollback"}}}
NO_SEATS = {"bake/main": {"failed": True, "msg": "no seats"}}
BACK = "[everything was taken back to blue and the run is closed: correct the cause, then start the upgrade again]"
LEFT_ALONE = ("parity", "verify", "drain", "complete")


def in_phase(phase: str) -> dict[str, Any]:
    return {"eks_bluegreen_run": {**RUN, "phase": phase}}


def tasks() -> list[dict[str, Any]]:
    """The gate that fails, and what the playbooks do then."""
    (playbook,) = yaml.safe_load((REPOSITORY / "playbooks/cutover.yml").read_text())
    block = next(task for task in playbook["tasks"] if "rescue" in task)
    block["block"] = [{"name": "Watch", "ansible.builtin.import_role": {"name": "gameops.eks_bluegreen.bake"}}]
    # The stage plays from a folder of its own.
    for task in (*block["rescue"], *block["always"]):
        task["ansible.builtin.import_tasks"] = str(REPOSITORY / "playbooks" / task["ansible.builtin.import_tasks"])
    return [block]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    hosts: dict[str, dict[str, Any]] = {
        "back": {"answers": {}},
        "holds_stay": {"answers": {"capacity_hold/release": FAILS}},
        "not_back": {"answers": {"traffic_shift/restore": FAILS}},
        "unread": {"answers": {}, **UNREAD},
        "stop": {"answers": {}, "eks_bluegreen_on_failure": "stop"},
        "cutover": {"answers": {}, **in_phase("cutover")},
        **{phase: {"answers": {}, **in_phase(phase)} for phase in LEFT_ALONE},
        "no_lease": {"answers": {}, "eks_bluegreen_lease": None},
    }
    for variables in hosts.values():
        variables.update({**STARTED, **variables, "answers": {**NO_SEATS, **TURNED, **variables["answers"]}})
    return play(tmp_path_factory.mktemp("stage"), tasks(), hosts)


@pytest.mark.parametrize("name", ["back", "holds_stay", "unread", "cutover"])
def test_a_cutover_that_was_taken_back_names_its_own_cause_and_no_way_out_of_a_run_that_is_closed(
    name: str, played: dict[str, Played]
) -> None:
    host = played[name]
    assert host.failed
    assert host.steps[-3:] == ["run_record closed", "upgrade_report/main", "run_record released"]
    assert f": no seats {BACK}" in host.said(name)
    assert "playbook abandon" not in host.said(name)


@pytest.mark.parametrize("name", ["holds_stay", "unread"])
def test_holds_that_stay_are_told(name: str, played: dict[str, Played]) -> None:
    assert "the holds of green stay as they are: " in played[name].said(name)
    assert ("capacity_hold/release" in played[name].steps) is (name == "holds_stay")


@pytest.mark.parametrize("name", [*LEFT_ALONE, "no_lease"])
def test_only_the_lease_holder_of_a_run_in_its_cutover_takes_it_back(name: str, played: dict[str, Played]) -> None:
    assert set(played[name].steps) <= {"bake/main", "run_record released"}
    assert "[phase " in played[name].said(name)


def test_a_cutover_that_stays_where_it_is_has_ways_out(played: dict[str, Played]) -> None:
    said = played["stop"].said("stop")
    assert ": no seats [phase bake; see how things stand with the playbook status" in said
    assert "traffic_shift/restore" not in played["stop"].steps


def test_a_way_back_that_fails_leaves_the_run_open(played: dict[str, Played]) -> None:
    host = played["not_back"]
    assert host.failed
    assert "session_drain/cancel" in host.steps
    assert "run_record closed" not in host.steps
    assert BACK not in host.said("not_back")
