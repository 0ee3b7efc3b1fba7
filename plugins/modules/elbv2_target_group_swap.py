#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights of blue and green target groups, in every listener at once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: elbv2_target_group_swap
short_description: Shift a load balancer's traffic between blue and green target groups
version_added: 0.1.0
description:
  - Takes pairs of target groups and weights, finds B(every) listener default action and rule of the load balancers
    that forwards to a member of a pair, and sets the weights there and nowhere else. Authentication actions, their
    order, and stickiness stay as they are.
  - A member that is missing from such an action is added to it. So weight 0 attaches a target group, which makes the
    load balancer check its targets.
  - Reads and writes up to ten listeners and rules at a time, and reads all of them again. If one write fails, or the
    weights do not read back, all are put back as they were.
  - Weights go from 0 to 999 and say how requests are split, not connections or clients. Target group stickiness
    beats weight. See U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyRule.html).
options:
  load_balancers:
    description: Names or ARNs of the load balancers whose listeners are searched.
    type: list
    elements: str
    required: true
  pairs:
    description: The target groups of each service, one per slot.
    type: list
    elements: dict
    required: true
    suboptions:
      blue:
        description: Name or ARN of the target group of slot blue.
        type: str
        required: true
      green:
        description: Name or ARN of the target group of slot green.
        type: str
        required: true
  weights:
    description: The weight of each slot's target groups, 0 to 999. At least one is above 0.
    type: dict
    required: true
    suboptions:
      blue:
        description: Weight of slot blue.
        type: int
        required: true
      green:
        description: Weight of slot green.
        type: int
        required: true
  toward:
    description:
      - The slot that a rising series of steps moves to. A listener or rule on which it has the wanted share already, or
        more, is left alone, so that a series that was interrupted goes on where it was.
    type: str
    choices: [blue, green]
  detach:
    description:
      - Take the target groups of this slot out of the actions. Its weight must be 0, here and on the load balancer.
    type: str
    choices: [blue, green]
  require_healthy:
    description:
      - Give a larger share only to target groups that have as many healthy registered targets as their partner, and at
        least one.
      - With V(false), a target group without healthy targets only makes a warning.
    type: bool
    default: true
  wait:
    description: Wait for those healthy targets; with V(false) the module fails at once.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait for healthy targets, in seconds.
    type: int
    default: 600
  hold_seconds:
    description:
      - Once the weights are as asked, stay at them for so many seconds, the lease renewed meanwhile.
      - Not in check mode, and not when O(toward) found every listener ahead of this step.
    type: float
    default: 0
notes:
  - A load balancer that a cluster's controller owns (tag C(elbv2.k8s.aws/cluster)) is refused.
  - ELBv2 has no conditional write. Use O(lease), so that two runs cannot write at once.
  - "Needs C(elasticloadbalancing:DescribeLoadBalancers), C(DescribeTags), C(DescribeListeners), C(DescribeRules),
    C(DescribeTargetGroups), C(DescribeTargetHealth), C(ModifyListener) and C(ModifyRule)."
seealso:
  - module: gameops.eks_bluegreen.elbv2_target_group_swap_info
  - module: gameops.eks_bluegreen.elbv2_target_group
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
- name: Give green a tenth of the requests
  gameops.eks_bluegreen.elbv2_target_group_swap:
    load_balancers: [arena]
    pairs:
      - blue: arena-matchmaker-blue
        green: arena-matchmaker-green
    weights:
      blue: 90
      green: 10
    toward: green

- name: Attach green's target group without giving it requests
  gameops.eks_bluegreen.elbv2_target_group_swap:
    load_balancers: [arena]
    pairs:
      - blue: arena-matchmaker-blue
        green: arena-matchmaker-green
    weights:
      blue: 100
      green: 0

- name: Go back to blue, whatever its health
  gameops.eks_bluegreen.elbv2_target_group_swap:
    load_balancers: [arena]
    pairs:
      - blue: arena-matchmaker-blue
        green: arena-matchmaker-green
    weights:
      blue: 100
      green: 0
    require_healthy: false
"""

RETURN = r"""
forwards:
  description: Every listener default action and rule that forwards to a member of a pair, in check mode as predicted.
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
weights:
  description: The weights that were asked for.
  returned: success
  type: dict
  sample: {blue: 90, green: 10}
ahead:
  description: Whether a listener or rule was left alone because of O(toward) with a larger share than asked for.
  returned: success
  type: bool
targets:
  description: Healthy and registered targets of the target groups that gain and of their partners, by name.
  returned: success
  type: dict
  sample: {arena-matchmaker-green: {healthy: 2, registered: 2}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SwapApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.run import Swap, swap_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Weights
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LEASE_ARGUMENT, keeper_of

WEIGHTS = {"blue": {"type": "int", "required": True}, "green": {"type": "int", "required": True}}
PAIR = {"blue": {"type": "str", "required": True}, "green": {"type": "str", "required": True}}
ARGUMENT_SPEC = {
    "load_balancers": {"type": "list", "elements": "str", "required": True},
    "pairs": {"type": "list", "elements": "dict", "required": True, "options": PAIR},
    "weights": {"type": "dict", "required": True, "options": WEIGHTS},
    "toward": {"type": "str", "choices": ["blue", "green"]},
    "detach": {"type": "str", "choices": ["blue", "green"]},
    "require_healthy": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
    "hold_seconds": {"type": "float", "default": 0},
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options = module.params
    want = Swap(
        load_balancers=options["load_balancers"],
        pairs=[(pair["blue"], pair["green"]) for pair in options["pairs"]],
        weights=Weights(**options["weights"], toward=options["toward"], detach=options["detach"]),
        require_healthy=options["require_healthy"],
        wait=options["wait"],
    )
    api = SwapApi(module.client("elbv2", config=dict(CLIENT_CONFIG)))
    keeper = keeper_of(options["lease"])
    return swap_round(api, want, check_mode=module.check_mode, clock=SystemClock(), keeper=keeper)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
