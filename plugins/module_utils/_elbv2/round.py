# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One round of a swap: read, plan, wait for healthy targets, write all or restore, read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import Health
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.hazards import Hazard, warnings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import (
    Plan,
    TargetGroup,
    Weights,
    absent_pairs,
    describe_forwards,
    forwards_of,
    gaining,
    plan_swap,
    refuse_taken,
    stands_nowhere,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.world import (
    ListenerApi,
    World,
    read_world,
    show_forward,
    show_shares,
    show_target_groups,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.write import Writer
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import SLOTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import JournalKeeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import LeaseLost
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Result

RETRY_AFTER_SECONDS = 1.0


FINISHED: Result = {"finished": True, "progress": "weights are set"}


@dataclass(frozen=True)
class Swap:
    """What is asked for. Target groups and load balancers are named by name or ARN."""

    load_balancers: Sequence[str]
    pairs: Sequence[tuple[str, str]]
    weights: Weights
    require_healthy: bool = True
    wait: bool = True
    keep_on_failure: bool = False


@dataclass
class _Round:
    """What a round has found out and returns."""

    world: World
    plan: Plan
    health: dict[str, Health]
    hazards: list[Hazard]
    warnings: list[str]


def swap_round(api: ListenerApi, want: Swap, *, check_mode: bool, clock: Clock, keeper: JournalKeeper) -> Result:
    """Do one round of the swap and return what the module returns, `round` included.

    Raises BlueGreenError when the swap is refused, or when it failed and has been taken back.
    """
    began = clock.monotonic()
    # The lease is checked while AWS is read, so that nothing comes between the plan's reading and the first write.
    world = read_world(
        api,
        want.load_balancers,
        want.pairs,
        may_lack=check_mode or bool(want.weights.detach),
        skip_absent=want.keep_on_failure,
        first=(lambda: None) if check_mode else keeper.keep,
    )
    _refuse_load_balancers(world)
    done = _judge(api, want, world, check_mode=check_mode)
    lacking = _lacking(want, done)
    if lacking and not check_mode:
        return _not_yet(want, done, lacking)
    done.warnings.extend(lacking)
    if not done.plan.changes or check_mode:
        return _result(want, done, FINISHED)
    writer = Writer(
        api,
        world,
        clock,
        make_sure=lambda: _make_sure_it_is_ours(keeper),
        replan=lambda forwards: plan_swap(forwards, world.pairs, want.weights, skip_absent=want.keep_on_failure),
        read_at=began,
        keep=want.keep_on_failure,
    )
    written = writer.carry_out(done.plan.changes)
    done.warnings.extend([*written.warnings, *_journal(keeper, want.weights)])
    if written.appeared:
        text = f"someone else added or changed {', '.join(written.appeared)} during the swap: next"
        return _result(want, done, {"finished": False, "progress": text})
    return _result(want, done, FINISHED)


def read_weights(api: ListenerApi, load_balancers: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Result:
    """What the info module returns: where the pairs are, with which weights, hazards and healthy targets."""
    world = read_world(api, load_balancers, pairs, may_lack=True)
    concerned = forwards_of(world.forwards, world.pairs)
    hazards, unknown = world.hazards(concerned)
    return {
        "load_balancers": [
            {"name": one.name, "arn": one.arn, "type": one.type, "cluster": one.cluster or None}
            for one in world.load_balancers
        ],
        "forwards": [show_forward(world, one) for one in concerned],
        "target_groups": show_target_groups(world),
        "shares": show_shares(world, concerned),
        "hazards": [hazard.shown() for hazard in hazards],
        "warnings": unknown,
    }


def _refuse_load_balancers(world: World) -> None:
    for load_balancer in world.load_balancers:
        if load_balancer.cluster:
            raise BlueGreenError(
                f"load balancer {load_balancer.name} belongs to cluster {load_balancer.cluster} (tag "
                "elbv2.k8s.aws/cluster): its controller would undo the weights, and the load balancer goes when the "
                "cluster goes; use a load balancer made outside of the clusters, with TargetGroupBindings"
            )
        if load_balancer.type == "gateway":
            raise BlueGreenError(
                f"load balancer {load_balancer.name} is a gateway load balancer, whose listeners forward to one "
                "target group only; name an application or a network load balancer"
            )


def _judge(api: ListenerApi, want: Swap, world: World, *, check_mode: bool) -> _Round:
    """The plan, after looking for everything that rules it out."""
    absent = _absent(want, world, check_mode=check_mode)
    plan = plan_swap(world.forwards, world.pairs, want.weights, skip_absent=want.keep_on_failure)
    refuse_taken(plan, world.pairs, {one.name: one.arn for one in world.load_balancers})
    api.refuse_unknown_actions([change.forward for change in plan.changes])
    hazards, unknown = world.hazards(plan.forwards)
    return _Round(world, plan, {}, hazards, [*_left_out(world), *absent, *warnings(hazards), *unknown])


def _left_out(world: World) -> list[str]:
    """Warnings about what a way back leaves out."""
    gone = [
        f"load balancer {name} not found in this account and region: left out" for name in world.absent_load_balancers
    ]
    nowhere = [
        f"{stands_nowhere(world.forwards, pair)}: left out" for pair in absent_pairs(world.forwards, world.pairs)
    ]
    return gone + nowhere


def _absent(want: Swap, world: World, *, check_mode: bool) -> list[str]:
    """Warnings about target groups that a prediction assumes; only the detached slot's may really be missing."""
    lines = []
    for pair in world.pairs:
        lacking = [pair.of(slot).name for slot in SLOTS if not pair.of(slot).arn]
        if len(lacking) == len(SLOTS):
            raise BlueGreenError(
                f"pairs: neither target group {pair.blue.name} nor {pair.green.name} exists: correct the names"
            )
        assumed = [pair.of(slot).name for slot in SLOTS if not pair.of(slot).arn and slot != want.weights.detach]
        if assumed and not check_mode:
            raise BlueGreenError(
                f"pairs: target group {assumed[0]} not found; only the detached slot's ({want.weights.detach}) may be "
                "missing: create it (module elbv2_target_group), or correct the name"
            )
        lines += [f"target group {name} does not exist yet; the prediction assumes it" for name in assumed]
    return lines


def _lacking(want: Swap, done: _Round) -> list[str]:
    """The reasons why target groups may not gain yet. If health is not required, they are only warnings."""
    gains = gaining(done.plan, done.world.pairs)
    if not want.require_healthy:
        done.warnings.extend(_thin(done.world, [group for group, _partner in gains]))
        return []
    done.health = {group.key: done.world.health(group) for gain in gains for group in gain}
    attached = done.world.attached()
    lacking = []
    for group, partner in gains:
        health, needed = done.health[group.key], max(1, done.health[partner.key].healthy)
        if group.arn and group.key not in attached:
            raise BlueGreenError(
                f"no listener or rule forwards to target group {group.name}, so AWS never checks its targets: "
                "attach it first, with weight 0"
            )
        if health.healthy < needed:
            lacking.append(f"{group.name}: {health}, needs {needed} like {partner.name}")
    return lacking


def _thin(world: World, groups: Sequence[TargetGroup]) -> list[str]:
    """Warnings about what gains without a check; not even unreadable health stops a way back."""
    lines = []
    for group in groups:
        try:
            health = world.health(group)
        except Exception as error:
            lines.append(f"the health of target group {group.name} is unknown: {error}")
        else:
            if not health.healthy:
                lines.append(f"target group {group.name} gets requests with {health}")
    return lines


def _not_yet(want: Swap, done: _Round, lacking: Sequence[str]) -> Result:
    text = "; ".join(lacking)
    if not want.wait:
        raise BlueGreenError(f"not enough healthy targets, nothing was changed: {text}", targets=_targets(done))
    waiting = {"finished": False, "progress": text, "retry_after_seconds": RETRY_AFTER_SECONDS}
    return {**_result(want, done, waiting), "changed": False}


def _make_sure_it_is_ours(keeper: JournalKeeper) -> None:
    """Raise LeaseLost; any other problem with the lease is no reason to leave listeners half written."""
    try:
        keeper.keep()
    except LeaseLost:
        raise
    except Exception:
        return


def _journal(keeper: JournalKeeper, weights: Weights) -> list[str]:
    """Note the weights; they are set, so a journal that cannot be reached is only a warning."""
    try:
        keeper.journal("traffic", weights={slot: weights.of(slot) for slot in SLOTS})
    except LeaseLost:
        raise
    except Exception as error:
        return [f"the weights are set, but not noted in the run's journal: {error}"]
    return []


def _result(want: Swap, done: _Round, round_: dict[str, Any]) -> Result:
    names = done.world.names()
    return {
        "changed": bool(done.plan.changes),
        "ahead": done.plan.ahead,
        "weights": {slot: want.weights.of(slot) for slot in SLOTS},
        "forwards": [show_forward(done.world, one) for one in done.plan.predicted],
        "hazards": [hazard.shown() for hazard in done.hazards],
        "targets": _targets(done),
        "warnings": done.warnings,
        "diff": {
            "before_header": "target group weights",
            "before": describe_forwards([change.forward for change in done.plan.changes], names),
            "after_header": "target group weights",
            "after": describe_forwards([change.after for change in done.plan.changes], names),
        },
        "round": {"retry_after_seconds": RETRY_AFTER_SECONDS, **round_},
    }


def _targets(done: _Round) -> dict[str, dict[str, int]]:
    names = done.world.names()
    return {names[key]: {"healthy": one.healthy, "registered": one.total} for key, one in done.health.items()}
