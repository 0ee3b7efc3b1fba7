#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Empty a slot of its sessions by the drain contract."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agones_session_drain
short_description: Empty a slot of its sessions by the drain contract, without losing one
version_added: 0.1.0
description:
  - Asks each session of the source to leave, by an annotation on its GameServer; watches how the servers answer and
    end; and follows their players to the target. No session is shut down in any other way, unless
    O(on_deadline=interrupt) asks for it.
  - In O(mode=disconnect) and O(mode=handoff) no more sessions are asked than the target has free seats. The first to
    lose their players are a canary batch; when those are back the others follow. When too few come back the pace is
    halved, and when hardly anyone does the task fails and asks no one more. A later task goes on with a canary batch.
  - Before it writes anything, it looks in both slots for everything that would stop the drain and reports it all at
    once, including the verbs that the runner lacks, as the API servers themselves answer.
  - Check mode looks for the same. A target that does not exist yet, or has no Agones, is left out; for one that has it,
    a missing Fleet or namespace and an Agones that is too old are warnings, since its charts may be installed before
    the drain.
  - It is done when the source has no session and no pod of one in two readings. A server that O(session_predicate)
    names is one session as long as it is named, and is asked with the allocation V(*), since matches may share it.
  - Each session of the source ends in exactly one outcome. The run remembers what is known of them, so that
    any runner may stop at any time and another one may go on. This never shortens a player's notice.
