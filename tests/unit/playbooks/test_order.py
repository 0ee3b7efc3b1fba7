"""The order of what must not be swapped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

PLAYBOOKS = Path(__file__).parents[3] / "playbooks"
TASKS = PLAYBOOKS / "tasks"


def steps(content: Any) -> Iterator[str]:
    """Roles with their entry points, and task files, in the order of the file."""
    for item in content:
        role = item.get("ansible.builtin.import_role")
        if role:
            yield f"{role['name'].rpartition('.')[2]}/{role.get('tasks_from', 'main')}"
        if "ansible.builtin.import_tasks" in item:
            yield item["ansible.builtin.import_tasks"]
        for part in ("tasks", "block", "always"):
            yield from steps(item.get(part, []))


def order(name: str, folder: Path = TASKS) -> list[str]:
    return list(steps(yaml.safe_load((folder / name).read_text())))


@pytest.mark.parametrize("playbook", ["preflight.yml", "upgrade.yml", "cutover.yml"])
def test_what_the_drain_would_refuse_is_known_before_anything_is_written(playbook: str) -> None:
    found = order(playbook, PLAYBOOKS)
    reviewed = found.index("session_drain/review")
    assert set(found[:reviewed]) <= {"tasks/known_on_failure.yml", "slots/main", "preflight/main"}


def test_a_cutover_holds_first_and_fences_when_routing_has_moved() -> None:
    found = order("cutover.yml")
    wanted = ["capacity_hold/main", "slot_activation/main", "traffic_shift/main", "session_routing/main"]
    wanted += ["slot_activation/fence", "bake/main"]
    assert [step for step in found if step in wanted] == wanted


def test_a_way_back_opens_the_source_first_and_keeps_no_player_waiting_for_singletons() -> None:
    assert order("move_back.yml") == [
        "slot_activation/unfence",
        "session_routing/restore",
        "traffic_shift/restore",
        "session_drain/cancel",
        "slot_activation/restore",
    ]


def test_singletons_are_off_before_the_target_is_measured() -> None:
    found = order("provision.yml")
    assert found.index("slot_activation/standby") == found.index("platform_charts/main") + 1


def test_a_reclaim_holds_and_fences_before_it_drains_and_releases_afterwards() -> None:
    assert order("reclaim.yml") == [
        "slots/open",
        "capacity_hold/main",
        "slot_activation/main",
        "slot_activation/fence",
        "drain.yml",
        "capacity_hold/release",
        "upgrade_report/main",
    ]
