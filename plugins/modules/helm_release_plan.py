#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare a release's charts with the Helm releases of a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_release_plan
short_description: Find which charts of a release have to be installed or upgraded
version_added: 0.1.0
description:
  - Compares a list of charts with the Helm releases of a cluster, by version and values, with a single read of the API
    server, and says for each chart what has to be done. Changes nothing.
  - Before that it checks the archives on the control node. Each must exist, hold the version that is asked for, and
    have the digest that is given. All problems are reported at once.
  - The module waits for a Helm operation that is under way. One older than O(interrupted_after_seconds) was
    interrupted; its record is returned, since Helm refuses to work until it is removed.
  - A chart whose content changed under the same version and values is not noticed.
options:
  charts:
    description: The charts, in the order of their installation.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the Helm release.
        type: str
        required: true
      namespace:
        description: Namespace of the Helm release.
        type: str
        required: true
      chart:
        description: An archive or folder on the control node, C(oci://registry/chart), or C(repository/chart).
        type: str
        required: true
      version:
        description: The chart's version.
        type: str
        required: true
      digest:
        description: C(sha256:) and the SHA-256 of the archive, in hexadecimal digits. For archives on the control node.
        type: str
      values:
        description: Values of the release.
        type: dict
        default: {}
  kubeconfig:
    description:
      - Path of the kubeconfig of the cluster.
      - If empty, the cluster does not exist yet, and the answer is a prediction.
    type: str
    required: true
  interrupted_after_seconds:
    description:
      - Age in seconds after which an unfinished Helm operation is taken for interrupted.
      - It must not be less than the timeout of the Helm operations themselves.
    type: int
    default: 300
  wait_timeout:
    description:
      - How many seconds to wait for a Helm operation that is under way to end.
      - If it is more than O(interrupted_after_seconds), the wait always ends in time.
    type: int
    default: 330
attributes:
  check_mode:
    support: full
    details: RV(ignore:changed) is true in check mode if there is something to deploy.
  diff_mode:
    support: full
    details: Shows versions and the names of values that differ, never the values.
  idempotent:
    support: full
    details: This module changes nothing.
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.lease
requirements:
  - kubernetes >= 36.0.3
notes:
  - Helm keeps its releases in Secrets. The identity of the kubeconfig needs C(list) on Secrets of the whole cluster.
"""

EXAMPLES = r"""
- name: Find what has to be deployed
  gameops.eks_bluegreen.helm_release_plan:
    kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    charts:
      - name: agones
        namespace: agones-system
        chart: /srv/charts/agones-1.60.0.tgz
        version: 1.60.0
        values:
          gameservers:
            namespaces: [arena]
  register: plan
"""

RETURN = r"""
charts:
  description: One step per chart, in order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the Helm release.
      type: str
    namespace:
      description: Namespace of the Helm release.
      type: str
    version:
      description: The version that is asked for.
      type: str
    deployed_version:
      description: The version that was found, or empty.
      type: str
    action:
      description: V(install), V(upgrade) or V(none).
      type: str
    reason:
      description: Why.
      type: str
  sample:
    - name: agones
      namespace: agones-system
      version: 1.60.0
      deployed_version: 1.59.0
      action: upgrade
      reason: version 1.59.0 is deployed
deploy:
  description: Names of the charts to install or upgrade, in order.
  returned: success
  type: list
  elements: str
  sample: [agones]
interrupted:
  description: Secrets of interrupted Helm operations, by name and namespace. They must be removed first.
  returned: success
  type: list
  elements: dict
  sample: [{name: sh.helm.release.v1.agones.v1, namespace: agones-system}]
predicted:
  description: Whether the cluster does not exist yet.
  returned: success
  type: bool
  sample: false
"""

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import run_module
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.api import HelmReleases
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.round import plan_helm_release
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import chart_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "charts": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str", "required": True},
            "chart": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "digest": {"type": "str"},
            "values": {"type": "dict", "default": {}},
        },
    },
    "kubeconfig": {"type": "str", "required": True},
    "interrupted_after_seconds": {"type": "int", "default": 300},
    "wait_timeout": {"type": "int", "default": 330},
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """Renew the lease, since Helm writes next; then plan."""
    options = module.params
    cluster = HelmReleases(connect(options["kubeconfig"]), SystemClock()) if options["kubeconfig"] else None
    if cluster and not module.check_mode:
        keeper_of(options["lease"]).keep()
    return plan_helm_release(
        [chart_of(chart, chart["values"]) for chart in options["charts"]],
        cluster,
        interrupted_after_seconds=options["interrupted_after_seconds"],
        check_mode=module.check_mode,
    )


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
