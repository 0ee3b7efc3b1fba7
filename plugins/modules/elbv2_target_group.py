#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A target group of one slot."""

from __future__ import annotations

DOCUMENTATION = r"""
module: elbv2_target_group
short_description: Manage the target group of a slot and service
version_added: 0.1.0
description:
  - Creates, converges and deletes a target group. Its targets are not touched unless O(targets) asks for it; they
    belong to the AWS Load Balancer Controller of the slot's cluster.
  - O(like) takes over the settings and attributes of the other slot's target group, so that both behave alike.
  - A change that AWS cannot make after creation is refused before any write, with the option's name and both values.
options:
  name:
    description: Name of the target group; up to 32 letters, digits and hyphens.
    type: str
    required: true
  state:
    description:
      - Whether it exists. A target group that a load balancer uses is not deleted. AWS may take a while to notice that
        it was taken out of the listeners, so the module goes on asking for half a minute.
      - Check mode predicts the deletion even while it is in use, because the task that takes it out of the listeners
        has only been predicted too.
    type: str
    choices: [present, absent]
    default: present
  like:
    description:
      - Name or ARN of a target group whose settings apply wherever an option is not given. So do its attributes, for
        example the deregistration delay.
      - If it does not exist, O(name) is not created. In check mode, and if O(name) already exists, that is a warning.
    type: str
  protocol:
    description: Protocol to the targets. Fixed once created.
    type: str
    choices: [HTTP, HTTPS, TCP, TLS, UDP, TCP_UDP, QUIC, TCP_QUIC]
  protocol_version:
    description: Version of HTTP to the targets. Fixed once created. AWS uses V(HTTP1) if nothing else is said.
    type: str
    choices: [HTTP1, HTTP2, GRPC]
  port:
    description: Default port of the targets, 1 to 65535. Fixed once created.
    type: int
  vpc_id:
    description: The VPC of the targets. Fixed once created.
    type: str
  target_type:
    description: What is registered. Pods on Fargate need V(ip). Fixed once created. V(ip) if nothing else is said.
    type: str
    choices: [instance, ip, alb, lambda]
  ip_address_type:
    description: Kind of the targets' addresses. Fixed once created.
    type: str
    choices: [ipv4, ipv6]
  health_check_enabled:
    description: Whether targets are checked. AWS allows V(false) for targets of type C(lambda) only.
    type: bool
  health_check_protocol:
    description: Protocol of the health check.
    type: str
    choices: [HTTP, HTTPS, TCP]
  health_check_port:
    description: Port of the health check; V(traffic-port) is the one of the target.
    type: str
  health_check_path:
    description: Path of the health check.
    type: str
  health_check_interval:
    description: Seconds between two health checks of a target, 5 to 300.
    type: int
  health_check_timeout:
    description: Seconds without an answer after which a health check fails, 2 to 120.
    type: int
  healthy_threshold:
    description: Successes in a row that make a target healthy, 2 to 10.
    type: int
  unhealthy_threshold:
    description: Failures in a row that make a target unhealthy, 2 to 10.
    type: int
  matcher:
    description: Codes of a healthy answer, for example V(200-299); HTTP codes, or gRPC codes from 0 to 99.
    type: str
  attributes:
    description:
      - Attributes to set, by their names in AWS. Others stay as they are, or as O(like) has them.
      - See U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html).
    type: dict
  targets:
    description:
      - Targets to register. Without this option no target is touched.
      - Not for target groups that a TargetGroupBinding manages; its controller would take the targets out again.
    type: list
    elements: dict
    suboptions:
      id:
        description: Instance, address, load balancer or function, according to the target type.
        type: str
        required: true
      port:
        description: Port; by default that of the target group.
        type: int
      availability_zone:
        description: Zone, or V(all) for an address outside of the VPC.
        type: str
  purge_targets:
    description: Whether registered targets that O(targets) does not name are deregistered.
    type: bool
    default: false
  tags:
    description: Tags to set. Without this option no tag is touched.
    type: dict
  purge_tags:
    description: Whether tags that O(tags) does not name are removed. AWS's own, C(aws:*), always stay.
    type: bool
    default: false
notes:
  - "IAM actions: C(elasticloadbalancing:DescribeTargetGroups), C(elasticloadbalancing:DescribeTargetGroupAttributes),
    C(elasticloadbalancing:DescribeTags), C(elasticloadbalancing:DescribeTargetHealth),
    C(elasticloadbalancing:CreateTargetGroup), C(elasticloadbalancing:ModifyTargetGroup),
    C(elasticloadbalancing:ModifyTargetGroupAttributes), C(elasticloadbalancing:AddTags),
    C(elasticloadbalancing:RemoveTags), C(elasticloadbalancing:RegisterTargets),
    C(elasticloadbalancing:DeregisterTargets), C(elasticloadbalancing:DeleteTargetGroup)."
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

- name: Create blue's, with a short deregistration delay
  gameops.eks_bluegreen.elbv2_target_group:
    name: arena-matchmaker-blue
    protocol: HTTP
    port: 8080
    vpc_id: vpc-0123456789abcdef0
    health_check_path: /healthz
    health_check_interval: 5
    health_check_timeout: 2
    healthy_threshold: 2
    attributes:
      deregistration_delay.timeout_seconds: 30
    tags:
      eks-bluegreen/slot: blue

- name: Remove blue's target group, which no listener uses any longer
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
  description:
    - The target group as AWS describes it, with its attributes and tags; in check mode the predicted one. Null if
      absent.
  returned: success
  type: dict
  sample: {target_group_name: arena-matchmaker-green, protocol: HTTP, port: 8080, target_type: ip,
    attributes: {deregistration_delay.timeout_seconds: "30"}, tags: {}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import TargetGroupApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.names import refuse_bad_name
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.target_group import (
    TARGET_GROUP_ARGUMENTS,
    absent,
    ensure_group,
    wanted_group,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    **TARGET_GROUP_ARGUMENTS,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """Create, converge or delete."""
    options = module.params
    client = module.client("elbv2", config=dict(CLIENT_CONFIG))
    api, keeper = TargetGroupApi(client), keeper_of(options["lease"])
    if options["state"] == "absent":
        return absent(api, options["name"], check_mode=module.check_mode, keeper=keeper, clock=SystemClock())
    if options["like"] is not None:
        refuse_bad_name("like", options["like"], "targetgroup", client.meta.region_name)
    return ensure_group(api, wanted_group(options), check_mode=module.check_mode, keeper=keeper)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
