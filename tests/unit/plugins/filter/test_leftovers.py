"""What an abandoned run leaves behind, in lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gameops.eks_bluegreen.plugins.filter.leftovers import leftovers
from jinja2 import Environment

ROOT = Path(__file__).resolve().parents[4]
NOTHING: dict[str, Any] = {"diff": {"before": {"a": 1}, "after": {"a": 1}}}
SOMETHING: dict[str, Any] = {"diff": {"before": {"a": 1}, "after": {"a": 2}}}
UNREAD: dict[str, Any] = {"msg": "connection refused", "failed": False}
SEEN = {
    "standing": "traffic: rule 1 blue 0, green 100",
    "active": "green",
    "slots": {slot: {"cluster_name": f"arena-{slot}"} for slot in ("blue", "green")},
}


def lines(direction: str = "upgrade", active: str = "green", annotation_domain: str = "", **found: Any) -> list[str]:
    holds = {slot: found.pop(slot, NOTHING) for slot in ("blue", "green")}
    results = {
        "holds": {"results": [{**one, "item": {"slot": slot}} for slot, one in holds.items()]},
        "requests": {**NOTHING, "cancelled": 0},
        "fence": {"skipped": True, "changed": False},
        "singletons": NOTHING,
        **found,
    }
    run = {"run_id": "run-1", "source": "blue", "target": "green", "direction": direction}
    told = leftovers(
        results,
        run=run,
        seen={**SEEN, "active": active},
        rollback="ansible-playbook rollback",
        region="eu-west-1",
        namespaces=["arena", "lobby"],
        annotation_domain=annotation_domain,
    )
    assert told[0] == "run run-1 leaves behind:"
    return told[1:]


def test_what_is_not_there_gives_no_line() -> None:
    assert lines(active="blue") == ["  traffic: rule 1 blue 0, green 100"]


@pytest.mark.parametrize("active", ["green", ""])
def test_what_has_moved_can_be_brought_back(active: str) -> None:
    assert lines(active=active)[0].endswith("; to bring all of it to blue: ansible-playbook rollback")
    assert lines("reclaim", active=active) == ["  traffic: rule 1 blue 0, green 100"]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            {"green": SOMETHING},
            "  FleetAutoscalers of green that are held: aws eks update-kubeconfig --region eu-west-1 "
            "--name arena-green --kubeconfig <file> && ansible localhost -m gameops.eks_bluegreen.agones_capacity_hold "
            "-a 'state=released namespaces=arena,lobby kubeconfig=<file>'",
        ),
        (
            {"requests": {**SOMETHING, "cancelled": 4}},
            "  requests to go on 4 game servers of blue: aws eks update-kubeconfig --region eu-west-1 "
            "--name arena-blue --kubeconfig <file> && ansible localhost -m gameops.eks_bluegreen.agones_session_drain "
            "-a 'state=open namespaces=arena,lobby source_kubeconfig=<file> target_kubeconfig='",
        ),
        (
            {"requests": {**NOTHING, "cancelled": 0, "released": 2}},
            "  up to 2 game servers of green that a handoff has allocated: ansible-playbook rollback",
        ),
        ({"singletons": SOMETHING}, "  singletons of blue that are switched off: ansible-playbook rollback"),
        (
            {"fence": SOMETHING},
            "  a fence: nobody can start sessions on blue; the next upgrade into it opens it; "
            "at once: ansible-playbook rollback",
        ),
        ({"blue": UNREAD}, "  not known, since it could not be read: connection refused"),
        ({"requests": UNREAD}, "  not known, since it could not be read: connection refused"),
    ],
)
def test_each_thing_has_a_line_with_what_lifts_it(found: dict[str, Any], said: str) -> None:
    assert lines(**found)[1:] == [said]


def test_a_cluster_that_could_not_be_read_may_hold_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    unread = {"cluster_name": "arena-green", "readable": False}
    monkeypatch.setitem(SEEN, "slots", {"blue": {"cluster_name": "arena-blue", "readable": True}, "green": unread})
    assert lines()[1:] == ["  not known of green, since its cluster arena-green could not be read"]


def test_the_fence_of_a_reclaim_is_not_opened_by_a_rollback() -> None:
    assert lines("reclaim", fence=SOMETHING)[1:] == [
        "  a fence: nobody can start sessions on blue; the next upgrade into it opens it"
    ]


@pytest.mark.parametrize(
    ("found", "module"),
    [
        ({"blue": SOMETHING}, "agones_capacity_hold"),
        ({"requests": {**SOMETHING, "cancelled": 4}}, "agones_session_drain"),
    ],
)
def test_a_module_by_hand_looks_for_what_was_noted_under_the_domain(found: dict[str, Any], module: str) -> None:
    [line] = lines(annotation_domain="drain.example.com", **found)[1:]
    assert f"gameops.eks_bluegreen.{module} -a 'state=" in line
    assert line.endswith(" annotation_domain=drain.example.com'")


@pytest.mark.parametrize(
    ("variables", "passed"),
    [({}, ""), ({"eks_bluegreen_annotation_domain": "drain.example.com"}, "drain.example.com")],
)
def test_the_role_passes_the_inventory_s_domain(variables: dict[str, str], passed: str) -> None:
    tasks = yaml.safe_load((ROOT / "roles/abandon/tasks/main.yml").read_text())
    [message] = [task["ansible.builtin.debug"]["msg"] for task in tasks if "ansible.builtin.debug" in task]
    jinja = Environment()
    jinja.filters["gameops.eks_bluegreen.leftovers"] = lambda _found, **options: options["annotation_domain"]
    assert jinja.from_string(message).render(variables) == passed
