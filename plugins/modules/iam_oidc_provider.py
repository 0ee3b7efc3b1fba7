#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An EKS cluster's identity provider in IAM."""

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_oidc_provider
short_description: An EKS cluster's identity provider in IAM
version_added: 0.1.0
description:
  - Registers a cluster's OIDC issuer with IAM, or removes it. Pods on Fargate get their IAM roles through it.
  - Every cluster has an issuer of its own. The trust policies of the pods' roles must name it before their charts come.
  - The certificate's thumbprint is left to AWS, which knows that of EKS's issuers.
options:
  cluster_name:
    description:
      - The cluster whose issuer is meant. In check mode it need not exist yet.
      - With O(state=absent), remove the provider before the cluster; afterwards the issuer is not known any more.
    type: str
    required: true
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
  client_ids:
    description: Audiences that tokens may have. Missing ones are added.
    type: list
    elements: str
    default: [sts.amazonaws.com]
  tags:
    description: Tags to set. Others stay.
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
- name: IAM roles for green's service accounts
  gameops.eks_bluegreen.iam_oidc_provider:
    cluster_name: arena-green
"""

RETURN = r"""
oidc_provider_arn:
  description: ARN of the provider; empty if it does not exist (yet).
  returned: success
  type: str
issuer:
  description: The cluster's OIDC issuer; empty if the cluster does not exist (yet).
  returned: success
  type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.oidc import OidcApi, absent, present
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "cluster_name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "client_ids": {"type": "list", "elements": "str", "default": ["sts.amazonaws.com"]},
    "tags": {"type": "dict", "default": {}},
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """Create, converge or delete."""
    options, check_mode = module.params, module.check_mode
    config = dict(CLIENT_CONFIG)
    api = OidcApi(module.client("eks", config=config), module.client("iam", config=config))
    keeper = keeper_of(options["lease"])
    if options["state"] == "absent":
        return absent(api, options["cluster_name"], check_mode=check_mode, keeper=keeper)
    return present(
        api,
        options["cluster_name"],
        options["client_ids"],
        options["tags"],
        check_mode=check_mode,
        keeper=keeper,
    )


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
