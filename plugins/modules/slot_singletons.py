#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switch off and on what runs in the active slot only."""

from __future__ import annotations

DOCUMENTATION = r"""
module: slot_singletons
short_description: Switch a slot's singletons off or on, and prove it
version_added: 0.1.0
description:
  - Singletons are what must run in one slot only, the active one, such as queue consumers, matchmaking directors and
    CronJobs.
  - V(off) scales Deployments and StatefulSets to 0 and suspends CronJobs. It is proven when two readings find no pod
    left and no job active. Jobs that are already running are waited for, never ended.
  - V(on) gives each back the C(replicas) or C(suspend) that it had. These are kept in the annotation
    C(<annotation_domain>/singleton) of the object while it is off. It is proven when all replicas are ready.
  - A write is refused if its object has changed since it was read, and is then planned again.
options:
  singletons:
    description: The singletons.
    type: list
    elements: dict
    required: true
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
        description:
          - How many replicas it is switched on with if nothing says how many it had, because its chart installed it
            with none.
        type: int
        default: 1
  state:
    description: V(off) or V(on).
    type: str
    choices: ["off", "on"]
    required: true
  ignore_missing:
    description:
      - Whether singletons that are not in the cluster are skipped when the rest is switched on.
      - V(off) always skips them, since what is not there does not run.
    type: bool
    default: false
  wait:
    description:
      - Wait for the proof. Without waiting, the module writes and returns, and fails at once if the cluster does not
        answer at once.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait. After that the task fails and names what is left.
    type: int
    default: 300
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
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.kubeconfig
  - gameops.eks_bluegreen.kubeconfig.agones
  - gameops.eks_bluegreen.lease
notes:
  - Missing permissions are looked for before the first write and are all named at once.
  - Pods that have ended (C(Succeeded), C(Failed)) do not count; those that are terminating do.
"""

EXAMPLES = r"""
- name: Switch blue's director off
  gameops.eks_bluegreen.slot_singletons:
    kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    singletons:
      - {kind: Deployment, namespace: arena, name: director}
      - {kind: CronJob, namespace: arena, name: season-rewards}
    state: "off"
    lease: "{{ eks_bluegreen_lease }}"

- name: Switch green's on
  gameops.eks_bluegreen.slot_singletons:
    kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    singletons:
      - {kind: Deployment, namespace: arena, name: director, replicas: 2}
      - {kind: CronJob, namespace: arena, name: season-rewards}
    state: "on"
    lease: "{{ eks_bluegreen_lease }}"
"""

RETURN = r"""
singletons:
  description: Each of them; in check mode as predicted.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: What it is.
      type: str
    namespace:
      description: Its namespace.
      type: str
    name:
      description: Its name.
      type: str
    state:
      description: V(on), V(off), or V(absent) when it is not in the cluster.
      type: str
  sample: [{kind: Deployment, namespace: arena, name: director, state: "off"}]
"""

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.singletons import (
    ON,
    SINGLETON_ARGUMENTS,
    Singleton,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.singletons_round import (
    Activation,
    predict_activation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    run_id_of,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "kubeconfig": KUBECONFIG_ARGUMENT,
    "singletons": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": SINGLETON_ARGUMENTS,
    },
    "state": {"type": "str", "choices": ["off", "on"], "required": True},
    "ignore_missing": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
    "run_id": {"type": "str"},
    "annotation_domain": DOMAIN_ARGUMENT,
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options = module.params
    singletons = [Singleton(**one) for one in options["singletons"]]
    if not options["kubeconfig"] and (module.check_mode or options["state"] != ON):
        return predict_activation(singletons, options["state"])
    activation = Activation(
        api=connect(options["kubeconfig"]),
        singletons=singletons,
        run_id="" if module.check_mode or options["state"] == ON else run_id_of(options),
        domain=options["annotation_domain"],
        keeper=keeper_of(options["lease"]),
        clock=SystemClock(),
        wait=options["wait"],
        ignore_missing=options["ignore_missing"],
    )
    return activation.run(options["state"], check_mode=module.check_mode)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
