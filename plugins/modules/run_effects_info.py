#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run would leave behind if it ended where it is."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_effects_info
short_description: What an open run has left in the clusters, and what lifts it
version_added: 0.1.0
description:
  - Looks in both slots' clusters for what a run leaves behind if it ends where it is, and lists each thing with the
    command that lifts it, in lines for people.
  - Finds FleetAutoscalers that are held, game servers of the source that are asked to go, game servers of the target
    that a handoff has allocated, a fence of the source, and singletons of the source that are switched off.
  - A part that cannot be read is named in RV(unread) and does not stop the rest. A slot that has no cluster
    has none of this.
  - M(gameops.eks_bluegreen.eks_leftovers_info) finds what a cluster leaves in AWS once it is deleted.
options:
  run:
    description: The open run, as the fact C(eks_bluegreen_run).
    type: dict
    required: true
  observed:
    description: What M(gameops.eks_bluegreen.slot_info) returned, as the fact C(eks_bluegreen_observed).
    type: dict
    required: true
  namespaces:
    description: The namespaces that hold the Fleets, in both slots.
    type: list
    elements: str
    required: true
  fence:
    description: How a slot is fenced. V(none) looks for no fence.
    type: str
    choices: [none, rbac, policy]
    default: none
  fence_roles:
    description: The Roles and ClusterRoles that let allocate, for O(fence=rbac).
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: What it is.
        type: str
        choices: [Role, ClusterRole]
        default: Role
      namespace:
        description: Its namespace; a ClusterRole has none.
        type: str
        default: ""
      name:
        description: Its name.
        type: str
        required: true
  fence_policies:
    description: The GameServerAllocationPolicies that send allocations to the source, for O(fence=policy).
    type: list
    elements: dict
    default: []
    suboptions:
      namespace:
        description: Its namespace.
        type: str
        required: true
      name:
        description: Its name.
        type: str
        required: true
  fence_kubeconfig:
    description: Path of a kubeconfig file of the cluster that allocates, for O(fence=policy). By default the source's.
    type: path
  singletons:
    description: What runs in the active slot only, as for M(gameops.eks_bluegreen.slot_singletons).
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: What it is.
        type: str
        choices: [Deployment, StatefulSet, CronJob]
        required: true
      namespace:
        description: Its namespace.
        type: str
        required: true
      name:
        description: Its name.
        type: str
        required: true
      replicas:
        description: How many replicas it is switched on with. Not used here.
        type: int
        default: 1
  rollback_command:
    description: The command that goes back, for people.
    type: str
    required: true
  region:
    description: The AWS region of the clusters, for the commands.
    type: str
    required: true
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes.info_module
  - gameops.eks_bluegreen.kubeconfig.slots
  - gameops.eks_bluegreen.kubeconfig.agones
notes:
  - It needs no right to write anywhere. It lists GameServers and FleetAutoscalers, and gets ConfigMaps, the
    CustomResourceDefinition C(gameservers.agones.dev), and what O(fence_roles), O(fence_policies) and O(singletons)
    name.
seealso:
  - module: gameops.eks_bluegreen.agones_capacity_hold
  - module: gameops.eks_bluegreen.agones_session_drain
  - module: gameops.eks_bluegreen.agones_slot_fence
  - module: gameops.eks_bluegreen.slot_singletons
"""

EXAMPLES = r"""
- name: Look for what the run leaves behind
  gameops.eks_bluegreen.run_effects_info:
    run: "{{ eks_bluegreen_run }}"
    observed: "{{ eks_bluegreen_observed }}"
    source_kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    target_kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    fence: rbac
    fence_roles:
      - {namespace: arena, name: arena-allocate}
    singletons:
      - {kind: Deployment, namespace: arena, name: director}
    rollback_command: ansible-playbook gameops.eks_bluegreen.rollback -i inventories/prod --limit arena-eu
    region: eu-west-1
  register: effects

- name: Say it
  ansible.builtin.debug:
    msg: "{{ effects.lines }}"
"""

RETURN = r"""
lines:
  description: Everything in lines for people, with the command that lifts each.
  returned: success
  type: list
  elements: str
held:
  description: The FleetAutoscalers that are held, by slot. A slot that could not be looked at is missing.
  returned: success
  type: dict
  sample: {blue: [arena/arena], green: []}
asked:
  description: How many game servers of the source are asked to go.
  returned: success
  type: int
allocated:
  description: How many game servers of the target a handoff has allocated, at most.
  returned: success
  type: int
closed:
  description: What the fence of the source has closed.
  returned: success
  type: list
  elements: str
  sample: [Role arena/arena-allocate]
switched_off:
  description: The singletons of the source that are switched off.
  returned: success
  type: list
  elements: str
  sample: [Deployment arena/director]
unread:
  description: What is not known, and why.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._abandon.effects import (
    Ways,
    ending_of,
    lines_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._abandon.look import (
    EffectsLook,
    EffectsScope,
    FenceOptions,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence import (
    POLICIES_ARGUMENT,
    POLICY_METHOD,
    RBAC_METHOD,
    ROLES_ARGUMENT,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.singletons import (
    SINGLETON_ARGUMENTS,
    Singleton,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    NAMESPACES_ARGUMENT,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock

NO_FENCE = "none"
ARGUMENT_SPEC = {
    "run": {"type": "dict", "required": True},
    "observed": {"type": "dict", "required": True},
    "source_kubeconfig": KUBECONFIG_ARGUMENT,
    "target_kubeconfig": KUBECONFIG_ARGUMENT,
    "namespaces": NAMESPACES_ARGUMENT,
    "fence": {"type": "str", "choices": [NO_FENCE, RBAC_METHOD, POLICY_METHOD], "default": NO_FENCE},
    "fence_roles": ROLES_ARGUMENT,
    "fence_policies": POLICIES_ARGUMENT,
    "fence_kubeconfig": {"type": "path"},
    "singletons": {"type": "list", "elements": "dict", "default": [], "options": SINGLETON_ARGUMENTS},
    "rollback_command": {"type": "str", "required": True},
    "region": {"type": "str", "required": True},
    "annotation_domain": DOMAIN_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """Look in both clusters, and say what is there."""
    options = module.params
    ending = ending_of(options["run"])
    effects = EffectsLook(connect, _scope(options), SystemClock()).at(ending)
    ways = Ways(
        rollback=options["rollback_command"],
        region=options["region"],
        namespaces=options["namespaces"],
        annotation_domain=options["annotation_domain"],
    )
    return {
        "changed": False,
        "lines": lines_of(effects, ending, options["observed"], ways),
        "held": effects.held,
        "asked": effects.asked,
        "allocated": effects.allocated,
        "closed": effects.closed,
        "switched_off": effects.off,
        "unread": effects.unread,
    }


def _scope(options: dict[str, Any]) -> EffectsScope:
    kubeconfigs = {options["run"][role]: options[f"{role}_kubeconfig"] or "" for role in ("source", "target")}
    fence = FenceOptions(
        method=None if options["fence"] == NO_FENCE else options["fence"],
        kubeconfig=options["fence_kubeconfig"] or "",
        roles=options["fence_roles"],
        policies=options["fence_policies"],
    )
    return EffectsScope(
        kubeconfigs=kubeconfigs,
        slots=options["observed"]["slots"],
        namespaces=options["namespaces"],
        domain=options["annotation_domain"],
        fence=fence,
        singletons=[Singleton(**one) for one in options["singletons"]],
    )


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
