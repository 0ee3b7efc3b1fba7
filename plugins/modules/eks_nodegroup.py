#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A managed node group of an EKS cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_nodegroup
short_description: Manage a managed node group of an EKS cluster
version_added: 0.1.0
description:
  - Creates a node group and waits until it is active, converges what EKS can change without replacing a node (limits
    of size, labels, taints, update config, node repair, warm pool, tags), or deletes it.
  - Another version, image, release or instance type is refused before any call, because it would replace nodes and end
    what runs on them. That is what the other slot is for.
  - An option that is not given is left as it is.
  - Deleting a node group ends everything that runs on its nodes, sessions too, whatever disruption budgets say.
options:
  cluster_name:
    description: The cluster it belongs to.
    type: str
    required: true
  name:
    description: Node group name.
    type: str
    required: true
  kubernetes_version:
    description: Kubernetes version of the nodes; the cluster's if it is not given. Fixed once created.
    type: str
  release_version:
    description: Release of the node image, for example V(1.36.1-20261101). Fixed once created.
    type: str
  ami_type:
    description:
      - Family of the node image, for example V(AL2023_x86_64_STANDARD) or V(BOTTLEROCKET_ARM_64). Which ones there are
        depends on the installed botocore. Fixed once created.
      - Leave it out if O(launch_template) names an image of its own; EKS then says V(CUSTOM).
    type: str
  capacity_type:
    description: How EC2 bills the nodes; on demand if it is not given. Fixed once created.
    type: str
    choices: [ON_DEMAND, SPOT, CAPACITY_BLOCK]
  instance_types:
    description: Instance types, in order of preference. Fixed once created.
    type: list
    elements: str
  disk_size:
    description: Size of a node's disk, in GiB. Fixed once created.
    type: int
  launch_template:
    description: The EC2 launch template of the nodes. Fixed once created.
    type: dict
    suboptions:
      id:
        description: Its id. Either this or O(launch_template.name).
        type: str
      name:
        description: Its name.
        type: str
      version:
        description:
          - Its version, a number; the template's default version if it is not given. V($Latest) and V($Default) are
            refused, since their meaning changes over time.
        type: str
  node_role_arn:
    description:
      - The IAM role of the nodes. Fixed once created. Needed to create a node group, as is O(subnet_ids).
    type: str
  subnet_ids:
    description:
      - The subnets of the nodes. Fixed once created.
      - Players connect straight to a node, so these must be public subnets that give instances a public address.
    type: list
    elements: str
  min_size:
    description: Smallest number of nodes.
    type: int
  max_size:
    description:
      - Largest number of nodes. A number below the present desired size is refused, since EKS would end nodes with the
        sessions on them; let the autoscaler shrink the node group first, or drain it.
    type: int
  desired_size:
    description:
      - Number of nodes at creation. Later an autoscaler owns it; then it is only raised, and only if O(min_size) is
        larger.
    type: int
  labels:
    description: All the labels that the node group puts on its nodes. Values are strings.
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
  max_unavailable:
    description: How many nodes an update of the node group may replace at a time.
    type: int
  max_unavailable_percentage:
    description: What share of the nodes an update of the node group may replace at a time, in percent.
    type: int
  update_strategy:
    description:
      - Whether an update of the node group starts new nodes before it ends old ones (V(DEFAULT)) or the other way round
        (V(MINIMAL)).
    type: str
    choices: [DEFAULT, MINIMAL]
  node_repair:
    description:
      - Whether EKS replaces or restarts nodes that it finds unhealthy. A repair ends the sessions on the node.
      - Settings that are not named are left as they are.
    type: dict
    suboptions:
      enabled:
        description: Whether EKS repairs nodes.
        type: bool
      max_unhealthy_node_threshold_count:
        description: No repair while more nodes than this are unhealthy.
        type: int
      max_unhealthy_node_threshold_percentage:
        description: The same in percent of the nodes.
        type: int
      max_parallel_nodes_repaired_count:
        description: How many nodes are repaired at a time.
        type: int
      max_parallel_nodes_repaired_percentage:
        description: The same in percent of the unhealthy nodes.
        type: int
      node_repair_config_overrides:
        description: What is done about particular problems.
        type: list
        elements: dict
        suboptions:
          node_monitoring_condition:
            description: The condition that the node monitoring agent reports.
            type: str
            required: true
          node_unhealthy_reason:
            description: The reason that the agent gives.
            type: str
            required: true
          min_repair_wait_time_mins:
            description: How long the problem must last, in minutes.
            type: int
            required: true
          repair_action:
            description: What is done.
            type: str
            choices: [Replace, Reboot, NoAction]
            required: true
  warm_pool:
    description:
      - Nodes that EC2 prepares in addition to the running ones.
      - Settings that are not named are left as they are.
    type: dict
    suboptions:
      enabled:
        description: Whether there is a warm pool.
        type: bool
      min_size:
        description: Smallest number of prepared nodes.
        type: int
      max_group_prepared_capacity:
        description: Largest number of running and prepared nodes together.
        type: int
      pool_state:
        description: The state in which the prepared nodes wait.
        type: str
        choices: [STOPPED, RUNNING, HIBERNATED]
      reuse_on_scale_in:
        description: Whether a node that is no longer needed goes back to the pool.
        type: bool
  wait_timeout:
    description: How long to wait until AWS is done, in seconds.
    type: int
    default: 1800
