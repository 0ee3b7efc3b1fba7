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
  - A member that is missing from such an action is added to it. Weight 0 therefore attaches a target group, and the
    load balancer begins to check its targets.
  - Works on application and network load balancers, several of them in one call. Actions of kinds that botocore does
    not know are refused, because it could not write them back.
  - If another target group gets requests in the same action, it keeps its share. The pair's weights are then scaled to
    the total that the pair has there; a step that whole numbers cannot express to within a hundredth is refused.
  - Reads and writes up to ten listeners and rules at a time, fewer when AWS throttles, and reads all of them again. If
    one write fails, or the weights do not read back, all are put back as they were, and that is read back too. See
    O(on_failure).
  - A change that someone else makes at the same time is noticed where ELBv2 makes that possible, and is never
    overwritten by putting things back. The swap then fails and is taken back or, if the weights are as asked for
    nevertheless, warns. A rule that someone else adds meanwhile is changed next.
  - Weights go from 0 to 999 and say how requests are split, not connections or clients. Target group stickiness
    beats weight. See U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyRule.html).
options:
  weights:
    description: The weight of each slot's target groups, 0 to 999. At least one must be above 0.
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
      - The slot that a rising series of steps moves to. A listener or rule on which it already has the wanted share, or
        more, is left alone, so that an interrupted series goes on where it was.
    type: str
    choices: [blue, green]
  detach:
    description:
      - Take the target groups of this slot out of the actions. Its weight must be 0, here and on the load balancer.
      - They need not exist; the others must.
    type: str
    choices: [blue, green]
  require_healthy:
    description:
      - Give a larger share only to target groups that have as many healthy registered targets as their partner, and at
        least one.
      - With V(false), a target group without healthy targets only causes a warning.
    type: bool
    default: true
  on_failure:
    description:
      - What happens to the changes already made when one of them fails.
      - V(restore) starts no further change and puts all of them back.
      - V(keep) goes on with the others, keeps what is done, then fails and names the rest. It is for a way back, where
        no request should return to the slot that is being left. A pair that no listener or rule forwards to, and a load
        balancer that does not exist, are left out with a warning, as long as one is left; with V(restore) they are
        refused.
      - A runner that loses the lease stops at once, and puts nothing back.
    type: str
    choices: [restore, keep]
    default: restore
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
      - Once the weights are as asked for, stay at them for this many seconds and keep renewing the lease.
      - Not in check mode, and not when O(toward) found every listener ahead of this step.
    type: float
    default: 0
notes:
  - A load balancer that a cluster's controller owns (tag C(elbv2.k8s.aws/cluster)) is refused.
  - ELBv2 has no conditional write. Use O(lease), so that two runs cannot write at once. A change that another tool
    makes to a rule between the module's last look at it, at most 2 s and two calls earlier, and its own write of that
    rule is overwritten.
  - The lease is checked before the first write and then every 2 s; writes that are under way when it is lost still
    land, within half a minute.
  - A listener or rule that the caller may not modify (AccessDenied) is found by the first attempt to write it, since
    ELBv2 has no dry run; then O(on_failure) applies.
  - "IAM actions: C(elasticloadbalancing:DescribeLoadBalancers), C(elasticloadbalancing:DescribeTags),
    C(elasticloadbalancing:DescribeListeners), C(elasticloadbalancing:DescribeRules),
    C(elasticloadbalancing:DescribeTargetGroups), C(elasticloadbalancing:DescribeTargetGroupAttributes),
    C(elasticloadbalancing:DescribeTargetHealth), C(elasticloadbalancing:ModifyListener),
    C(elasticloadbalancing:ModifyRule)."
seealso:
  - module: gameops.eks_bluegreen.elbv2_target_group_swap_info
  - module: gameops.eks_bluegreen.elbv2_target_group
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.lease
  - gameops.eks_bluegreen.target_group_pairs
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

- name: Shift the HTTP and the UDP service, each on its own load balancer, all or none
  gameops.eks_bluegreen.elbv2_target_group_swap:
    load_balancers: [arena, arena-udp]
    pairs:
      - blue: arena-matchmaker-blue
        green: arena-matchmaker-green
      - blue: arena-voice-blue
        green: arena-voice-green
    weights:
      blue: 0
      green: 100
  register: swap

- name: Refuse to call it done while cookies hold players back
  ansible.builtin.assert:
    that: swap.hazards | selectattr('kind', 'eq', 'group_stickiness') | length == 0

- name: Go back to blue, whatever its health, as far as possible
  gameops.eks_bluegreen.elbv2_target_group_swap:
    load_balancers: [arena]
    pairs:
      - blue: arena-matchmaker-blue
        green: arena-matchmaker-green
    weights:
      blue: 100
      green: 0
    require_healthy: false
    on_failure: keep
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
hazards:
  description: Stickiness, which beats weights. Also given as warnings.
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
      sample: arena HTTP:8080 rule 10 (path-pattern /match*)
    seconds:
      description: How long it lasts; 0 where AWS sets no end.
      type: int
    message:
      description: What it does.
      type: str
    remedy:
      description: What to do about it.
      type: str
not_restored:
  description: Listeners and rules that could not be put back, with the reason. Empty if all were.
  returned: when a swap failed after it had begun to write
  type: list
  elements: str
not_changed:
  description: Listeners and rules that are not as asked for, with the reason.
  returned: when a swap failed with O(on_failure=keep)
  type: list
  elements: str
changed_by_others:
  description: Listeners and rules that someone else changed meanwhile, and that were left alone.
  returned: when a swap failed after it had begun to write
  type: list
  elements: str
targets:
  description: Healthy and registered targets of the target groups that gain weight and of their partners, by name.
  returned: success
  type: dict
  sample: {arena-matchmaker-green: {healthy: 2, registered: 2}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SWAP_CLIENT_CONFIG, SwapApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.names import PAIRS_ARGUMENTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.round import Swap, swap_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Weights
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LEASE_ARGUMENT, keeper_of

WEIGHTS = {"blue": {"type": "int", "required": True}, "green": {"type": "int", "required": True}}
ARGUMENT_SPEC = {
    **PAIRS_ARGUMENTS,
    "weights": {"type": "dict", "required": True, "options": WEIGHTS},
    "toward": {"type": "str", "choices": ["blue", "green"]},
    "detach": {"type": "str", "choices": ["blue", "green"]},
    "require_healthy": {"type": "bool", "default": True},
    "on_failure": {"type": "str", "choices": ["restore", "keep"], "default": "restore"},
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
        keep_on_failure=options["on_failure"] == "keep",
        wait=options["wait"],
    )
    api = SwapApi(module.client("elbv2", config=dict(SWAP_CLIENT_CONFIG)))
    keeper = keeper_of(options["lease"])
    return swap_round(api, want, check_mode=module.check_mode, clock=SystemClock(), keeper=keeper)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
