#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A synthetic session on each Fleet."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agones_session_probe
short_description: Proves with a synthetic session that a Fleet can be played on
version_added: 0.1.0
description:
  - Allocates one game server of each Fleet as a matchmaker would, connects to its address and releases it again,
    until every Fleet has passed.
  - The synthetic session carries the label C(<annotation_domain>/synthetic). Releasing sets the state C(Shutdown) on
    that very server; no other session is ever touched. What a killed run left is released by the next one with the
    same O(run_id).
  - An allocation is real even as a dry run, so in check mode the task is skipped.
options:
  namespaces:
    description: The namespaces whose Fleets are probed, each one that should have servers.
    type: list
    elements: str
    required: true
  connect:
    description:
      - V(tcp) opens a connection to the server's first port and closes it.
      - V(none) only allocates, for games that speak UDP.
    type: str
    choices: [tcp, none]
    default: tcp
  connect_timeout:
    description: How many seconds a server has to accept the connection.
    type: float
    default: 3
  run_id:
    description: The run to write for. By default the run of O(lease).
    type: str
  wait_timeout:
    description: How many seconds the Fleets have to pass. Then the task fails with what was last seen.
    type: int
    default: 60
attributes:
  check_mode:
    support: none
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Each run allocates a game server of each Fleet.
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.kubeconfig
  - gameops.eks_bluegreen.kubeconfig.agones
  - gameops.eks_bluegreen.lease
"""

EXAMPLES = r"""
- name: Play one synthetic session on green
  gameops.eks_bluegreen.agones_session_probe:
    kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    lease: "{{ eks_bluegreen_lease }}"
"""

RETURN = r"""
passed:
  description: Whether every Fleet has passed.
  returned: success
  type: bool
  sample: true
probes:
  description: Each Fleet with the server that was allocated, its address, how long it took, and what was wrong.
  returned: success
  type: list
  elements: dict
  sample:
    - namespace: arena
      name: arena
      server: arena-9s2kf-x8d4w
      address: 127.40.102.1
      port: 7312
      passed: true
      reason: ""
      seconds: 0.61
"""

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    NAMESPACES_ARGUMENT,
    run_id_of,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.run_probe import (
    KubeAllocator,
    SessionProbe,
    tcp_connect,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "kubeconfig": KUBECONFIG_ARGUMENT,
    "namespaces": NAMESPACES_ARGUMENT,
    "connect": {"type": "str", "choices": ["tcp", "none"], "default": "tcp"},
    "connect_timeout": {"type": "float", "default": 3},
    "run_id": {"type": "str"},
    "wait_timeout": {"type": "int", "default": 60},
    "annotation_domain": DOMAIN_ARGUMENT,
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options = module.params
    probe = SessionProbe(
        api=KubeAllocator(connect(options["kubeconfig"])),
        namespaces=options["namespaces"],
        probe_id=run_id_of(options),
        domain=options["annotation_domain"],
        keeper=keeper_of(options["lease"]),
        clock=SystemClock(),
        connect=tcp_connect if options["connect"] == "tcp" else None,
        connect_timeout=options["connect_timeout"],
    )
    return probe.run()


def main() -> None:
    run_module(ARGUMENT_SPEC, run, supports_check_mode=False)


if __name__ == "__main__":
    main()
