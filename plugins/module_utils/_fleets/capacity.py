# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""How many servers a Fleet needs for its sessions, and whether it has them. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    Key,
    Server,
    name_of,
    said_of,
    template_spec,
    unknown_fleets,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold import BOUNDS, DEFAULT_CAPACITY

# How much is shown of the scheduler's reason, which names every kind of node.
PENDING_CHARACTERS = 200


@dataclass(frozen=True)
class WantedSize:
    """The minimum number of servers of one Fleet."""

    namespace: str
    name: str
    replicas: int

    @property
    def key(self) -> Key:
        return (self.namespace, self.name)


@dataclass(frozen=True)
class Have:
    """A Fleet as it is: asked for, and up (Ready, Allocated or Reserved, with an address)."""

    replicas: int
    up: int


def up_by_status(fleet: Mapping[str, Any]) -> int:
    """Servers that are ready or in use by the Fleet's own count, which does not look at addresses."""
    status = fleet.get("status") or {}
    return sum(int(status.get(name) or 0) for name in ("allocatedReplicas", "reservedReplicas", "readyReplicas"))


def replicas_of(fleet: Mapping[str, Any]) -> int:
    return int((fleet.get("spec") or {}).get("replicas") or 0)


@dataclass(frozen=True)
class Sizing:
    """How a Fleet's size follows from its sessions: seats = max(now, recent peak) x fragmentation + buffer + reserve.

    `fragmentation` is how many servers the target needs for one of the source's sessions. `peak_sessions` is the
    recent peak that the operator gives; None: it is measured.
    """

    fragmentation: float = 1.0
    reserve_seats: int = 0
    peak_sessions: int | None = None


@dataclass(frozen=True)
class Sizings:
    """The sizing of each Fleet: by namespace and name, else by name alone (namespace ""), else the default.

    `twice` are the entries that were written more than once.
    """

    default: Sizing = Sizing()
    fleets: Mapping[Key, Sizing] = field(default_factory=dict)
    twice: tuple[Key, ...] = ()

    def of(self, fleet: Key) -> Sizing:
        return said_of(fleet, self.fleets, self.default)


def read_sizings(options: Mapping[str, Any]) -> Sizings:
    """What the module's options mean."""
    default = Sizing(options["fragmentation"], options["reserve_seats"])
    fleets: dict[Key, Sizing] = {}
    twice = []
    for one in options["sizes"] or []:
        key = (one["namespace"] or "", one["name"])
        said = {name: value for name, value in one.items() if name not in ("namespace", "name") and value is not None}
        twice += [key] if key in fleets else []
        fleets[key] = Sizing(**{**vars(default), **said})
    return Sizings(default, fleets, tuple(twice))


def sizing_problems(sizings: Sizings, fleets: Sequence[Key]) -> list[str]:
    """What is wrong with them, given the Fleets that exist."""
    wrong = _sizing_problems("", sizings.default)
    wrong += [f"sizes: Fleet {name_of(key)} has two entries; remove one" for key in sizings.twice]
    unknown, known = unknown_fleets(sizings.fleets, fleets)
    wrong += [f"sizes: the source has no Fleet {name_of(key)}; it has {known}" for key in unknown]
    for key, sizing in sizings.fleets.items():
        wrong += _sizing_problems(f"sizes: Fleet {name_of(key)}: ", sizing)
    return list(dict.fromkeys(wrong))


def _sizing_problems(where: str, sizing: Sizing) -> list[str]:
    wrong = []
    if not 1 <= sizing.fragmentation < math.inf:
        wrong.append(f"{where}fragmentation is {sizing.fragmentation:g}; it must be 1 or more")
    for name, value in (("reserve_seats", sizing.reserve_seats), ("peak_sessions", sizing.peak_sessions or 0)):
        if value < 0:
            wrong.append(f"{where}{name} is {value}; it cannot be negative")
    return wrong


@dataclass(frozen=True)
class Size:
    """The servers that a Fleet needs, and what that follows from. `peak_sessions` is None when no one knows it."""

    namespace: str
    name: str
    replicas: int
    current: int
    sessions: int
    peak_sessions: int | None
    fragmentation: float
    buffer_seats: int
    reserve_seats: int


