#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM role of a service account, by EKS Pod Identity."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_pod_identity_association
short_description: Manage the IAM role of a service account, by EKS Pod Identity
version_added: 0.1.0
description:
  - Gives the pods of a service account an IAM role through EKS Pod Identity, or takes it away.
  - The role's trust policy names C(pods.eks.amazonaws.com) and no cluster, so one role serves both slots.
  - It needs the add-on C(eks-pod-identity-agent), which runs on nodes. Pods on Fargate get no credentials this way; use
    M(gameops.eks_bluegreen.iam_oidc_provider) for them.
options:
  cluster_name:
    description: The cluster.
    type: str
    required: true
  namespace:
    description: The namespace of the service account. Neither has to exist yet.
    type: str
    required: true
  service_account:
    description: The service account.
    type: str
    required: true
  role_arn:
    description: The role. Needed to create the association.
    type: str
  target_role_arn:
    description:
      - A role, possibly in another account, that the pods finally get by way of O(role_arn). An empty string removes
        it.
    type: str
  disable_session_tags:
    description: Whether sessions come without the tags that name cluster, namespace and pod.
    type: bool
  wait_timeout:
    description: How long to wait until AWS shows the change, in seconds.
    type: int
    default: 120
notes:
  - "IAM actions: C(eks:ListPodIdentityAssociations), C(eks:DescribePodIdentityAssociation),
    C(eks:CreatePodIdentityAssociation), C(eks:UpdatePodIdentityAssociation), C(eks:DeletePodIdentityAssociation),
    C(eks:TagResource), C(eks:UntagResource), C(iam:PassRole), C(iam:GetRole)"
  - An association that an add-on brought is changed through M(gameops.eks_bluegreen.eks_addon) and refused here.
seealso:
  - module: gameops.eks_bluegreen.eks_addon
  - module: gameops.eks_bluegreen.iam_oidc_provider
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
- name: The game's telemetry on the nodes of green
  gameops.eks_bluegreen.eks_pod_identity_association:
    cluster_name: arena-green
    namespace: arena
    service_account: telemetry
    role_arn: arn:aws:iam::123456789012:role/arena-telemetry
    tags:
      eks-bluegreen/slot: green

- name: Take the role away
  gameops.eks_bluegreen.eks_pod_identity_association:
    cluster_name: arena-green
    namespace: arena
    service_account: telemetry
    state: absent
"""

RETURN = r"""
association:
  description: The association as AWS describes it, in check mode the predicted one; null once it is gone.
  returned: success
  type: dict
  contains:
    association_arn:
      description: ARN.
      type: str
    association_id:
      description: Id, by which the API knows it.
      type: str
    role_arn:
      description: The role.
      type: str
    target_role_arn:
      description: The role that the pods finally get, if there is one.
      type: str
    external_id:
      description: The external id that the trust policy of the target role must require.
      type: str
    disable_session_tags:
      description: Whether sessions come without tags.
      type: bool
    owner_arn:
      description: The add-on that brought it, if one did.
      type: str
    tags:
      description: All its tags.
      type: dict
  sample:
    association_id: a-abcdefghijklmnop1
    namespace: arena
    service_account: telemetry
    role_arn: arn:aws:iam::123456789012:role/arena-telemetry
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.arguments import POD_IDENTITY_ARGUMENTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.asked import ask_pod_identity
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.instant import without_status
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.modules import (
    clients_of,
    one_round,
    shared_arguments,
)

ARGUMENT_SPEC = {**POD_IDENTITY_ARGUMENTS, **shared_arguments(wait_timeout=120)}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    asked = ask_pod_identity(clients_of(module), module.params)
    return without_status("association", one_round(module, "association", asked))


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
