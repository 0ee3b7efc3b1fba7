#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may enter an EKS cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_access_entry
short_description: Manage who may enter an EKS cluster
version_added: 0.1.0
description:
  - Maps an IAM role or user to Kubernetes groups, and to EKS access policies for the cluster or for some namespaces.
  - The cluster's authentication mode must be V(API) or V(API_AND_CONFIG_MAP).
options:
  cluster_name:
    description: The cluster.
    type: str
    required: true
  principal_arn:
    description: ARN of the IAM role or user; for a role, the ARN of the role itself, not of a session that assumed it.
    type: str
    required: true
  type:
    description:
      - What the principal is. EKS uses V(STANDARD) if it is not given; nodes have types of their own, whose groups EKS
        sets. Fixed once created.
    type: str
    choices: [STANDARD, EC2, EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, HYPERPOD_LINUX]
  kubernetes_groups:
    description: All Kubernetes groups of the principal. Without this option they are left as they are.
    type: list
    elements: str
  username:
    description: Kubernetes user name. EKS derives one from the ARN if it is not given.
    type: str
  policy_arns:
    description: Access policies of the principal, each for the whole cluster.
    type: list
    elements: str
  access_policies:
    description: Access policies of the principal with their scopes, besides those in O(policy_arns).
    type: list
    elements: dict
    suboptions:
      policy_arn:
        description: The policy, for example V(arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy).
        type: str
        required: true
      scope:
        description: Where the policy applies.
        type: str
        choices: [cluster, namespace]
        default: cluster
      namespaces:
        description: The namespaces of the scope V(namespace). A name may end in V(*).
        type: list
        elements: str
        default: []
  purge_policies:
    description:
      - Whether policies that neither O(policy_arns) nor O(access_policies) names are removed. Without these two options
        no policy is touched.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait until AWS shows the change, in seconds.
    type: int
    default: 120
notes:
  - "IAM actions: C(eks:DescribeAccessEntry), C(eks:CreateAccessEntry), C(eks:UpdateAccessEntry),
    C(eks:DeleteAccessEntry), C(eks:ListAssociatedAccessPolicies), C(eks:ListAccessPolicies),
    C(eks:AssociateAccessPolicy), C(eks:DisassociateAccessPolicy), C(eks:TagResource), C(eks:UntagResource)"
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
- name: Matchmakers of both slots may allocate game servers in green
  gameops.eks_bluegreen.eks_access_entry:
    cluster_name: arena-green
    principal_arn: arn:aws:iam::123456789012:role/arena-matchmaker
    kubernetes_groups: [arena-matchmakers]

- name: Developers see all of the cluster and edit their namespace
  gameops.eks_bluegreen.eks_access_entry:
    cluster_name: arena-green
    principal_arn: arn:aws:iam::123456789012:role/arena-developers
    access_policies:
      - policy_arn: arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy
      - policy_arn: arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy
        scope: namespace
        namespaces: [arena-staging]
    tags:
      eks-bluegreen/slot: green

- name: Keep the matchmakers out again
  gameops.eks_bluegreen.eks_access_entry:
    cluster_name: arena-green
    principal_arn: arn:aws:iam::123456789012:role/arena-matchmaker
    state: absent
"""

RETURN = r"""
access_entry:
  description: The access entry with its policies, in check mode the predicted one; null once it is gone.
  returned: success
  type: dict
  contains:
    principal_arn:
      description: The IAM role or user.
      type: str
    access_entry_arn:
      description: ARN of the entry.
      type: str
    type:
      description: What the principal is.
      type: str
    username:
      description: Kubernetes user name.
      type: str
    kubernetes_groups:
      description: Kubernetes groups.
      type: list
      elements: str
    policy_arns:
      description: All its access policies.
      type: list
      elements: str
    access_policies:
      description: The access policies with their scopes, as the option of this name.
      type: list
      elements: dict
    tags:
      description: All its tags.
      type: dict
  sample:
    principal_arn: arn:aws:iam::123456789012:role/arena-matchmaker
    type: STANDARD
    kubernetes_groups: [arena-matchmakers]
    policy_arns: []
    access_policies: []
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.access_entry import with_policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.arguments import ACCESS_ENTRY_ARGUMENTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.asked import ask_access_entry
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.instant import without_status
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.modules import (
    clients_of,
    one_round,
    shared_arguments,
)

ARGUMENT_SPEC = {**ACCESS_ENTRY_ARGUMENTS, **shared_arguments(wait_timeout=120)}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options = module.params
    asked = ask_access_entry(clients_of(module), options)
    result = without_status("access_entry", one_round(module, "access_entry", asked))
    return {**result, "access_entry": with_policies(result["access_entry"], options["principal_arn"])}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
