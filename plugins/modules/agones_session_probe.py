#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A synthetic session on each Fleet."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agones_session_probe
short_description: Prove with a synthetic session that a Fleet can be played on
version_added: 0.1.0
description:
  - Allocates one game server of each Fleet as a matchmaker would, connects to its address and releases it again,
    until every Fleet has passed.
  - With O(canary), each of these sessions is drained by the contract before it is released, which shows what the
    Fleet's servers know of it. V(L0), SIGTERM only. V(L1), a server watches itself and shuts itself down when its
    notice is over. V(L2), it answers as well. V(L3), it hands its players over to a successor; this is only what it
    says, since no player is connected. A level that is too low for O(drain_mode) fails the task; one that could be
    better gives a warning.
  - The synthetic session, and the one that stands for its successor, carry the label C(<annotation_domain>/synthetic).
    Releasing them sets the state C(Shutdown) on these servers only; no other session is ever touched. Sessions that a
    killed run left behind are released by the next run with the same O(run_id).
  - Before it allocates, the task checks that the runner may do everything the task is about to do.
  - An allocation is real even as a dry run, so in check mode the task is skipped.
options:
  namespaces:
    description: The namespaces whose Fleets are probed, each one that should have servers.
    type: list
    elements: str
    required: true
  connect:
    description:
      - V(tcp) opens a connection to the server's first port and closes it. If the port takes none because its protocol
        is UDP, which is Agones' default, the session is only allocated, and a warning says so.
      - V(none) only allocates, for games that speak UDP.
    type: str
    choices: [tcp, none]
    default: tcp
  connect_timeout:
    description: How many seconds a server has to accept the connection.
    type: float
    default: 3
  canary:
    description:
      - Drain each session and report the Fleet's level. This takes about O(notice_seconds) where servers answer, and
        twice O(answer_timeout) where they do not.
      - It needs a second server of each Fleet to be free for some seconds; without one, V(L2) is the highest level that
        can be shown.
    type: bool
    default: false
  drain_mode:
    description: How the Fleets will be drained, as O(gameops.eks_bluegreen.agones_session_drain#module:mode).
    type: str
    choices: [at_match_end, disconnect, handoff]
    default: at_match_end
  on_deadline:
    description:
      - What becomes of a session at its deadline, as O(gameops.eks_bluegreen.agones_session_drain#module:on_deadline).
    type: str
    choices: [wait, interrupt]
    default: wait
  fleets:
    description:
      - The Fleets that will be drained in another way, as O(gameops.eks_bluegreen.agones_session_drain#module:fleets).
        Of each, C(name), C(namespace), C(mode) and C(on_deadline) are read.
    type: list
    elements: dict
    default: []
  accepted_levels:
    description:
      - Levels that you accept although the Fleet's mode needs a higher one, by the Fleet's name or C(namespace/name).
        What would otherwise fail the task is then a warning.
    type: dict
    default: {}
  notice_seconds:
    description: The notice that the synthetic session is given. No one plays in it, so it can be short.
    type: float
    default: 3
  answer_timeout:
    description:
      - How many seconds a server may take to answer. If it misses the event, it sees the request only when it reads its
        own GameServer, which it does every 15 seconds.
    type: float
    default: 16
  close_timeout:
    description: How many seconds a server that has answered may take to go when its notice is over.
    type: float
    default: 20
  run_id:
    description: The run to write for. By default the run of O(lease).
    type: str
  wait_timeout:
    description: How many seconds the Fleets have to pass. After that the task fails and says what it saw last.
    type: int
    default: 60
attributes:
  check_mode:
    support: none
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Each run allocates a game server of each Fleet.
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.kubeconfig
  - gameops.eks_bluegreen.kubeconfig.agones
  - gameops.eks_bluegreen.lease
"""

EXAMPLES = r"""
- name: Play one synthetic session on green
  gameops.eks_bluegreen.agones_session_probe:
    kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    lease: "{{ eks_bluegreen_lease }}"

- name: Find out which level of the drain contract a game has reached
  gameops.eks_bluegreen.agones_session_probe:
    kubeconfig: ~/.kube/config
    namespaces: [arena]
    canary: true
    run_id: by-hand
  register: probed
"""

RETURN = r"""
passed:
  description: Whether every Fleet has passed.
  returned: success
  type: bool
  sample: true
probes:
  description: Each Fleet with the server that was allocated, its address, how long it took, and what was wrong.
  returned: success, and when a level is too low
  type: list
  elements: dict
  contains:
    connect:
      description: V(tcp) if the module connects to the server, V(none) if it only allocates it.
      type: str
    level:
      description: With O(canary), the level of the drain contract, from V(L0) to V(L3).
      type: str
    level_reason:
      description: Why it is not a higher one.
      type: str
    observed:
      description:
        - What the session did. C(answers) has its answer to each mode it was asked for, C(accepted), C(refused) or
          C(silent). Seconds count from the first request, and are null for anything that was not seen.
      type: dict
  sample:
    - namespace: arena
      name: arena
      server: arena-9s2kf-x8d4w
      address: 127.40.102.1
      port: 7312
      connect: tcp
      passed: true
      reason: ""
      seconds: 0.61
      level: L3
      level_reason: ""
      observed:
        answers: {handoff: accepted}
        notice_over_seconds: 3.0
        acknowledged_seconds: 0.11
        closing_seconds: 3.02
        ended_seconds: 3.11
        ended_as: Shutdown
problems:
  description: Why Fleets cannot be drained in the way that the options ask for.
  returned: when a level is too low
  type: list
  elements: str
"""

from typing import Any, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi, connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Feed, WatchFeed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    NAMESPACES_ARGUMENT,
    run_id_of,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import missing_access, refuse_missing
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock, SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import MODES, Policies, read_policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.review import needed_by_probe
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.canary import Times
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.canary_round import Canary
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.levels import wrong_levels
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.round import SessionProbe, tcp_connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.synthetic import KubeAllocator, Synthetic
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import (
    LEASE_ARGUMENT,
    Keeper,
    keeper_of,
)

POLICY_OPTIONS = ("namespace", "name", "mode", "on_deadline")
ARGUMENT_SPEC = {
    "kubeconfig": KUBECONFIG_ARGUMENT,
    "namespaces": NAMESPACES_ARGUMENT,
    "connect": {"type": "str", "choices": ["tcp", "none"], "default": "tcp"},
    "connect_timeout": {"type": "float", "default": 3},
    "canary": {"type": "bool", "default": False},
    "drain_mode": {"type": "str", "choices": list(MODES), "default": "at_match_end"},
    "on_deadline": {"type": "str", "choices": ["wait", "interrupt"], "default": "wait"},
    "fleets": {"type": "list", "elements": "dict", "default": []},
    "accepted_levels": {"type": "dict", "default": {}},
    "notice_seconds": {"type": "float", "default": 3},
    "answer_timeout": {"type": "float", "default": 16},
    "close_timeout": {"type": "float", "default": 20},
    "run_id": {"type": "str"},
    "wait_timeout": {"type": "int", "default": 60},
    "annotation_domain": DOMAIN_ARGUMENT,
    "lease": LEASE_ARGUMENT,
}


def times_of(options: Mapping[str, Any]) -> Times:
    """How long a canary's steps may take."""
    return Times(options["notice_seconds"], options["answer_timeout"], options["close_timeout"])


def policies_of(options: Mapping[str, Any], run: str) -> Policies:
    """How the Fleets will be drained. Raises BlueGreenError with everything that is wrong in the options."""
    nameless = [f"fleets: {one} has no name" for one in options["fleets"] if not one.get("name")]
    fleets = [{name: one.get(name) for name in POLICY_OPTIONS} for one in options["fleets"] if one.get("name")]
    drain = {"namespaces": options["namespaces"], "mode": options["drain_mode"], "on_deadline": options["on_deadline"]}
    policies = read_policies({**drain, "fleets": fleets}, run)
    unknown = [
        f"Fleet {one['name']}: mode {one['mode']} is not one of {', '.join(MODES)}"
        for one in fleets
        if one["mode"] is not None and one["mode"] not in MODES
    ]
    wrong = [*nameless, *policies.faults, *unknown, *wrong_levels(options["accepted_levels"])]
    wrong += times_of(options).problems()
    if wrong:
        raise BlueGreenError("; ".join(wrong) + ". Nothing was allocated", problems=wrong)
    return policies


def canary_of(
    options: Mapping[str, Any], api: KubeApi, synthetic: Synthetic, keeper: Keeper, clock: Clock
) -> Canary | None:
    """The canary that drains the sessions; None if the options do not ask for one."""
    if not options["canary"]:
        return None
    times = times_of(options)

    def open_feed() -> Feed:
        feed = WatchFeed(api, options["namespaces"], 2 * times.longest, clock, synthetic.selector)
        feed.start()
        return feed

    policies = policies_of(options, synthetic.mark)
    return Canary(synthetic, open_feed, keeper, clock, policies, options["accepted_levels"], times)


def run(module: Any) -> dict[str, Any]:
    """One round, as the options say."""
    options = module.params
    api, clock, keeper = connect(options["kubeconfig"]), SystemClock(), keeper_of(options["lease"])
    synthetic = Synthetic(KubeAllocator(api), run_id_of(options), options["annotation_domain"], clock)
    probe = SessionProbe(
        synthetic=synthetic,
        namespaces=options["namespaces"],
        keeper=keeper,
        clock=clock,
        connect=tcp_connect if options["connect"] == "tcp" else None,
        connect_timeout=options["connect_timeout"],
        canary=canary_of(options, api, synthetic, keeper, clock),
    )
    refuse_missing(missing_access(api, needed_by_probe(options["namespaces"], options["canary"])))
    result = probe.run()
    for text in result.pop("warnings"):
        module.warn(text)
    return result


def main() -> None:
    run_module(ARGUMENT_SPEC, run, supports_check_mode=False)


if __name__ == "__main__":
    main()
