"""A stage for task files: real files among stubs of roles and modules, several hosts at once, and who played what."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[3]
OURS = "gameops.eks_bluegreen."
# Stands in for every module and for each entry point of a stubbed role: notes its call, and answers as the host says.
STUB = """
import json
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        step = self._task.args.get("step") or self._task.action.rpartition(".")[2]
        state = self._task.args.get("state")
        step = f"{step} {state}" if state else step
        call = {"host": task_vars["inventory_hostname"], "step": step, "args": self._task.args}
        with open(task_vars["stage_log"], "a") as log:
            log.write(json.dumps(call) + "\\n")
        answer = task_vars.get("answers", {}).get(step, {})
        return {"changed": False, **answer}
"""
MODULES = (*sorted(path.stem for path in (REPOSITORY / "plugins/modules").glob("*.py")), "stub")
ROLES = {
    "capacity_hold": ["main", "release"],
    "session_drain": ["main", "cancel", "release"],
    "session_routing": ["main", "prepare", "restore"],
    "traffic_shift": ["main", "restore"],
    "slot_activation": ["main", "restore", "fence", "unfence", "open_target"],
    "slots": ["kubeconfig"],
    "bake": ["main"],
    "upgrade_report": ["main"],
}
# What move_back.yml does, in its order.
WAY_BACK = [
    "slots/kubeconfig",
    "slot_activation/unfence",
    "session_routing/restore",
    "traffic_shift/restore",
    "session_drain/cancel",
    "slot_activation/restore",
]
RESULT = re.compile(r"^(?=(?:ok|changed|fatal|skipping|TASK|PLAY|included)\b|\[)", re.MULTILINE)
FAILS = {"failed": True, "msg": "AccessDenied"}
SLOTS: dict[str, Any] = {
    f"eks_bluegreen_{role}": {
        "slot": slot,
        "cluster_name": f"arena-{slot}",
        "readable": True,
        "kubeconfig": f"{slot}.kubeconfig",
    }
    for role, slot in (("source", "blue"), ("target", "green"))
}


@dataclass(frozen=True)
class Played:
    """What became of one host."""

    calls: Sequence[tuple[str, Mapping[str, Any]]]
    failed: bool
    output: str

    @property
    def steps(self) -> list[str]:
        return [step for step, _args in self.calls]

    def said(self, host: str) -> str:
        """What Ansible printed of this host alone."""
        return "".join(part for part in RESULT.split(self.output) if re.match(rf"\w+: \[{host}\]", part))


def play(
    folder: Path, tasks: Any, hosts: Mapping[str, Mapping[str, Any]], *, real_roles: Sequence[str] = ()
) -> dict[str, Played]:
    """Play tasks on these hosts, each with variables of its own; `answers` says by step what a stub answers."""
    _build(folder, real_roles)
    log = folder / "log"
    log.touch()
    common = {"ansible_connection": "local", "stage_log": str(log), "eks_bluegreen_game_namespaces": ["arena"]}
    known = {host: {**common, **SLOTS, **of_host} for host, of_host in hosts.items()}
    # In a playbook, role slots brings the defaults of what is shared along.
    shared = yaml.safe_load((REPOSITORY / "roles/options/defaults/main.yml").read_text())
    inventory = {"all": {"vars": shared, "hosts": json.loads(json.dumps(known))}}
    (folder / "inventory.yml").write_text(yaml.safe_dump(inventory))
    plays = [{"name": "Stage", "hosts": "all", "gather_facts": False, "tasks": tasks}]
    (folder / "play.yml").write_text(yaml.safe_dump(plays))
    output = _run(folder)
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    recap = output.rpartition("PLAY RECAP")[2]
    failed = {line.split()[0] for line in recap.splitlines() if "failed=" in line and "failed=0" not in line}
    return {
        host: Played([(one["step"], one["args"]) for one in calls if one["host"] == host], host in failed, output)
        for host in hosts
    }


def task_file(name: str) -> list[dict[str, Any]]:
    """A play's tasks that are those of a file under playbooks."""
    return [{"name": "Play it", "ansible.builtin.import_tasks": str(REPOSITORY / "playbooks" / name)}]


def role(name: str, tasks_from: str) -> list[dict[str, Any]]:
    """A play's tasks that are an entry point of a role."""
    arguments = {"name": f"{OURS}{name}", "tasks_from": tasks_from}
    return [{"name": "Play it", "ansible.builtin.import_role": arguments}]


def _build(folder: Path, real_roles: Sequence[str]) -> None:
    collection = folder / "ansible_collections/gameops/eks_bluegreen"
    for module in MODULES:
        path = collection / "plugins/action" / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STUB)
    for plugins in ("filter", "module_utils"):
        (collection / "plugins" / plugins).symlink_to(REPOSITORY / "plugins" / plugins)
    (collection / "roles").mkdir()
    # Real roles depend on role options.
    for name in {*real_roles, "options"}:
        (collection / "roles" / name).symlink_to(REPOSITORY / "roles" / name)
    for name, entries in ROLES.items():
        path = collection / "roles" / name
        if path.exists():
            continue
        (path / "tasks").mkdir(parents=True)
        for entry in entries:
            stub = [{"name": f"Play {name}", f"{OURS}stub": {"step": f"{name}/{entry}"}}]
            (path / "tasks" / f"{entry}.yml").write_text(yaml.safe_dump(stub))


def _run(folder: Path) -> str:
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", "inventory.yml", "play.yml"]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "ANSIBLE_CONFIG": str(folder / "none.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_FORKS": "4",
    }
    (folder / "none.cfg").write_text("")
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert "PLAY RECAP" in done.stdout, done.stdout + done.stderr
    return done.stdout + done.stderr
