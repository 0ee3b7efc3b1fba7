#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An EKS cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_cluster
short_description: Manage an EKS cluster
version_added: 0.1.0
description:
  - Creates a cluster and waits until it is active, converges what EKS can change in place, or deletes it.
  - A difference in something that cannot change is refused before any call, with the option, its present value and the
    wanted one.
  - An option that is not given is left as it is. EKS takes one kind of change per call and one call at a time, so
    several changes are made one after the other; the reasons that EKS gives for a failed one are shown.
options:
  name:
    description: Cluster name.
    type: str
    required: true
  kubernetes_version:
    description:
      - Kubernetes version, as a string such as V(1.36). Fixed once created; another version goes to the other slot.
      - Needed to create a cluster, as are O(role_arn) and O(subnet_ids).
    type: str
  role_arn:
    description: The IAM role of the control plane. Fixed once created.
    type: str
  subnet_ids:
    description:
      - Subnets for the control plane's network interfaces, in two zones or more.
      - Those of an existing cluster change in place, within its VPC and its zones, as EKS allows.
    type: list
    elements: str
  security_group_ids:
    description: Additional security groups of the control plane's network interfaces. They change in place.
    type: list
    elements: str
  service_ipv4_cidr:
    description:
      - The network of the Kubernetes services, a private one of V(/12) to V(/24). EKS chooses one if it is not given.
        Fixed once created.
    type: str
  ip_family:
    description: IP family of pods and services. Fixed once created.
    type: str
    choices: [ipv4, ipv6]
  authentication_mode:
    description:
      - How EKS decides who may enter. The collection needs access entries, which V(CONFIG_MAP) alone does not have.
      - EKS moves an existing cluster one step at a time, from V(CONFIG_MAP) via V(API_AND_CONFIG_MAP) to V(API), and
        never back.
    type: str
    choices: [API, API_AND_CONFIG_MAP, CONFIG_MAP]
  bootstrap_cluster_creator_admin_permissions:
    description:
      - Whether the identity that creates the cluster gets administrator access to it, by an access entry that EKS
        makes. EKS does so if this is not given. Counts at creation only.
    type: bool
  bootstrap_self_managed_addons:
    description:
      - Whether EKS installs its default add-ons as self-managed ones. EKS does so if this is not given. Counts at
        creation only.
    type: bool
  endpoint_public_access:
    description: Whether the API server answers from outside of the VPC.
    type: bool
  endpoint_private_access:
    description: Whether the API server answers inside of the VPC.
    type: bool
  public_access_cidrs:
    description:
      - The networks outside of the VPC from which the API server answers. An empty list is the same as leaving it out.
      - They count only if the API server answers outside of the VPC at all.
    type: list
    elements: str
  logging_types:
    description: The control plane's logs that go to CloudWatch Logs; an empty list turns all off.
    type: list
    elements: str
    choices: [api, audit, authenticator, controllerManager, scheduler]
  encryption_key_arn:
    description:
      - ARN of the KMS key that encrypts Secrets; the key's own ARN, not that of an alias. An existing cluster without a
        key gets it; EKS never changes or removes it.
    type: str
  support_type:
    description:
      - Whether EKS upgrades the cluster by itself at the end of standard support (V(STANDARD)) or bills extended
        support (V(EXTENDED)).
    type: str
    choices: [STANDARD, EXTENDED]
  zonal_shift:
    description: Whether AWS may move traffic away from an impaired zone.
    type: bool
  control_plane_tier:
    description:
      - Scaling tier of the control plane, for example V(standard) or V(tier-xl). Which ones there are depends on the
        installed botocore.
    type: str
  deletion_protection:
    description:
      - Whether deletion is refused, by EKS and by this module, until this is turned off.
      - With O(state=absent) it is never turned off. V(false) then says that an earlier task has turned it off, and
        check mode predicts the deletion of a cluster that is still protected, because that task has only been predicted
        too.
    type: bool
  delete_contents:
    description:
      - With O(state=absent), delete the cluster's node groups and Fargate profiles first. Node groups are deleted in
        parallel, Fargate profiles one at a time, as EKS requires. The module waits for them even with O(wait=false).
      - Add-ons go with the cluster. Nodes that end without their network plugin leave network interfaces behind, which
        keep security groups in use.
      - A cluster with EKS Capabilities is refused before anything is deleted, in check mode too.
      - Deleting a node group ends everything that runs on its nodes, sessions too, whatever disruption budgets say.
      - Without this option a cluster that holds node groups or Fargate profiles is refused, in check mode too.
    type: bool
    default: false
  wait_timeout:
    description: How long to wait until AWS is done, in seconds.
    type: int
    default: 1800
