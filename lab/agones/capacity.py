"""Counters and Lists of game servers: actions at allocation, order by free capacity, sums for sets and Fleets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from lab.agones.model import ALLOCATED, Obj, is_going, state_of

MAX_LIST_CAPACITY = 1000


def counter_after(counter: Obj, action: Mapping[str, Any]) -> Obj:
    """A counter after an allocation's action: capacity first, then the count, kept between 0 and capacity.

    Anything that makes no sense (an unknown action, a negative figure) is ignored, as in Agones.
    """
    count, capacity = int(counter.get("count") or 0), int(counter.get("capacity") or 0)
    new_capacity = action.get("capacity")
    if new_capacity is not None and new_capacity >= 0:
        capacity = int(new_capacity)
        count = min(count, capacity)
    step = {"Increment": 1, "Decrement": -1}.get(str(action.get("action")), 0)
    amount = action.get("amount")
    if step and amount is not None and amount >= 0:
        count = max(0, min(count + step * int(amount), capacity))
    return {"count": count, "capacity": capacity}


def list_after(values_list: Obj, action: Mapping[str, Any]) -> Obj:
    """A list after an allocation's action: capacity, then additions up to it, then deletions."""
    values, capacity = list(values_list.get("values") or []), int(values_list.get("capacity") or 0)
    new_capacity = action.get("capacity")
    if new_capacity is not None and 0 <= new_capacity <= MAX_LIST_CAPACITY:
        capacity = int(new_capacity)
        values = values[:capacity]
    if added := action.get("addValues"):
        values = list(dict.fromkeys([*values, *added]))[:capacity]
    gone = set(action.get("deleteValues") or [])
    return {"capacity": capacity, "values": [value for value in values if value not in gone]}


def apply_actions(status: Obj, spec: Mapping[str, Any]) -> Obj:
    """The parts of a game server's status that an allocation's `counters` and `lists` change."""
    changed: Obj = {}
    for kind, after in (("counters", counter_after), ("lists", list_after)):
        known = status.get(kind) or {}
        actions = {name: action for name, action in (spec.get(kind) or {}).items() if name in known}
        if actions:
            changed[kind] = {
                **deepcopy(known),
                **{name: after(known[name], action) for name, action in actions.items()},
            }
    return changed


def available(server: Obj, priority: Mapping[str, Any]) -> int | None:
    """Free capacity of the counter or list that a priority names; None if the server has none of that name."""
    status = server.get("status") or {}
    if priority.get("type") == "Counter":
        counter = (status.get("counters") or {}).get(priority["key"])
        return None if counter is None else int(counter.get("capacity") or 0) - int(counter.get("count") or 0)
    entry = (status.get("lists") or {}).get(priority["key"])
    return None if entry is None else int(entry.get("capacity") or 0) - len(entry.get("values") or [])


def priority_key(server: Obj, priorities: Iterable[Mapping[str, Any]]) -> tuple[tuple[bool, int], ...]:
    """A sort key: for each priority, servers that have the thing first, by free capacity in its order."""
    key = []
    for priority in priorities:
        free = available(server, priority)
        sign = -1 if priority.get("order") == "Descending" else 1
        key.append((free is None, sign * (free or 0)))
    return tuple(key)


def aggregate(template_spec: Obj, servers: Iterable[Obj]) -> Obj:
    """Sums over a set's servers; `counters` and `lists` only where the template has them."""
    sums: Obj = {
        kind: {name: _zero() for name in template_spec[kind]}
        for kind in ("counters", "lists")
        if template_spec.get(kind)
    }
    for server in servers:
        if is_going(server):
            continue
        status = server.get("status") or {}
        for kind in ("counters", "lists"):
            for name, entry in (status.get(kind) or {}).items():
                figures = sums.setdefault(kind, {}).setdefault(name, _zero())
                _add(figures, entry, allocated=state_of(server) == ALLOCATED)
    return sums


def merge(aggregates: Iterable[Obj]) -> Obj:
    """The sum of several sets' aggregates, for their Fleet."""
    sums: Obj = {}
    for status in aggregates:
        for kind in ("counters", "lists"):
            for name, figures in (status.get(kind) or {}).items():
                total = sums.setdefault(kind, {}).setdefault(name, _zero())
                for field in total:
                    total[field] += int(figures.get(field) or 0)
    return sums


def _zero() -> dict[str, int]:
    return {"allocatedCapacity": 0, "allocatedCount": 0, "capacity": 0, "count": 0}


def _add(figures: dict[str, int], entry: Obj, *, allocated: bool) -> None:
    count = len(entry.get("values") or []) if "values" in entry or "count" not in entry else int(entry["count"] or 0)
    capacity = int(entry.get("capacity") or 0)
    figures["count"] += count
    figures["capacity"] += capacity
    if allocated:
        figures["allocatedCount"] += count
        figures["allocatedCapacity"] += capacity
