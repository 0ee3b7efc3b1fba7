#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Fargate profile of an EKS cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_fargate_profile
short_description: A Fargate profile of an EKS cluster
version_added: 0.1.0
description:
  - Creates a Fargate profile and waits until it is active, or deletes it. Nothing of a profile can change but its tags.
  - EKS creates and deletes one profile of a cluster at a time; while another one is busy, the module waits.
  - Pods that were created before the profile stay pending. Create it before the charts.
options:
  cluster_name:
    description: The cluster it belongs to.
    type: str
    required: true
  name:
    description: Fargate profile name.
    type: str
    required: true
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
  pod_execution_role_arn:
    description: The IAM role by which Fargate starts pods. Fixed once created.
    type: str
  subnet_ids:
    description: Private subnets; EKS refuses public ones. Fixed once created.
    type: list
    elements: str
  selectors:
    description: Up to five; a pod that matches one runs on Fargate. Fixed once created.
    type: list
    elements: dict
    suboptions:
      namespace:
        description: Namespace of the pods.
        type: str
        required: true
      labels:
        description: Labels that the pods must have.
        type: dict
        default: {}
  tags:
    description: Tags to set. Others stay.
    type: dict
    default: {}
  wait_timeout:
    description: How long to wait until AWS is done, in seconds.
    type: int
    default: 900
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
- name: Controllers run on Fargate
  gameops.eks_bluegreen.eks_fargate_profile:
    cluster_name: arena-green
    name: system
    pod_execution_role_arn: arn:aws:iam::123456789012:role/arena-fargate
    subnet_ids: [subnet-1a, subnet-1b]
    selectors:
      - namespace: kube-system
      - namespace: agones-system
"""

RETURN = r"""
fargate_profile:
  description: The Fargate profile as AWS describes it, in check mode the predicted one; null once it is gone.
  returned: success
  type: dict
  sample: {fargate_profile_name: system, status: ACTIVE}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resources import FargateProfile
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.run import absent_round, answer, present_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LEASE_ARGUMENT, keeper_of

SELECTOR = {"namespace": {"type": "str", "required": True}, "labels": {"type": "dict", "default": {}}}
ARGUMENT_SPEC = {
    "cluster_name": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "pod_execution_role_arn": {"type": "str"},
    "subnet_ids": {"type": "list", "elements": "str"},
    "selectors": {"type": "list", "elements": "dict", "options": SELECTOR},
    "tags": {"type": "dict", "default": {}},
    "wait_timeout": {"type": "int", "default": 900},
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options, check_mode = module.params, module.check_mode
    client = module.client("eks", config=dict(CLIENT_CONFIG))
    resource = FargateProfile(client, options["cluster_name"], options["name"])
    clock, keeper = SystemClock(), keeper_of(options["lease"])
    if options["state"] == "absent":
        return answer("fargate_profile", absent_round(resource, check_mode=check_mode, clock=clock, keeper=keeper))
    want = {field.option: options[field.option] for field in FargateProfile.fields}
    result = present_round(resource, want, options["tags"], check_mode=check_mode, clock=clock, keeper=keeper)
    return answer("fargate_profile", result)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
        required_if=[("state", "present", ["pod_execution_role_arn", "subnet_ids", "selectors"])],
    )
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
