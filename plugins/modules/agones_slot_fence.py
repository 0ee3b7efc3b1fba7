#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make sure that no one allocates on a slot any more, and undo it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agones_slot_fence
short_description: Take away the right to allocate on a slot, and give it back
version_added: 0.1.0
description:
  - With method V(rbac) the Roles and ClusterRoles of O(roles) lose C(create) on
    C(gameserverallocations.allocation.agones.dev), and no other permission. The proof is a set of SubjectAccessReviews
    for O(subjects) in O(namespaces), which take every authoriser of the cluster into account.
  - With method V(policy) the GameServerAllocationPolicies of O(policies) get weight 0. The proof is the weight, read
    twice.
  - The previous state is kept whole in the annotation C(<annotation_domain>/fence) of each object, and V(open) restores
    it exactly. What someone else has changed meanwhile stays; allocations are added to it only if they left them out.
  - A write is refused if its object has changed since it was read, and is then planned again.
options:
  state:
    description: V(fenced) closes the slot, V(open) opens it as it was.
    type: str
    choices: [fenced, open]
    default: fenced
  method:
    description: How to fence the slot.
    type: str
    choices: [rbac, policy]
    required: true
  roles:
    description:
      - The Roles and ClusterRoles that allow allocations, for O(method=rbac).
      - One that grants all API groups (V(*)), or is aggregated from others, is refused.
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
  subjects:
    description: Who allocates, as RoleBindings name them, for O(method=rbac).
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: What it is.
        type: str
        choices: [User, Group, ServiceAccount]
        required: true
      name:
        description: Its name.
        type: str
        required: true
      namespace:
        description: The namespace of a ServiceAccount.
        type: str
        default: ""
      groups:
        description: Groups that the subject is in, besides those that every user or ServiceAccount is in.
        type: list
        elements: str
        default: []
  namespaces:
    description: The namespaces of the Fleets, in which the rights of the subjects are checked, for O(method=rbac).
    type: list
    elements: str
    default: []
  policies:
    description: The GameServerAllocationPolicies that send allocations to the slot, for O(method=policy).
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
  - With O(method=policy), O(kubeconfig) is the cluster whose allocator reads the policies, which need not be the slot's
    own. When all policies of a priority have weight 0, Agones goes on to the next priority, so fence these as well.
  - A game server can allocate itself through the SDK of Agones. That is not an allocation through the API, and is not
    fenced.
  - To write a Role the runner needs every permission that the Role grants, or the verb C(escalate) on it. Everything
    that is missing is named at once, before the first write.
  - Opening does not wait. If the API server does not yet allow what has just been given back, a warning says so.
"""

EXAMPLES = r"""
- name: Stop all allocations on blue
  gameops.eks_bluegreen.agones_slot_fence:
    kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    method: rbac
    roles:
      - {namespace: arena, name: arena-allocate}
    subjects:
      - {kind: Group, name: arena-matchmakers}
    namespaces: [arena]
    lease: "{{ eks_bluegreen_lease }}"

- name: Open blue again
  gameops.eks_bluegreen.agones_slot_fence:
    kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    state: open
    method: rbac
    roles:
      - {namespace: arena, name: arena-allocate}
    subjects:
      - {kind: Group, name: arena-matchmakers}
    namespaces: [arena]
    lease: "{{ eks_bluegreen_lease }}"

- name: Send no allocations to blue
  gameops.eks_bluegreen.agones_slot_fence:
    kubeconfig: /etc/arena/allocator.kubeconfig
    method: policy
    policies:
      - {namespace: arena, name: blue}
    run_id: by-hand
"""

RETURN = r"""
gates:
  description: The Roles, ClusterRoles or policies; in check mode as predicted.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: What it is.
      type: str
    namespace:
      description: Its namespace; empty for a ClusterRole.
      type: str
    name:
      description: Its name.
      type: str
    open:
      description: Whether it lets allocations through.
      type: bool
  sample: [{kind: Role, namespace: arena, name: arena-allocate, open: false}]
"""

from typing import Any, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence import (
    POLICIES_ARGUMENT,
    POLICY_METHOD,
    RBAC_METHOD,
    ROLES_ARGUMENT,
    Gate,
    Subject,
    gate_problems,
    named_gates,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence_round import SlotFence
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    run_id_of,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "kubeconfig": KUBECONFIG_ARGUMENT,
    "state": {"type": "str", "choices": ["fenced", "open"], "default": "fenced"},
    "method": {"type": "str", "choices": [RBAC_METHOD, POLICY_METHOD], "required": True},
    "roles": ROLES_ARGUMENT,
    "subjects": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "kind": {"type": "str", "choices": ["User", "Group", "ServiceAccount"], "required": True},
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str", "default": ""},
            "groups": {"type": "list", "elements": "str", "default": []},
        },
    },
    "namespaces": {"type": "list", "elements": "str", "default": []},
    "policies": POLICIES_ARGUMENT,
    "run_id": {"type": "str"},
    "annotation_domain": DOMAIN_ARGUMENT,
    "lease": LEASE_ARGUMENT,
}
# A slot without a cluster has no fence, and nothing to fence.
NOTHING: dict[str, Any] = {"changed": False, "gates": [], "diff": {"before": {}, "after": {}}}


def gates_of(options: Mapping[str, Any]) -> list[Gate]:
    """What is to be closed. Raises BlueGreenError with all that the options leave out."""
    method = options["method"]
    gates = named_gates(method, options["roles"], options["policies"])
    wrong = gate_problems(method, gates)
    if method == RBAC_METHOD:
        wrong += [f"method rbac needs {name}" for name in ("subjects", "namespaces") if not options[name]]
    wrong += [
        f"ServiceAccount {subject['name']} has no namespace"
        for subject in options["subjects"]
        if subject["kind"] == "ServiceAccount" and not subject["namespace"]
    ]
    if wrong:
        raise BlueGreenError("; ".join(wrong))
    return gates


def run(module: Any) -> dict[str, Any]:
    """Fence or open, as the options say."""
    options = module.params
    gates = gates_of(options)
    fenced = options["state"] == "fenced"
    if not options["kubeconfig"] and (module.check_mode or not fenced):
        return NOTHING
    by_rbac = options["method"] == RBAC_METHOD
    fence = SlotFence(
        api=connect(options["kubeconfig"]),
        gates=gates,
        subjects=[Subject(**{**one, "groups": tuple(one["groups"])}) for one in options["subjects"]] if by_rbac else [],
        namespaces=options["namespaces"] if by_rbac else [],
        run_id="" if module.check_mode or not fenced else run_id_of(options),
        domain=options["annotation_domain"],
        keeper=keeper_of(options["lease"]),
        clock=SystemClock(),
    )
    result = fence.run(fenced=fenced, check_mode=module.check_mode)
    for warning in fence.warnings:
        module.warn(warning)
    return result


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
