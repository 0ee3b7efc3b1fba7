#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Floors under FleetAutoscalers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agones_capacity_hold
short_description: Keep a cluster's Fleets from shrinking, and let them go again
version_added: 0.1.0
description:
  - Keeps FleetAutoscalers from making Fleets smaller while sessions move, and puts them back as they were.
  - With policy C(Buffer), C(Counter) or C(List) the minimum is raised to the present size of the Fleet, and the maximum
    with it where Agones requires that. The previous values are kept in the annotation C(<annotation_domain>/hold) of
    the FleetAutoscaler. On release, a limit that someone else has changed meanwhile stays as it is.
  - Any other policy (C(Webhook), C(Wasm), C(Schedule), C(Chain)) has no floor. Such a FleetAutoscaler is detached, that
    is, deleted and kept whole in the ConfigMap C(<annotation_domain>.hold) of its namespace. On release it is created
    again as it was, without the fields that the API server owns. If someone else has created one meanwhile, theirs
    stays.
  - No write is lost to a sync of Agones that is under way. A write is refused if its object has changed since it was
    read, and is then planned again. A Fleet whose FleetAutoscaler was detached is written to afterwards, so that the
    API server refuses a scaling that was decided before. If one got through, the Fleet is scaled back.
options:
  namespaces:
    description: The namespaces that hold the Fleets.
    type: list
    elements: str
    required: true
  state:
    description: V(held) holds the FleetAutoscalers, V(released) lets them go.
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
  - While agones-extensions is down, Agones lets FleetAutoscalers be deleted, but neither changed nor created. A floor
    cannot be raised then; the FleetAutoscaler is detached instead, with a warning. A release cannot be done until
    agones-extensions answers again; it fails, names what stays held, and can be repeated.
  - Missing permissions are looked for before the first write and are all named at once. A hold checks everything it may
    have to do, detaching included, and what its release needs; the README of the role capacity_hold lists the
    permissions.
"""

EXAMPLES = r"""
- name: Keep blue as large as it is
  gameops.eks_bluegreen.agones_capacity_hold:
    kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    namespaces: [arena]
    lease: "{{ eks_bluegreen_lease }}"

- name: Release the hold on green
  gameops.eks_bluegreen.agones_capacity_hold:
    kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    state: released
    lease: "{{ eks_bluegreen_lease }}"
"""

RETURN = r"""
autoscalers:
  description: Each FleetAutoscaler, including detached ones; in check mode as predicted.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: Its namespace.
      type: str
    name:
      description: Its name.
      type: str
    fleet:
      description: The Fleet that it scales.
      type: str
    policy:
      description: The type of its policy.
      type: str
    hold:
      description: V(floor), V(detached) or V(none). It is also V(none) if the Fleet could not shrink anyway.
      type: str
    min_replicas:
      description: The minimum number of servers, with policy C(Buffer).
      type: int
    max_replicas:
      description: The maximum number of servers, with policy C(Buffer).
      type: int
    min_capacity:
      description: The minimum capacity, with policy C(Counter) or C(List).
      type: int
    max_capacity:
      description: The maximum capacity, with policy C(Counter) or C(List).
      type: int
  sample:
    - {namespace: arena, name: arena, fleet: arena, policy: Buffer, hold: floor, min_replicas: 60, max_replicas: 120}
    - {namespace: arena, name: lobby, fleet: lobby, policy: Webhook, hold: detached}
"""

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import KubeFleets, NoFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    NAMESPACES_ARGUMENT,
    run_id_of,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold_round import CapacityHold, predict_hold
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "kubeconfig": KUBECONFIG_ARGUMENT,
    "namespaces": NAMESPACES_ARGUMENT,
    "state": {"type": "str", "choices": ["held", "released"], "default": "held"},
    "run_id": {"type": "str"},
    "annotation_domain": DOMAIN_ARGUMENT,
    "lease": LEASE_ARGUMENT,
}

# A slot without a cluster, or without Fleets, has no hold to release.
NOTHING_HELD: dict[str, Any] = {"changed": False, "autoscalers": [], "diff": {"before": {}, "after": {}}}


def run(module: Any) -> dict[str, Any]:
    """Hold or release, as the options say."""
    options = module.params
    released = options["state"] == "released"
    if not options["kubeconfig"] and (released or module.check_mode):
        return NOTHING_HELD if released else predict_hold()
    hold = CapacityHold(
        api=KubeFleets(connect(options["kubeconfig"])),
        namespaces=options["namespaces"],
        run_id="" if released or module.check_mode else run_id_of(options),
        domain=options["annotation_domain"],
        keeper=keeper_of(options["lease"]),
    )
    try:
        result = hold.run(released=released, check_mode=module.check_mode)
    except NoFleets:
        if released:
            return NOTHING_HELD
        if module.check_mode:
            return predict_hold()
        raise
    for warning in hold.warnings:
        module.warn(warning)
    return result


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
