"""Where kubeconfigs are written, and with which mode."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible_collections.gameops.eks_bluegreen.plugins.action import slot_kubeconfig

BLUE = {"cluster_name": "arena-blue", "endpoint": "https://blue", "certificate_authority": "Q0E="}
GREEN = {"cluster_name": "arena-green", "endpoint": "", "certificate_authority": ""}


def write(monkeypatch: pytest.MonkeyPatch, folder: Path, transport: str = "local") -> dict[str, Any]:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(folder), raising=False)
    options = {"clusters": {"blue": BLUE, "green": GREEN}, "region": "eu-west-1"}
    task = SimpleNamespace(action="slot_kubeconfig", args=options, async_val=0, check_mode=False, diff=False)
    connection = SimpleNamespace(transport=transport, _shell=SimpleNamespace(tmpdir=str(folder)))
    action = slot_kubeconfig.ActionModule(
        task=task, connection=connection, play_context=None, loader=None, templar=None, shared_loader_obj=None
    )
    return action.run(task_vars={"inventory_hostname": "arena"})


def test_only_clusters_that_exist_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = write(monkeypatch, tmp_path)
    path = tmp_path / "kubeconfigs" / "arena" / "blue.kubeconfig"
    assert result["paths"] == {"blue": str(path), "green": ""}
    assert not result["changed"]
    assert json.loads(path.read_text())["current-context"] == "arena-blue"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert write(monkeypatch, tmp_path)["paths"] == result["paths"]


def test_it_writes_on_the_control_node_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(AnsibleActionFail, match="set ansible_connection to local"):
        write(monkeypatch, tmp_path, transport="ssh")
