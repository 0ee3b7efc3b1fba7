#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Fargate profile of an EKS cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_fargate_profile
short_description: Manage a Fargate profile of an EKS cluster
version_added: 0.1.0
description:
  - Creates a Fargate profile and waits until it is active, or deletes it. Only the tags of a profile can change. Any
    other difference is shown and refused, unless O(recreate=true).
  - EKS creates and deletes one profile of a cluster at a time; while another one is busy, no matter who started that,
    the module waits and says what for.
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
  pod_execution_role_arn:
    description:
      - The IAM role with which Fargate starts pods. Fixed once created. Needed to create a profile, as are
        O(subnet_ids) and O(selectors).
    type: str
  subnet_ids:
    description:
      - Private subnets, that is, subnets without a route to an internet gateway. The module reads the route tables
        before it creates the profile, and refuses any others. Fixed once created.
    type: list
    elements: str
  selectors:
    description: One to five; a pod that matches one runs on Fargate. Fixed once created.
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
  recreate:
    description:
      - Whether a profile that differs, or whose creation has failed, is deleted and created anew. Deleting it ends its
        pods. The new profile is checked before the old one is deleted. The module waits for that deletion even with
        O(wait=false).
    type: bool
    default: false
  wait_timeout:
    description: How long to wait until AWS is done, in seconds.
    type: int
    default: 900
notes:
  - "IAM actions: C(eks:DescribeFargateProfile), C(eks:CreateFargateProfile), C(eks:DeleteFargateProfile),
    C(eks:TagResource), C(eks:UntagResource), C(iam:PassRole), C(iam:GetRole), C(iam:CreateServiceLinkedRole),
    C(ec2:DescribeSubnets), C(ec2:DescribeRouteTables)"
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.eks
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

- name: Replace the profile, since its selectors cannot change
  gameops.eks_bluegreen.eks_fargate_profile:
    cluster_name: arena-green
    name: system
    pod_execution_role_arn: arn:aws:iam::123456789012:role/arena-fargate
    subnet_ids: [subnet-1a, subnet-1b]
    selectors:
      - namespace: kube-system
        labels:
          k8s-app: kube-dns
    recreate: true

- name: Remove it
  gameops.eks_bluegreen.eks_fargate_profile:
    cluster_name: arena-green
    name: system
    state: absent
"""

RETURN = r"""
fargate_profile:
  description: The Fargate profile as AWS describes it, in check mode the predicted one; null once it is gone.
  returned: success
  type: dict
  contains:
    fargate_profile_name:
      description: Fargate profile name.
      type: str
    fargate_profile_arn:
      description: ARN of the Fargate profile.
      type: str
    status:
      description: What EKS is doing with it, V(ACTIVE) when nothing.
      type: str
    selectors:
      description: Which pods run on Fargate.
      type: list
      elements: dict
    tags:
      description: All its tags.
      type: dict
  sample: {fargate_profile_name: system, status: ACTIVE, selectors: [{namespace: kube-system}]}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.arguments import FARGATE_PROFILE_ARGUMENTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.asked import ask_fargate_profile
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.modules import (
    clients_of,
    one_round,
    shared_arguments,
)

ARGUMENT_SPEC = {**FARGATE_PROFILE_ARGUMENTS, **shared_arguments(wait_timeout=900)}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    return one_round(module, "fargate_profile", ask_fargate_profile(clients_of(module), module.params))


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
