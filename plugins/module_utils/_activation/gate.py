# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The proof that allocations have moved: none on the source, some on the target, in one window. Pure.

The evidence is each Fleet's cumulative counter `status.allocations`. It counts every allocation: by
matchmakers, by other clusters, and by the servers themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Mapping

Counters = dict[str, int]


@dataclass(frozen=True)
class Window:
    """Counters per Fleet at the window's start, and when that was (seconds since 1970)."""

    since: float
    source: Counters
    target: Counters

    def to_document(self) -> dict[str, Any]:
        return {"since": self.since, "source": self.source, "target": self.target}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Window:
        return cls(float(document["since"]), dict(document["source"]), dict(document["target"]))


@dataclass(frozen=True)
class Verdict:
    """Whether the gate is passed; the window to go on with; what was seen."""

    passed: bool
    window: Window
    source_allocations: int
    target_allocations: int
    reason: str


def read_counters(fleets: Iterable[Mapping[str, Any]]) -> tuple[Counters, list[str]]:
    """Allocations per Fleet, and the Fleets that have no such counter."""
    counters: Counters = {}
    without = []
    for fleet in fleets:
        name = f"{fleet['metadata'].get('namespace', '')}/{fleet['metadata']['name']}"
        value = (fleet.get("status") or {}).get("allocations")
        if value is None:
            without.append(name)
        else:
            counters[name] = int(value)
    return counters, without


def count_occupied(fleets: Iterable[Mapping[str, Any]]) -> int:
    """Game servers that the Fleets' own status calls allocated or reserved."""
    counts = (fleet.get("status") or {} for fleet in fleets)
    return sum(int(one.get("allocatedReplicas") or 0) + int(one.get("reservedReplicas") or 0) for one in counts)


def judge_gate(
    window: Window | None, source: Counters, target: Counters, now: float, *, seconds: float, minimum: int
) -> Verdict:
    """Continue or restart the window with fresh counters, and say whether it proves the move.

    Fails closed: a Fleet that came, went or was recreated on either side starts the window again.
    """
    fresh = Window(now, source, target)
    if window is None:
        return Verdict(False, fresh, 0, 0, "first reading")
    if not is_same(window.source, source) or not is_same(window.target, target):
        return Verdict(False, fresh, 0, 0, "the Fleets changed; the window starts again")
    on_source = sum(source.values()) - sum(window.source.values())
    on_target = sum(target.values()) - sum(window.target.values())
    if source != window.source:
        return Verdict(False, fresh, on_source, on_target, "the source still allocates; the window starts again")
    age = now - window.since
    if age < seconds:
        return Verdict(
            False, window, 0, on_target, f"{age:.0f} of {seconds:.0f} seconds without an allocation on the source"
        )
    if on_target < minimum:
        return Verdict(False, window, 0, on_target, f"{on_target} of {minimum} allocations on the target")
    return Verdict(True, window, 0, on_target, "passed")


def is_same(before: Counters, after: Counters) -> bool:
    """The same Fleets, none of them recreated (a counter never falls)."""
    return before.keys() == after.keys() and all(after[name] >= count for name, count in before.items())
