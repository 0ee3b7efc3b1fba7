"""The Counter and List policies of a FleetAutoscaler: room to spare in the sums over a Fleet's servers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lab.agones.buffer import CannotScale, Desired
from lab.agones.model import Obj

DEFAULT_CAPACITY = 1000
NOUNS = {"counters": "Counter", "lists": "List"}
Removable = Callable[[], list[Obj]]


@dataclass(frozen=True)
class Sums:
    """The figures of one counter or list: a new server's, the Fleet's, and the policy's bounds of the capacity."""

    replicas: int
    new_count: int
    new_capacity: int
    count: int
    capacity: int
    allocated: int
    least: int
    most: int

    @property
    def free(self) -> int:
        return self.capacity - self.count

    def without(self, entry: Mapping[str, Any] | None) -> Sums:
        """What is left without a server; `entry` is its counter or list."""
        left = replace(self, replicas=self.replicas - 1)
        if entry is None:
            return left
        return replace(left, count=left.count - _count(entry), capacity=left.capacity - int(entry.get("capacity") or 0))


def desired(kind: str, policy: Mapping[str, Any], fleet: Obj, removable: Removable) -> Desired:
    """The size that a policy over `counters` or `lists` wants.

    `removable` gives the servers that may go, the first to go first. Raises CannotScale.
    """
    sums = _sums(kind, policy, fleet)
    size = policy.get("bufferSize", 0)
    if isinstance(size, str):
        if sums.allocated <= 0 and sums.new_capacity >= sums.least:
            return Desired(1, True)
        # As with Buffer: this percentage of the future sum must be free.
        buffer = math.ceil(sums.allocated * 100 / (100 - int(size.rstrip("%")))) - sums.allocated
    else:
        buffer = int(size)
    entries = _entries(kind, policy["key"], removable)
    if sums.capacity < sums.least:
        return _up_to_least(sums)
    if sums.capacity > sums.most and sums.free <= buffer:
        return _down_to_most(sums, entries)
    if sums.free < buffer:
        return _grown(sums, buffer)
    if sums.free > buffer:
        return _shrunk(sums, buffer, entries)
    return Desired(sums.replicas, False)


def _sums(kind: str, policy: Mapping[str, Any], fleet: Obj) -> Sums:
    status = fleet.get("status") or {}
    template = _named(kind, policy["key"], fleet["spec"]["template"].get("spec") or {}, "Spec")
    total = _named(kind, policy["key"], status, "Status")
    return Sums(
        replicas=int(status.get("replicas") or 0),
        new_count=_count(template),
        new_capacity=int(template.get("capacity", DEFAULT_CAPACITY)),
        count=int(total.get("count") or 0),
        capacity=int(total.get("capacity") or 0),
        allocated=int(total.get("allocatedCount") or 0),
        least=int(policy.get("minCapacity") or 0),
        most=int(policy["maxCapacity"]),
    )


def _named(kind: str, key: str, place: Obj, name: str) -> Obj:
    found: Obj | None = (place.get(kind) or {}).get(key)
    if found is None:
        noun = NOUNS[kind]
        raise CannotScale(f"cannot apply {noun}Policy as {noun} key {key} does not exist in the Fleet {name}")
    return found


def _count(entry: Mapping[str, Any]) -> int:
    return int(entry["count"] or 0) if "count" in entry else len(entry.get("values") or [])


def _entries(kind: str, key: str, removable: Removable) -> Callable[[], list[Obj | None]]:
    return lambda: [((server.get("status") or {}).get(kind) or {}).get(key) for server in removable()]


def _up_to_least(sums: Sums) -> Desired:
    if sums.new_capacity <= 0:
        raise CannotScale("cannot scale up as Capacity is equal to 0")
    return Desired(sums.replicas + math.ceil((sums.least - sums.capacity) / sums.new_capacity), True)


def _down_to_most(sums: Sums, entries: Callable[[], list[Obj | None]]) -> Desired:
    for entry in entries():
        if sums.capacity <= sums.most:
            break
        sums = sums.without(entry)
    return Desired(max(sums.replicas, 1), True)


def _grown(sums: Sums, buffer: int) -> Desired:
    gain = sums.new_capacity - sums.new_count
    if gain <= 0:
        raise CannotScale("cannot scale up as adding additional replicas does not increase available Capacity")
    more = math.ceil((buffer - sums.free) / gain)
    limited = sums.capacity + more * sums.new_capacity > sums.most
    if limited:
        more = (sums.most - sums.capacity) // sums.new_capacity
    return Desired(sums.replicas + more, limited)


def _shrunk(sums: Sums, buffer: int, entries: Callable[[], list[Obj | None]]) -> Desired:
    """Take away one server after the other, as long as the buffer and the least capacity remain."""
    if sums.capacity == sums.least:
        return Desired(sums.replicas, True)
    for entry in entries():
        before, sums = sums.replicas, sums.without(entry)
        if entry is None:
            continue
        if sums.free < buffer:
            return Desired(before, False)
        if sums.capacity < sums.least:
            return Desired(before, True)
        if sums.free == buffer or sums.capacity == sums.least:
            return Desired(sums.replicas, sums.free != buffer)
    return Desired(max(sums.replicas, 1), False)
