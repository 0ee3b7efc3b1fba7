#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deleted cluster has left in the account."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_leftovers_info
short_description: Find what a deleted EKS cluster has left behind
version_added: 0.1.0
description:
  - Looks for everything that carries a mark of the cluster and that EKS does not delete with it, and lists each with
    its id, why it is there, and what to do about it.
  - Looks for instances, load balancers and target groups (tags C(elbv2.k8s.aws/cluster) and
    C(kubernetes.io/cluster/<name>)), network interfaces (by tag, or, for those of the control plane, by description),
    security groups (tags C(kubernetes.io/cluster/<name>) and C(aws:eks:cluster-name)), volumes, the OIDC provider, and
    the log group C(/aws/eks/<name>/cluster).
  - Orphans are listed apart from what is kept on purpose, which is the control plane's logs and anything tagged
    C(shared). If the cluster is gone, each orphan is also a warning.
  - A part that AWS does not let the runner read is listed in RV(unread), and is a warning.
options:
  cluster_name:
    description: The cluster.
    type: str
    required: true
  issuer:
    description:
      - The cluster's OIDC issuer, by which its provider is found. Once the cluster is gone it can no longer be looked
        up; the module P(gameops.eks_bluegreen.iam_oidc_provider#module) returns it.
    type: str
    default: ""
  owner_tags:
    description:
      - Tags by which the cluster's OIDC provider is found if O(issuer) is not given. A provider of an EKS issuer that
        carries all of them is taken to be the cluster's.
      - Once the cluster is gone, a target group that carries all of them is an orphan too, for example that of a
        service that the inventory no longer names.
    type: dict
    default: {}
notes:
  - "IAM actions: C(eks:DescribeCluster), C(ec2:DescribeInstances), C(ec2:DescribeNetworkInterfaces),
    C(ec2:DescribeSecurityGroups), C(ec2:DescribeVolumes), C(elasticloadbalancing:DescribeLoadBalancers),
    C(elasticloadbalancing:DescribeTags), C(elasticloadbalancing:DescribeTargetGroups),
    C(iam:GetOpenIDConnectProvider), C(iam:ListOpenIDConnectProviders), C(logs:DescribeLogGroups)."
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
- name: See what blue's cluster has left behind
  gameops.eks_bluegreen.eks_leftovers_info:
    cluster_name: arena-blue
    owner_tags:
      eks-bluegreen/environment: arena
      eks-bluegreen/slot: blue
  register: left
  failed_when: left.orphans | length > 0
"""

RETURN = r"""
cluster_exists:
  description: Whether the cluster is still there. If it is, RV(orphans) are not orphans, but its own.
  returned: success
  type: bool
orphans:
  description: What no one needs any more.
  returned: success
  type: list
  elements: dict
  contains: &leftover
    kind:
      description: What it is.
      type: str
      sample: security group
    id:
      description: Its id or its ARN, or its name if it has neither.
      type: str
      sample: sg-0123456789abcdef0
    name:
      description: A name for people; may be empty.
      type: str
      sample: k8s-traffic-arenablue-0123456789
    why:
      description: The mark that makes it the cluster's.
      type: str
      sample: tag elbv2.k8s.aws/cluster=arena-blue
    remedy:
      description: What to do about it.
      type: str
    kept:
      description: Whether it is there on purpose.
      type: bool
kept:
  description: What is there on purpose, such as the control plane's logs, or is used by others too.
  returned: success
  type: list
  elements: dict
  contains: *leftover
unread:
  description: The parts that could not be read, with AWS's answer.
  returned: success
  type: list
  elements: str
lines:
  description: All of this in lines for people.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.leftovers import Leftover, find
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.leftovers_api import AwsAccount

SERVICES = ("eks", "ec2", "elbv2", "elb", "iam", "logs")
ARGUMENT_SPEC = {
    "cluster_name": {"type": "str", "required": True},
    "issuer": {"type": "str", "default": ""},
    "owner_tags": {"type": "dict", "default": {}},
}


def run(module: Any) -> dict[str, Any]:
    """Look for leftovers, and warn of orphans."""
    options = module.params
    clients = {service: module.client(service, config=dict(CLIENT_CONFIG)) for service in SERVICES}
    cluster, tags = options["cluster_name"], {key: str(value) for key, value in options["owner_tags"].items()}
    found = find(AwsAccount(clients), cluster, issuer=options["issuer"], owner_tags=tags)
    for one in [] if found["cluster_exists"] else found["orphans"]:
        module.warn(f"cluster {cluster} is gone but left an orphan: {Leftover(**one)}")
    for one in found["unread"]:
        module.warn(f"what cluster {cluster} left behind is not fully known: {one}")
    return {"changed": False, **found}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
