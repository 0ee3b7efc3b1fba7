# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Count the game servers, sessions and players of a cluster."""

from __future__ import annotations

from typing import Any, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    FLEETS,
    GAME_SERVERS,
    PODS,
    KubeApi,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.may_end import protected
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    NO_PREDICATE,
    Key,
    Predicate,
    Server,
    count_by_fleet,
    read_server,
    refuse_unknown,
    summarise,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

POD_SELECTOR = "agones.dev/role=gameserver"
GAME_SERVER_KIND = "gameservers.agones.dev"
DEFINITION_PATH = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{GAME_SERVER_KIND}"


def has_agones(api: KubeApi) -> bool:
    """Whether Agones is in a cluster. Only the API server's own word that there is no such kind means that it is not.

    Raises ApiFailure for any other answer, and for none.
    """
    try:
        api.get(DEFINITION_PATH)
    except NotFound as error:
        # A proxy on the way, or another server at that address, may answer 404 too.
        if f'"{GAME_SERVER_KIND}" not found' not in error.message:
            raise
        return False
    return True


def protected_servers(
    api: KubeApi, namespaces: Sequence[str], clock: Clock, predicate: Predicate = NO_PREDICATE
) -> list[tuple[Server, str]]:
    """The game servers for which a cluster must stay, each with the reason."""
    servers, pods, _fleets = _read(api, namespaces, "players", predicate)
    return protected(servers, pods, clock.now().timestamp())


def count_sessions(
    api: KubeApi | None,
    namespaces: Sequence[str],
    players_list: str,
    clock: Clock,
    predicate: Predicate = NO_PREDICATE,
) -> dict[str, Any]:
    """The module's result; a cluster that does not exist yet (None) has nothing."""
    now = clock.now().timestamp()
    if api is None:
        return {"changed": False, "fleets": [], **summarise([], [], now)}
    servers, pods, fleets = _read(api, namespaces, players_list, predicate)
    states = count_by_fleet(servers)
    documents = []
    for fleet in fleets:
        key = (fleet["metadata"]["namespace"], fleet["metadata"]["name"])
        document = {
            "namespace": key[0],
            "name": key[1],
            "replicas": int((fleet.get("spec") or {}).get("replicas") or 0),
            "allocations": (fleet.get("status") or {}).get("allocations"),
            "states": states.get(key, {}),
        }
        own = [server for server in servers if server.fleet_key == key]
        documents.append({**document, **summarise(own, pods, now)})
    return {"changed": False, "fleets": documents, **summarise(servers, pods, now)}


def _read(
    api: KubeApi, namespaces: Sequence[str], players_list: str, predicate: Predicate
) -> tuple[list[Server], list[Key], list[Json]]:
    """The game servers, the pods of those that are ending, and the Fleets."""
    servers: list[Server] = []
    pods: list[Key] = []
    fleets: list[Json] = []
    objects: list[Json] = []
    for namespace in namespaces:
        items, _version = api.list(GAME_SERVERS.path(namespace))
        found = [read_server(item, players_list, predicate=predicate) for item in items]
        objects += items
        servers += found
        if any(server.is_session and server.ending for server in found):
            names, _version = api.list(PODS.path(namespace), selector=POD_SELECTOR, metadata_only=True)
            pods += [(namespace, item["metadata"]["name"]) for item in names]
        fleets += api.list(FLEETS.path(namespace))[0]
    refuse_unknown(predicate, fleets, objects)
    return servers, pods, fleets
