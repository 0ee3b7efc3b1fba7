#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An EKS add-on."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_addon
short_description: An EKS add-on
version_added: 0.1.0
description:
  - Installs an add-on, moves it to another version, or removes it, and waits until EKS is done.
  - An add-on takes over what the cluster came with, such as C(kube-proxy), and overwrites its settings.
options:
  cluster_name:
    description: The cluster it belongs to.
    type: str
    required: true
  name:
    description: Add-on name.
    type: str
    required: true
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
  version:
    description: Version of the add-on, for example V(v1.21.0-eksbuild.1). EKS chooses one where it is not given.
    type: str
  tags:
    description: Tags to set. Others stay.
    type: dict
    default: {}
  wait_timeout:
    description: How long to wait until AWS is done, in seconds.
    type: int
    default: 900
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.lease
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: The network plugin of the release
  gameops.eks_bluegreen.eks_addon:
    cluster_name: arena-green
    name: vpc-cni
    version: v1.21.0-eksbuild.1
"""

RETURN = r"""
addon:
  description: The add-on as AWS describes it, in check mode the predicted one; null once it is gone.
  returned: success
  type: dict
  sample: {addon_name: vpc-cni, addon_version: v1.21.0-eksbuild.1, status: ACTIVE}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resources import Addon
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.run import absent_round, answer, present_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "cluster_name": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "version": {"type": "str"},
    "tags": {"type": "dict", "default": {}},
    "wait_timeout": {"type": "int", "default": 900},
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options, check_mode = module.params, module.check_mode
    client = module.client("eks", config=dict(CLIENT_CONFIG))
    resource = Addon(client, options["cluster_name"], options["name"])
    clock, keeper = SystemClock(), keeper_of(options["lease"])
    if options["state"] == "absent":
        return answer("addon", absent_round(resource, check_mode=check_mode, clock=clock, keeper=keeper))
    want = {field.option: options[field.option] for field in Addon.fields}
    result = present_round(resource, want, options["tags"], check_mode=check_mode, clock=clock, keeper=keeper)
    return answer("addon", result)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
