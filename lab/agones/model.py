"""The words of Agones' objects, and questions about them. Objects are the API's JSON as dicts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Obj = dict[str, Any]

ALLOCATED = "Allocated"
CREATING = "Creating"
ERROR = "Error"
PORT_ALLOCATION = "PortAllocation"
READY = "Ready"
REQUEST_READY = "RequestReady"
RESERVED = "Reserved"
SCHEDULED = "Scheduled"
SHUTDOWN = "Shutdown"
STARTING = "Starting"
UNHEALTHY = "Unhealthy"

BEFORE_READY = frozenset({PORT_ALLOCATION, CREATING, STARTING, SCHEDULED, REQUEST_READY})

CONTAINER_ANNOTATION = "agones.dev/container"
ERRORED_AT_ANNOTATION = "agones.dev/errored-at"
FINALIZER = "agones.dev/controller"
FLEET_LABEL = "agones.dev/fleet"
LAST_ALLOCATED_ANNOTATION = "agones.dev/last-allocated"
PASSTHROUGH_ANNOTATION = "agones.dev/container-passthrough-port-assignment"
POD_NAME_LABEL = "agones.dev/gameserver"
ROLE_LABEL = "agones.dev/role"
SAFE_TO_EVICT_LABEL = "agones.dev/safe-to-evict"
SET_LABEL = "agones.dev/gameserverset"
VERSION_ANNOTATION = "agones.dev/sdk-version"
AUTOSCALER_SAFE_TO_EVICT_ANNOTATION = "cluster-autoscaler.kubernetes.io/safe-to-evict"


def name_of(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


def namespace_of(obj: Obj) -> str:
    return str(obj["metadata"]["namespace"])


def uid_of(obj: Obj) -> str:
    return str(obj["metadata"]["uid"])


def labels_of(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def is_deleting(obj: Obj) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def state_of(server: Obj) -> str:
    return str((server.get("status") or {}).get("state") or "")


def node_of(server: Obj) -> str:
    return str((server.get("status") or {}).get("nodeName") or "")


def is_going(server: Obj) -> bool:
    """Is the game server being deleted, or about to be?"""
    return is_deleting(server) or state_of(server) == SHUTDOWN


def is_session(server: Obj) -> bool:
    """Is someone in it, or sure to come? Nothing but its own end removes such a server."""
    return state_of(server) in (ALLOCATED, RESERVED) and not is_deleting(server)


def controller_of(obj: Obj) -> Obj | None:
    """The owner reference of the object's controller."""
    for reference in obj["metadata"].get("ownerReferences") or []:
        if reference.get("controller"):
            return dict(reference)
    return None


def is_controlled_by(obj: Obj, owner: Obj) -> bool:
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == uid_of(owner)


def owner_reference(owner: Obj, api_version: str, kind: str) -> Obj:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def servers_of(game_server_set: Obj, servers: Iterable[Obj]) -> list[Obj]:
    """The set's servers: label and owner must both say so (taking the label off detaches a server)."""
    name, namespace = name_of(game_server_set), namespace_of(game_server_set)
    return [
        server
        for server in servers
        if labels_of(server).get(SET_LABEL) == name
        and namespace_of(server) == namespace
        and is_controlled_by(server, game_server_set)
    ]


def count_by_node(servers: Iterable[Obj]) -> dict[str, tuple[int, int]]:
    """(Allocated, Ready) servers per node."""
    counts: dict[str, tuple[int, int]] = {}
    for server in servers:
        node, state = node_of(server), state_of(server)
        if not node or is_deleting(server) or state not in (ALLOCATED, READY):
            continue
        allocated, ready = counts.get(node, (0, 0))
        counts[node] = (allocated + 1, ready) if state == ALLOCATED else (allocated, ready + 1)
    return counts
