"""What an abandoned run leaves behind, in lines."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._abandon.effects import (
    Effects,
    RunEnding,
    Ways,
    ending_of,
    lines_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN

SEEN = {
    "standing": "traffic: rule 1 blue 0, green 100",
    "slots": {slot: {"cluster_name": f"arena-{slot}"} for slot in ("blue", "green")},
}


def lines(direction: str = "upgrade", active: str = "green", domain: str = DEFAULT_DOMAIN, **found: Any) -> list[str]:
    told = lines_of(
        Effects(**found),
        RunEnding("run-1", "blue", "green", direction),
        {**SEEN, "active": active},
        Ways("ansible-playbook rollback", "eu-west-1", ["arena", "lobby"], domain),
    )
    assert told[0] == "run run-1 leaves behind:"
    return told[1:]


def test_what_is_not_there_gives_no_line() -> None:
    assert lines(active="blue", held={"blue": [], "green": []}) == ["  traffic: rule 1 blue 0, green 100"]


@pytest.mark.parametrize("active", ["green", ""])
def test_what_has_moved_can_be_brought_back(active: str) -> None:
    assert lines(active=active)[0].endswith("; to bring all of it to blue: ansible-playbook rollback")
    assert lines("reclaim", active=active) == ["  traffic: rule 1 blue 0, green 100"]


HELD = (
    "  FleetAutoscalers of green that are held: aws eks update-kubeconfig --region eu-west-1 "
    "--name arena-green --kubeconfig <file> && ansible localhost -m gameops.eks_bluegreen.agones_capacity_hold "
    "-a 'state=released namespaces=arena,lobby kubeconfig=<file>'"
)
ASKED = (
    "  requests to go on 4 game servers of blue: aws eks update-kubeconfig --region eu-west-1 "
    "--name arena-blue --kubeconfig <file> && ansible localhost -m gameops.eks_bluegreen.agones_session_drain "
    "-a 'state=open namespaces=arena,lobby source_kubeconfig=<file> target_kubeconfig='"
)
CLOSED = "  a fence: no one can start sessions on blue; the next upgrade into it opens it"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"held": {"blue": [], "green": ["arena/arena"]}}, HELD),
        ({"asked": 4}, ASKED),
        (
            {"allocated": 2},
            "  up to 2 game servers of green that a handoff has allocated: ansible-playbook rollback",
        ),
        (
            {"off": ["Deployment arena/director"]},
            "  singletons of blue that are switched off: ansible-playbook rollback",
        ),
        ({"closed": ["Role arena/allocate"]}, f"{CLOSED}; at once: ansible-playbook rollback"),
        (
            {"unread": ["whether blue is fenced, since it could not be read: connection refused"]},
            "  not known: whether blue is fenced, since it could not be read: connection refused",
        ),
    ],
)
def test_each_thing_has_a_line_with_what_lifts_it(found: dict[str, Any], said: str) -> None:
    assert lines(**found)[1:] == [said]


def test_every_slot_has_a_line_of_its_own() -> None:
    told = lines(held={"blue": ["arena/arena"], "green": ["arena/arena"]})[1:]
    assert [line.split(" that are held")[0] for line in told] == [
        "  FleetAutoscalers of blue",
        "  FleetAutoscalers of green",
    ]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"closed": ["Role arena/allocate"]}, CLOSED),
        (
            {"allocated": 2},
            "  up to 2 game servers of green that a handoff has allocated: they end as the game ends sessions",
        ),
    ],
)
def test_no_rollback_takes_back_a_reclaim(found: dict[str, Any], said: str) -> None:
    assert lines("reclaim", **found)[1:] == [said]


@pytest.mark.parametrize(
    ("found", "module"),
    [({"held": {"blue": ["arena/arena"]}}, "agones_capacity_hold"), ({"asked": 4}, "agones_session_drain")],
)
def test_a_module_by_hand_looks_for_what_was_noted_under_the_domain(found: dict[str, Any], module: str) -> None:
    [line] = lines(domain="drain.example.com", **found)[1:]
    assert f"gameops.eks_bluegreen.{module} -a 'state=" in line
    assert line.endswith(" annotation_domain=drain.example.com'")


def test_a_run_as_the_fact_has_it() -> None:
    run = {"run_id": "run-1", "source": "blue", "target": "green", "direction": "reclaim", "phase": "drain"}
    assert ending_of(run) == RunEnding("run-1", "blue", "green", "reclaim")
    assert not ending_of(run).moves
    assert ending_of({**run, "direction": "upgrade"}).moves
