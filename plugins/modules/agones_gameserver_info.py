#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the game servers of a cluster are doing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agones_gameserver_info
short_description: Count game servers, sessions and players of a cluster
version_added: 0.1.0
description:
  - Counts the GameServers of Agones by Fleet and state, the sessions in them, their players and the age of the oldest
    match.
  - A session is a GameServer that is C(Allocated) or C(Reserved), or one that is ending after it has been allocated,
    as long as its pod exists, or one that O(session_predicate) names.
options:
  namespaces:
    description: The namespaces that hold the game servers.
    type: list
    elements: str
    required: true
  players_list:
    description: The List of each GameServer that holds the ids of its players.
    type: str
    default: players
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes.info_module
  - gameops.eks_bluegreen.kubeconfig
  - gameops.eks_bluegreen.kubeconfig.agones
  - gameops.eks_bluegreen.sessions
"""

EXAMPLES = r"""
- name: Count the sessions of the blue slot
  gameops.eks_bluegreen.agones_gameserver_info:
    kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    namespaces: [arena]
  register: blue

- name: Also count servers that have players but were never allocated
  gameops.eks_bluegreen.agones_gameserver_info:
    kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    namespaces: [arena]
    session_predicate:
      counter: players
  register: blue
"""

RETURN = r"""
sessions:
  description: Number of sessions.
  returned: success
  type: int
  sample: 48
players:
  description: Number of players in them; V(null) when no session keeps a List of players.
  returned: success
  type: int
  sample: 240
oldest_session_seconds:
  description: Seconds since the oldest match was allocated; V(null) without one.
  returned: success
  type: float
  sample: 131.4
fleets:
  description:
    - Each Fleet with its size, its cumulative count of allocations, its game servers by state, and its sessions.
  returned: success
  type: list
  elements: dict
  sample:
    - namespace: arena
      name: arena
      replicas: 60
      allocations: 311
      states: {Allocated: 48, Ready: 12}
      sessions: 48
      players: 240
      oldest_session_seconds: 131.4
"""

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.count import count_sessions
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    NAMESPACES_ARGUMENT,
    PREDICATE_ARGUMENT,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_predicate
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock

ARGUMENT_SPEC = {
    "kubeconfig": KUBECONFIG_ARGUMENT,
    "namespaces": NAMESPACES_ARGUMENT,
    "players_list": {"type": "str", "default": "players"},
    "session_predicate": PREDICATE_ARGUMENT,
    "annotation_domain": DOMAIN_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """Count, as the options say."""
    options = module.params
    api = connect(options["kubeconfig"]) if options["kubeconfig"] else None
    predicate = read_predicate(options["session_predicate"])
    return count_sessions(api, options["namespaces"], options["players_list"], SystemClock(), predicate)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