options:
  namespaces:
    description: The namespaces that hold the game servers, the same in both slots.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(drained) empties the source.
      - V(open) takes back the requests in force on the source. A server that is already closing goes on closing. Then
        servers of the target that were allocated for a handoff are asked to go, by the drain contract and with full
        notice, where they are known to be empty and their session has acknowledged that it stays. Any other of them
        stays, and a target that does not answer is a warning.
    type: str
    choices: [drained, open]
    default: drained
  mode:
    description:
      - V(at_match_end) lets each match end. All servers are asked at once.
      - V(disconnect) has servers disconnect their clients after the notice; these ask for a match again.
      - V(handoff) allocates a server of the same Fleet on the target for each session before it is asked, and names it
        in the request, so that clients connect to it without asking for a match. A server that no one came to is
        given back.
    type: str
    choices: [at_match_end, disconnect, handoff]
    default: at_match_end
  on_deadline:
    description:
      - What happens to a session that is still there at its deadline.
      - V(wait) goes on waiting until O(wait_timeout).
      - V(interrupt) asks it to disconnect, with full notice and as the seats of the target allow; then sets its state
        to C(Shutdown); then, after the pod's grace period and 30 seconds, deletes its pod.
    type: str
    choices: [wait, interrupt]
    default: wait
  deadline:
    description:
      - An RFC 3339 time that is the deadline of all sessions, in place of O(longest_match_seconds).
      - One that has passed when the drain begins is refused.
    type: str
  order:
    description:
      - Which sessions are asked first, when not all can be. Between two that are equal by one criterion, the next
        criterion decides.
      - V(idle) are servers that are known to be empty. V(youngest) matches first lets the oldest end by themselves.
    type: list
    elements: str
    choices: [idle, fewest_players, most_players, youngest, oldest]
    default: [idle, fewest_players, youngest]
  notice_seconds:
    description: How many seconds of notice a server gets before it may disconnect its clients.
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
    description: A server that was allocated less than this many seconds ago does not count as empty.
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
  reserve_seats:
    description:
      - Seats per Fleet of the target that are kept for players who arrive by themselves.
      - By default the buffer of the target's FleetAutoscaler, also while a hold has detached that.
      - Never more than half of the seats that are free are kept, so that the drain goes on where the autoscaler keeps
        just its buffer free and refills it.
    type: int
  players_per_second:
    description: How many players per second may be asked to leave. By default only seats limit them.
    type: float
  most_at_once:
    description: How many sessions may be on their way at once. By default only seats limit them.
    type: int
  canary_sessions:
    description:
      - How many sessions with players are asked first, in the modes that disconnect players. 0 for no canary batch.
      - No others are asked until their players are back, or O(reconnect_timeout) has passed. Where nothing tells
        whether they are back, the task fails.
    type: int
    default: 1
  least_returned_percent:
    description: When a smaller share of the players who were moved last came back in time, the pace is halved.
    type: float
    default: 75
  alarm_returned_percent:
    description: When a smaller share of the players who were moved last came back in time, the task fails.
    type: float
    default: 50
  slow_return_seconds:
    description: When most of the sessions that were moved last took longer to be back, the pace is halved.
    type: float
    default: 60
  fleets:
    description:
      - Fleets that are drained differently. What an entry leaves out is as for all Fleets.
      - A Fleet that the source does not have is refused, and so is a policy that contradicts itself, for example
        O(fleets[].most_at_once) in a mode that disconnects no one.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the Fleet.
        type: str
        required: true
      namespace:
        description: Its namespace. By default the policy is for the Fleets of this name in all of O(namespaces).
        type: str
      mode:
        description: As O(mode), for this Fleet.
        type: str
        choices: [at_match_end, disconnect, handoff]
      on_deadline:
        description: As O(on_deadline), for this Fleet.
        type: str
        choices: [wait, interrupt]
      deadline:
        description: As O(deadline), for this Fleet.
        type: str
      order:
        description: As O(order), for this Fleet.
        type: list
        elements: str
        choices: [idle, fewest_players, most_players, youngest, oldest]
      notice_seconds:
        description: As O(notice_seconds), for this Fleet.
        type: float
      spread_seconds:
        description: As O(spread_seconds), for this Fleet.
        type: float
      acknowledge_seconds:
        description: As O(acknowledge_seconds), for this Fleet.
        type: float
      resignal_seconds:
        description: As O(resignal_seconds), for this Fleet.
        type: list
        elements: float
      connect_grace_seconds:
        description: As O(connect_grace_seconds), for this Fleet.
        type: float
      longest_match_seconds:
        description: As O(longest_match_seconds), for this Fleet.
        type: float
      reconnect_timeout:
        description: As O(reconnect_timeout), for this Fleet.
        type: float
      reserve_seats:
        description: As O(reserve_seats), for this Fleet.
        type: int
      players_per_second:
        description: As O(players_per_second), for this Fleet.
        type: float
      most_at_once:
        description: As O(most_at_once), for this Fleet.
        type: int
      canary_sessions:
        description: As O(canary_sessions), for this Fleet.
        type: int
      least_returned_percent:
        description: As O(least_returned_percent), for this Fleet.
        type: float
      alarm_returned_percent:
        description: As O(alarm_returned_percent), for this Fleet.
        type: float
      slow_return_seconds:
        description: As O(slow_return_seconds), for this Fleet.
        type: float
  confirm_seconds:
    description: How many seconds lie between the two readings that find the source empty.
    type: float
    default: 5
  settle_seconds:
    description: When the source is empty, wait at most this many seconds for players on their way.
    type: float
    default: 15
  players_list:
    description: The List of each GameServer that holds the ids of its players. It gives each player's downtime.
    type: str
    default: players
  players_counter:
    description:
      - The Counter of each GameServer that holds the number of its players, for servers without the List.
      - The mean downtime is estimated from it, by how many fewer play on both slots while players move. Players who
        come or go by themselves meanwhile change it.
    type: str
    default: players
  players_metric:
    description:
      - Where the game publishes how many players are in sessions of both slots, for games without List and Counter.
      - Read every second. A drain that cannot read it fails.
    type: dict
    suboptions:
      url:
        description: A URL that answers JSON, or the text format of Prometheus.
        type: str
        required: true
      name:
        description:
          - In JSON the keys that lead to the number, joined by dots; empty when the answer is the number.
          - In Prometheus' format the name of the metric, whose samples are added up.
        type: str
        default: ""
  source_slot:
    description: The name of the source in progress lines and in the journal.
    type: str
    default: source
  target_slot:
    description: The name of the target in progress lines and in the journal.
    type: str
    default: target
  run_id:
    description: The run to write for. By default the run of O(lease).
    type: str
  wait_timeout:
    description:
      - How many seconds the drain may take. Then the task fails with what was last seen; the requests stay in
        force, and a later task goes on from there.
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
  - gameops.eks_bluegreen.sessions
notes:
  - To drain, O(lease) is needed outside of check mode, because the run remembers the outcomes of sessions that
    are gone.
  - The drain contract describes what a game server must do. Player ids leave the process as hashes only.
  - "Verbs of Kubernetes that are needed on the source: get namespaces, list fleets, list, watch, get and patch
    gameservers, get pods; and delete pods for O(on_deadline=interrupt). On the target: get namespaces, list fleets,
    list and watch gameservers, list fleetautoscalers, get configmaps; and create gameserverallocations, get and patch
    gameservers for O(mode=handoff)."
  - Agones 1.41 or later is needed.
  - The module M(gameops.eks_bluegreen.run_control) pauses, resumes or aborts a drain from outside of it.
  - "IAM actions: C(s3:GetObject), C(s3:PutObject), C(s3:ListBucket)."
