"""Every playbook and task file can be read, and what it names is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[3]
PLAYBOOKS = REPOSITORY / "playbooks"
ROLES = REPOSITORY / "roles"
FILES = sorted(PLAYBOOKS.rglob("*.yml"))
OURS = "gameops.eks_bluegreen."

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLAYBOOKS)))


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def actions(content: Any, *names: str) -> Iterator[Any]:
    """The arguments of each action of these names, in whatever play or block it is."""
    if isinstance(content, list):
        for item in content:
            yield from actions(item, *names)
    elif isinstance(content, dict):
        for key, value in content.items():
            if key.removeprefix("ansible.builtin.") in names:
                yield value
            else:
                yield from actions(value, *names)


def imports_of(role: str, content: Any) -> Iterator[dict[str, Any]]:
    """The tasks that import a role of ours, in whatever play or block they stand."""
    if isinstance(content, list):
        for item in content:
            yield from imports_of(role, item)
    elif isinstance(content, dict):
        if content.get("ansible.builtin.import_role", {}).get("name") == f"{OURS}{role}":
            yield content
        for value in content.values():
            yield from imports_of(role, value)


def role_file(arguments: dict[str, Any]) -> Path:
    return ROLES / str(arguments["name"]).removeprefix(OURS) / "tasks" / f"{arguments.get('tasks_from', 'main')}.yml"


@each_file
def test_a_file_is_a_list_of_what_has_a_name(path: Path) -> None:
    content = load(path)
    assert isinstance(content, list)
    assert content
    assert [item for item in content if not (isinstance(item, dict) and item.get("name"))] == []


@each_file
def test_every_named_role_exists(path: Path) -> None:
    named = list(actions(load(path), "import_role", "include_role"))
    assert [one["name"] for one in named if not one["name"].startswith(OURS)] == []
    assert [one for one in named if not role_file(one).exists()] == []


@each_file
def test_every_named_task_file_exists(path: Path) -> None:
    # Files of the user's own are named by variables.
    named = [one for one in actions(load(path), "import_tasks", "include_tasks") if not one.startswith("{{")]
    assert [name for name in named if not (path.parent / name).exists()] == []


def test_only_a_playbook_that_cuts_over_goes_back_by_itself() -> None:
    for path in PLAYBOOKS.glob("*.yml"):
        imported = set(actions(load(path), "import_tasks"))
        assert ("tasks/on_failure.yml" in imported) == ("phases/cutover.yml" in imported), path.name


def test_a_playbook_of_a_run_says_what_failed() -> None:
    """Rollback has nothing to add to the failed task's own words."""
    phases = {f"phases/{name}.yml" for name in ("provision", "verify", "cutover", "drain", "complete")}
    for path in PLAYBOOKS.glob("*.yml"):
        imported = set(actions(load(path), "import_tasks"))
        if imported & phases:
            assert imported & {"tasks/on_failure.yml", "tasks/say_failure.yml"}, path.name


def test_a_reclaim_is_opened_as_what_it_was_decided_to_be() -> None:
    """Variables of one import of a role do not reach another import of it."""
    for name in ("reclaim.yml", "phases/reclaim.yml"):
        found = list(imports_of("slots", load(PLAYBOOKS / name)))
        assert found
        assert all(task.get("vars") == {"slots_direction": "reclaim"} for task in found), name


@pytest.mark.parametrize("name", ["rollback", "reclaim", "abandon", "decommission"])
def test_what_takes_things_away_asks_first_for_one_environment(name: str) -> None:
    (play,) = load(PLAYBOOKS / f"{name}.yml")
    assert play["tasks"][0]["ansible.builtin.import_tasks"] == "tasks/one_environment.yml"


def test_what_works_under_the_lease_frees_it_whatever_becomes_of_it() -> None:
    for path in PLAYBOOKS.glob("*.yml"):
        (play,) = load(path)
        takes_it = "group/gameops.eks_bluegreen.leased" in play.get("module_defaults", {})
        at_the_end = [
            task for task in play["tasks"] if "tasks/free_lease.yml" in actions(task.get("always"), "import_tasks")
        ]
        assert bool(at_the_end) == takes_it, path.name
