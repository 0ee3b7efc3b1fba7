#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where blue and green target groups stand, and with which weights."""

from __future__ import annotations

DOCUMENTATION = r"""
module: elbv2_target_group_swap_info
short_description: Weights and health of blue and green target groups
version_added: 0.1.0
description:
  - Finds every listener default action and rule of the named load balancers that forwards to a member of a pair, and
    tells the weights there and the health of the targets.
  - A target group that does not exist is told as such.
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
seealso:
  - module: gameops.eks_bluegreen.elbv2_target_group_swap
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes.info_module
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
  description: The smallest and the largest part in percent that a slot gets of any of these, over all pairs.
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
      description: Name, or what was given where it does not exist.
      type: str
    slot:
      description: The slot it belongs to.
      type: str
    exists:
      description: Whether it exists.
      type: bool
    target_group_arn:
      description: ARN, empty where it does not exist.
      type: str
    attached:
      description: Whether it stands in a listener or rule. The targets of others are never checked.
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
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SwapApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.run import read_weights

PAIR = {"blue": {"type": "str", "required": True}, "green": {"type": "str", "required": True}}
ARGUMENT_SPEC = {
    "load_balancers": {"type": "list", "elements": "str", "required": True},
    "pairs": {"type": "list", "elements": "dict", "required": True, "options": PAIR},
}


def run(module: Any) -> dict[str, Any]:
    """Read."""
    options = module.params
    pairs = [(pair["blue"], pair["green"]) for pair in options["pairs"]]
    api = SwapApi(module.client("elbv2", config=dict(CLIENT_CONFIG)))
    return {"changed": False, **read_weights(api, options["load_balancers"], pairs)}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
