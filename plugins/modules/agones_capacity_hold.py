#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Floors under FleetAutoscalers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agones_capacity_hold
short_description: Keeps a cluster's Fleets from shrinking, and lets them go again
version_added: 0.1.0
description:
  - Raises the minimum of each Buffer FleetAutoscaler to the present size of its Fleet, so that nothing shrinks while
    sessions move. The maximum rises with it where Agones asks for that.
  - The limits that it replaced are kept in the annotation C(<annotation_domain>/hold) of the FleetAutoscaler, and put
    back on release. A limit that somebody else has changed in between stays as it is.
  - FleetAutoscalers with another policy are refused before anything is written.
options:
  namespaces:
    description: The namespaces that hold the Fleets.
    type: list
    elements: str
    required: true
  state:
    description: V(held) puts the floors there, V(released) takes them away.
    type: str
    choices: [held, released]
    default: held
  run_id:
    description: The run to write for. By default the run of O(lease).
    type: str
attributes:
  idempotent:
    support: full
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.kubeconfig
  - gameops.eks_bluegreen.kubeconfig.agones
  - gameops.eks_bluegreen.lease
notes:
  - The webhooks of Agones check each write to a FleetAutoscaler; while agones-extensions is down, none is possible.
"""

EXAMPLES = r"""
- name: Keep blue as large as it is
  gameops.eks_bluegreen.agones_capacity_hold:
    kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    namespaces: [arena]
    lease: "{{ eks_bluegreen_lease }}"

- name: Let green breathe again
  gameops.eks_bluegreen.agones_capacity_hold:
    kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    state: released
    lease: "{{ eks_bluegreen_lease }}"
"""

RETURN = r"""
autoscalers:
  description: Each FleetAutoscaler with its limits; in check mode as predicted.
  returned: success
  type: list
  elements: dict
  sample: [{namespace: arena, name: arena, fleet: arena, min_replicas: 60, max_replicas: 120}]
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
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.run_capacity import (
    CapacityHold,
    KubeFleets,
    NoFleets,
    predict_hold,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "kubeconfig": KUBECONFIG_ARGUMENT,
    "namespaces": NAMESPACES_ARGUMENT,
    "state": {"type": "str", "choices": ["held", "released"], "default": "held"},
    "run_id": {"type": "str"},
    "annotation_domain": DOMAIN_ARGUMENT,
    "lease": LEASE_ARGUMENT,
}

# A slot without a cluster, or without Fleets, holds nothing that could be released.
NOTHING_HELD: dict[str, Any] = {"changed": False, "autoscalers": [], "diff": {"before": {}, "after": {}}}


def run(module: Any) -> dict[str, Any]:
    """Hold or release, as the options say."""
    options = module.params
    if module.check_mode and not options["kubeconfig"]:
        return predict_hold()
    released = options["state"] == "released"
    if released and not options["kubeconfig"]:
        return NOTHING_HELD
    hold = CapacityHold(
        api=KubeFleets(connect(options["kubeconfig"])),
        namespaces=options["namespaces"],
        run_id="" if released or module.check_mode else run_id_of(options),
        domain=options["annotation_domain"],
        keeper=keeper_of(options["lease"]),
    )
    try:
        return hold.run(released=released, check_mode=module.check_mode)
    except NoFleets:
        if module.check_mode:
            return predict_hold()
        if released:
            return NOTHING_HELD
        raise


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
