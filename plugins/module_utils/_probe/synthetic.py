# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Synthetic sessions: allocated by us, marked as ours, and released again. Real allocations, so never in check mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Protocol, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import may_end
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    ALLOCATIONS,
    FLEETS,
    GAME_SERVERS,
    RETRIED,
    ApiFailure,
    Conflict,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import synthetic_label
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import (
    KubeServers,
    Servers,
    allocation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key, Server, read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

RELEASE_ATTEMPTS = 5
_RETRY_SECONDS = 0.5


class Allocator(Servers, Protocol):
    """What a probe needs of a cluster; `KubeAllocator` is the real one."""

    def fleets(self, namespace: str) -> list[Json]:
        """Every Fleet of a namespace."""

    def allocate(self, namespace: str, body: Mapping[str, Any]) -> Json:
        """Create a GameServerAllocation. Raises ApiFailure while the API does not answer."""

    def list_servers(self, namespace: str, selector: str) -> list[Json]:
        """The GameServers with a label."""


class KubeAllocator(KubeServers):
    """A cluster's allocation API and GameServers."""

    def fleets(self, namespace: str) -> list[Json]:
        return self._api.list(FLEETS.path(namespace))[0]

    def allocate(self, namespace: str, body: Mapping[str, Any]) -> Json:
        return self._api.create(ALLOCATIONS.path(namespace), body)

    def list_servers(self, namespace: str, selector: str) -> list[Json]:
        return self._api.list(GAME_SERVERS.path(namespace), selector=selector)[0]


@dataclass(frozen=True)
class Synthetic:
    """The synthetic sessions of a cluster that are marked with one id, by which a later round finds them again."""

    api: Allocator
    mark: str
    domain: str
    clock: Clock

    @property
    def selector(self) -> str:
        """The label that all of them carry."""
        return f"{synthetic_label(self.domain)}={self.mark}"

    def allocate(self, fleet: Key, annotations: Mapping[str, str] | None = None) -> Json:
        """A server of a Fleet: its name, address and port. Raises ApiFailure when none is free."""
        metadata = {"labels": {synthetic_label(self.domain): self.mark}, "annotations": dict(annotations or {})}
        status = self.api.allocate(fleet[0], allocation(fleet[1], metadata)).get("status") or {}
        if status.get("state") != "Allocated":
            raise ApiFailure(f"no server could be allocated ({status.get('state')})", 201)
        ports = status.get("ports") or [{}]
        return {
            "server": str(status["gameServerName"]),
            "address": str(status.get("address", "")),
            "port": int(ports[0].get("port", 0)),
        }

    def release_all(self, namespaces: Sequence[str]) -> list[str]:
        """Shut down every one that is there; returns why some are left."""
        left = []
        for namespace in namespaces:
            try:
                for server in self.api.list_servers(namespace, self.selector):
                    self.release(namespace, server["metadata"]["name"])
            except ApiFailure as error:
                left.append(error.message)
        return left

    def release(self, namespace: str, name: str) -> None:
        """Shut a synthetic session's server down; never one that does not carry our mark."""
        for _attempt in range(RELEASE_ATTEMPTS):
            server = self.api.find_server(namespace, name)
            if server is None or not self._is_ours(server):
                return
            self.refuse(may_end.SHUT_DOWN, read_server(server))
            body = {
                "metadata": {"resourceVersion": server["metadata"]["resourceVersion"]},
                "status": {"state": "Shutdown"},
            }
            try:
                self.api.patch_server(namespace, name, body)
                return
            except NotFound:
                return
            except Conflict:
                continue
            except ApiFailure as error:
                if error.status not in RETRIED:
                    raise
                self.clock.sleep(_RETRY_SECONDS)
        raise ApiFailure(f"the synthetic session {namespace}/{name} could not be released: run again", 409)

    def refuse(self, act: str, server: Server) -> None:
        """Raise Protected where this may not be done to a server that was just read."""
        word = may_end.OwnSession(synthetic_label(self.domain), self.mark)
        may_end.refuse(may_end.Case(act, *server.key, server.uid, server, word), self.clock.now().timestamp())

    def _is_ours(self, server: Json) -> bool:
        metadata = server["metadata"]
        marked = (metadata.get("labels") or {}).get(synthetic_label(self.domain)) == self.mark
        ended = metadata.get("deletionTimestamp") or (server.get("status") or {}).get("state") == "Shutdown"
        return marked and not ended
