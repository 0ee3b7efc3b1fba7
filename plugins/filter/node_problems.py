# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes players could not reach."""

from __future__ import annotations

DOCUMENTATION = r"""
name: node_problems
short_description: What is wrong with a cluster's nodes
version_added: 0.1.0
description:
  - Says which nodes are not Ready or have no ExternalIP, and whether there are fewer nodes than expected.
positional: expected
options:
  _input:
    description: Node objects, as M(kubernetes.core.k8s_info) returns them.
    type: list
    elements: dict
    required: true
  expected:
    description: The minimum number of nodes.
    type: int
    default: 1
author:
  - The gameops.eks_bluegreen contributors (@gameops)
"""

EXAMPLES = r"""
- name: Refuse nodes that players cannot reach
  ansible.builtin.assert:
    that: not (nodes.resources | gameops.eks_bluegreen.node_problems(3))
"""

RETURN = r"""
_value:
  description: A text per problem; empty if all is well.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def node_problems(nodes: Sequence[Mapping[str, Any]], expected: int = 1) -> list[str]:
    """A text per node that is not Ready or has no ExternalIP, and one if there are fewer than `expected`."""
    problems = [problem for node in nodes for problem in _problems(node)]
    if len(nodes) < expected:
        problems.append(f"{len(nodes)} of {expected} nodes have joined")
    return problems


def _problems(node: Mapping[str, Any]) -> list[str]:
    name, status = node["metadata"]["name"], node.get("status") or {}
    ready = [one for one in status.get("conditions") or [] if one["type"] == "Ready"]
    addresses = {one["type"] for one in status.get("addresses") or []}
    problems = []
    if not ready or ready[0]["status"] != "True":
        reason = ready[0].get("message") or ready[0].get("reason") or "no reason given" if ready else "not yet reported"
        problems.append(f"node {name} is not Ready ({reason})")
    if "ExternalIP" not in addresses:
        problems.append(f"node {name} has no ExternalIP: its subnet must be public and give instances a public address")
    return problems


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"node_problems": node_problems}
