"""Why a slot's cluster is not removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLE = Path(__file__).parents[3] / "roles" / "cluster_decommission"
TAGS = {"eks-bluegreen/environment": "arena"}
BLUE: dict[str, Any] = {"slot": "blue", "cluster_name": "arena-blue", "exists": True}
GREEN: dict[str, Any] = {
    "slot": "green",
    "cluster_name": "arena-green",
    "exists": True,
    "status": "ACTIVE",
    "kubeconfig": "green.yml",
    "tags": TAGS,
}
UNUSED: dict[str, Any] = {
    "inventory_hostname": "arena",
    "cluster_decommission_confirm": "arena-green",
    "eks_bluegreen_source": BLUE,
    "eks_bluegreen_target": GREEN,
    "eks_bluegreen_run": None,
    "eks_bluegreen_observed": {"problems": []},
    "session_routing_state": {"weights": {"blue": 100, "green": 0}},
    "__cluster_decommission_traffic": {"shares": {"blue": {"highest": 100}, "green": {"highest": 0}}},
    "__cluster_decommission_sessions": {"sessions": 0},
}


def templated(name: str, **changes: Any) -> Any:
    loader = DataLoader()
    of_role = loader.load_from_file(str(ROLE / "vars" / "main.yml"), trusted_as_template=True)
    variables = {**of_role, **UNUSED, **changes}
    return Templar(loader, variables=variables).template(variables[name])


def refusals(**changes: Any) -> list[str]:
    found: list[str] = templated("__cluster_decommission_refusals", **changes)
    return found


def test_a_slot_that_nobody_uses_may_go() -> None:
    assert refusals() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"eks_bluegreen_run": {"run_id": "r-1"}}, "run r-1 is open"),
        ({"session_routing_state": {"weights": {"green": 1}}}, "sends it new sessions (weight 1)"),
        ({"__cluster_decommission_traffic": {"shares": {"green": {"highest": 5}}}}, "up to 5 % of the requests"),
        ({"__cluster_decommission_sessions": {"sessions": 2}}, "2 sessions are in it"),
        ({"eks_bluegreen_target": {**GREEN, "kubeconfig": ""}}, "there is no way in"),
        ({"eks_bluegreen_target": {**GREEN, "tags": {}}}, "tag eks-bluegreen/environment is missing, not arena"),
        ({"eks_bluegreen_target": {**GREEN, "tags": {"eks-bluegreen/environment": "other"}}}, "is other, not arena"),
    ],
)
def test_a_slot_in_use_or_of_somebody_else_stays(change: dict[str, Any], said: str) -> None:
    (found,) = refusals(**change)
    assert said in found


@pytest.mark.parametrize("check", ["run_record", "cluster_readable", "target_group_readable"])
def test_a_slot_that_could_not_be_read_stays(check: str) -> None:
    problem = {"check": check, "resource": "arena-green", "finding": "Throttling"}
    assert refusals(eks_bluegreen_observed={"problems": [problem]}) == ["Throttling"]


def test_a_foreign_cluster_is_refused_with_a_remedy() -> None:
    (found,) = refusals(eks_bluegreen_target={**GREEN, "tags": {"other": "arena"}})
    assert "correct cluster_name in eks_bluegreen_slots" in found
    assert "aws eks tag-resource" in found


def test_every_reason_is_told_at_once() -> None:
    changes = {"eks_bluegreen_target": {**GREEN, "tags": {}}, "__cluster_decommission_sessions": {"sessions": 2}}
    assert len(refusals(**changes)) == 2


def test_a_cluster_that_is_gone_has_no_owner() -> None:
    gone = {"slot": "green", "cluster_name": "arena-green", "exists": False, "status": "", "kubeconfig": ""}
    assert refusals(eks_bluegreen_target={**gone, "tags": {}}) == []
    assert refusals(eks_bluegreen_target=gone) == []


def test_what_others_built_is_refused_after_all_checks_and_before_any_write() -> None:
    checks = yaml.safe_load((ROLE / "tasks" / "preflight.yml").read_text())
    tasks = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text())
    assert tasks[0]["ansible.builtin.include_tasks"] == "preflight.yml"
    assert [one["name"] for one in checks][-3:] == [
        "Preflight | Refuse",
        "Preflight | Leave to others what others have built",
        "Preflight | See whether the cluster can go",
    ]
    told = checks[-2]["ansible.builtin.assert"]
    assert told["that"] == "cluster_decommission_provisioner == 'native'"
    assert "with the tool that built" in told["fail_msg"]


def test_what_the_module_would_refuse_is_refused_before_any_write() -> None:
    checks = yaml.safe_load((ROLE / "tasks" / "preflight.yml").read_text())
    task = checks[-1]
    assert (task["check_mode"], task["diff"], task["changed_when"]) == (True, False, False)
    asked = task["gameops.eks_bluegreen.eks_cluster"]
    assert (asked["state"], asked["delete_contents"], asked["deletion_protection"]) == ("absent", True, False)


def test_nothing_that_nodes_need_goes_before_them() -> None:
    tasks = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text())
    modules = [next(key.rpartition(".")[2] for key in task if key.count(".") >= 2) for task in tasks]
    assert modules[-4:] == ["eks_cluster", "iam_oidc_provider", "eks_cluster", "include_tasks"]
    let_go, wait = (task["gameops.eks_bluegreen.eks_cluster"] for task in (tasks[-4], tasks[-2]))
    assert (let_go["state"], let_go["delete_contents"], let_go["wait"]) == ("absent", True, False)
    assert (wait["state"], wait.get("wait", True)) == ("absent", True)
    assert not [task["name"] for task in tasks if "failed_when" in task]


@pytest.mark.parametrize(
    ("slot", "issuer"),
    [({**GREEN, "oidc_issuer": "https://oidc.eks/id/A"}, "https://oidc.eks/id/A"), ({**GREEN, "oidc_issuer": ""}, "")],
    ids=["there", "gone"],
)
def test_the_issuer_is_what_was_observed(slot: dict[str, Any], issuer: str) -> None:
    assert templated("__cluster_decommission_issuer", eks_bluegreen_target=slot) == issuer
    assert templated("__cluster_decommission_issuer") == ""
