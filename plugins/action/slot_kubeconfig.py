# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the slots' kubeconfigs into the temporary folder of this ansible process, which is removed when it ends."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._access import eks_token
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._access.kubeconfig import (
    ClusterAccess,
    kubeconfig,
    token_command,
)


class ActionModule(ActionBase):  # type: ignore[misc]
    """Needs no module on the target: it writes where the control node's tools will read."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(
            {
                "clusters": {"type": "dict", "required": True},
                "region": {"type": "str", "required": True},
                "profile": {"type": "str", "default": ""},
                "role_arn": {"type": "str", "default": ""},
            }
        )
        if self._connection.transport != "local":
            raise AnsibleActionFail(f"{self._task.action} writes on the control node: set ansible_connection to local")
        host = str((task_vars or {}).get("inventory_hostname", "localhost"))
        folder = Path(constants.DEFAULT_LOCAL_TMP) / "kubeconfigs" / host
        paths = {slot: self._write(folder, slot, one, options) for slot, one in options["clusters"].items()}
        return {"changed": False, "paths": paths}

    def _write(self, folder: Path, slot: str, cluster: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        if not cluster.get("endpoint") or not cluster.get("certificate_authority"):
            return ""
        name = str(cluster["cluster_name"])
        command = token_command(
            sys.executable, eks_token.__file__, name, options["region"], options["profile"], options["role_arn"]
        )
        access = ClusterAccess(name, str(cluster["endpoint"]), str(cluster["certificate_authority"]), command)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{slot}.kubeconfig"
        part = path.with_suffix(".part")
        # JSON is YAML, and needs no library.
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(json.dumps(kubeconfig(access), indent=1))
        part.replace(path)
        return str(path)