"""

EXAMPLES = r"""
- name: Move the remaining sessions from blue to green
  gameops.eks_bluegreen.agones_session_drain:
    source_kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    target_kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    mode: disconnect
    notice_seconds: 30
    source_slot: blue
    target_slot: green
    lease: "{{ eks_bluegreen_lease }}"

- name: Hand the lobbies over one by one, and let ranked matches end until ten o'clock
  gameops.eks_bluegreen.agones_session_drain:
    source_kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    target_kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    mode: disconnect
    players_per_second: 50
    fleets:
      - name: lobby
        mode: handoff
        most_at_once: 1
      - name: ranked
        mode: at_match_end
        on_deadline: interrupt
        deadline: "2026-11-24T22:00:00Z"
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
      was deleted; C(lost) the server crashed or was deleted by someone.
  returned: when O(state=drained)
  type: dict
  sample: {total: 48, remaining: 0, ended_alone: 5, moved: 43, interrupted: 0, forced: 0, lost: 0}
states:
  description: The remaining sessions by state.
  returned: when O(state=drained)
  type: dict
  sample: {idle: 0, requested: 0, accepted: 0, closing: 0, refused: 0, silent: 0, overdue: 0, ending: 0}
held:
  description:
    - By Fleet, how many sessions are not asked to leave yet, and what they wait for.
    - C(seats) a free seat on the target; C(pace) a limit of the policy, or a pace that was halved; C(canary) the
      players of the canary batch.
  returned: when O(state=drained)
  type: dict
  sample: {arena/arena: {seats: 12}}
players:
  description:
    - Players of moved sessions, how many have returned on the target and how many are away, and the downtimes of
      those who returned.
    - C(unobserved) are players whose leaving or return no runner watched; they have no downtime.
      C(sessions_without_ids) had no List. C(coverage_percent) is the share of the returned with a downtime.
    - C(aggregate) is the estimate for those without ids, null without a Counter or metric.
  returned: when O(state=drained)
  type: dict
  sample:
    moved: 215
    returned: 215
    away: 0
    unobserved: 0
    sessions_without_ids: 0
    coverage_percent: 100.0
    downtime_seconds: {p50: 1.2, p95: 2.1, p99: 2.4, max: 2.6}
    aggregate: null
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
  description: Number of servers that were asked and are already closing.
  returned: when O(state=open)
  type: int
  sample: 3
released:
  description:
    - Number of servers of the target that were allocated for a handoff, and were asked to go since no one came and no
      one can come; in check mode the most there can be.
  returned: when O(state=open)
  type: int
  sample: 2
kept:
  description: Number of servers of the target that were allocated for a handoff and stay.
  returned: when O(state=open)
  type: int
  sample: 0
