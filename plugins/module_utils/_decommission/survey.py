# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Find out who uses a slot. A failed read becomes a fact of its own, with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.count import has_agones, protected_servers
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Predicate
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import credentials_problem
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.facts import (
    Candidate,
    Sessions,
    Unread,
    Use,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.judge import may_have_sessions
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster import Cluster
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import empty_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.world import ListenerApi, read_world
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Provider, listed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import NullKeeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data, T


@dataclass(frozen=True)
class Readers:
    """Where to read the facts. No `destination`: sessions follow the traffic. No `eks`: another tool deletes it."""

    listeners: ListenerApi
    destination: Callable[[], Provider] | None
    connect: Callable[[str], KubeApi]
    eks: Any | None
    clock: Clock


@dataclass(frozen=True)
class UseScope:
    """What to look at."""

    load_balancers: Sequence[str]
    services: Sequence[Data]
    namespaces: Sequence[str]
    predicate: Predicate


@dataclass(frozen=True)
class Traffic:
    """The largest part in percent that a listener or rule gives a slot, and the services whose target group exists."""

    share: float
    services: Sequence[Data]


def look_at_use(
    readers: Readers, scope: UseScope, candidate: Candidate, environment: str, run_id: str, problems: Sequence[Finding]
) -> tuple[Use, Sequence[Data]]:
    """Who uses the slot, and the services whose target group of it exists."""
    slot = candidate.slot
    traffic = attempt(lambda: read_traffic(readers.listeners, scope, slot))
    destination, eks = readers.destination, readers.eks
    use = Use(
        environment=environment,
        candidate=candidate,
        run_id=run_id,
        problems=problems,
        share=traffic if isinstance(traffic, Unread) else traffic.share,
        weight=None if destination is None else attempt(lambda: read_weight(destination(), slot)),
        sessions=attempt(lambda: _sessions(readers, scope, candidate)) if may_have_sessions(candidate) else None,
        hindrance="" if eks is None else attempt(lambda: read_hindrance(eks, candidate.cluster_name, readers.clock)),
    )
    return use, [] if isinstance(traffic, Unread) else traffic.services


def attempt(read: Callable[[], T]) -> T | Unread:
    """The value of a read, or why there is none. Without credentials nothing can be read: that raises."""
    try:
        return read()
    except (BlueGreenError, AnsibleAWSError) as error:
        if credentials_problem(error):
            raise
        return Unread(str(error).rstrip(". "))


def read_traffic(api: ListenerApi, scope: UseScope, slot: str) -> Traffic:
    """What the load balancers give a slot now."""
    if not scope.services:
        return Traffic(0.0, [])
    pairs = [(str(one["target_groups"]["blue"]), str(one["target_groups"]["green"])) for one in scope.services]
    world = read_world(api, scope.load_balancers, pairs, may_lack=True)
    groups = [pair.of(slot) for pair in world.pairs]
    shares = [share_of(forward, group.key) for forward in world.forwards for group in groups]
    there = [one for one, group in zip(scope.services, groups, strict=True) if group.arn]
    return Traffic(max(shares, default=0.0), there)


def share_of(forward: Forward, group: str) -> float:
    """The part in percent of a forward's requests that a target group gets. One that is alone there gets them all."""
    weights: Mapping[str, int] = forward.weights()
    if group not in weights:
        return 0.0
    if len(weights) == 1:
        return 100.0
    return 100.0 * weights[group] / (sum(weights.values()) or 1)


def read_weight(destination: Provider, slot: str) -> int:
    """What the session destination gives a slot. Raises BlueGreenError where it does not say."""
    weights = destination.read().weights
    if slot not in weights:
        raise BlueGreenError(
            f"{destination.where} has the weights {listed(weights)}, and none for {slot}: give each slot a weight"
        )
    return int(weights[slot])


def read_hindrance(eks: Any, name: str, clock: Clock) -> str:
    """Why EKS would not let a cluster go once it is empty and its deletion protection is off; "" where it would."""
    try:
        empty_round(Cluster(eks, name, unprotected=True), check_mode=True, clock=clock, keeper=NullKeeper())
    except BlueGreenError as error:
        return error.message.rstrip(". ")
    return ""


def _sessions(readers: Readers, scope: UseScope, candidate: Candidate) -> Sessions:
    """The sessions of a cluster. One without Agones has none."""
    if not scope.namespaces:
        raise BlueGreenError("there is no namespace to look in: set eks_bluegreen_game_namespaces")
    api = readers.connect(candidate.kubeconfig)
    if not has_agones(api):
        return Sessions(0)
    found = protected_servers(api, scope.namespaces, readers.clock, scope.predicate)
    return Sessions(len(found), "; ".join(dict.fromkeys(reason for _server, reason in found)))
