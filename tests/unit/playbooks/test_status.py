"""What the playbook status says of who plays where."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.unit.playbooks.stage import FAILS, REPOSITORY, Played, play

COUNTED = {"agones_gameserver_info": {"sessions": 3, "players": 15}}
SERVES = {"eks_bluegreen_observed": {"active": "green"}}
HOSTS: dict[str, dict[str, Any]] = {
    "left": {"answers": COUNTED, "eks_bluegreen_run": None},
    "moving": {"answers": COUNTED, "eks_bluegreen_run": {"run_id": "1"}},
    "dead": {"answers": {"agones_gameserver_info": FAILS}, "eks_bluegreen_run": None},
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    (playbook,) = yaml.safe_load((REPOSITORY / "playbooks/status.yml").read_text())
    tasks = [task for task in playbook["tasks"] if "ansible.builtin.import_role" not in task]
    return play(tmp_path_factory.mktemp("stage"), tasks, {name: {**SERVES, **one} for name, one in HOSTS.items()})


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "left",
            [
                "blue: 3 sessions, 15 players; the playbook reclaim brings them to green",
                "green: 3 sessions, 15 players",
            ],
        ),
        ("moving", ["blue: 3 sessions, 15 players", "green: 3 sessions, 15 players"]),
        ("dead", ["blue: AccessDenied", "green: AccessDenied"]),
    ],
)
def test_each_slot_has_its_line(name: str, texts: list[str], played: dict[str, Played]) -> None:
    said = played[name].said(name)
    assert [text for text in texts if f'"msg": "{text}"' not in said] == []
    assert not played[name].failed
