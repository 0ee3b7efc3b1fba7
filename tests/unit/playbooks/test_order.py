"""The order of what must not be swapped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence import (
    POLICY,
    Gate,
    plan_fence,
    plan_open,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN as DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import merged

from tests.unit.playbooks.stage import WAY_BACK

PLAYBOOKS = Path(__file__).parents[3] / "playbooks"
PHASES = PLAYBOOKS / "phases"


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


def order(name: str, folder: Path = PHASES) -> list[str]:
    return list(steps(yaml.safe_load((folder / name).read_text())))


@pytest.mark.parametrize("playbook", ["preflight.yml", "upgrade.yml", "cutover.yml"])
def test_what_the_drain_would_refuse_is_known_before_anything_is_written(playbook: str) -> None:
    found = order(playbook, PLAYBOOKS)
    reviewed = found.index("session_drain/review")
    assert set(found[:reviewed]) <= {"tasks/known_on_failure.yml", "slots/main", "preflight/main"}


def test_a_cutover_holds_first_and_fences_when_routing_has_moved() -> None:
    found = order("cutover.yml")
    wanted = ["capacity_hold/main", "slot_activation/main", "slot_activation/open_target", "traffic_shift/main"]
    wanted += ["session_routing/main", "slot_activation/fence", "bake/main"]
    assert [step for step in found if step in wanted] == wanted


def test_two_moves_in_a_row_leave_a_slot_that_allocation_policies_send_to() -> None:
    policies: dict[str, Any] = {
        slot: {"metadata": {"resourceVersion": "1"}, "spec": {"weight": 100}} for slot in ("blue", "green")
    }
    for move, (source, target) in enumerate([("blue", "green"), ("green", "blue"), ("blue", "green")]):
        for step in order("cutover.yml"):
            if step == "slot_activation/open_target":
                change(policies, target, plan_open(Gate(POLICY, target, "arena"), policies[target], DOMAIN))
            elif step == "slot_activation/fence":
                fence = plan_fence(Gate(POLICY, source, "arena"), policies[source], f"run-{move}", DOMAIN)
                change(policies, source, fence)
        assert {slot: policy["spec"]["weight"] for slot, policy in policies.items()} == {source: 0, target: 100}


def change(policies: dict[str, Any], slot: str, patch: dict[str, Any] | None) -> None:
    policies[slot] = merged(policies[slot], patch or {})


def test_a_way_back_opens_the_source_first_and_keeps_no_player_waiting_for_singletons() -> None:
    assert order("move_back.yml") == WAY_BACK


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