notes:
  - "IAM actions: C(eks:DescribeNodegroup), C(eks:CreateNodegroup), C(eks:UpdateNodegroupConfig), C(eks:DescribeUpdate),
    C(eks:ListUpdates), C(eks:DeleteNodegroup), C(eks:TagResource), C(eks:UntagResource), C(iam:PassRole),
    C(iam:GetRole), C(iam:ListAttachedRolePolicies), C(iam:CreateServiceLinkedRole), C(ec2:DescribeSubnets),
    C(ec2:DescribeLaunchTemplateVersions), C(ec2:RunInstances), C(ec2:CreateTags)"
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
- name: Nodes for game servers
  gameops.eks_bluegreen.eks_nodegroup:
    cluster_name: arena-green
    name: game
    node_role_arn: arn:aws:iam::123456789012:role/arena-node
    subnet_ids: [subnet-0a, subnet-0b]
    instance_types: [c7i.2xlarge, c6i.2xlarge]
    ami_type: AL2023_x86_64_STANDARD
    release_version: 1.36.1-20261101
    min_size: 3
    max_size: 6
    desired_size: 3
    labels:
      arena/role: game
    taints:
      - key: arena/dedicated
        value: game
        effect: NO_SCHEDULE
    max_unavailable_percentage: 20
    node_repair:
      enabled: false

- name: Allow more nodes and remove all labels; nothing else is touched
  gameops.eks_bluegreen.eks_nodegroup:
    cluster_name: arena-green
    name: game
    max_size: 9
    labels: {}

- name: Start a node group and go on; a later task waits for it
  gameops.eks_bluegreen.eks_nodegroup:
    cluster_name: arena-green
    name: web
    node_role_arn: arn:aws:iam::123456789012:role/arena-node
    subnet_ids: [subnet-0a, subnet-0b]
    ami_type: BOTTLEROCKET_x86_64
    min_size: 1
    max_size: 2
    desired_size: 1
    wait: false

- name: Remove it
  gameops.eks_bluegreen.eks_nodegroup:
    cluster_name: arena-green
    name: web
    state: absent
"""

RETURN = r"""
nodegroup:
  description: The node group as AWS describes it, in check mode the predicted one; null once it is gone.
  returned: success
  type: dict
  contains:
    nodegroup_name:
      description: Node group name.
      type: str
    nodegroup_arn:
      description: ARN of the node group.
      type: str
    status:
      description: What EKS is doing with it, V(ACTIVE) when nothing.
      type: str
    scaling_config:
      description: C(min_size), C(max_size) and C(desired_size).
      type: dict
    labels:
      description: Labels of its nodes.
      type: dict
    taints:
      description: Taints of its nodes.
      type: list
      elements: dict
    tags:
      description: All its tags.
      type: dict
  sample:
    nodegroup_name: game
    status: ACTIVE
    scaling_config: {min_size: 3, max_size: 6, desired_size: 3}
    labels: {arena/role: game}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.arguments import (
    NODEGROUP_ARGUMENTS,
    NODEGROUP_CONFLICTS,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.asked import ask_nodegroup
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.modules import (
    clients_of,
    one_round,
    shared_arguments,
)

ARGUMENT_SPEC = {**NODEGROUP_ARGUMENTS, **shared_arguments(wait_timeout=1800)}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    return one_round(module, "nodegroup", ask_nodegroup(clients_of(module), module.params))


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
        mutually_exclusive=NODEGROUP_CONFLICTS,
    )
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
