# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a drain does to the slot that it empties, and to the one that sessions move to."""

from __future__ import annotations

from typing import Any, Mapping, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    ALLOCATIONS,
    GAME_SERVERS,
    PODS,
    KubeApi,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import FLEET_LABEL, Key

Json = dict[str, Any]


class Source(Protocol):
    """What a drain does to the slot it empties; `KubeSource` is the real one."""

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        """Merge patch of a GameServer. Raises Conflict, NotFound."""

    def find_server(self, namespace: str, name: str) -> Json | None:
        """A GameServer, or None."""

    def has_pod(self, namespace: str, name: str) -> bool:
        """Whether the pod of this name is there."""

    def delete_pod(self, namespace: str, name: str) -> None:
        """Delete a pod at once."""


class KubeSource:
    """The slot that is emptied, through its API server."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        return self._api.patch(GAME_SERVERS.path(namespace, name), body)

    def find_server(self, namespace: str, name: str) -> Json | None:
        return self._api.find(GAME_SERVERS.path(namespace, name))

    def has_pod(self, namespace: str, name: str) -> bool:
        return self._api.find(PODS.path(namespace, name)) is not None

    def delete_pod(self, namespace: str, name: str) -> None:
        self._api.delete(PODS.path(namespace, name), grace_seconds=0)


class Target(Protocol):
    """What a drain does to the slot that sessions move to, in mode handoff; `KubeTarget` is the real one."""

    def allocate(self, fleet: Key, annotations: Mapping[str, str]) -> str:
        """Allocate a server of a Fleet, and annotate it; its name, or an empty text when none is free."""

    def find_server(self, namespace: str, name: str) -> Json | None:
        """A GameServer, or None."""

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        """Merge patch of a GameServer. Raises Conflict, NotFound."""


class KubeTarget:
    """The slot that sessions move to, through its API server."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    def allocate(self, fleet: Key, annotations: Mapping[str, str]) -> str:
        body = {
            "apiVersion": "allocation.agones.dev/v1",
            "kind": "GameServerAllocation",
            "spec": {
                "selectors": [{"matchLabels": {FLEET_LABEL: fleet[1]}}],
                "metadata": {"annotations": dict(annotations)},
            },
        }
        status = self._api.create(ALLOCATIONS.path(fleet[0]), body).get("status") or {}
        return str(status["gameServerName"]) if status.get("state") == "Allocated" else ""

    def find_server(self, namespace: str, name: str) -> Json | None:
        return self._api.find(GAME_SERVERS.path(namespace, name))

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        return self._api.patch(GAME_SERVERS.path(namespace, name), body)