notes:
  - "IAM actions: C(eks:DescribeCluster), C(eks:CreateCluster), C(eks:UpdateClusterConfig),
    C(eks:AssociateEncryptionConfig), C(eks:DescribeUpdate), C(eks:ListUpdates), C(eks:DeleteCluster),
    C(eks:TagResource), C(eks:UntagResource), C(eks:ListNodegroups), C(eks:DescribeNodegroup),
    C(eks:DeleteNodegroup), C(eks:ListFargateProfiles), C(eks:DescribeFargateProfile), C(eks:DeleteFargateProfile),
    C(eks:ListCapabilities),
    C(iam:PassRole), C(iam:GetRole), C(iam:CreateServiceLinkedRole), C(ec2:DescribeSubnets),
    C(ec2:DescribeSecurityGroups), C(kms:DescribeKey), C(kms:CreateGrant)"
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
- name: Green's cluster
  gameops.eks_bluegreen.eks_cluster:
    name: arena-green
    kubernetes_version: "1.36"
    role_arn: arn:aws:iam::123456789012:role/arena-cluster
    subnet_ids: [subnet-0a, subnet-0b]
    authentication_mode: API
    endpoint_public_access: true
    public_access_cidrs: [198.51.100.0/24]
    endpoint_private_access: true
    logging_types: [api, audit]
    support_type: STANDARD
    deletion_protection: true
    tags:
      eks-bluegreen/slot: green

- name: Let blue's cluster be deleted
  gameops.eks_bluegreen.eks_cluster:
    name: arena-blue
    deletion_protection: false

- name: Remove blue's cluster with everything in it
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
  contains:
    arn:
      description: ARN of the cluster.
      type: str
    name:
      description: Cluster name.
      type: str
    status:
      description: What EKS is doing with it, V(ACTIVE) when nothing.
      type: str
    version:
      description: Kubernetes version.
      type: str
    endpoint:
      description: Address of the API server, once there is one.
      type: str
    certificate_authority:
      description: The certificate of the API server's authority, base64-encoded, in C(data).
      type: dict
    identity:
      description: The issuer of service accounts' tokens, in C(oidc.issuer).
      type: dict
    resources_vpc_config:
      description: Subnets, security groups and endpoint access.
      type: dict
    tags:
      description: All its tags.
      type: dict
  sample:
    name: arena-green
    status: ACTIVE
    version: "1.36"
    arn: arn:aws:eks:eu-west-1:123456789012:cluster/arena-green
    endpoint: https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com
    certificate_authority: {data: LS0tLS1CRUdJTi...}
    identity: {oidc: {issuer: "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"}}
    tags: {eks-bluegreen/slot: green}
contents:
  description: What was found in the cluster and is deleted before it.
  returned: when O(state=absent) and O(delete_contents=true)
  type: list
  elements: str
  sample: [node group arena-blue/game, Fargate profile arena-blue/system]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.arguments import CLUSTER_ARGUMENTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.asked import ask_cluster
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.modules import (
    clients_of,
    one_round,
    shared_arguments,
)

ARGUMENT_SPEC = {**CLUSTER_ARGUMENTS, **shared_arguments(wait_timeout=1800)}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    return one_round(module, "cluster", ask_cluster(clients_of(module), module.params, check_mode=module.check_mode))


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