"""

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi, connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    NAMESPACES_ARGUMENT,
    PREDICATE_ARGUMENT,
    run_id_of,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    Server,
    read_predicate,
    read_server,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock, SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.kube_round import drain_once
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.metric import metric_reader
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import read_policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.preview import preview_drain
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.take_back import (
    Letting,
    cancel_requests,
    release_successors,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import (
    LEASE_ARGUMENT,
    Keeper,
    keeper_of,
)

# How one Fleet is drained; `fleets` takes the same without the defaults.
POLICY_ARGUMENTS: dict[str, Any] = {
    "mode": {"type": "str", "choices": ["at_match_end", "disconnect", "handoff"], "default": "at_match_end"},
    "on_deadline": {"type": "str", "choices": ["wait", "interrupt"], "default": "wait"},
    "deadline": {"type": "str"},
    "order": {
        "type": "list",
        "elements": "str",
        "choices": ["idle", "fewest_players", "most_players", "youngest", "oldest"],
        "default": ["idle", "fewest_players", "youngest"],
    },
    "notice_seconds": {"type": "float", "default": 30},
    "spread_seconds": {"type": "float", "default": 10},
    "acknowledge_seconds": {"type": "float", "default": 5},
    "resignal_seconds": {"type": "list", "elements": "float", "default": [10, 20, 30]},
    "connect_grace_seconds": {"type": "float", "default": 60},
    "longest_match_seconds": {"type": "float", "default": 3600},
    "reconnect_timeout": {"type": "float", "default": 120},
    "reserve_seats": {"type": "int"},
    "players_per_second": {"type": "float"},
    "most_at_once": {"type": "int"},
    "canary_sessions": {"type": "int", "default": 1},
    "least_returned_percent": {"type": "float", "default": 75},
    "alarm_returned_percent": {"type": "float", "default": 50},
    "slow_return_seconds": {"type": "float", "default": 60},
}
FLEET_ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str"},
    **{
        option: {key: value for key, value in fields.items() if key != "default"}
        for option, fields in POLICY_ARGUMENTS.items()
    },
}
ARGUMENT_SPEC = {
    "source_kubeconfig": KUBECONFIG_ARGUMENT,
    "target_kubeconfig": KUBECONFIG_ARGUMENT,
    "namespaces": NAMESPACES_ARGUMENT,
    "state": {"type": "str", "choices": ["drained", "open"], "default": "drained"},
    **POLICY_ARGUMENTS,
    "fleets": {"type": "list", "elements": "dict", "options": FLEET_ARGUMENTS, "default": []},
    "confirm_seconds": {"type": "float", "default": 5},
    "settle_seconds": {"type": "float", "default": 15},
    "players_list": {"type": "str", "default": "players"},
    "players_counter": {"type": "str", "default": "players"},
    "players_metric": {
        "type": "dict",
        "options": {"url": {"type": "str", "required": True}, "name": {"type": "str", "default": ""}},
    },
    "session_predicate": PREDICATE_ARGUMENT,
    "source_slot": {"type": "str", "default": "source"},
    "target_slot": {"type": "str", "default": "target"},
    "run_id": {"type": "str"},
    "wait_timeout": {"type": "int", "default": 7200},
    "annotation_domain": DOMAIN_ARGUMENT,
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options = module.params
    clock = SystemClock()
    source = connect(options["source_kubeconfig"])
    keeper = keeper_of(options["lease"])
    if options["state"] == "open":
        return take_back(module, source, keeper, clock)
    settings = Settings(
        namespaces=options["namespaces"],
        players_list=options["players_list"],
        players_counter=options["players_counter"],
        reserve_seats=options["reserve_seats"],
        source_slot=options["source_slot"],
        target_slot=options["target_slot"],
        runner=str((options["lease"] or {}).get("generation", "")),
        predicate=read_predicate(options["session_predicate"]),
    )
    if module.check_mode:
        target = connect(options["target_kubeconfig"]) if options["target_kubeconfig"] else None
        return preview_drain(source, target, settings, read_policies(options, options["run_id"] or "preview"), clock)
    if options["lease"] is None:
        raise BlueGreenError("state drained needs the option lease: the run remembers how each session ended")
    policies = read_policies(options, run_id_of(options))
    target = connect(options["target_kubeconfig"])
    metric = options["players_metric"]
    online = metric_reader(metric["url"], metric["name"]) if metric else None
    return drain_once(source, target, settings, policies, keeper, clock, online)


def take_back(module: Any, source: KubeApi, keeper: Keeper, clock: Clock) -> dict[str, Any]:
    """Take the requests on the source back, then let go of the servers that a handoff has allocated in vain."""
    options, check_mode = module.params, module.check_mode
    namespaces, domain = options["namespaces"], options["annotation_domain"]
    result = cancel_requests(source, namespaces, domain, keeper, clock, check_mode=check_mode)
    predicate = read_predicate(options["session_predicate"])

    def read(obj: dict[str, Any]) -> Server:
        return read_server(
            obj, options["players_list"], players_counter=options["players_counter"], predicate=predicate
        )

    def target() -> KubeApi:
        return connect(options["target_kubeconfig"])

    letting = Letting(read, options["notice_seconds"], options["acknowledge_seconds"])
    let_go = {"released": 0, "kept": 0}
    if options["target_kubeconfig"]:
        let_go = release_successors(source, target, namespaces, domain, keeper, clock, letting, check_mode=check_mode)
    problem = let_go.pop("problem", None)
    if problem:
        module.warn(f"servers that a handoff allocated may stay allocated on the target, unused: {problem}")
    return {**result, **let_go, "changed": result["changed"] or bool(let_go["released"])}


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
