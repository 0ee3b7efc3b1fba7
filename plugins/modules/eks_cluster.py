#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An EKS cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_cluster
short_description: An EKS cluster
version_added: 0.1.0
description:
  - Creates a cluster and waits until it is active, converges what needs no replacement, or deletes it.
  - Whoever creates the cluster gets administrator access to it (an access entry that EKS makes).
options:
  name:
    description: Cluster name.
    type: str
    required: true
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
  kubernetes_version:
    description:
      - Kubernetes version, as a string such as V(1.36). Fixed once created; another version goes to the other slot.
    type: str
  role_arn:
    description: The IAM role of the control plane. Fixed once created.
    type: str
  subnet_ids:
    description: Subnets for the control plane's network interfaces, in two zones or more. Fixed here once created.
    type: list
    elements: str
  security_group_ids:
    description: Additional security groups of the control plane. Fixed here once created.
    type: list
    elements: str
  authentication_mode:
    description: Who may enter. The collection needs access entries. Fixed here once created.
    type: str
    choices: [API, API_AND_CONFIG_MAP]
  endpoint_public_access:
    description: Whether the API server answers from outside of the VPC.
    type: bool
  endpoint_private_access:
    description: Whether the API server answers inside of the VPC.
    type: bool
  delete_contents:
    description:
      - With O(state=absent), delete the cluster's node groups, Fargate profiles and add-ons first. Node groups and
        add-ons go side by side, Fargate profiles one at a time, as EKS demands.
      - Deleting a node group ends what runs on its nodes, sessions too, whatever disruption budgets say.
    type: bool
    default: false
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
- name: Green's cluster
  gameops.eks_bluegreen.eks_cluster:
    name: arena-green
    kubernetes_version: "1.36"
    role_arn: arn:aws:iam::123456789012:role/arena-cluster
    subnet_ids: [subnet-0a, subnet-0b]
    authentication_mode: API
    tags:
      eks-bluegreen/slot: green

- name: Remove blue's cluster with all that is in it
  gameops.eks_bluegreen.eks_cluster:
    name: arena-blue
    state: absent
    delete_contents: true
"""

RETURN = r"""
cluster:
  description: The cluster as AWS describes it, in check mode the predicted one; null once it is gone.
  returned: success
  type: dict
  sample: {name: arena-green, status: ACTIVE, version: "1.36", arn: "arn:aws:eks:..."}
contents:
  description: What was found in the cluster and is deleted before it.
  returned: when O(state=absent) and O(delete_contents=true)
  type: list
  elements: str
  sample: [node group arena-blue/game, Fargate profile arena-blue/system]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resources import Cluster
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.run import (
    absent_round,
    answer,
    empty_round,
    present_round,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "kubernetes_version": {"type": "str"},
    "role_arn": {"type": "str"},
    "subnet_ids": {"type": "list", "elements": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "authentication_mode": {"type": "str", "choices": ["API", "API_AND_CONFIG_MAP"]},
    "endpoint_public_access": {"type": "bool"},
    "endpoint_private_access": {"type": "bool"},
    "delete_contents": {"type": "bool", "default": False},
    "tags": {"type": "dict", "default": {}},
    "wait_timeout": {"type": "int", "default": 1800},
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options, check_mode = module.params, module.check_mode
    client = module.client("eks", config=dict(CLIENT_CONFIG))
    resource = Cluster(client, options["name"])
    clock, keeper = SystemClock(), keeper_of(options["lease"])
    if options["state"] == "absent":
        end = empty_round if options["delete_contents"] else absent_round
        return answer("cluster", end(resource, check_mode=check_mode, clock=clock, keeper=keeper))
    want = {field.option: options[field.option] for field in Cluster.fields}
    result = present_round(resource, want, options["tags"], check_mode=check_mode, clock=clock, keeper=keeper)
    return answer("cluster", result)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
        required_if=[("state", "present", ["kubernetes_version", "role_arn", "subnet_ids"])],
    )
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
