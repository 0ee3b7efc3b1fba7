"""Moving a Fleet from old GameServerSets to the one with its present template."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lab.agones.model import Obj, name_of


@dataclass(frozen=True)
class SetFigures:
    """The figures of one set."""

    name: str
    wanted: int
    replicas: int = 0
    ready: int = 0
    reserved: int = 0
    allocated: int = 0
    shutdown: int = 0

    @property
    def unready(self) -> int:
        """Wanted, but neither ready nor in use nor going."""
        return self.wanted - self.ready - self.reserved - self.allocated - self.shutdown


@dataclass(frozen=True)
class Rollout:
    """What to do next: replicas of the active set, new replicas of old ones, old ones to delete."""

    active: int
    scale: dict[str, int] = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)


def figures_of(game_server_set: Obj) -> SetFigures:
    status = game_server_set.get("status") or {}
    return SetFigures(
        name=name_of(game_server_set),
        wanted=int(game_server_set["spec"].get("replicas") or 0),
        replicas=int(status.get("replicas") or 0),
        ready=int(status.get("readyReplicas") or 0),
        reserved=int(status.get("reservedReplicas") or 0),
        allocated=int(status.get("allocatedReplicas") or 0),
        shutdown=int(status.get("shutdownReplicas") or 0),
    )


def plan(
    wanted: int, strategy: Mapping[str, Any], active: SetFigures | None, rest: list[SetFigures], fleet_ready: int
) -> Rollout:
    """One step from `rest` to `active` (None: it is to be created) for a Fleet that wants `wanted` replicas.

    Allocated servers of old sets are left alone and count within `wanted`; an old set goes when it is empty.
    """
    empty = [one.name for one in rest if one.replicas == 0 and one.shutdown == 0]
    if not rest:
        return Rollout(wanted)
    if not any(one.wanted for one in rest):
        in_use = sum(one.allocated + one.reserved for one in rest)
        return Rollout(max(0, wanted - in_use), delete=empty)
    if strategy.get("type") == "Recreate":
        allocated = sum(one.allocated for one in rest)
        return Rollout(max(0, wanted - allocated), {one.name: 0 for one in rest if one.wanted}, empty)
    rolling = strategy.get("rollingUpdate") or {}
    now = active or SetFigures("", 0)
    return Rollout(
        _grow(wanted, rolling.get("maxSurge", "25%"), now, rest),
        _shrink(wanted, rolling.get("maxUnavailable", "25%"), now, rest, fleet_ready),
        empty,
    )


def scaled(value: int | str, of: int, *, up: bool) -> int:
    """A number, or a percentage of `of`, rounded up or down."""
    if isinstance(value, int):
        return value
    exact = of * int(value.rstrip("%")) / 100
    return math.ceil(exact) if up else math.floor(exact)


def _grow(wanted: int, max_surge: int | str, active: SetFigures, rest: list[SetFigures]) -> int:
    if active.wanted != active.replicas:
        return active.wanted  # a step is still under way
    if wanted == 0:
        return 0
    allocated = sum(one.allocated for one in rest)
    room = wanted - allocated
    if active.wanted >= room:
        return max(0, room)
    surge = scaled(max_surge, wanted, up=True)
    replicas = min(wanted, active.wanted + surge)
    above = sum(one.replicas for one in rest) + replicas - (wanted + surge)
    return max(0, min(replicas - max(0, above), room))


def _shrink(
    wanted: int, max_unavailable: int | str, active: SetFigures, rest: list[SetFigures], fleet_ready: int
) -> dict[str, int]:
    unavailable = min(max(1, scaled(max_unavailable, fleet_ready, up=False)), wanted)
    ready = active.ready + sum(one.ready for one in rest)
    surplus = ready - min(fleet_ready - unavailable, wanted)
    allowed = surplus - active.unready
    if allowed <= 0:
        return {}
    scale: dict[str, int] = {}
    trimmed = _drop_unhealthy(rest, allowed, scale)
    if surplus <= 0:
        return scale
    down = 0
    for one in trimmed:
        if down >= surplus or (one.wanted > 0 and one.wanted != one.replicas):
            break
        if one.wanted <= 0 or one.shutdown:
            continue
        step = min(one.wanted, surplus - down)
        scale[one.name] = 0 if one.replicas == one.allocated else one.wanted - step
        down += step
    return scale


def _drop_unhealthy(rest: list[SetFigures], allowed: int, scale: dict[str, int]) -> list[SetFigures]:
    """Old sets first give up servers that are neither ready nor in use."""
    result = []
    left = allowed
    for one in rest:
        healthy = one.ready + one.allocated + one.reserved
        step = min(left, max(0, one.wanted - healthy))
        if step > 0:
            scale[one.name] = one.wanted - step
            left -= step
            one = replace(one, wanted=one.wanted - step)
        result.append(one)
    return result
