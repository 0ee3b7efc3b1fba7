#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A target group of one slot."""

from __future__ import annotations

DOCUMENTATION = r"""
module: elbv2_target_group
short_description: One target group per slot and service
version_added: 0.1.0
description:
  - Creates, converges and deletes a target group. Its targets are never touched; they belong to the AWS Load Balancer
    Controller of the slot's cluster.
  - O(like) takes over the settings of the other slot's target group, so that both behave alike.
options:
  name:
    description: Name of the target group; up to 32 letters, digits and hyphens.
    type: str
    required: true
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
  like:
    description:
      - Name or ARN of a target group whose settings apply wherever an option is not given. Also its attributes, for
        example the deregistration delay.
      - Without effect if it does not exist.
    type: str
  protocol:
    description: Protocol to the targets. Fixed once created.
    type: str
    choices: [HTTP, HTTPS, TCP, TLS, UDP, TCP_UDP]
  port:
    description: Default port of the targets. Fixed once created.
    type: int
  vpc_id:
    description: The VPC of the targets. Fixed once created.
    type: str
  target_type:
    description: What is registered. Pods on Fargate need V(ip). Fixed once created. V(ip) where nothing else says.
    type: str
    choices: [instance, ip, alb]
  health_check_path:
    description: Path of the health check.
    type: str
  health_check_interval:
    description: Seconds between two health checks of a target.
    type: int
  health_check_timeout:
    description: Seconds without an answer that fail a health check.
    type: int
  healthy_threshold:
    description: Successes in a row that make a target healthy.
    type: int
  unhealthy_threshold:
    description: Failures in a row that make a target unhealthy.
    type: int
  tags:
    description: Tags to set. Others stay.
    type: dict
    default: {}
seealso:
  - module: gameops.eks_bluegreen.elbv2_target_group_swap
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
- name: Give green a target group like blue's
  gameops.eks_bluegreen.elbv2_target_group:
    name: arena-matchmaker-green
    like: arena-matchmaker-blue

- name: Remove blue's target group, which no listener uses any more
  gameops.eks_bluegreen.elbv2_target_group:
    name: arena-matchmaker-blue
    state: absent
"""

RETURN = r"""
target_group_arn:
  description: ARN; empty if it does not exist (yet).
  returned: success
  type: str
target_group:
  description: The target group as AWS describes it, in check mode the predicted one; null if absent.
  returned: success
  type: dict
  sample: {target_group_name: arena-matchmaker-green, protocol: HTTP, port: 8080, target_type: ip}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import TargetGroupApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.target_group import OPTIONS, absent, present
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "like": {"type": "str"},
    "protocol": {"type": "str", "choices": ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"]},
    "port": {"type": "int"},
    "vpc_id": {"type": "str"},
    "target_type": {"type": "str", "choices": ["instance", "ip", "alb"]},
    "health_check_path": {"type": "str"},
    "health_check_interval": {"type": "int"},
    "health_check_timeout": {"type": "int"},
    "healthy_threshold": {"type": "int"},
    "unhealthy_threshold": {"type": "int"},
    "tags": {"type": "dict", "default": {}},
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """Create, converge or delete."""
    options = module.params
    api = TargetGroupApi(module.client("elbv2", config=dict(CLIENT_CONFIG)))
    keeper = keeper_of(options["lease"])
    if options["state"] == "absent":
        return absent(api, options["name"], check_mode=module.check_mode, keeper=keeper)
    want = {option: options[option] for option in OPTIONS}
    return present(
        api, options["name"], want, options["tags"], like=options["like"], check_mode=module.check_mode, keeper=keeper
    )


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
