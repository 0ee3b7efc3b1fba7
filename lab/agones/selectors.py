"""Which game server an allocation gets."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lab.agones import capacity
from lab.agones.model import ALLOCATED, READY, Obj, count_by_node, is_deleting, labels_of, name_of, node_of, state_of

Operator = Callable[[str | None, list[str]], bool]
OPERATORS: dict[str, Operator] = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
}


def matches_labels(labels: Mapping[str, str], selector: Mapping[str, Any]) -> bool:
    """A Kubernetes label selector (matchLabels and matchExpressions)."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(
        OPERATORS[term["operator"]](labels.get(term["key"]), term.get("values") or [])
        for term in selector.get("matchExpressions") or []
    )


def matches(server: Obj, selector: Mapping[str, Any]) -> bool:
    """One of an allocation's selectors, defaults filled in and checked."""
    if not matches_labels(labels_of(server), selector):
        return False
    if state_of(server) != selector["gameServerState"]:
        return False
    status = server.get("status") or {}
    counters, lists = status.get("counters") or {}, status.get("lists") or {}
    return all(
        name in counters and _counter_matches(counters[name], limits)
        for name, limits in (selector.get("counters") or {}).items()
    ) and all(
        name in lists and _list_matches(lists[name], limits) for name, limits in (selector.get("lists") or {}).items()
    )


def _between(value: int, limits: Mapping[str, Any], minimum: str, maximum: str) -> bool:
    """A maximum of 0 means none."""
    highest = int(limits.get(maximum) or 0)
    return value >= int(limits.get(minimum) or 0) and (highest == 0 or value <= highest)


def _counter_matches(counter: Obj, limits: Mapping[str, Any]) -> bool:
    count, most = int(counter.get("count") or 0), int(counter.get("capacity") or 0)
    return _between(most - count, limits, "minAvailable", "maxAvailable") and _between(
        count, limits, "minCount", "maxCount"
    )


def _list_matches(entry: Obj, limits: Mapping[str, Any]) -> bool:
    values = entry.get("values") or []
    contained = limits.get("containsValue")
    return _between(int(entry.get("capacity") or 0) - len(values), limits, "minAvailable", "maxAvailable") and (
        not contained or contained in values
    )


def candidates(servers: Iterable[Obj], namespace: str, spec: Mapping[str, Any], shuffle: random.Random) -> list[Obj]:
    """The servers that may be allocated, best first.

    Packed: Allocated ones, then those on the fullest nodes. Distributed: by the allocation's priorities, or at random.
    """
    found = [
        server
        for server in servers
        if server["metadata"]["namespace"] == namespace
        and state_of(server) in (READY, ALLOCATED)
        and not is_deleting(server)
    ]
    priorities = spec.get("priorities") or []
    if spec.get("scheduling") == "Distributed":
        if priorities:
            return sorted(found, key=lambda server: (capacity.priority_key(server, priorities), name_of(server)))
        shuffle.shuffle(found)
        return found
    nodes = count_by_node(found)

    def packed(server: Obj) -> tuple[Any, ...]:
        allocated, ready = nodes.get(node_of(server), (0, 0))
        by_capacity = capacity.priority_key(server, priorities)
        return (state_of(server) != ALLOCATED, -allocated, -ready, by_capacity, name_of(server))

    return sorted(found, key=packed)


def choose(servers: list[Obj], spec: Mapping[str, Any]) -> Obj | None:
    """The first server that the first satisfiable selector matches."""
    for selector in spec["selectors"]:
        for server in servers:
            if matches(server, selector):
                return server
    return None


def sort_key(namespace: str, spec: Mapping[str, Any]) -> tuple[Any, ...]:
    """Allocations with the same key may share one sorted list of candidates."""
    priorities = tuple(
        (priority.get("type"), priority.get("key"), priority.get("order")) for priority in spec.get("priorities") or []
    )
    return (namespace, spec.get("scheduling"), priorities)
