# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Kubeconfigs without a secret in them: the token comes from a program, each time it is needed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ClusterAccess:
    """How to get into one cluster. `command` prints an ExecCredential."""

    cluster_name: str
    endpoint: str
    certificate_authority: str
    command: Sequence[str]


def token_command(python: str, script: str, cluster: str, region: str, profile: str, role_arn: str) -> list[str]:
    """The program that prints a token; credentials come from its environment, a profile or a role."""
    # -P: the files next to the script must not replace modules of Python.
    command = [python, "-P", script, "--cluster", cluster, "--region", region]
    command += ["--profile", profile] if profile else []
    return command + (["--role-arn", role_arn] if role_arn else [])


def kubeconfig(access: ClusterAccess) -> dict[str, Any]:
    """A kubeconfig with one cluster, one user and one context."""
    name = access.cluster_name
    program, *arguments = access.command
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [
            {
                "name": name,
                "cluster": {"server": access.endpoint, "certificate-authority-data": access.certificate_authority},
            }
        ],
        "users": [
            {
                "name": name,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1",
                        "command": program,
                        "args": arguments,
                        "interactiveMode": "Never",
                    }
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
