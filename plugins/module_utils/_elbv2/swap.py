# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a weighted swap of target groups changes, decided without any I/O.

Actions are the dictionaries of the ELBv2 API. Sources: the API reference of ModifyRule, ModifyListener
and of the structures Action, ForwardActionConfig and TargetGroupTuple.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import SLOTS

Action = dict[str, Any]

HIGHEST_WEIGHT = 999
MOST_TARGET_GROUPS = 5
# How far a share may be from the wanted one if whole numbers cannot express it exactly.
SHARE_TOLERANCE = 0.01


@dataclass(frozen=True)
class TargetGroup:
    """A target group that exists, or, in a prediction, one that will (`arn` is then empty)."""

    name: str
    arn: str
    vpc_id: str = ""
    protocol: str = ""
    load_balancer_arns: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.arn or self.name


@dataclass(frozen=True)
class Pair:
    """The two target groups of one service, one per slot."""

    blue: TargetGroup
    green: TargetGroup

    def of(self, slot: str) -> TargetGroup:
        return self.blue if slot == "blue" else self.green

    @property
    def keys(self) -> set[str]:
        return {self.blue.key, self.green.key}


@dataclass(frozen=True)
class Forward:
    """A listener's default action or a rule: something that may forward to a target group."""

    kind: str
    arn: str
    listener_arn: str
    load_balancer: str
    where: str
    actions: tuple[Action, ...]

    def weights(self) -> dict[str, int]:
        """Weights by target group ARN, in order; empty if it does not forward."""
        action = _forward_action(self.actions)
        return {} if action is None else dict(_weighted(action))


@dataclass(frozen=True)
class Weights:
    """What is wanted of every pair.

    `toward` names the slot that a rising series of steps moves to: a forward on which it already has
    at least the wanted share is left alone. `detach` names a slot whose target groups are removed from the actions.
    """

    blue: int
    green: int
    toward: str | None = None
    detach: str | None = None

    def __post_init__(self) -> None:
        for slot in SLOTS:
            if not 0 <= self.of(slot) <= HIGHEST_WEIGHT:
                raise BlueGreenError(
                    f"weights.{slot} is {self.of(slot)}; use a whole number from 0 to {HIGHEST_WEIGHT}"
                )
        if self.blue == 0 and self.green == 0:
            raise BlueGreenError(
                "weights would be 0 for blue and green: requests would have nowhere to go; raise one of them"
            )
        if self.detach is not None and self.of(self.detach) != 0:
            raise BlueGreenError(
                f"detach is {self.detach}, so weights.{self.detach} must be 0, not {self.of(self.detach)}"
            )

    def of(self, slot: str) -> int:
        return self.blue if slot == "blue" else self.green


@dataclass(frozen=True)
class Change:
    """One forward and the actions it should have."""

    forward: Forward
    actions: tuple[Action, ...]

    @property
    def after(self) -> Forward:
        return Forward(**{**self.forward.__dict__, "actions": self.actions})


@dataclass(frozen=True)
class Plan:
    """All forwards that belong to a pair, and those of them that must change."""

    forwards: tuple[Forward, ...]
    changes: tuple[Change, ...]
    ahead: bool

    @property
    def predicted(self) -> tuple[Forward, ...]:
        changed = {change.forward.arn: change.after for change in self.changes}
        return tuple(changed.get(forward.arn, forward) for forward in self.forwards)


def plan_swap(forwards: Sequence[Forward], pairs: Sequence[Pair], want: Weights, *, skip_absent: bool = False) -> Plan:
    """Set the weights of each pair wherever a member of it appears, and change nothing else.

    A pair that appears nowhere is refused; with `skip_absent` only if no pair appears anywhere.
    """
    _refuse_shared_members(pairs)
    _refuse_unlike_members(pairs)
    concerned = forwards_of(forwards, pairs)
    absent = absent_pairs(forwards, pairs)
    if absent and not (skip_absent and concerned):
        raise BlueGreenError(
            f"{stands_nowhere(forwards, absent[0])}; name the right load balancer in load_balancers, "
            "or add a rule that forwards to one of the two"
        )
    changes, ahead = [], False
    for forward in concerned:
        weights = forward.weights()
        for pair in _pairs_in(forward, pairs):
            if want.toward and _is_ahead(weights, pair, want, want.toward):
                margin = share(weights, pair, want.toward) - _wanted_share(want, want.toward)
                ahead = ahead or margin > SHARE_TOLERANCE
                continue
            weights = _with_pair(forward, weights, pair, want)
        if not _same(weights, forward.weights()):
            changes.append(Change(forward, _with_weights(forward, weights)))
    return Plan(concerned, tuple(changes), ahead)


def forwards_of(forwards: Sequence[Forward], pairs: Sequence[Pair]) -> tuple[Forward, ...]:
    """The forwards in which a member of a pair appears."""
    return tuple(forward for forward in forwards if _pairs_in(forward, pairs))


