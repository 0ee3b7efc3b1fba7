#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which listeners and rules forward to blue and green target groups, and with which weights."""

from __future__ import annotations

DOCUMENTATION = r"""
module: elbv2_target_group_swap_info
short_description: Read weights and health of blue and green target groups
version_added: 0.1.0
description:
  - Finds every listener default action and rule of the named load balancers that forwards to a member of a pair, and
    reports the weights there, the stickiness that beats them, and the health of the targets.
  - A target group that does not exist is reported as such.
notes:
  - "IAM actions: C(elasticloadbalancing:DescribeLoadBalancers), C(elasticloadbalancing:DescribeTags),
    C(elasticloadbalancing:DescribeListeners), C(elasticloadbalancing:DescribeRules),
    C(elasticloadbalancing:DescribeTargetGroups), C(elasticloadbalancing:DescribeTargetGroupAttributes),
    C(elasticloadbalancing:DescribeTargetHealth)."
seealso:
  - module: gameops.eks_bluegreen.elbv2_target_group_swap
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes.info_module
  - gameops.eks_bluegreen.target_group_pairs
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: See who gets the requests
  gameops.eks_bluegreen.elbv2_target_group_swap_info:
    load_balancers: [arena]
    pairs:
      - blue: arena-matchmaker-blue
        green: arena-matchmaker-green
  register: traffic

- name: Refuse while green gets requests
  ansible.builtin.assert:
    that: traffic.shares.green.highest == 0
"""

RETURN = r"""
load_balancers:
  description: The load balancers.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name.
      type: str
    arn:
      description: ARN.
      type: str
    type:
      description: V(application), V(network) or V(gateway).
      type: str
    cluster:
      description: The Kubernetes cluster whose controller owns it; null if none does.
      type: str
hazards:
  description: Stickiness, which beats weights.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(group_stickiness) of a listener or rule, V(target_stickiness) of a target group's attributes.
      type: str
    resource:
      description: Where it is set.
      type: str
    seconds:
      description: How long it lasts; 0 where AWS sets no end.
      type: int
    message:
      description: What it does.
      type: str
    remedy:
      description: What to do about it.
      type: str
forwards:
  description: Every listener default action and rule that forwards to a member of a pair.
  returned: success
  type: list
  elements: dict
  contains:
    load_balancer:
      description: Name of the load balancer.
      type: str
    listener_arn:
      description: ARN of the listener.
      type: str
    rule_arn:
      description: ARN of the rule; null for a default action.
      type: str
    where:
      description: Protocol, port, and the rule's priority and conditions.
      type: str
      sample: HTTP:8080 rule 10 (path-pattern /match*)
    target_groups:
      description: Where it forwards to, in the order of the action.
      type: list
      elements: dict
      sample: [{name: arena-matchmaker-blue, slot: blue, target_group_arn: "arn:aws:...", weight: 90}]
shares:
  description: The smallest and the largest share in percent that a slot gets in any of these, over all pairs.
  returned: success
  type: dict
  sample: {blue: {lowest: 90.0, highest: 90.0}, green: {lowest: 10.0, highest: 10.0}}
target_groups:
  description: The members of the pairs.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name, or what was given if it does not exist.
      type: str
    slot:
      description: The slot it belongs to.
      type: str
    exists:
      description: Whether it exists.
      type: bool
    target_group_arn:
      description: ARN, empty if it does not exist.
      type: str
    attached:
      description:
        - Whether a listener or rule forwards to it. AWS never checks the targets of a target group that is not
          attached.
      type: bool
    healthy_targets:
      description: Number of healthy registered targets.
      type: int
    registered_targets:
      description: Number of registered targets.
      type: int
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SWAP_CLIENT_CONFIG, SwapApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.names import PAIRS_ARGUMENTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.round import read_weights

ARGUMENT_SPEC = dict(PAIRS_ARGUMENTS)


def run(module: Any) -> dict[str, Any]:
    """Read."""
    options = module.params
    pairs = [(pair["blue"], pair["green"]) for pair in options["pairs"]]
    api = SwapApi(module.client("elbv2", config=dict(SWAP_CLIENT_CONFIG)))
    return {"changed": False, **read_weights(api, options["load_balancers"], pairs)}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
