#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where matchmaking sends new sessions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session_destination
short_description: Move the destination of new sessions, through any routing provider
version_added: 0.1.0
description:
  - Reads where new sessions start, or sets it and waits until it is acted on everywhere.
  - Asks the provider to write only if the destination is still as it was read, so that only one of two runs moves it.
  - Opens and closes the queues of slots, where the game's matchmaking has any.
  - The role P(gameops.eks_bluegreen.session_routing#role) uses this module; docs/routing-providers.md describes the
    providers, what a game owes each of them, and how to test one of your own.
options:
  follows_traffic:
    description: The load balancers and target groups that decide, for O(provider=follows_traffic).
    type: dict
    suboptions:
      load_balancers:
        description: Names or ARNs of the load balancers.
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
    description:
      - The wanted share of new sessions per slot, for every slot. At least one is above 0.
      - With O(provider=follows_traffic) they are in percent, and the module only proves them; role traffic_shift sets
        them.
    type: dict
  queues:
    description:
      - By slot, whether its queue is V(open) or V(closed). A closed queue takes no new tickets.
      - A queue is opened before O(weights) are set, and closed after. Refused if the provider has no queues.
      - Without O(weights) and O(queues) the module only reads.
    type: dict
    default: {}
  ignore_missing_queues:
    description:
      - Leave O(queues) alone, instead of failing, with a provider that never has any, such as V(follows_traffic) and
        V(agones_policy). The game then looks after waiting tickets.
      - A provider that can have queues, and says that it has none, is refused all the same.
    type: bool
    default: false
  if_revision:
    description:
      - Write only if the destination is still at this revision.
      - A destination that already has the wanted O(weights) is left alone at any revision, so that a second call with
        the same arguments succeeds.
    type: str
  token:
    description: Whose write it is, for example a run's id; the provider keeps it. By default a random token.
    type: str
  wait:
    description:
      - Wait until the provider says that the weights are acted on everywhere, that earlier results have expired, and
        that each per-slot queue that was closed is empty.
      - When V(false), nothing is proven and anything that someone else has written is overwritten, as a rollback needs.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait. Then the task fails and says what is missing.
    type: int
    default: 60
attributes:
  idempotent:
    support: full
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.destination
  - gameops.eks_bluegreen.lease
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
notes:
  - Parameter Store has no conditional write. If another write came in between, the module notices it by the parameter's
    version and fails. The other providers refuse such a write.
  - "IAM actions: for a document in Parameter Store C(ssm:GetParameter), C(ssm:GetParametersByPath) and, to set,
    C(ssm:PutParameter); to prove that sessions follow the traffic C(elasticloadbalancing:DescribeLoadBalancers),
    C(elasticloadbalancing:DescribeTags), C(elasticloadbalancing:DescribeListeners),
    C(elasticloadbalancing:DescribeRules), C(elasticloadbalancing:DescribeTargetGroups) and
    C(elasticloadbalancing:DescribeTargetHealth)."
"""

EXAMPLES = r"""
- name: Read the session destination
  gameops.eks_bluegreen.session_destination:
    provider: document
    document:
      parameter: /arena/session-destination
    region: eu-west-1
  register: destination

- name: Send new sessions to green, if no one has moved them since
  gameops.eks_bluegreen.session_destination:
    provider: document
    document:
      parameter: /arena/session-destination
    region: eu-west-1
    weights:
      blue: 0
      green: 100
    if_revision: "{{ destination.revision }}"
    wait_timeout: 60

- name: Ask an endpoint of the game, and let waiting tickets in blue's queue be served
  gameops.eks_bluegreen.session_destination:
    provider: http
    http:
      url: https://matchmaking.example.com/destination
      headers:
        Authorization: "Bearer {{ matchmaking_token }}"
    weights:
      blue: 0
      green: 100
    queues:
      blue: closed
      green: open
    wait_timeout: 600
"""

RETURN = r"""
weights:
  description: The share of new sessions per slot, in check mode the predicted share.
  returned: success
  type: dict
  sample: {blue: 0, green: 100}
revision:
  description: The name of this state of the destination, to be compared and not counted.
  returned: success
  type: str
  sample: "7"
token:
  description: Whose write it is; empty if no one knows.
  returned: success
  type: str
  sample: 20261123-0114-blue-green
followed:
  description: Whether the weights are acted on everywhere.
  returned: success
  type: bool
evidence:
  description: The same in one line for people.
  returned: success
  type: str
  sample: "revision 7: read back by 4 of 4 readers"
details:
  description: The same in the provider's own data; for a document C(readers), as C(current), C(behind) or C(gone).
  returned: success
  type: dict
  sample:
    readers:
      current:
        - {id: arena-matchmaker-7d9c, slot: green, revision: 7, age_seconds: 1.2, depth: null, oldest_seconds: 0.0}
      behind: []
      gone: []
capabilities:
  description: What the provider can do.
  returned: success
  type: dict
  contains:
    granularity:
      description: V(match) if a share counts whole matches, V(request) if it counts requests.
      type: str
    weighted:
      description: Whether there are shares between nothing and everything.
      type: bool
    atomic:
      description: Whether both slots move in one write.
      type: bool
    cross_slot_allocation:
      description: Whether a slot's matchmaker may allocate on the other slot's cluster.
      type: bool
    queue:
      description: V(none), V(shared) or V(per_slot).
      type: str
    endpoint_ttl_seconds:
      description: How long a result that was handed out before may still be used.
      type: float
    writes:
      description:
        - V(conditional) if a stale write is refused, V(last_wins) if it is only noticed afterwards, V(nothing) if
          something else moves the weights.
      type: str
queues:
  description:
    - By slot, C(depth) (null when no one tells), C(oldest_seconds) and whether it is C(open). Of those that were named,
      or of all when the module only reads.
  returned: success
  type: dict
  sample: {blue: {depth: 3, oldest_seconds: 12.5, open: false}}
"""

import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._access.clients import Clients
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.options import (
    provider_arguments,
    provider_needs,
    provider_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import queues_of, weights_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.round import (
    SessionDestination,
    WantedRouting,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    **provider_arguments(),
    "weights": {"type": "dict"},
    "queues": {"type": "dict", "default": {}},
    "ignore_missing_queues": {"type": "bool", "default": False},
    "if_revision": {"type": "str"},
    "token": {"type": "str", "no_log": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 60},
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """Read or set, as the options say."""
    options = module.params
    clock = SystemClock()
    destination = SessionDestination(provider_of(options, Clients(module), clock), clock)
    queues = queues_of(options["queues"])
    if options["ignore_missing_queues"] and not destination.can_have_queues:
        queues = {}
    if options["weights"] is None and not queues:
        return destination.read()
    want = WantedRouting(
        weights=None if options["weights"] is None else weights_of(options["weights"]),
        queues=queues,
        token=options["token"] or uuid.uuid4().hex,
        if_revision=options["if_revision"],
        wait=options["wait"],
    )
    return destination.ensure(want, keeper_of(options["lease"]), check_mode=module.check_mode)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, required_if=provider_needs())
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
