"""What the role asks before it removes a slot's cluster, and in which order it removes what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from tests.unit.playbooks.stage import FAILS, Played, play, role

ROLE = Path(__file__).parents[3] / "roles" / "cluster_decommission"
PREFLIGHT = "gameops.eks_bluegreen.decommission_preflight"
OMIT = "__omitted__"
BLUE: dict[str, Any] = {"slot": "blue", "cluster_name": "arena-blue", "exists": True}
GREEN: dict[str, Any] = {"slot": "green", "cluster_name": "arena-green", "exists": True}
KNOWN: dict[str, Any] = {
    "inventory_hostname": "arena",
    "omit": OMIT,
    "cluster_decommission_confirm": "arena-green",
    "eks_bluegreen_game_namespaces": ["arena"],
    "eks_bluegreen_source": BLUE,
    "eks_bluegreen_target": GREEN,
    "eks_bluegreen_run": None,
    "eks_bluegreen_observed": {"problems": []},
}


def loaded(path: str) -> Any:
    return DataLoader().load_from_file(str(ROLE / path), trusted_as_template=True)


SHARED = loaded("../options/defaults/main.yml")


def templated(text: Any, **changes: Any) -> Any:
    variables = {**SHARED, **loaded("defaults/main.yml"), **loaded("vars/main.yml"), **KNOWN, **changes}
    return Templar(DataLoader(), variables=variables).template(text)


def asked(**changes: Any) -> dict[str, Any]:
    """What the role asks module decommission_preflight."""
    options: dict[str, Any] = templated(loaded("tasks/main.yml")[0][PREFLIGHT], **changes)
    return {name: value for name, value in options.items() if value != OMIT}


def test_all_reasons_to_refuse_are_asked_for_before_any_write() -> None:
    tasks = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text())
    assert set(tasks[0]) == {"name", PREFLIGHT, "module_defaults", "register"}
    assert not [task["name"] for task in tasks if "failed_when" in task or "ignore_errors" in task]


def test_what_was_observed_is_handed_on() -> None:
    run = {"run_id": "r-1"}
    problem = {"check": "run_record", "resource": "run.json", "finding": "Throttling"}
    options = asked(eks_bluegreen_run=run, eks_bluegreen_observed={"problems": [problem]})
    assert (options["environment_name"], options["cluster_name"]) == ("arena", "arena-green")
    assert (options["slots"], options["run"], options["problems"]) == ([BLUE, GREEN], run, [problem])
    assert (options["namespaces"], options["provisioner"]) == (["arena"], "native")
    assert asked()["run"] is None


def test_what_others_build_is_told_to_be_theirs() -> None:
    assert asked(eks_bluegreen_provisioner="external")["provisioner"] == "external"


MAP = {"name": "destination"}
# What the inventory says of the session destination, and what the module is asked.
ROUTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "parameter": ({"document_parameter": "/arena/a"}, {"provider": "document", "document": {"parameter": "/arena/a"}}),
    "config_map": ({"document_config_map": MAP}, {"provider": "document", "document": {"config_map": MAP}}),
    "both": (
        {"document_parameter": "/arena/a", "document_config_map": MAP},
        {"provider": "document", "document": {"config_map": MAP}},
    ),
    # Neither: the module refuses, for a destination that is not named is not none.
    "neither": ({}, {"provider": "document", "document": {"parameter": ""}}),
    "traffic": ({"provider": "follows_traffic"}, {"provider": "follows_traffic"}),
    "http": ({"provider": "http", "http": {"url": "u"}}, {"provider": "http", "http": {"url": "u"}}),
    "command": (
        {"provider": "command", "command": {"argv": ["a"]}},
        {"provider": "command", "command": {"argv": ["a"]}},
    ),
    "policy": (
        {"provider": "agones_policy", "agones_policy": {"namespace": "n"}, "http": {"url": "u"}},
        {"provider": "agones_policy", "agones_policy": {"namespace": "n"}},
    ),
}


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    answers = {"answers": {"decommission_preflight": FAILS}}
    hosts = {
        name: {**KNOWN, **answers, **{f"eks_bluegreen_routing_{option}": value for option, value in given.items()}}
        for name, (given, _asked) in ROUTED.items()
    }
    for host in hosts.values():
        del host["inventory_hostname"], host["omit"]
    folder = tmp_path_factory.mktemp("stage")
    return play(folder, role("cluster_decommission", "main"), hosts, real_roles=["cluster_decommission"])


@pytest.mark.parametrize("name", ROUTED)
def test_the_session_destination_is_read_by_the_provider_that_the_inventory_names(
    name: str, routed: dict[str, Played]
) -> None:
    ((step, options),) = routed[name].calls
    assert step == "decommission_preflight"
    known = {"provider", "document", "follows_traffic", "http", "command", "agones_policy"}
    assert {option: value for option, value in options.items() if option in known} == ROUTED[name][1]


def test_nothing_that_nodes_need_goes_before_them() -> None:
    tasks = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text())
    modules = [next(key.rpartition(".")[2] for key in task if key.count(".") >= 2) for task in tasks]
    assert modules[-4:] == ["eks_cluster", "iam_oidc_provider", "eks_cluster", "include_tasks"]
    let_go, wait = (task["gameops.eks_bluegreen.eks_cluster"] for task in (tasks[-4], tasks[-2]))
    assert (let_go["state"], let_go["delete_contents"], let_go["wait"]) == ("absent", True, False)
    assert (wait["state"], wait.get("wait", True)) == ("absent", True)


@pytest.mark.parametrize(
    ("slot", "issuer"),
    [({**GREEN, "oidc_issuer": "https://oidc.eks/id/A"}, "https://oidc.eks/id/A"), ({**GREEN, "oidc_issuer": ""}, "")],
    ids=["there", "gone"],
)
def test_the_issuer_is_what_was_observed(slot: dict[str, Any], issuer: str) -> None:
    name = loaded("vars/main.yml")["__cluster_decommission_issuer"]
    assert templated(name, __cluster_decommission_found={"slot": slot}) == issuer
    assert templated(name, __cluster_decommission_found={"slot": GREEN}) == ""