def size_of(
    fleet: Mapping[str, Any], autoscaler: Mapping[str, Any] | None, sessions: int, peak: int | None, sizing: Sizing
) -> Size:
    """The size of a Fleet on the target; never less than the source has or wants now.

    A Fleet that was scaled down while its matches run on has more than it wants.
    """
    metadata = fleet["metadata"]
    # 50 x 1.1 is a little more than 55 to a computer.
    seats = math.ceil(round(max(sessions, peak or 0) * sizing.fragmentation, 6))
    buffer = buffer_of(autoscaler, fleet, seats) if autoscaler else 0
    current = max(replicas_of(fleet), up_by_status(fleet))
    return Size(
        namespace=str(metadata["namespace"]),
        name=str(metadata["name"]),
        replicas=max(current, seats + buffer + sizing.reserve_seats),
        current=current,
        sessions=sessions,
        peak_sessions=peak,
        fragmentation=sizing.fragmentation,
        buffer_seats=buffer,
        reserve_seats=sizing.reserve_seats,
    )


def buffer_of(autoscaler: Mapping[str, Any], fleet: Mapping[str, Any], sessions: int) -> int:
    """How many servers a FleetAutoscaler keeps free next to this many sessions; 0 if only others can tell.

    Of a Schedule or a Chain it is the largest buffer, whichever is in force now.
    """
    return _buffer_of(autoscaler["spec"].get("policy") or {}, template_spec(fleet), sessions)


def _buffer_of(policy: Mapping[str, Any], template: Mapping[str, Any], sessions: int) -> int:
    inner = [*(policy.get("chain") or ()), (policy.get("schedule") or {}).get("policy") or {}]
    largest = max((_buffer_of(one, template, sessions) for one in inner if one), default=0)
    bounds = BOUNDS.get(str(policy.get("type", "")))
    if bounds is None:
        return largest
    section = policy.get(bounds.section) or {}
    size = section.get("bufferSize", 0)
    if isinstance(size, str) or bounds.section == "buffer":
        return buffer_seats(size, sessions)
    # Counters and Lists buffer room, of which each server of the template makes some.
    kept = (template.get(f"{bounds.section}s") or {}).get(section.get("key")) or {}
    return math.ceil(int(size) / (int(kept.get("capacity", DEFAULT_CAPACITY)) or 1))


def buffer_seats(size: int | str, sessions: int) -> int:
    """A bufferSize as a number of servers; a percentage is of all servers, those in use included."""
    if isinstance(size, int):
        return size
    percent = float(str(size).rstrip("%") or 0)
    return math.ceil(sessions * percent / (100 - percent)) if percent < 100 else sessions


def have(want: WantedSize, fleet: Mapping[str, Any], servers: Callable[[str], Iterable[Server]]) -> Have:
    """A wanted Fleet as it is. Its namespace's servers are read only when its own count is enough."""
    up = up_by_status(fleet)
    if up >= want.replicas:
        up = sum(server.is_up for server in servers(want.namespace) if server.fleet_key == want.key)
    return Have(replicas_of(fleet), up)


def grown(want: WantedSize, found: Have) -> Have:
    """A Fleet as it will be: one that is larger than wanted stays as it is."""
    return Have(max(want.replicas, found.replicas), max(want.replicas, found.up))


def is_short(want: WantedSize, found: Have) -> bool:
    return found.up < want.replicas


def capacity_progress(pairs: Iterable[tuple[WantedSize, Have]], missing: Mapping[Key, str]) -> str:
    """One line for people; `missing` says, by Fleet, what keeps its other servers."""
    parts = [
        f"{want.name}: {min(found.up, want.replicas)} of {want.replicas}"
        + (f" ({missing[want.key]})" if want.key in missing else "")
        for want, found in pairs
    ]
    return "game servers ready and addressed: " + ", ".join(parts)


def missing_text(states: Mapping[str, int], pending: str) -> str:
    """How far servers that are not up have come, and why the scheduler has no node for one of them, if it says so."""
    text = ", ".join(f"{number} {state or 'new'}" for state, number in sorted(states.items()))
    return text + (f"; {pending[:PENDING_CHARACTERS]}" if pending else "")
