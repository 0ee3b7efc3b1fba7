"""What the role asks before it ends a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLE = Path(__file__).parents[3] / "roles" / "abandon"
EFFECTS = "gameops.eks_bluegreen.run_effects_info"
OMIT = "__omitted__"
KNOWN: dict[str, Any] = {
    "inventory_hostname": "arena",
    "omit": OMIT,
    "ansible_inventory_sources": ["inventories/prod"],
    "eks_bluegreen_game_namespaces": ["arena"],
    "eks_bluegreen_region": "eu-west-1",
    "eks_bluegreen_run": {"run_id": "run-1", "source": "blue", "target": "green"},
    "eks_bluegreen_observed": {"slots": {}},
    "eks_bluegreen_source": {"slot": "blue", "kubeconfig": "blue.yml"},
    "eks_bluegreen_target": {"slot": "green"},
}
POLICIES = {slot: [{"namespace": "arena", "name": slot}] for slot in ("blue", "green")}


def loaded(path: str) -> Any:
    return DataLoader().load_from_file(str(ROLE / path), trusted_as_template=True)


def asked(**changes: Any) -> dict[str, Any]:
    """What the role asks module run_effects_info."""
    shared = loaded("../options/defaults/main.yml")
    variables = {**shared, **loaded("defaults/main.yml"), **loaded("vars/main.yml"), **KNOWN, **changes}
    options: dict[str, Any] = Templar(DataLoader(), variables=variables).template(loaded("tasks/main.yml")[0][EFFECTS])
    return {name: value for name, value in options.items() if value != OMIT}


def test_without_options_of_its_own_there_is_no_fence_and_nothing_is_switched() -> None:
    options = asked()
    assert (options["fence"], "fence_kubeconfig" in options) == ("none", False)
    assert (options["fence_roles"], options["fence_policies"], options["singletons"]) == ([], [], [])
    assert (options["source_kubeconfig"], options["target_kubeconfig"]) == ("blue.yml", "")
    assert options["rollback_command"] == (
        "ansible-playbook gameops.eks_bluegreen.rollback -i inventories/prod --limit arena"
    )


@pytest.mark.parametrize("slot", ["blue", "green"])
def test_the_policies_are_those_of_the_slot_that_was_left(slot: str) -> None:
    options = asked(
        eks_bluegreen_fence_method="policy",
        eks_bluegreen_fence_policies=POLICIES,
        eks_bluegreen_fence_kubeconfig="home.yml",
        eks_bluegreen_source={"slot": slot},
    )
    assert (options["fence"], options["fence_kubeconfig"]) == ("policy", "home.yml")
    assert options["fence_policies"] == POLICIES[slot]


def test_the_inventory_s_annotation_domain_comes_by_the_playbook_s_defaults() -> None:
    """tests/unit/meta holds the action group and the playbooks to it; a task that named it would win over them."""
    assert "annotation_domain" not in asked(eks_bluegreen_annotation_domain="drain.example.com")


def test_it_is_told_before_the_id_of_the_run_is_asked_for() -> None:
    look, tell, require, end = loaded("tasks/main.yml")
    assert tell["ansible.builtin.debug"]["msg"] == "{{ " + look["register"] + ".lines }}"
    assert "ansible.builtin.assert" in require
    assert end["gameops.eks_bluegreen.run_record"]["state"] == "abandoned"
