#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a slot differs from what it should be."""

from __future__ import annotations

DOCUMENTATION = r"""
module: slot_deviations_info
short_description: Compare a slot with what the release and the inventory ask for
version_added: 0.1.0
description:
  - Compares the cluster of a slot, its OIDC provider, access entries, pod identities, Fargate profiles, node groups,
    add-ons and target groups with what they should be, and reports every deviation at once. It asks what the modules
    that build a slot would do about it, by their own rules, and changes nothing.
  - Everything that does not exist, differs, is not C(ACTIVE), or could not be read is a deviation.
  - The slot's target groups have to be in the listeners. The weights that they have there are no deviation.
  - Where there is no cluster, nothing else is compared.
options:
  environment_name:
    description: The environment, which the tags C(eks-bluegreen/environment) have to name.
    type: str
    required: true
  slot:
    description: The slot, which the tags C(eks-bluegreen/slot) have to name.
    type: str
    choices: [blue, green]
    required: true
  release:
    description: The name of the release, which the tag C(eks-bluegreen/release) of the cluster has to name.
    type: str
    required: true
  cluster:
    description:
      - The cluster, by the options of M(gameops.eks_bluegreen.eks_cluster). An option that is left out is not compared.
      - Its tags are those of the OIDC provider, the access entries and the pod identities too.
    type: dict
    required: true
  access_entries:
    description: Who may enter, each by the options of M(gameops.eks_bluegreen.eks_access_entry).
    type: list
    elements: dict
    default: []
  pod_identity_associations:
    description: IAM roles of pods, each by the options of M(gameops.eks_bluegreen.eks_pod_identity_association).
    type: list
    elements: dict
    default: []
  fargate:
    description: The Fargate profiles.
    type: dict
    suboptions:
      profiles:
        description: Each by the options of M(gameops.eks_bluegreen.eks_fargate_profile).
        type: list
        elements: dict
        default: []
      pod_execution_role_arn:
        description: The IAM role of all of them.
        type: str
      subnet_ids:
        description: The subnets of all of them.
        type: list
        elements: str
      tags:
        description: Tags of all of them besides those of the collection.
        type: dict
        default: {}
  nodes:
    description: The node groups and add-ons.
    type: dict
    suboptions:
      nodegroups:
        description:
          - Each by the options of M(gameops.eks_bluegreen.eks_nodegroup), with C(role_arn) for its IAM role. What
            one leaves out is as for all.
          - One with an empty C(ami_type) or C(release_version) leaves that to its launch template.
        type: list
        elements: dict
        default: []
      addons:
        description: Each by the options of M(gameops.eks_bluegreen.eks_addon).
        type: list
        elements: dict
        default: []
      node_role_arn:
        description: The IAM role of the nodes.
        type: str
      subnet_ids:
        description: The subnets of the nodes.
        type: list
        elements: str
      node_image:
        description: The node image of the release.
        type: dict
        suboptions:
          ami_type:
            description: Family of the image.
            type: str
          release_version:
            description: Release of the image.
            type: str
      tags:
        description: Tags of all of them besides those of the collection.
        type: dict
        default: {}
  traffic:
    description: The target groups.
    type: dict
    suboptions:
      services:
        description:
          - As for M(gameops.eks_bluegreen.slot_info). C(protocol), C(port) and C(health_check_path) are as for
            M(gameops.eks_bluegreen.elbv2_target_group); by default they are those of the other slot's target group.
        type: list
        elements: dict
        default: []
      load_balancers:
        description: As for M(gameops.eks_bluegreen.slot_info).
        type: list
        elements: str
        default: []
      vpc_id:
        description: The VPC of the target groups.
        type: str
      tags:
        description: Tags of all of them besides those of the collection.
        type: dict
        default: {}
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes.info_module
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
notes:
  - "IAM actions: C(ec2:DescribeRouteTables), C(ec2:DescribeSubnets), C(eks:DescribeAccessEntry), C(eks:DescribeAddon),
    C(eks:DescribeAddonConfiguration), C(eks:DescribeAddonVersions), C(eks:DescribeCluster),
    C(eks:DescribeFargateProfile), C(eks:DescribeNodegroup), C(eks:DescribePodIdentityAssociation),
    C(eks:ListAccessPolicies), C(eks:ListAssociatedAccessPolicies), C(eks:ListPodIdentityAssociations),
    C(elasticloadbalancing:DescribeListeners), C(elasticloadbalancing:DescribeLoadBalancers),
    C(elasticloadbalancing:DescribeRules), C(elasticloadbalancing:DescribeTags),
    C(elasticloadbalancing:DescribeTargetGroupAttributes), C(elasticloadbalancing:DescribeTargetGroups),
    C(elasticloadbalancing:DescribeTargetHealth), C(iam:GetOpenIDConnectProvider),
    C(iam:ListOpenIDConnectProviders)."
seealso:
  - module: gameops.eks_bluegreen.slot_info
"""

