#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Empty a slot of its sessions by the drain contract."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agones_session_drain
short_description: Empties a slot of its sessions by the drain contract, without losing one
version_added: 0.1.0
description:
  - Asks each session of the source, by an annotation on its GameServer, to go; watches how the servers answer and
    end; and follows their players to the target. No session is shut down otherwise, unless O(on_deadline=interrupt)
    asks for it.
  - In O(mode=disconnect) no more sessions are asked than the target has free seats. Servers that are empty go first,
    then those with the fewest players, then the youngest matches.
  - It is done when the source has no session and no pod of one in two readings.
  - Each session of the source ends in exactly one outcome. What is known of them is remembered by the run, so that
    any runner may stop at any time and another one go on. A player's notice is never shortened by that.
options:
  namespaces:
    description: The namespaces that hold the game servers, the same in both slots.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(drained) empties the source.
      - V(open) takes back the requests that stand on the source. A server that closes already goes on closing.
    type: str
    choices: [drained, open]
    default: drained
  mode:
    description:
      - V(at_match_end) lets each match end. All servers are asked at once.
      - V(disconnect) has servers disconnect their clients after the notice; these ask for a match again.
    type: str
    choices: [at_match_end, disconnect]
    default: at_match_end
  on_deadline:
    description:
      - What becomes of a session that is still there at its deadline.
      - V(wait) goes on waiting until O(wait_timeout).
      - V(interrupt) asks it to disconnect, with full notice and as the seats of the target allow; then sets its state
        to C(Shutdown); then, after the pod's grace period and 30 seconds, deletes its pod.
    type: str
    choices: [wait, interrupt]
    default: wait
  notice_seconds:
    description: How long before it may disconnect its clients a server is asked, in seconds.
    type: float
    default: 30
  spread_seconds:
    description: Clients are told to come back at random within this many seconds.
    type: float
    default: 10
  acknowledge_seconds:
    description: How many seconds a server has to acknowledge the last repetition before it counts as silent.
    type: float
    default: 5
  resignal_seconds:
    description: A request without an answer is repeated this many seconds after the first one.
    type: list
    elements: float
    default: [10, 20, 30]
  connect_grace_seconds:
    description: A server that was allocated less than this many seconds ago is not taken for empty.
    type: float
    default: 60
  longest_match_seconds:
    description: The longest a match takes. A session's deadline is 1.2 times this after it was asked.
    type: float
    default: 3600
  reconnect_timeout:
    description: A player who has not come back after this many seconds is not waited for; the seat is free again.
    type: float
    default: 120
  confirm_seconds:
    description: How many seconds lie between the two readings that find the source empty.
    type: float
    default: 5
  settle_seconds:
    description: When the source is empty, wait at most this many seconds for players on their way.
    type: float
    default: 15
  reserve_seats:
    description:
      - Seats per Fleet of the target that are kept for players who arrive by themselves.
      - By default the buffer of the target's Buffer FleetAutoscaler.
      - Never more than half of the seats that are free are kept, so that the drain goes on where the autoscaler keeps
        just its buffer free and refills it.
    type: int
  players_list:
    description: The List of each GameServer that holds the ids of its players. Without it downtime is not measured.
    type: str
    default: players
  source_slot:
    description: What progress and journal call the source.
    type: str
    default: source
  target_slot:
    description: What progress and journal call the target.
    type: str
    default: target
  run_id:
    description: The run to write for. By default the run of O(lease).
    type: str
  wait_timeout:
    description:
      - How many seconds the drain may take. Then the task fails with what was last seen; the requests stand, and a
        later task goes on from there.
    type: int
    default: 7200
attributes:
  idempotent:
    support: full
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.kubeconfig.slots
  - gameops.eks_bluegreen.kubeconfig.agones
  - gameops.eks_bluegreen.lease
notes:
  - To drain, O(lease) is needed outside of check mode, because the outcomes of sessions that are gone are remembered
    by the run.
  - The drain contract describes what a game server owes. Player ids leave the process as hashes only.
  - "Verbs of Kubernetes that are needed: list, watch, get and patch gameservers, list fleetautoscalers, get pods; and
    delete pods for O(on_deadline=interrupt)."
"""

EXAMPLES = r"""
- name: Move what is left on blue to green
  gameops.eks_bluegreen.agones_session_drain:
    source_kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    target_kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    mode: disconnect
    notice_seconds: 30
    source_slot: blue
    target_slot: green
    lease: "{{ eks_bluegreen_lease }}"

- name: Stop the drain of blue
  gameops.eks_bluegreen.agones_session_drain:
    source_kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    target_kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    state: open
    lease: "{{ eks_bluegreen_lease }}"
"""

RETURN = r"""
drained:
  description: Whether the source is proven empty.
  returned: when O(state=drained)
  type: bool
  sample: true
