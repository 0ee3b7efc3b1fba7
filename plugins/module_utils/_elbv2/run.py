# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One round of a swap: read, plan, wait for healthy targets, write all or restore, read again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import (
    CALLS_IN_PARALLEL,
    Health,
    LoadBalancer,
    in_parallel,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import (
    SLOTS,
    Action,
    Change,
    Forward,
    Pair,
    Plan,
    TargetGroup,
    Weights,
    describe_forwards,
    forwards_of,
    gaining,
    plan_swap,
    share,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.record import LeaseLost

VERIFICATIONS = 5
VERIFICATION_SECONDS = 1.0
RETRY_AFTER_SECONDS = 1.0

Result = dict[str, Any]


class ListenerApi(Protocol):
    """What a swap needs of AWS."""

    def load_balancer(self, name: str) -> LoadBalancer | None: ...

    def target_group(self, name: str) -> TargetGroup | None: ...

    def forwards(self, load_balancer: LoadBalancer) -> list[Forward]: ...

    def write(self, forward: Forward, actions: Sequence[Action]) -> None: ...

    def health(self, group: TargetGroup) -> Health: ...


class Keeper(Protocol):
    """The lease and the journal of the run, if there is one."""

    def keep(self) -> None: ...

    def journal(self, kind: str, **data: Any) -> None: ...


@dataclass(frozen=True)
class Swap:
    """What is asked for. Target groups and load balancers are named by name or ARN."""

    load_balancers: Sequence[str]
    pairs: Sequence[tuple[str, str]]
    weights: Weights
    require_healthy: bool = True
    wait: bool = True


@dataclass
class _World:
    """What one round has read."""

    load_balancers: list[LoadBalancer]
    pairs: list[Pair]
    forwards: list[Forward]
    warnings: list[str] = field(default_factory=list)

    def names(self) -> dict[str, str]:
        return {pair.of(slot).key: pair.of(slot).name for pair in self.pairs for slot in SLOTS}

    def attached(self) -> set[str]:
        """The target groups that stand in a listener or rule; only their targets are checked."""
        return {key for forward in self.forwards for key in forward.weights()}


def swap_round(api: ListenerApi, want: Swap, *, check_mode: bool, clock: Clock, keeper: Keeper) -> Result:
    """Do one round of the swap and return what the module returns, `round` included.

    Raises BlueGreenError when the swap is refused, or when it failed and has been taken back.
    """
    world = _read(api, want, check_mode=check_mode)
    plan = plan_swap(world.forwards, world.pairs, want.weights)
    health, lacking = _gate(api, want, world, plan)
    if not check_mode:
        keeper.keep()
        if lacking:
            return _not_yet(want, world, plan, health, lacking)
        if plan.changes:
            _write_all_or_restore(api, plan.changes, keeper)
            _verify_or_restore(api, want, world, plan, clock, keeper)
            keeper.journal("traffic", weights={slot: want.weights.of(slot) for slot in SLOTS})
    world.warnings.extend(lacking)
    return _result(want, world, plan, health, {"finished": True, "progress": "weights are set"})


def read_weights(api: ListenerApi, load_balancers: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Result:
    """What the info module returns: where the pairs stand, with which weights and how many healthy targets."""
    world = _World(_load_balancers(api, load_balancers), _pairs(api, pairs, may_lack=True), [])
    world.forwards = [one for found in in_parallel(api.forwards, world.load_balancers) for one in found]
    concerned = forwards_of(world.forwards, world.pairs)
    groups = [pair.of(slot) for pair in world.pairs for slot in SLOTS]
    health = _healths(api, groups)
    return {
        "forwards": [_forward(world, one) for one in concerned],
        "target_groups": [
            _target_group(world, pair.of(slot), slot, health[pair.of(slot).key])
            for pair in world.pairs
            for slot in SLOTS
        ],
        "shares": _shares(world, concerned),
    }


def _read(api: ListenerApi, want: Swap, *, check_mode: bool) -> _World:
    load_balancers = _load_balancers(api, want.load_balancers)
    for load_balancer in load_balancers:
        if load_balancer.cluster:
            raise BlueGreenError(
                f"load balancer {load_balancer.name} belongs to cluster {load_balancer.cluster} (tag "
                "elbv2.k8s.aws/cluster): its controller would take the weights back, and it goes when the cluster "
                "goes; use a load balancer made outside of the clusters, with TargetGroupBindings"
            )
    world = _World(load_balancers, _pairs(api, want.pairs, may_lack=check_mode or bool(want.weights.detach)), [])
    for pair in world.pairs:
        _note_lacking(world, pair, want)
    world.forwards = [one for found in in_parallel(api.forwards, load_balancers) for one in found]
    return world


def _note_lacking(world: _World, pair: Pair, want: Swap) -> None:
    lacking = [slot for slot in SLOTS if not pair.of(slot).arn]
    if len(lacking) == len(SLOTS):
        raise BlueGreenError(f"neither target group {pair.blue.name} nor {pair.green.name} exists")
    for slot in lacking:
        if slot != want.weights.detach:
            world.warnings.append(f"target group {pair.of(slot).name} does not exist yet; the prediction assumes it")


def _load_balancers(api: ListenerApi, names: Sequence[str]) -> list[LoadBalancer]:
    found = in_parallel(api.load_balancer, names)
    absent = [name for name, one in zip(names, found, strict=True) if one is None]
    if absent:
        raise BlueGreenError(f"load_balancers: {', '.join(absent)} not found in this account and region")
    return [one for one in found if one is not None]


def _pairs(api: ListenerApi, wanted: Sequence[tuple[str, str]], *, may_lack: bool) -> list[Pair]:
    names = [name for pair in wanted for name in pair]
    found = in_parallel(api.target_group, names)
    absent = [name for name, group in zip(names, found, strict=True) if group is None]
    if absent and not may_lack:
        raise BlueGreenError(
            f"pairs: target group {', '.join(absent)} not found; each service needs one per slot: create it "
            "(module elbv2_target_group), or correct the name"
        )
    groups = [group or TargetGroup(name, "") for name, group in zip(names, found, strict=True)]
    return [Pair(blue, green) for blue, green in zip(groups[::2], groups[1::2], strict=True)]


def _gate(api: ListenerApi, want: Swap, world: _World, plan: Plan) -> tuple[dict[str, Health], list[str]]:
    """Health of the target groups that gain, and the reasons why they may not yet."""
    gains = gaining(plan, world.pairs)
    if not want.require_healthy:
        world.warnings.extend(_thin(api, gains))
        return {}, []
    health = _healths(api, [group for gain in gains for group in gain])
    attached = world.attached()
    lacking = []
    for group, partner in gains:
        needed = max(1, health[partner.key].healthy)
        if group.arn and group.key not in attached:
            raise BlueGreenError(
                f"target group {group.name} stands in no listener or rule, so its targets are never checked; "
                "attach it first, with weight 0"
            )
        if health[group.key].healthy < needed:
            lacking.append(f"{group.name}: {health[group.key]}, needs {needed} like {partner.name}")
    return health, lacking


def _thin(api: ListenerApi, gains: Sequence[tuple[TargetGroup, TargetGroup]]) -> list[str]:
    """Warnings about what shall gain without a check; not even an unreadable health stops a way back."""
    warnings = []
    for group, _partner in gains:
        try:
            health = _health(api, group)
        except Exception as error:
            warnings.append(f"the health of target group {group.name} is unknown: {error}")
        else:
            if not health.healthy:
                warnings.append(f"target group {group.name} gets requests with {health}")
    return warnings


def _health(api: ListenerApi, group: TargetGroup) -> Health:
    return api.health(group) if group.arn else Health(0, 0)


def _healths(api: ListenerApi, groups: Sequence[TargetGroup]) -> dict[str, Health]:
    by_key = {group.key: group for group in groups}
    return dict(zip(by_key, in_parallel(lambda group: _health(api, group), by_key.values()), strict=True))


def _not_yet(want: Swap, world: _World, plan: Plan, health: dict[str, Health], lacking: list[str]) -> Result:
    text = "; ".join(lacking)
    if not want.wait:
        raise BlueGreenError(
            f"not enough healthy targets, nothing was changed: {text}", targets=_targets(world, health)
        )
    waiting = {"finished": False, "progress": text, "retry_after_seconds": RETRY_AFTER_SECONDS}
    return {**_result(want, world, plan, health, waiting), "changed": False}


def _write_all_or_restore(api: ListenerApi, changes: Sequence[Change], keeper: Keeper) -> None:
    """Write in parallel; after the first error nothing new is begun and all that was begun is put back.

    Unless the lease is lost by then: the weights are somebody else's now.
    """
    begun: list[Change] = []
    failed: list[Exception] = []

    def write(change: Change) -> None:
        if failed:
            return
        begun.append(change)
        try:
            api.write(change.forward, change.actions)
        except Exception as error:
            failed.append(error)

    with ThreadPoolExecutor(max_workers=CALLS_IN_PARALLEL) as pool:
        list(pool.map(write, changes))
    if failed:
        _make_sure_it_is_ours(keeper)
        # A write that failed may have landed nevertheless (a lost answer), so it is put back too.
        _restore(api, begun, cause=str(failed[0]))


def _verify_or_restore(api: ListenerApi, want: Swap, world: _World, plan: Plan, clock: Clock, keeper: Keeper) -> None:
    for attempt in range(VERIFICATIONS):
        if attempt:
            clock.sleep(VERIFICATION_SECONDS)
        forwards = [one for found in in_parallel(api.forwards, world.load_balancers) for one in found]
        again = plan_swap(forwards, world.pairs, want.weights)
        if not again.changes:
            return
    _make_sure_it_is_ours(keeper)
    left = describe_forwards([change.forward for change in again.changes], world.names()).strip()
    _restore(api, plan.changes, cause=f"the weights did not read back as written: {left}")


def _make_sure_it_is_ours(keeper: Keeper) -> None:
    """Raise LeaseLost; any other trouble with the lease is no reason to leave listeners half written."""
    try:
        keeper.keep()
    except LeaseLost:
        raise
    except BlueGreenError:
        return


def _restore(api: ListenerApi, changes: Sequence[Change], *, cause: str) -> None:
    def put_back(change: Change) -> str | None:
        try:
            api.write(change.forward, change.forward.actions)
        except Exception as error:
            return f"{change.forward.load_balancer} {change.forward.where}: {error}"
        return None

    stuck = [text for text in in_parallel(put_back, changes) if text]
    if stuck:
        raise BlueGreenError(
            f"the swap failed ({cause}) and could not be taken back everywhere, so listeners differ now; "
            f"run it again, or rollback. Not restored: {'; '.join(stuck)}",
            not_restored=stuck,
        )
    raise BlueGreenError(f"the swap failed and all {len(changes)} changes were taken back: {cause}")


def _result(want: Swap, world: _World, plan: Plan, health: dict[str, Health], round_: dict[str, Any]) -> Result:
    names = world.names()
    return {
        "changed": bool(plan.changes),
        "ahead": plan.ahead,
        "weights": {slot: want.weights.of(slot) for slot in SLOTS},
        "forwards": [_forward(world, one) for one in plan.predicted],
        "targets": _targets(world, health),
        "warnings": world.warnings,
        "diff": {
            "before_header": "target group weights",
            "before": describe_forwards([change.forward for change in plan.changes], names),
            "after_header": "target group weights",
            "after": describe_forwards([change.after for change in plan.changes], names),
        },
        "round": {"retry_after_seconds": RETRY_AFTER_SECONDS, **round_},
    }


def _forward(world: _World, forward: Forward) -> dict[str, Any]:
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


def _target_group(world: _World, group: TargetGroup, slot: str, health: Health) -> dict[str, Any]:
    return {
        "name": group.name,
        "slot": slot,
        "exists": bool(group.arn),
        "target_group_arn": group.arn,
        "attached": group.key in world.attached(),
        "healthy_targets": health.healthy,
        "registered_targets": health.total,
    }


def _targets(world: _World, health: dict[str, Health]) -> dict[str, dict[str, int]]:
    names = world.names()
    return {names[key]: {"healthy": one.healthy, "registered": one.total} for key, one in health.items()}


def _shares(world: _World, forwards: Sequence[Forward]) -> dict[str, dict[str, float]]:
    """The smallest and the largest part in percent that a slot gets of any forward, over all pairs."""
    found: dict[str, list[float]] = {slot: [] for slot in SLOTS}
    for forward in forwards:
        weights = forward.weights()
        for pair in world.pairs:
            if pair.keys & set(weights):
                for slot in SLOTS:
                    found[slot].append(round(100 * share(weights, pair, slot), 1))
    return {
        slot: {"lowest": min(values, default=0.0), "highest": max(values, default=0.0)}
        for slot, values in found.items()
    }
