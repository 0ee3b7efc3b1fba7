#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A managed node group of an EKS cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_nodegroup
short_description: A managed node group of an EKS cluster
version_added: 0.1.0
description:
  - Creates a node group and waits until it is active, converges limits of size, labels and taints, or deletes it.
  - Deleting it ends what runs on its nodes, sessions too, whatever disruption budgets say.
options:
  cluster_name:
    description: The cluster it belongs to.
    type: str
    required: true
  name:
    description: Node group name.
    type: str
    required: true
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
  kubernetes_version:
    description: Kubernetes version of the nodes; the cluster's where it is not given. Fixed once created.
    type: str
  release_version:
    description: Release of the node image, for example V(1.36.1-20261101). Fixed once created.
    type: str
  ami_type:
    description: Family of the node image, for example V(AL2023_x86_64_STANDARD). Fixed once created.
    type: str
  node_role_arn:
    description: The IAM role of the nodes. Fixed once created.
    type: str
  subnet_ids:
    description:
      - The subnets of the nodes. Fixed once created.
      - Players connect straight to a node, so these are public ones that give instances a public address.
    type: list
    elements: str
  instance_types:
    description: Instance types, in order of preference. Fixed once created.
    type: list
    elements: str
  min_size:
    description: Smallest number of nodes.
    type: int
  max_size:
    description: Largest number of nodes.
    type: int
  desired_size:
    description: Number of nodes at creation. Later an autoscaler owns it.
    type: int
  labels:
    description: All the labels that the node group puts on its nodes.
    type: dict
  taints:
    description: All the taints that the node group puts on its nodes.
    type: list
    elements: dict
    suboptions:
      key:
        description: Key of the taint.
        type: str
        required: true
      value:
        description: Value of the taint.
        type: str
      effect:
        description: Effect of the taint.
        type: str
        choices: [NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE]
        required: true
  tags:
    description: Tags to set. Others stay.
    type: dict
    default: {}
  wait_timeout:
    description: How long to wait until AWS is done, in seconds.
    type: int
    default: 1800
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.lease
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Nodes for game servers
  gameops.eks_bluegreen.eks_nodegroup:
    cluster_name: arena-green
    name: game
    node_role_arn: arn:aws:iam::123456789012:role/arena-node
    subnet_ids: [subnet-0a, subnet-0b]
    instance_types: [c7i.2xlarge]
    ami_type: AL2023_x86_64_STANDARD
    release_version: 1.36.1-20261101
    min_size: 3
    max_size: 6
    desired_size: 3
    labels:
      arena/role: game
"""

RETURN = r"""
nodegroup:
  description: The node group as AWS describes it, in check mode the predicted one; null once it is gone.
  returned: success
  type: dict
  sample: {nodegroup_name: game, status: ACTIVE, scaling_config: {min_size: 3, max_size: 6, desired_size: 3}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resources import Nodegroup
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.run import absent_round, answer, present_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LEASE_ARGUMENT, keeper_of

EFFECTS = ["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]
TAINT = {
    "key": {"type": "str", "required": True, "no_log": False},
    "value": {"type": "str"},
    "effect": {"type": "str", "choices": EFFECTS, "required": True},
}
ARGUMENT_SPEC = {
    "cluster_name": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "kubernetes_version": {"type": "str"},
    "release_version": {"type": "str"},
    "ami_type": {"type": "str"},
    "node_role_arn": {"type": "str"},
    "subnet_ids": {"type": "list", "elements": "str"},
    "instance_types": {"type": "list", "elements": "str"},
    "min_size": {"type": "int"},
    "max_size": {"type": "int"},
    "desired_size": {"type": "int"},
    "labels": {"type": "dict"},
    "taints": {"type": "list", "elements": "dict", "options": TAINT},
    "tags": {"type": "dict", "default": {}},
    "wait_timeout": {"type": "int", "default": 1800},
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options, check_mode = module.params, module.check_mode
    client = module.client("eks", config=dict(CLIENT_CONFIG))
    resource = Nodegroup(client, options["cluster_name"], options["name"])
    clock, keeper = SystemClock(), keeper_of(options["lease"])
    if options["state"] == "absent":
        return answer("nodegroup", absent_round(resource, check_mode=check_mode, clock=clock, keeper=keeper))
    want = {field.option: options[field.option] for field in Nodegroup.fields}
    if options["taints"] is not None:
        want["taints"] = [{key: value for key, value in taint.items() if value} for taint in options["taints"]]
    result = present_round(resource, want, options["tags"], check_mode=check_mode, clock=clock, keeper=keeper)
    return answer("nodegroup", result)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
        required_if=[("state", "present", ["node_role_arn", "subnet_ids"])],
    )
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