sessions:
  description:
    - Sessions of the source since the drain began, how many remain, and how the others ended.
    - C(ended_alone) their match was over; C(moved) by the contract; C(interrupted) at the deadline; C(forced) the pod
      was deleted; C(lost) the server crashed or was deleted by somebody.
  returned: when O(state=drained)
  type: dict
  sample: {total: 48, remaining: 0, ended_alone: 5, moved: 43, interrupted: 0, forced: 0, lost: 0}
states:
  description: The remaining sessions by state.
  returned: when O(state=drained)
  type: dict
  sample: {idle: 0, requested: 0, accepted: 0, closing: 0, refused: 0, silent: 0, overdue: 0, ending: 0}
players:
  description:
    - Players of moved sessions, how many have returned on the target and how many are away, and the downtimes of
      those who returned.
    - C(unobserved) are players whose leaving or return no runner watched; they have no downtime.
      C(sessions_without_ids) had no List.
  returned: when O(state=drained)
  type: dict
  sample:
    moved: 215
    returned: 215
    away: 0
    unobserved: 0
    sessions_without_ids: 0
    downtime_seconds: {p50: 1.2, p95: 2.1, p99: 2.4, max: 2.6}
outcomes:
  description: Each session that has ended, with its outcome and number of players.
  returned: when O(state=drained)
  type: list
  elements: dict
  sample: [{namespace: arena, name: arena-9s2kf-x8d4w, fleet: arena, outcome: moved, players: 5}]
cancelled:
  description: Number of requests taken back.
  returned: when O(state=open)
  type: int
  sample: 12
closing:
  description: Number of servers that were asked and close already.
  returned: when O(state=open)
  type: int
  sample: 3
"""

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.memory import Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    NAMESPACES_ARGUMENT,
    run_id_of,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.run_drain import (
    Settings,
    cancel_requests,
    drain_once,
    preview_drain,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LEASE_ARGUMENT, keeper_of

DEADLINE_FACTOR = 1.2

ARGUMENT_SPEC = {
    "source_kubeconfig": KUBECONFIG_ARGUMENT,
    "target_kubeconfig": KUBECONFIG_ARGUMENT,
    "namespaces": NAMESPACES_ARGUMENT,
    "state": {"type": "str", "choices": ["drained", "open"], "default": "drained"},
    "mode": {"type": "str", "choices": ["at_match_end", "disconnect"], "default": "at_match_end"},
    "on_deadline": {"type": "str", "choices": ["wait", "interrupt"], "default": "wait"},
    "notice_seconds": {"type": "float", "default": 30},
    "spread_seconds": {"type": "float", "default": 10},
    "acknowledge_seconds": {"type": "float", "default": 5},
    "resignal_seconds": {"type": "list", "elements": "float", "default": [10, 20, 30]},
    "connect_grace_seconds": {"type": "float", "default": 60},
    "longest_match_seconds": {"type": "float", "default": 3600},
    "reconnect_timeout": {"type": "float", "default": 120},
    "confirm_seconds": {"type": "float", "default": 5},
    "settle_seconds": {"type": "float", "default": 15},
    "reserve_seats": {"type": "int"},
    "players_list": {"type": "str", "default": "players"},
    "source_slot": {"type": "str", "default": "source"},
    "target_slot": {"type": "str", "default": "target"},
    "run_id": {"type": "str"},
    "wait_timeout": {"type": "int", "default": 7200},
    "annotation_domain": DOMAIN_ARGUMENT,
    "lease": LEASE_ARGUMENT,
}


def policy_of(options: dict[str, Any], run_id: str) -> Policy:
    """The options as the planner takes them."""
    return Policy(
        run=run_id,
        mode=options["mode"],
        interrupt_at_deadline=options["on_deadline"] == "interrupt",
        notice=options["notice_seconds"],
        spread=options["spread_seconds"],
        acknowledge=options["acknowledge_seconds"],
        resignal=tuple(sorted(options["resignal_seconds"])),
        connect_grace=options["connect_grace_seconds"],
        deadline=DEADLINE_FACTOR * options["longest_match_seconds"],
        reconnect_timeout=options["reconnect_timeout"],
        confirm=options["confirm_seconds"],
        settle=options["settle_seconds"],
        domain=options["annotation_domain"],
    )


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options = module.params
    clock = SystemClock()
    source = connect(options["source_kubeconfig"])
    keeper = keeper_of(options["lease"])
    settings = Settings(
        namespaces=options["namespaces"],
        players_list=options["players_list"],
        reserve_seats=options["reserve_seats"],
        source_slot=options["source_slot"],
        target_slot=options["target_slot"],
    )
    if options["state"] == "open":
        return cancel_requests(
            source, settings, options["annotation_domain"], keeper, clock, check_mode=module.check_mode
        )
    if module.check_mode:
        target = connect(options["target_kubeconfig"]) if options["target_kubeconfig"] else None
        return preview_drain(source, target, settings, policy_of(options, options["run_id"] or "preview"), clock)
    if options["lease"] is None:
        raise BlueGreenError("state drained needs the option lease: the run remembers how each session ended")
    target = connect(options["target_kubeconfig"])
    return drain_once(source, target, settings, policy_of(options, run_id_of(options)), keeper, clock)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
