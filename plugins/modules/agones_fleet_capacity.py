#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Size Fleets and wait until their game servers are up."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agones_fleet_capacity
short_description: Make Fleets as large as needed and wait until the servers are ready and addressed
version_added: 0.1.0
description:
  - Scales each Fleet up to a number of servers, and waits until that many are C(Ready), C(Allocated) or C(Reserved) and
    have an address and ports. A Fleet that is already larger stays as it is.
  - If a Fleet has a FleetAutoscaler, it is held first, as M(gameops.eks_bluegreen.agones_capacity_hold) does; otherwise
    it would shrink the Fleet to its buffer within its interval (30 seconds by default). Release it with that module.
options:
  fleets:
    description:
      - The Fleets and how many servers each one needs, as M(gameops.eks_bluegreen.agones_fleet_parity) returns them.
    type: list
    elements: dict
    required: true
    suboptions:
      namespace:
        description: The Fleet's namespace.
        type: str
        required: true
      name:
        description: The Fleet's name.
        type: str
        required: true
      replicas:
        description: The minimum number of servers.
        type: int
        required: true
  run_id:
    description: The run to write for. By default the run of O(lease).
    type: str
  wait:
    description: Wait until the servers are up.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait. After that the task fails and gives the numbers it saw last.
    type: int
    default: 600
attributes:
  idempotent:
    support: full
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.kubeconfig
  - gameops.eks_bluegreen.kubeconfig.agones
  - gameops.eks_bluegreen.lease
notes:
  - Missing permissions are looked for before the first write, in check mode too, and are all named at once. The runner
    needs C(list) on C(fleets), C(gameservers) and C(fleetautoscalers), C(patch) on C(fleets/scale), and, where a
    FleetAutoscaler has to be held, whatever M(gameops.eks_bluegreen.agones_capacity_hold) needs for that.
"""

EXAMPLES = r"""
- name: Make green as large as blue
  gameops.eks_bluegreen.agones_fleet_capacity:
    kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    fleets: "{{ parity.fleets }}"
    lease: "{{ eks_bluegreen_lease }}"
"""

RETURN = r"""
fleets:
  description:
    - Each Fleet; in check mode as predicted. C(up) counts servers that are ready or in use and have an address.
  returned: success
  type: list
  elements: dict
  sample: [{namespace: arena, name: arena, wanted: 60, replicas: 60, up: 60}]
"""

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import KubeFleets, NoFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    run_id_of,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.capacity import WantedSize
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.sizing_round import (
    FleetCapacity,
    predict_capacity,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "kubeconfig": KUBECONFIG_ARGUMENT,
    "fleets": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "namespace": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "replicas": {"type": "int", "required": True},
        },
    },
    "run_id": {"type": "str"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
    "annotation_domain": DOMAIN_ARGUMENT,
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options = module.params
    wants = [WantedSize(**fleet) for fleet in options["fleets"]]
    if module.check_mode and not options["kubeconfig"]:
        return predict_capacity(wants)
    capacity = FleetCapacity(
        api=KubeFleets(connect(options["kubeconfig"])),
        wants=wants,
        run_id="" if module.check_mode else run_id_of(options),
        domain=options["annotation_domain"],
        keeper=keeper_of(options["lease"]),
        clock=SystemClock(),
        wait=options["wait"],
    )
    try:
        result = capacity.run(check_mode=module.check_mode)
    except NoFleets:
        if module.check_mode:
            return predict_capacity(wants)
        raise
    for warning in capacity.warnings:
        module.warn(warning)
    return result


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
