#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the Fleets of two slots."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agones_fleet_parity
short_description: Compares the Fleets, autoscalers and allocation policies of two slots
version_added: 0.1.0
description:
  - Compares what was asked for, after the defaults of Agones. Status, sizes, identities, holds of this collection and
    the marks of tools are left out, and an image may differ in tag and digest.
  - Returns the size that each Fleet of the source needs on the target, for
    M(gameops.eks_bluegreen.agones_fleet_capacity).
options:
  namespaces:
    description: The namespaces that hold the Fleets.
    type: list
    elements: str
    required: true
  headroom_percent:
    description: How much larger than the source's Fleets the target's should be, in percent.
    type: float
    default: 0
  expected_differences:
    description:
      - What is meant to differ, as shell patterns for C(<Kind>/<name>:<path>), for example
        V(Fleet/arena:spec.template.metadata.labels.arena/slot).
      - The kinds are C(Fleet), C(FleetAutoscaler) and C(GameServerAllocationPolicy). An object that only one slot has
        differs at an empty path.
      - In a pattern C([) begins a set of characters; write V([[]) for a bracket of a path, or V(*).
    type: list
    elements: str
    default: []
  fail_on_unexpected:
    description: Fail when there is a difference that is not expected.
    type: bool
    default: true
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes.info_module
  - gameops.eks_bluegreen.kubeconfig.slots
  - gameops.eks_bluegreen.kubeconfig.agones
"""

EXAMPLES = r"""
- name: Compare green's Fleets with blue's
  gameops.eks_bluegreen.agones_fleet_parity:
    source_kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    target_kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    expected_differences:
      - Fleet/*:spec.template.metadata.labels.arena/slot
  register: parity
"""

RETURN = r"""
fleets:
  description: The size that each Fleet of the source needs on the target.
  returned: success
  type: list
  elements: dict
  sample: [{namespace: arena, name: arena, replicas: 60}]
differences:
  description: Every difference, with whether it is expected.
  returned: always, when the slots could be compared
  type: list
  elements: dict
  sample:
    - kind: Fleet
      namespace: arena
      name: arena
      path: spec.scheduling
      source: Packed
      target: Distributed
      expected: false
compared:
  description: Whether there was a target to compare with.
  returned: success
  type: bool
  sample: true
"""

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    NAMESPACES_ARGUMENT,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.parity import refuse_unexpected
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.run_capacity import (
    KubeFleets,
    compare_slots,
    has_fleets,
)

ARGUMENT_SPEC = {
    "source_kubeconfig": KUBECONFIG_ARGUMENT,
    "target_kubeconfig": KUBECONFIG_ARGUMENT,
    "namespaces": NAMESPACES_ARGUMENT,
    "headroom_percent": {"type": "float", "default": 0},
    "expected_differences": {"type": "list", "elements": "str", "default": []},
    "fail_on_unexpected": {"type": "bool", "default": True},
    "annotation_domain": DOMAIN_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """Compare, as the options say."""
    options = module.params
    path = options["target_kubeconfig"]
    source = KubeFleets(connect(options["source_kubeconfig"]))
    target = KubeFleets(connect(path)) if path else None
    if target is not None and module.check_mode and not has_fleets(target, options["namespaces"]):
        # The charts that an earlier phase would install are not there yet.
        target = None
    sizes, differences = compare_slots(
        source,
        target,
        options["namespaces"],
        expected=options["expected_differences"],
        headroom_percent=options["headroom_percent"],
        domain=options["annotation_domain"],
    )
    if options["fail_on_unexpected"]:
        refuse_unexpected(differences)
    return {
        "changed": False,
        "fleets": sizes,
        "differences": [difference.to_document() for difference in differences],
        "compared": target is not None,
    }


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
