#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An EKS add-on."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_addon
short_description: Manage an add-on of an EKS cluster
version_added: 0.1.0
description:
  - Installs an add-on, moves it to another version or configuration, or removes it, and waits until EKS is done.
  - An update also sends what should stay, so that a role or a configuration that is not named here is kept.
  - An add-on whose last update has failed gets the update once more, even where EKS shows the wanted values.
options:
  cluster_name:
    description: The cluster it belongs to.
    type: str
    required: true
  name:
    description: Add-on name.
    type: str
    required: true
  version:
    description:
      - Version of the add-on, for example V(v1.21.0-eksbuild.1). One that AWS does not offer for the cluster's
        Kubernetes version is refused, and the message names those on offer.
      - V(default) is the version that AWS marks as the default for the cluster's Kubernetes version, V(latest) the
        newest. Both are looked up each time, so a second run moves the add-on when AWS has moved on.
      - Without this option EKS chooses a version at installation, and an installed one is left as it is.
    type: str
  configuration_values:
    description:
      - The whole configuration of the add-on. An empty dictionary removes it.
      - It is compared by content, whether it was written as JSON or YAML, and checked against the JSON schema that AWS
        has for this version before anything is changed.
    type: dict
  service_account_role_arn:
    description:
      - The IAM role of the add-on's service account, assumed through the cluster's OIDC provider. An empty string
        removes it.
    type: str
  pod_identity_associations:
    description:
      - IAM roles of the add-on's service accounts, given by EKS Pod Identity. These are all of the add-on's
        associations; an empty list removes them.
      - An add-on that had O(service_account_role_arn) loses it, since it can have only one of the two.
    type: list
    elements: dict
    suboptions:
      service_account:
        description: The service account.
        type: str
        required: true
      role_arn:
        description: Its role.
        type: str
        required: true
  resolve_conflicts:
    description:
      - What happens to settings in the cluster that EKS finds changed, or made by someone else, such as those of the
        self-managed C(kube-proxy) that a cluster came with.
      - V(OVERWRITE) takes them over. V(PRESERVE) keeps them in an update, and takes them over at installation. V(NONE)
        lets the installation or the update fail.
    type: str
    choices: [OVERWRITE, PRESERVE, NONE]
    default: OVERWRITE
  preserve:
    description: With O(state=absent), leave the software in the cluster, unmanaged from then on.
    type: bool
    default: false
  wait_timeout:
    description: How long to wait until AWS is done, in seconds.
    type: int
    default: 900
requirements:
  - jsonschema >= 4.0 (for O(configuration_values))
notes:
  - "IAM actions: C(eks:DescribeAddon), C(eks:CreateAddon), C(eks:UpdateAddon), C(eks:DeleteAddon),
    C(eks:DescribeAddonVersions), C(eks:DescribeAddonConfiguration), C(eks:DescribeCluster), C(eks:DescribeUpdate),
    C(eks:ListUpdates), C(eks:TagResource), C(eks:UntagResource), C(eks:DescribePodIdentityAssociation),
    C(eks:CreatePodIdentityAssociation), C(eks:UpdatePodIdentityAssociation), C(eks:DeletePodIdentityAssociation),
    C(iam:PassRole), C(iam:GetRole)"
  - In check mode on a cluster that does not exist yet, V(default) and V(latest) cannot be looked up; the predicted
    add-on then has no version.
seealso:
  - module: gameops.eks_bluegreen.eks_pod_identity_association
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
- name: The network plugin of the release, with more addresses per node
  gameops.eks_bluegreen.eks_addon:
    cluster_name: arena-green
    name: vpc-cni
    version: v1.21.0-eksbuild.1
    configuration_values:
      env:
        ENABLE_PREFIX_DELEGATION: "true"
        WARM_PREFIX_TARGET: "1"

- name: The version that AWS recommends for the cluster, with two replicas
  gameops.eks_bluegreen.eks_addon:
    cluster_name: arena-green
    name: coredns
    version: default
    configuration_values:
      replicaCount: 2
    resolve_conflicts: PRESERVE
    tags:
      eks-bluegreen/slot: green

- name: Volumes, with a role by pod identity
  gameops.eks_bluegreen.eks_addon:
    cluster_name: arena-green
    name: aws-ebs-csi-driver
    version: latest
    pod_identity_associations:
      - service_account: ebs-csi-controller-sa
        role_arn: arn:aws:iam::123456789012:role/arena-volumes

- name: Stop managing metrics-server with EKS and leave it running
  gameops.eks_bluegreen.eks_addon:
    cluster_name: arena-green
    name: metrics-server
    state: absent
    preserve: true
"""

RETURN = r"""
addon:
  description: The add-on as AWS describes it, in check mode the predicted one; null once it is gone.
  returned: success
  type: dict
  contains:
    addon_name:
      description: Name.
      type: str
    addon_arn:
      description: ARN.
      type: str
    addon_version:
      description: Version.
      type: str
    status:
      description: What EKS is doing with it, V(ACTIVE) when nothing.
      type: str
    configuration_values:
      description: Configuration, as a dictionary.
      type: dict
    service_account_role_arn:
      description: Role of its service account.
      type: str
    pod_identity_associations:
      description: Service accounts and their roles, with the ARN of each association.
      type: list
      elements: dict
    health:
      description: What EKS has found wrong with it, in C(issues).
      type: dict
    tags:
      description: All its tags.
      type: dict
  sample:
    addon_name: vpc-cni
    addon_version: v1.21.0-eksbuild.1
    status: ACTIVE
    configuration_values: {env: {ENABLE_PREFIX_DELEGATION: "true"}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.addon import read_configuration
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.arguments import (
    ADDON_ARGUMENTS,
    ADDON_CONFLICTS,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.asked import ask_addon
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.modules import (
    clients_of,
    one_round,
    shared_arguments,
)

ARGUMENT_SPEC = {**ADDON_ARGUMENTS, **shared_arguments(wait_timeout=900)}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    result = one_round(module, "addon", ask_addon(clients_of(module), module.params, check_mode=module.check_mode))
    if result["addon"] and "configuration_values" in result["addon"]:
        result["addon"]["configuration_values"] = read_configuration(result["addon"]["configuration_values"])
    return result


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
        mutually_exclusive=ADDON_CONFLICTS,
    )
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
