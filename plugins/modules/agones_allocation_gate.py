#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proof that allocations have moved from one slot to the other."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agones_allocation_gate
short_description: Wait until sessions are allocated on the target and no longer on the source
version_added: 0.1.0
description:
  - Passes when, within one window, no Fleet of the source has allocated a game server and those of the target have
    allocated at least a few. The evidence is the cumulative counter C(status.allocations) of each Fleet.
  - Without a counter, without a Fleet, or without an allocation on the target it does not pass.
  - The run's journal records how many sessions each slot has. They include those that O(session_predicate) names, which
    do not matter to the gate.
options:
  namespaces:
    description: The namespaces that hold the Fleets.
    type: list
    elements: str
    required: true
  window_seconds:
    description:
      - For how many seconds the source must not have allocated.
      - Choose more than the time for which a matchmaking result may still be used.
      - More than 15 needs O(lease), since only a run can remember a window that long.
    type: float
    default: 10
  min_target_allocations:
    description: How many allocations the target must have made in the window.
    type: int
    default: 1
  source_slot:
    description: What the journal calls the source.
    type: str
    default: source
  target_slot:
    description: What the journal calls the target.
    type: str
    default: target
  wait_timeout:
    description: How many seconds the gate has to pass. After that the task fails and says what it saw last.
    type: int
    default: 120
attributes:
  check_mode:
    support: full
    details: In check mode the counters are read once and not judged.
  diff_mode:
    support: N/A
    details: The module changes nothing.
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.kubeconfig.slots
  - gameops.eks_bluegreen.kubeconfig.agones
  - gameops.eks_bluegreen.lease
  - gameops.eks_bluegreen.sessions
"""

EXAMPLES = r"""
- name: Wait until all new sessions are on green
  gameops.eks_bluegreen.agones_allocation_gate:
    source_kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    target_kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    window_seconds: 10
    min_target_allocations: 3
    lease: "{{ eks_bluegreen_lease }}"
"""

RETURN = r"""
passed:
  description: Whether the window proves that allocations have moved. In check mode always V(false).
  returned: success
  type: bool
  sample: true
source_allocations:
  description: Allocations on the source since the window began.
  returned: success
  type: int
  sample: 0
target_allocations:
  description: Allocations on the target since the window began.
  returned: success
  type: int
  sample: 4
window_seconds:
  description: The age of the window.
  returned: success
  type: float
  sample: 10.2
"""

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.gate_round import (
    AllocationGate,
    predict_gate,
    refuse_long_window,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import KubeFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    NAMESPACES_ARGUMENT,
    PREDICATE_ARGUMENT,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_predicate
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "source_kubeconfig": KUBECONFIG_ARGUMENT,
    "target_kubeconfig": KUBECONFIG_ARGUMENT,
    "namespaces": NAMESPACES_ARGUMENT,
    "window_seconds": {"type": "float", "default": 10},
    "min_target_allocations": {"type": "int", "default": 1},
    "session_predicate": PREDICATE_ARGUMENT,
    "source_slot": {"type": "str", "default": "source"},
    "target_slot": {"type": "str", "default": "target"},
    "wait_timeout": {"type": "int", "default": 120},
    "annotation_domain": DOMAIN_ARGUMENT,
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options = module.params
    refuse_long_window(options["window_seconds"], bool(options["lease"]))
    if module.check_mode and not options["target_kubeconfig"]:
        return predict_gate()
    namespaces = options["namespaces"]
    predicate = read_predicate(options["session_predicate"])
    source = KubeFleets(connect(options["source_kubeconfig"]), predicate)
    target = KubeFleets(connect(options["target_kubeconfig"]), predicate)
    gate = AllocationGate(
        source=lambda: [fleet for namespace in namespaces for fleet in source.fleets(namespace)],
        target=lambda: [fleet for namespace in namespaces for fleet in target.fleets(namespace)],
        keeper=keeper_of(options["lease"]),
        clock=SystemClock(),
        window_seconds=options["window_seconds"],
        min_target_allocations=options["min_target_allocations"],
        source_slot=options["source_slot"],
        target_slot=options["target_slot"],
        sessions=(lambda: (source.sessions(namespaces), target.sessions(namespaces))) if predicate else None,
    )
    return gate.preview() if module.check_mode else gate.run()


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
