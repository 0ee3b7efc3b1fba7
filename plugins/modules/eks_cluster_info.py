#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS says about a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_cluster_info
short_description: Describe an EKS cluster
version_added: 0.1.0
description:
  - Reads a cluster, in the shape that M(gameops.eks_bluegreen.eks_cluster) returns, the Kubernetes versions that EKS
    has on offer, and what EKS' insights found.
  - No role or playbook of the collection uses it. It is for people, who look at a cluster before they plan an upgrade,
    and for playbooks of their own.
options:
  name:
    description: The cluster.
    type: str
  versions:
    description: Whether to list the Kubernetes versions on offer.
    type: bool
    default: false
  insights:
    description: The categories of insights to read. They need O(name).
    type: list
    elements: str
    choices: [UPGRADE_READINESS, MISCONFIGURATION, ROLLBACK_READINESS]
    default: []
notes:
  - "IAM actions: C(eks:DescribeCluster), C(eks:DescribeClusterVersions), C(eks:ListInsights), C(eks:DescribeInsight)"
seealso:
  - module: gameops.eks_bluegreen.eks_cluster
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes.info_module
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: See the cluster and what is in the way of its upgrade
  gameops.eks_bluegreen.eks_cluster_info:
    name: arena-green
    insights: [UPGRADE_READINESS]
  register: green

- name: Refuse to go on with what EKS calls an error
  ansible.builtin.assert:
    that: green.insights | selectattr('insight_status.status', 'eq', 'ERROR') | length == 0

- name: See which Kubernetes versions are on offer
  gameops.eks_bluegreen.eks_cluster_info:
    versions: true
"""

RETURN = r"""
cluster:
  description:
    - The cluster as AWS describes it, as M(gameops.eks_bluegreen.eks_cluster) returns it; null if there is none, and
      without O(name).
  returned: success
  type: dict
  sample: {name: arena-green, status: ACTIVE, version: "1.36", arn: "arn:aws:eks:..."}
versions:
  description: The Kubernetes versions on offer, newest first.
  returned: when O(versions=true)
  type: list
  elements: dict
  contains:
    cluster_version:
      description: The version.
      type: str
    default_version:
      description: Whether EKS uses it for a cluster that names none.
      type: bool
    version_status:
      description: V(STANDARD_SUPPORT), V(EXTENDED_SUPPORT) or V(UNSUPPORTED).
      type: str
    end_of_standard_support_date:
      description: When its standard support ends.
      type: str
    end_of_extended_support_date:
      description: When its extended support ends.
      type: str
  sample: [{cluster_version: "1.36", default_version: false, version_status: STANDARD_SUPPORT}]
insights:
  description: What EKS found, errors first. Those that are not V(PASSING) come with resources and recommendation.
  returned: when O(insights) is given
  type: list
  elements: dict
  contains:
    name:
      description: What was checked.
      type: str
    category:
      description: Its category.
      type: str
    kubernetes_version:
      description: The version that it is about.
      type: str
    insight_status:
      description: C(status), one of V(PASSING), V(WARNING), V(ERROR) and V(UNKNOWN), and C(reason).
      type: dict
    recommendation:
      description: What to do.
      returned: unless it passes
      type: str
    resources:
      description: Where it was found.
      returned: unless it passes
      type: list
      elements: dict
  sample:
    - name: Kubelet version skew
      category: UPGRADE_READINESS
      kubernetes_version: "1.37"
      insight_status: {status: PASSING, reason: No kubelet lags behind.}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster_info import read

CATEGORIES = ["UPGRADE_READINESS", "MISCONFIGURATION", "ROLLBACK_READINESS"]
ARGUMENT_SPEC = {
    "name": {"type": "str"},
    "versions": {"type": "bool", "default": False},
    "insights": {"type": "list", "elements": "str", "choices": CATEGORIES, "default": []},
}


def run(module: Any) -> dict[str, Any]:
    """Read what the options ask for."""
    options = module.params
    client = module.client("eks", config=dict(CLIENT_CONFIG))
    found = read(client, options["name"], versions=options["versions"], insights=options["insights"])
    return {"changed": False, **found}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if module.params["insights"] and not module.params["name"]:
        module.fail_json(msg="insights belong to a cluster: set name to say which")
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
