"""What a GameServerSet has, lacks, and has too many of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lab.agones import capacity
from lab.agones.model import (
    ALLOCATED,
    BEFORE_READY,
    ERROR,
    ERRORED_AT_ANNOTATION,
    READY,
    RESERVED,
    UNHEALTHY,
    Obj,
    annotations_of,
    is_going,
    is_session,
    labels_of,
    name_of,
    node_of,
    state_of,
)

ERROR_DELAY = timedelta(seconds=30)


@dataclass(frozen=True)
class Action:
    """What brings a set to its size: servers to create and to shut down; `partial` if a batch cut it short."""

    create: int
    shut_down: list[Obj]
    partial: bool


def plan(
    servers: list[Obj],
    replicas: int,
    *,
    now: datetime,
    scheduling: str,
    priorities: list[Mapping[str, Any]],
    nodes: Mapping[str, tuple[int, int]],
    creations: int,
    deletions: int,
) -> Action:
    """Compare a set's servers with its replicas.

    Sessions count and are never chosen; servers on their way out do not count. `nodes` gives (Allocated, Ready) per
    node; `creations` and `deletions` limit one batch.
    """
    removable: list[Obj] = []
    broken: list[Obj] = []
    for server in servers:
        if is_session(server) or is_going(server):
            continue
        (broken if _is_broken(server, now) else removable).append(server)
    up = sum(is_session(server) for server in servers) + len(removable)
    surplus = min(max(0, up - replicas), len(removable))
    if surplus:
        removable = in_deletion_order(removable, scheduling, priorities, nodes)
    shut_down = [*broken, *removable[:surplus]]
    create = max(0, replicas - up)
    return Action(
        create=min(create, creations),
        shut_down=shut_down[:deletions],
        partial=create > creations or len(shut_down) > deletions,
    )


def _is_broken(server: Obj, now: datetime) -> bool:
    """Unhealthy, or in Error for long enough (at once would create and lose servers in a fast circle)."""
    state = state_of(server)
    if state == UNHEALTHY:
        return True
    return state == ERROR and error_delay(server, now) <= timedelta(0)


def error_delay(server: Obj, now: datetime) -> timedelta:
    """How long a server in Error still stays."""
    try:
        errored_at = datetime.fromisoformat(annotations_of(server).get(ERRORED_AT_ANNOTATION, ""))
        return errored_at + ERROR_DELAY - now
    except (ValueError, TypeError):
        return timedelta(0)


def in_deletion_order(
    servers: Iterable[Obj], scheduling: str, priorities: list[Mapping[str, Any]], nodes: Mapping[str, tuple[int, int]]
) -> list[Obj]:
    """Servers as they go when there are too many, the first to go first."""
    return sorted(servers, key=lambda server: _deletion_key(server, scheduling, priorities, nodes))


def _deletion_key(
    server: Obj, scheduling: str, priorities: list[Mapping[str, Any]], nodes: Mapping[str, tuple[int, int]]
) -> tuple[Any, ...]:
    """Packed: what has no node yet, then the emptiest node; Distributed: the oldest."""
    by_capacity = capacity.priority_key(server, priorities)
    if scheduling == "Distributed":
        return (by_capacity, server["metadata"].get("creationTimestamp", ""), name_of(server))
    node = node_of(server)
    on_node = nodes.get(node)
    if on_node is None:
        return (0, 0, "", False, (), name_of(server))
    return (1, sum(on_node), node, state_of(server) not in BEFORE_READY, by_capacity, name_of(server))


def status_of(game_server_set: Obj, servers: Iterable[Obj]) -> Obj:
    """A set's `status`."""
    servers = list(servers)
    staying = [server for server in servers if not is_going(server)]
    states = [state_of(server) for server in staying]
    template = game_server_set["spec"]["template"].get("spec") or {}
    return {
        "replicas": len(staying),
        "readyReplicas": states.count(READY),
        "reservedReplicas": states.count(RESERVED),
        "allocatedReplicas": states.count(ALLOCATED),
        "shutdownReplicas": len(servers) - len(staying),
        **capacity.aggregate(template, servers),
    }


def fleet_status(sets: Iterable[Obj], allocations: int) -> Obj:
    """A Fleet's `status` from its sets'; `allocations` is what was ever allocated."""
    statuses = [one.get("status") or {} for one in sets]
    figures = {
        field: sum(int(status.get(field) or 0) for status in statuses)
        for field in ("replicas", "readyReplicas", "reservedReplicas", "allocatedReplicas")
    }
    return {**figures, "allocations": allocations, **capacity.merge(statuses)}


def overflow(game_server_set: Obj, servers: list[Obj], nodes: Mapping[str, tuple[int, int]]) -> list[Obj]:
    """The Allocated servers above the set's replicas that do not yet carry the marks of `allocationOverflow`."""
    spec = game_server_set["spec"]
    marks = spec.get("allocationOverflow") or {}
    if not (marks.get("labels") or marks.get("annotations")):
        return []
    allocated = [server for server in servers if state_of(server) == ALLOCATED]
    bare = [server for server in allocated if not _carries(server, marks)]
    missing = len(allocated) - int(spec.get("replicas") or 0) - (len(allocated) - len(bare))
    scheduling, priorities = spec.get("scheduling", "Packed"), spec.get("priorities") or []
    return in_deletion_order(bare, scheduling, priorities, nodes)[: max(0, missing)]


def _carries(server: Obj, marks: Obj) -> bool:
    labels, annotations = labels_of(server), annotations_of(server)
    return all(labels.get(key) == value for key, value in (marks.get("labels") or {}).items()) and all(
        annotations.get(key) == value for key, value in (marks.get("annotations") or {}).items()
    )
