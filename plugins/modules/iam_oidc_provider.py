#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An EKS cluster's identity provider in IAM."""

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_oidc_provider
short_description: Manage an EKS cluster's identity provider in IAM
version_added: 0.1.0
description:
  - Registers a cluster's OIDC issuer with IAM, or removes it. Pods on Fargate get their IAM roles through it.
  - Every cluster has an issuer of its own. The trust policies of the pods' roles must name it before their charts are
    installed.
options:
  cluster_name:
    description:
      - The cluster whose issuer is meant. In check mode it need not exist yet.
      - Once the cluster is gone its issuer can no longer be looked up. To remove the provider then, note the issuer
        beforehand and set O(issuer). While nodes shut down, their network plugin may still need the role that it has
        through the provider.
    type: str
  issuer:
    description: The issuer itself, such as V(https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF).
    type: str
  client_ids:
    description: Audiences that tokens may have.
    type: list
    elements: str
    default: [sts.amazonaws.com]
  purge_client_ids:
    description: Whether audiences that O(client_ids) does not name are removed.
    type: bool
    default: false
  thumbprints:
    description:
      - Thumbprints of the issuer's certificate authority. Without this option they are left to AWS, which knows the
        authorities of EKS's issuers.
    type: list
    elements: str
  wait_timeout:
    description: How long to wait until AWS shows the change, in seconds.
    type: int
    default: 120
notes:
  - "IAM actions: C(eks:DescribeCluster), C(iam:ListOpenIDConnectProviders), C(iam:GetOpenIDConnectProvider),
    C(iam:CreateOpenIDConnectProvider), C(iam:DeleteOpenIDConnectProvider),
    C(iam:AddClientIDToOpenIDConnectProvider), C(iam:RemoveClientIDFromOpenIDConnectProvider),
    C(iam:UpdateOpenIDConnectProviderThumbprint), C(iam:TagOpenIDConnectProvider),
    C(iam:UntagOpenIDConnectProvider)"
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
- name: IAM roles for green's service accounts
  gameops.eks_bluegreen.iam_oidc_provider:
    cluster_name: arena-green
    tags:
      eks-bluegreen/slot: green
  register: provider

- name: Remove the provider of a cluster that is gone
  gameops.eks_bluegreen.iam_oidc_provider:
    issuer: https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF
    state: absent
"""

RETURN = r"""
oidc_provider_arn:
  description: ARN of the provider; empty if it does not exist (yet).
  returned: success
  type: str
  sample: arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF
issuer:
  description: The issuer; empty if the cluster does not exist (yet).
  returned: success
  type: str
  sample: https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF
oidc_provider:
  description: The provider as IAM describes it, in check mode the predicted one; null once it is gone.
  returned: success
  type: dict
  contains:
    arn:
      description: ARN.
      type: str
    url:
      description: The issuer, without its scheme.
      type: str
    client_ids:
      description: Audiences.
      type: list
      elements: str
    thumbprints:
      description: Thumbprints.
      type: list
      elements: str
    tags:
      description: All its tags.
      type: dict
  sample: {client_ids: [sts.amazonaws.com], tags: {eks-bluegreen/slot: green}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.arguments import OIDC_PROVIDER_ARGUMENTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.asked import ask_oidc_provider
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.instant import without_status
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.modules import (
    clients_of,
    one_round,
    shared_arguments,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.oidc_provider import by_options

ARGUMENT_SPEC = {**OIDC_PROVIDER_ARGUMENTS, **shared_arguments(wait_timeout=120)}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    asked = ask_oidc_provider(clients_of(module), module.params)
    result = without_status("oidc_provider", one_round(module, "oidc_provider", asked))
    found = by_options(result["oidc_provider"])
    return {
        **result,
        "oidc_provider": found,
        "oidc_provider_arn": found.get("arn", "") if found else "",
        "issuer": asked.resource.issuer,
    }


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
        mutually_exclusive=[("cluster_name", "issuer")],
        required_one_of=[("cluster_name", "issuer")],
    )
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
