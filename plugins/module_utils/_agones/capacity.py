# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""How many servers a Fleet needs, and whether it has them. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key, Server


@dataclass(frozen=True)
class Want:
    """The least number of servers of one Fleet."""

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
    return sum(int(status.get(field) or 0) for field in ("allocatedReplicas", "reservedReplicas", "readyReplicas"))


def replicas_of(fleet: Mapping[str, Any]) -> int:
    return int((fleet.get("spec") or {}).get("replicas") or 0)


def seats_needed(fleet: Mapping[str, Any], headroom_percent: float = 0.0) -> int:
    """Servers that a Fleet of the same load needs: as many as it has or wants now, and the headroom.

    A Fleet that was scaled down while its matches run on has more than it wants.
    """
    return math.ceil(max(replicas_of(fleet), up_by_status(fleet)) * (1 + headroom_percent / 100))


def have(want: Want, fleet: Mapping[str, Any], servers: Callable[[str], Iterable[Server]]) -> Have:
    """What there is of a wanted Fleet. Its namespace's servers are asked for only when its count is enough."""
    up = up_by_status(fleet)
    if up >= want.replicas:
        up = sum(server.is_up for server in servers(want.namespace) if server.fleet_key == want.key)
    return Have(replicas_of(fleet), up)


def grown(want: Want, found: Have) -> Have:
    """A Fleet as it will be: one that is larger than wanted is left so."""
    return Have(max(want.replicas, found.replicas), max(want.replicas, found.up))


def is_short(want: Want, found: Have) -> bool:
    return found.up < want.replicas


def progress_text(pairs: Iterable[tuple[Want, Have]]) -> str:
    """One line for people."""
    parts = [f"{want.name}: {min(found.up, want.replicas)} of {want.replicas}" for want, found in pairs]
    return "game servers ready and addressed: " + ", ".join(parts)
