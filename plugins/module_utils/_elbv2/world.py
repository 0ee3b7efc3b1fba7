# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a swap and its info module read, in parallel where they can, and how they show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CALLS_IN_PARALLEL
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import Health, LoadBalancer
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.hazards import (
    Hazard,
    group_stickiness,
    target_stickiness,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.names import refuse_bad_names
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import (
    Action,
    Forward,
    Pair,
    TargetGroup,
    share,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import SLOTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Result

NONE_REGISTERED = Health(0, 0)


class ListenerApi(Protocol):
    """What a swap needs of AWS."""

    @property
    def region(self) -> str: ...

    def find_load_balancer(self, name: str) -> LoadBalancer | None: ...

    def owner(self, load_balancer: LoadBalancer) -> str: ...

    def target_group(self, name: str) -> TargetGroup | None: ...

    def forwards(self, load_balancer: LoadBalancer) -> list[Forward]: ...

    def refuse_unknown_actions(self, forwards: Sequence[Forward]) -> None: ...

    def write(self, forward: Forward, actions: Sequence[Action]) -> None: ...

    def health(self, group: TargetGroup) -> Health: ...

    def attributes(self, group: TargetGroup) -> dict[str, str]: ...


@dataclass
class World:
    """What one round has read. Health or attributes that could not be read raise when they are asked for."""

    load_balancers: list[LoadBalancer]
    pairs: list[Pair]
    forwards: list[Forward]
    absent_load_balancers: list[str]
    _healths: Mapping[str, Future[Health]]
    _attributes: Mapping[str, Future[dict[str, str]]]

    @property
    def groups(self) -> list[TargetGroup]:
        """The members of the pairs, blue before green."""
        return [pair.of(slot) for pair in self.pairs for slot in SLOTS]

    def names(self) -> dict[str, str]:
        return {group.key: group.name for group in self.groups}

    def attached(self) -> set[str]:
        """The target groups that a listener or rule forwards to; only their targets are checked."""
        return {key for forward in self.forwards for key in forward.weights()}

    def health(self, group: TargetGroup) -> Health:
        return self._healths[group.key].result() if group.arn else NONE_REGISTERED

    def hazards(self, concerned: Sequence[Forward]) -> tuple[list[Hazard], list[str]]:
        """The stickiness of listeners, rules and target groups, and which of it could not be read."""
        found, unknown = group_stickiness(concerned), []
        for group in self.groups:
            if not group.arn:
                continue
            try:
                found += target_stickiness(group, self._attributes[group.key].result())
            except Exception as error:
                unknown.append(f"whether target group {group.name} is sticky is unknown: {error}")
        return found, unknown


def read_world(
    api: ListenerApi,
    load_balancers: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    *,
    may_lack: bool,
    skip_absent: bool = False,
    first: Callable[[], None] = lambda: None,
) -> World:
    """Read all of it, in parallel where one answer does not need another; together with `first`.

    `may_lack` allows for target groups that do not exist, `skip_absent` for load balancers, as long as one is left.
    """
    refuse_bad_names(load_balancers, pairs, api.region)
    names = [name for pair in pairs for name in pair]
    with ThreadPoolExecutor(CALLS_IN_PARALLEL) as more, ThreadPoolExecutor(CALLS_IN_PARALLEL) as pool:
        done = pool.submit(first)
        balancers = [pool.submit(_read_load_balancer, api, name, more) for name in load_balancers]
        groups = [pool.submit(_read_group, api, name, more) for name in names]
    done.result()
    by_name = {name: future.result() for name, future in zip(load_balancers, balancers, strict=True)}
    found, absent = _found_and_absent(by_name, skip_absent=skip_absent)
    seen = [future.result() for future in groups]
    its_pairs = _paired(names, [one.group if one else None for one in seen], may_lack=may_lack)
    existing = {one.group.key: one for one in seen if one}
    return World(
        [one.load_balancer for one in found],
        its_pairs,
        [forward for one in found for forward in one.forwards],
        absent,
        {key: one.health for key, one in existing.items()},
        {key: one.attributes for key, one in existing.items()},
    )


@dataclass(frozen=True)
class _Balancer:
    load_balancer: LoadBalancer
    forwards: list[Forward]


@dataclass(frozen=True)
class _Group:
    group: TargetGroup
    health: Future[Health]
    attributes: Future[dict[str, str]]


def _read_load_balancer(api: ListenerApi, name: str, pool: ThreadPoolExecutor) -> _Balancer | None:
    found = api.find_load_balancer(name)
    if found is None:
        return None
    owner = pool.submit(api.owner, found)
    forwards = api.forwards(found)
    return _Balancer(replace(found, cluster=owner.result()), forwards)


def _read_group(api: ListenerApi, name: str, pool: ThreadPoolExecutor) -> _Group | None:
    group = api.target_group(name)
    return None if group is None else _Group(group, pool.submit(api.health, group), pool.submit(api.attributes, group))


def read_forwards(api: ListenerApi, load_balancers: Sequence[LoadBalancer]) -> list[Forward]:
    """All listeners and rules as they are now."""
    return [forward for found in in_parallel(api.forwards, load_balancers, CALLS_IN_PARALLEL) for forward in found]


def _found_and_absent(
    by_name: Mapping[str, _Balancer | None], *, skip_absent: bool
) -> tuple[list[_Balancer], list[str]]:
    # One that is named twice, or by name and by ARN, is one.
    found = list({one.load_balancer.arn: one for one in by_name.values() if one is not None}.values())
    absent = [name for name, one in by_name.items() if one is None]
    if absent and not (skip_absent and found):
        raise BlueGreenError(
            f"load_balancers: {', '.join(absent)} not found in this account and region: correct the names"
        )
    return found, absent


def _paired(names: Sequence[str], found: Sequence[TargetGroup | None], *, may_lack: bool) -> list[Pair]:
    absent = [name for name, group in zip(names, found, strict=True) if group is None]
    if absent and not may_lack:
        raise BlueGreenError(
            f"pairs: target group {', '.join(absent)} not found; each service needs one per slot: create it "
            "(module elbv2_target_group), or correct the name"
        )
    groups = [group or TargetGroup(name, "") for name, group in zip(names, found, strict=True)]
    return [Pair(blue, green) for blue, green in zip(groups[::2], groups[1::2], strict=True)]


def show_forward(world: World, forward: Forward) -> Result:
    """As both modules return it."""
    slots = {pair.of(slot).key: slot for pair in world.pairs for slot in SLOTS}
    names = world.names()
    return {
        "load_balancer": forward.load_balancer,
        "listener_arn": forward.listener_arn,
        "rule_arn": forward.arn if forward.kind == "rule" else None,
        "where": forward.where,
        "target_groups": [
            {"target_group_arn": key, "name": names.get(key), "slot": slots.get(key), "weight": weight}
            for key, weight in forward.weights().items()
        ],
    }


def show_target_groups(world: World) -> list[Result]:
    """The members of the pairs as the info module returns them."""
    attached = world.attached()
    return [
        {
            "name": pair.of(slot).name,
            "slot": slot,
            "exists": bool(pair.of(slot).arn),
            "target_group_arn": pair.of(slot).arn,
            "attached": pair.of(slot).key in attached,
            "healthy_targets": world.health(pair.of(slot)).healthy,
            "registered_targets": world.health(pair.of(slot)).total,
        }
        for pair in world.pairs
        for slot in SLOTS
    ]


def show_shares(world: World, concerned: Sequence[Forward]) -> dict[str, dict[str, float]]:
    """The smallest and the largest share in percent that a slot gets in any forward, over all pairs."""
    found: dict[str, list[float]] = {slot: [] for slot in SLOTS}
    for forward in concerned:
        weights = forward.weights()
        for pair in world.pairs:
            if pair.keys & set(weights):
                for slot in SLOTS:
                    found[slot].append(round(100 * share(weights, pair, slot), 1))
    return {
        slot: {"lowest": min(values, default=0.0), "highest": max(values, default=0.0)}
        for slot, values in found.items()
    }
