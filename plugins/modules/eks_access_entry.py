#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may enter an EKS cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_access_entry
short_description: Who may enter an EKS cluster
version_added: 0.1.0
description:
  - Maps an IAM role or user to Kubernetes groups and to EKS access policies for the whole cluster.
options:
  cluster_name:
    description: The cluster.
    type: str
    required: true
  principal_arn:
    description: The IAM role or user.
    type: str
    required: true
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
  kubernetes_groups:
    description: All the Kubernetes groups of the principal.
    type: list
    elements: str
    default: []
  username:
    description: Kubernetes user name. EKS derives one from the ARN where it is not given.
    type: str
  policy_arns:
    description: All the access policies of the principal, each for the whole cluster.
    type: list
    elements: str
    default: []
  tags:
    description: Tags to set at creation.
    type: dict
    default: {}
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
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
"""

RETURN = r"""
access_entry:
  description: The access entry with its policies, in check mode the predicted one; null once it is gone.
  returned: success
  type: dict
  sample: {principal_arn: "arn:aws:iam::123456789012:role/arena-matchmaker", kubernetes_groups: [arena-matchmakers],
    policy_arns: []}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.access import AccessEntryApi, absent, present
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "cluster_name": {"type": "str", "required": True},
    "principal_arn": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "kubernetes_groups": {"type": "list", "elements": "str", "default": []},
    "username": {"type": "str"},
    "policy_arns": {"type": "list", "elements": "str", "default": []},
    "tags": {"type": "dict", "default": {}},
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """Create, converge or delete."""
    options, check_mode = module.params, module.check_mode
    client = module.client("eks", config=dict(CLIENT_CONFIG))
    api = AccessEntryApi(client, options["cluster_name"], options["principal_arn"])
    keeper = keeper_of(options["lease"])
    if options["state"] == "absent":
        return absent(api, check_mode=check_mode, keeper=keeper)
    return present(api, options, check_mode=check_mode, keeper=keeper)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