def absent_pairs(forwards: Sequence[Forward], pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs of which no member appears anywhere."""
    present = {key for forward in forwards for key in forward.weights()}
    return [pair for pair in pairs if not pair.keys & present]


def stands_nowhere(forwards: Sequence[Forward], pair: Pair) -> str:
    """What is wrong with an absent pair."""
    searched = sorted({forward.load_balancer for forward in forwards})
    return (
        f"no listener or rule of load balancer {', '.join(searched) or '(it has no listener)'} forwards to "
        f"{pair.blue.name} or {pair.green.name}"
    )


def gaining(plan: Plan, pairs: Sequence[Pair]) -> list[tuple[TargetGroup, TargetGroup]]:
    """The target groups that would get a larger share than they have, each with its partner."""
    found = {}
    for change in plan.changes:
        for pair in _pairs_in(change.forward, pairs):
            for slot, other in (SLOTS, SLOTS[::-1]):
                if share(change.after.weights(), pair, slot) > share(change.forward.weights(), pair, slot):
                    found[pair.of(slot).key] = (pair.of(slot), pair.of(other))
    return list(found.values())


def share(weights: Mapping[str, int], pair: Pair, slot: str) -> float:
    """The slot's part of what a forward gives to the pair, 0 to 1."""
    total = sum(weights.get(key, 0) for key in pair.keys)
    return weights.get(pair.of(slot).key, 0) / total if total else 0.0


def refuse_taken(plan: Plan, pairs: Sequence[Pair], load_balancer_arns: Mapping[str, str]) -> None:
    """Raise if a target group would be added to a load balancer while another one uses it; AWS allows one."""
    for change in plan.changes:
        added = set(change.after.weights()) - set(change.forward.weights())
        for group in (pair.of(slot) for pair in pairs for slot in SLOTS):
            others = set(group.load_balancer_arns) - {load_balancer_arns[change.forward.load_balancer]}
            if group.key in added and others:
                raise BlueGreenError(
                    f"target group {group.name} is used by {', '.join(sorted(others))}, so it cannot be added to "
                    f"{change.forward.load_balancer} {change.forward.where}: a target group belongs to one load "
                    "balancer; give this one a target group of its own (module elbv2_target_group with like)"
                )


def same_actions(one: Sequence[Action], other: Sequence[Action]) -> bool:
    """Whether two lists of actions do the same.

    AWS describes what was written in other words: it fills in defaults, shows short forms in full and hides secrets.
    """
    return _normal(one) == _normal(other)


def _normal(actions: Sequence[Action]) -> list[Action]:
    result = []
    for action in _in_order(actions):
        plain = {key: value for key, value in action.items() if key not in ("Order", "TargetGroupArn", "ForwardConfig")}
        if "AuthenticateOidcConfig" in plain:
            hidden = ("ClientSecret", "UseExistingClientSecret")
            plain["AuthenticateOidcConfig"] = {
                key: value for key, value in plain["AuthenticateOidcConfig"].items() if key not in hidden
            }
        if action.get("Type") == "forward":
            weights = dict(_weighted(action))
            stickiness = (action.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig") or {}
            plain["weights"] = weights if len(weights) != 1 else list(weights)
            plain["stickiness"] = stickiness if stickiness.get("Enabled") else {}
        result.append(plain)
    return result


def _in_order(actions: Sequence[Action]) -> list[Action]:
    return sorted(actions, key=lambda action: int(action.get("Order", 0)))


def writable(actions: Sequence[Action]) -> list[Action]:
    """Actions as ModifyRule and ModifyListener take them.

    Describe never shows an OIDC client secret; without UseExistingClientSecret AWS would refuse the action.
    With several target groups only ForwardConfig is allowed.
    """
    result = []
    for original in _in_order(actions):
        action = deepcopy(original)
        if "AuthenticateOidcConfig" in action:
            action["AuthenticateOidcConfig"].pop("ClientSecret", None)
            action["AuthenticateOidcConfig"]["UseExistingClientSecret"] = True
        if action.get("Type") == "forward" and "ForwardConfig" in action:
            action.pop("TargetGroupArn", None)
        result.append(action)
    return result


def describe_forwards(forwards: Sequence[Forward], names: Mapping[str, str]) -> str:
    """A line per listener and rule, for people: where it is, and the weight of each target group."""
    lines = []
    for forward in sorted(forwards, key=lambda one: (one.load_balancer, one.where)):
        weights = ", ".join(f"{names.get(key) or _name_of(key)} {weight}" for key, weight in forward.weights().items())
        lines.append(f"{forward.load_balancer} {forward.where}: {weights}")
    return "\n".join(lines) + "\n" if lines else ""


def _refuse_shared_members(pairs: Sequence[Pair]) -> None:
    seen: dict[str, str] = {}
    for number, pair in enumerate(pairs):
        for slot in SLOTS:
            group, place = pair.of(slot), f"pairs[{number}].{slot}"
            if group.key in seen:
                raise BlueGreenError(
                    f"{place} and {seen[group.key]} are both the target group {group.name}; give each slot its own"
                )
            seen[group.key] = place


def _refuse_unlike_members(pairs: Sequence[Pair]) -> None:
    for number, pair in enumerate(pairs):
        if not (pair.blue.arn and pair.green.arn):
            continue
        for what, blue, green in (
            ("VPC", pair.blue.vpc_id, pair.green.vpc_id),
            ("protocol", pair.blue.protocol, pair.green.protocol),
        ):
            if blue != green:
                raise BlueGreenError(
                    f"pairs[{number}]: target group {pair.blue.name} has {what} {blue or 'none'}, "
                    f"{pair.green.name} has {green or 'none'}; one load balancer cannot take both: name the "
                    "right target groups, or make one like the other (module elbv2_target_group with like)"
                )


def _pairs_in(forward: Forward, pairs: Sequence[Pair]) -> list[Pair]:
    present = set(forward.weights())
    return [pair for pair in pairs if pair.keys & present]


def _is_ahead(weights: Mapping[str, int], pair: Pair, want: Weights, toward: str) -> bool:
    complete = pair.keys <= set(weights) and any(weights[key] for key in pair.keys)
    return complete and share(weights, pair, toward) >= _wanted_share(want, toward)


def _wanted_share(want: Weights, slot: str) -> float:
    return want.of(slot) / (want.blue + want.green)


def _with_pair(forward: Forward, weights: Mapping[str, int], pair: Pair, want: Weights) -> dict[str, int]:
    result, wanted = dict(weights), _pair_weights(forward, weights, pair, want)
    for slot in SLOTS:
        group = pair.of(slot)
        if slot != want.detach:
            result[group.key] = wanted[slot]
        elif result.pop(group.key, 0) > 0:
            raise BlueGreenError(f"{group.name} receives requests: shift the traffic away before you detach it")
    return result


def _pair_weights(forward: Forward, weights: Mapping[str, int], pair: Pair, want: Weights) -> dict[str, int]:
    """The wanted weights, or, next to others that get requests, weights that keep the pair's total."""
    others = [key for key, weight in weights.items() if weight and key not in pair.keys]
    if not others:
        return {slot: want.of(slot) for slot in SLOTS}
    total = sum(weights.get(key, 0) for key in pair.keys)
    green = round(total * _wanted_share(want, "green"))
    scaled = {"blue": total - green, "green": green}
    if total and not all(_is_near(scaled[slot], total, _wanted_share(want, slot)) for slot in SLOTS):
        raise BlueGreenError(
            f"{forward.load_balancer} {forward.where} forwards to {', '.join(_name_of(key) for key in others)} too, "
            f"next to which {pair.blue.name} and {pair.green.name} have a total weight of {total}; that cannot be "
            f"split {want.blue} to {want.green} in whole numbers up to {HIGHEST_WEIGHT}: multiply or divide all "
            "weights there by the same number, so that these two have 100 together, or take the other one out"
        )
    return scaled


def _is_near(weight: int, total: int, wanted: float) -> bool:
    is_something = bool(weight) == bool(wanted)
    return is_something and weight <= HIGHEST_WEIGHT and abs(weight / total - wanted) <= SHARE_TOLERANCE


def _same(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    """Equal weights; the weight of the only target group means nothing."""
    return dict(one) == dict(other) or (len(one) == 1 and set(one) == set(other))


def _forward_action(actions: Sequence[Action]) -> Action | None:
    return next((action for action in actions if action.get("Type") == "forward"), None)


def _weighted(action: Action) -> list[tuple[str, int]]:
    """A forward action's target groups; the short form TargetGroupArn means one group with weight 1."""
    groups = action.get("ForwardConfig", {}).get("TargetGroups") or []
    if groups:
        return [(str(group["TargetGroupArn"]), int(group.get("Weight", 1))) for group in groups]
    return [(str(action["TargetGroupArn"]), 1)] if action.get("TargetGroupArn") else []


def _with_weights(forward: Forward, weights: Mapping[str, int]) -> tuple[Action, ...]:
    if len(weights) > MOST_TARGET_GROUPS:
        raise BlueGreenError(
            f"{forward.load_balancer} {forward.where} would forward to {len(weights)} target groups; "
            f"AWS allows {MOST_TARGET_GROUPS}: take out one that is not used"
        )
    actions = [deepcopy(action) for action in forward.actions]
    for action in actions:
        if action.get("Type") == "forward":
            groups = [{"TargetGroupArn": key, "Weight": weight} for key, weight in weights.items()]
            action["ForwardConfig"] = {**action.get("ForwardConfig", {}), "TargetGroups": groups}
            action.pop("TargetGroupArn", None)
    return tuple(actions)


def _name_of(arn: str) -> str:
    """arn:aws:elasticloadbalancing:…:targetgroup/<name>/<id>"""
    return arn.split("/")[1] if "/" in arn else arn