EXAMPLES = r"""
- name: Compare green with what it should be
  gameops.eks_bluegreen.slot_deviations_info:
    environment_name: arena
    slot: green
    release: 2026-11
    cluster:
      name: arena-green
      kubernetes_version: "1.36"
      role_arn: arn:aws:iam::123456789012:role/arena-cluster
      authentication_mode: API
    nodes:
      nodegroups:
        - {name: game, instance_types: [c7i.2xlarge], min_size: 3, max_size: 60}
      node_role_arn: arn:aws:iam::123456789012:role/arena-node
      subnet_ids: [subnet-0a, subnet-0b]
      node_image: {ami_type: AL2023_x86_64_STANDARD, release_version: 1.36.1-20261101}
    traffic:
      services: "{{ eks_bluegreen_services }}"
      load_balancers: [arena]
      vpc_id: vpc-0123456789abcdef0
    region: eu-west-1
  register: compared

- name: Fail if the slot has deviations
  ansible.builtin.assert:
    that: not compared.deviations
    fail_msg: "{{ compared.deviations | join('; ') }}"
"""

RETURN = r"""
deviations:
  description: A text per deviation; empty if all is as wanted.
  returned: success
  type: list
  elements: str
  sample: ["node group arena-green/game: max_size is 6, wanted 4"]
oidc_provider:
  description: The cluster's OIDC provider in IAM.
  returned: success
  type: dict
  contains:
    issuer:
      description: The issuer; empty if the cluster has none, or does not exist.
      type: str
    oidc_provider_arn:
      description: ARN of the provider; empty if there is none.
      type: str
desired_nodes:
  description: The sum of the desired nodes of all node groups that could be compared.
  returned: success
  type: int
"""

from functools import cache
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._access.clients import Clients
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._deviations.compare import SlotComparison
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._deviations.wanted import wanted_slot
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import (
    SWAP_CLIENT_CONFIG,
    SwapApi,
    TargetGroupApi,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import SLOTS

ENTRIES = {"type": "list", "elements": "dict", "default": []}
NAMES = {"type": "list", "elements": "str"}
TAGS = {"type": "dict", "default": {}}
FARGATE = {
    "profiles": ENTRIES,
    "pod_execution_role_arn": {"type": "str"},
    "subnet_ids": NAMES,
    "tags": TAGS,
}
NODES = {
    "nodegroups": ENTRIES,
    "addons": ENTRIES,
    "node_role_arn": {"type": "str"},
    "subnet_ids": NAMES,
    "node_image": {
        "type": "dict",
        "options": {"ami_type": {"type": "str"}, "release_version": {"type": "str"}},
        "apply_defaults": True,
    },
    "tags": TAGS,
}
TRAFFIC = {
    "services": ENTRIES,
    "load_balancers": {**NAMES, "default": []},
    "vpc_id": {"type": "str"},
    "tags": TAGS,
}
ARGUMENT_SPEC = {
    "environment_name": {"type": "str", "required": True},
    "slot": {"type": "str", "choices": list(SLOTS), "required": True},
    "release": {"type": "str", "required": True},
    "cluster": {"type": "dict", "required": True},
    "access_entries": ENTRIES,
    "pod_identity_associations": ENTRIES,
    "fargate": {"type": "dict", "options": FARGATE, "apply_defaults": True},
    "nodes": {"type": "dict", "options": NODES, "apply_defaults": True},
    "traffic": {"type": "dict", "options": TRAFFIC, "apply_defaults": True},
}


def run(module: Any) -> dict[str, Any]:
    """Compare everything, and say what differs."""
    clients = Clients(module)
    comparison = SlotComparison(
        client=cache(clients),
        groups=TargetGroupApi(clients("elbv2")),
        listeners=SwapApi(clients("elbv2", SWAP_CLIENT_CONFIG)),
        clock=SystemClock(),
    )
    comparison.compare(wanted_slot(module.params))
    for warning in comparison.warnings:
        module.warn(warning)
    return {
        "changed": False,
        "deviations": comparison.deviations,
        "oidc_provider": {
            "issuer": comparison.issuer,
            "oidc_provider_arn": comparison.oidc_provider_arn,
        },
        "desired_nodes": comparison.desired_nodes,
    }


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
