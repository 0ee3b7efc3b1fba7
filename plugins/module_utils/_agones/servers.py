# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What is done to the GameServers of a slot: the one that a drain empties, or the one that sessions move to."""

from __future__ import annotations

from typing import Any, Mapping, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    ALLOCATIONS,
    GAME_SERVERS,
    PODS,
    RETRIED,
    ApiFailure,
    Conflict,
    KubeApi,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import FLEET_LABEL, Key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json


class Servers(Protocol):
    """The GameServers of a slot, one at a time; `KubeServers` are the real ones."""

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        """Merge patch of a GameServer. Raises Conflict, NotFound."""

    def find_server(self, namespace: str, name: str) -> Json | None:
        """A GameServer, or None."""


class KubeServers:
    """The GameServers of a slot, through its API server."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        return self._api.patch(GAME_SERVERS.path(namespace, name), body)

    def find_server(self, namespace: str, name: str) -> Json | None:
        return self._api.find(GAME_SERVERS.path(namespace, name))


def try_patch(servers: Servers, namespace: str, name: str, body: Mapping[str, Any]) -> bool:
    """Whether a patch was accepted; it is not if the GameServer has changed or is gone, or the API server is busy."""
    try:
        servers.patch_server(namespace, name, body)
    except (Conflict, NotFound):
        return False
    except ApiFailure as error:
        if error.status not in RETRIED:
            raise
        return False
    return True


def allocation(fleet: str, metadata: Mapping[str, Any]) -> Json:
    """A GameServerAllocation of a ready server of a Fleet, which gets these labels and annotations."""
    return {
        "apiVersion": "allocation.agones.dev/v1",
        "kind": "GameServerAllocation",
        "spec": {"selectors": [{"matchLabels": {FLEET_LABEL: fleet}}], "metadata": dict(metadata)},
    }


class Source(Servers, Protocol):
    """What a drain does to the slot it empties; `KubeSource` is the real one."""

    def has_pod(self, namespace: str, name: str) -> bool:
        """Whether the pod of this name is there."""

    def delete_pod(self, namespace: str, name: str) -> None:
        """Delete a pod at once."""


class KubeSource(KubeServers):
    """The slot that is emptied, through its API server."""

    def has_pod(self, namespace: str, name: str) -> bool:
        return self._api.find(PODS.path(namespace, name)) is not None

    def delete_pod(self, namespace: str, name: str) -> None:
        self._api.delete(PODS.path(namespace, name), grace_seconds=0)


class Target(Servers, Protocol):
    """What a drain does to the slot that sessions move to, in mode handoff; `KubeTarget` is the real one."""

    def allocate(self, fleet: Key, annotations: Mapping[str, str]) -> str:
        """Allocate a server of a Fleet, and annotate it; its name, or an empty string when none is free."""


class KubeTarget(KubeServers):
    """The slot that sessions move to, through its API server."""

    def allocate(self, fleet: Key, annotations: Mapping[str, str]) -> str:
        body = allocation(fleet[1], {"annotations": dict(annotations)})
        status = self._api.create(ALLOCATIONS.path(fleet[0]), body).get("status") or {}
        return str(status["gameServerName"]) if status.get("state") == "Allocated" else ""
