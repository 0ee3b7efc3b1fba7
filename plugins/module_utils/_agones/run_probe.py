# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Synthetic sessions: allocate on each Fleet, connect, release. Real allocations, so never in check mode."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Protocol, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    ALLOCATIONS,
    FLEETS,
    GAME_SERVERS,
    ApiFailure,
    Conflict,
    KubeApi,
    NotFound,
    in_parallel,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import synthetic_label
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import FLEET_LABEL, Key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import Keeper

Json = dict[str, Any]
Connect = Callable[[str, int, float], None]

POLL_SECONDS = 0.25
RELEASE_ATTEMPTS = 5


class Allocator(Protocol):
    """What a probe needs of a cluster; `KubeAllocator` is the real one."""

    def fleets(self, namespace: str) -> list[Json]:
        """Every Fleet of a namespace."""

    def allocate(self, namespace: str, body: Mapping[str, Any]) -> Json:
        """Create a GameServerAllocation. Raises ApiFailure while the API does not answer."""

    def find_server(self, namespace: str, name: str) -> Json | None:
        """A GameServer, or None."""

    def list_servers(self, namespace: str, selector: str) -> list[Json]:
        """The GameServers with a label."""

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        """Merge patch of a GameServer. Raises Conflict, NotFound."""


class KubeAllocator:
    """A cluster's allocation API and GameServers."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    def fleets(self, namespace: str) -> list[Json]:
        return self._api.list(FLEETS.path(namespace))[0]

    def allocate(self, namespace: str, body: Mapping[str, Any]) -> Json:
        return self._api.create(ALLOCATIONS.path(namespace), body)

    def find_server(self, namespace: str, name: str) -> Json | None:
        return self._api.find(GAME_SERVERS.path(namespace, name))

    def list_servers(self, namespace: str, selector: str) -> list[Json]:
        return self._api.list(GAME_SERVERS.path(namespace), selector=selector)[0]

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        return self._api.patch(GAME_SERVERS.path(namespace, name), body)


def tcp_connect(address: str, port: int, timeout: float) -> None:
    """Open a connection and close it. Raises OSError."""
    socket.create_connection((address, port), timeout=timeout).close()


@dataclass
class SessionProbe:
    """One synthetic session on each Fleet that should have servers.

    `probe_id` marks the servers, so that a later round releases them.
    """

    api: Allocator
    namespaces: Sequence[str]
    probe_id: str
    domain: str
    keeper: Keeper
    clock: Clock
    connect: Connect | None = tcp_connect
    connect_timeout: float = 3.0
    slice_seconds: float = 5.0

    def run(self) -> Json:
        """One round: release what an earlier one left, then probe every Fleet until the slice is over."""
        self.keeper.keep()
        fleets: list[Key] = []
        for namespace in self.namespaces:
            found = self.api.fleets(namespace)
            fleets += [(namespace, fleet["metadata"]["name"]) for fleet in found if fleet["spec"].get("replicas")]
            selector = f"{synthetic_label(self.domain)}={self.probe_id}"
            for server in self.api.list_servers(namespace, selector):
                self._release(namespace, server["metadata"]["name"])
        end = self.clock.monotonic() + self.slice_seconds
        probes = in_parallel(lambda fleet: self._probe(fleet, end), fleets)
        passed = bool(probes) and all(probe["passed"] for probe in probes)
        waiting = [f"{probe['name']}: {probe['reason']}" for probe in probes if not probe["passed"]]
        if not probes:
            waiting = [f"no Fleet with servers in {', '.join(self.namespaces)}"]
        return {
            "changed": any(probe["server"] for probe in probes),
            "passed": passed,
            "probes": probes,
            "round": {"finished": passed, "progress": "; ".join(waiting), "retry_after_seconds": 0.5},
        }

    def _probe(self, fleet: Key, end: float) -> Json:
        started, reason = self.clock.monotonic(), ""
        while True:
            document = {"namespace": fleet[0], "name": fleet[1], "server": "", "address": "", "port": 0}
            try:
                document.update(self._allocate(fleet))
                reason = self._play(document)
            except ApiFailure as error:
                reason = error.message
            now = self.clock.monotonic()
            if not reason or now >= end:
                seconds = round(now - started, 3)
                return {**document, "passed": not reason, "reason": reason, "seconds": seconds}
            self.clock.sleep(POLL_SECONDS)

    def _allocate(self, fleet: Key) -> Json:
        body = {
            "apiVersion": "allocation.agones.dev/v1",
            "kind": "GameServerAllocation",
            "spec": {
                "selectors": [{"matchLabels": {FLEET_LABEL: fleet[1]}}],
                "metadata": {"labels": {synthetic_label(self.domain): self.probe_id}},
            },
        }
        status = self.api.allocate(fleet[0], body).get("status") or {}
        if status.get("state") != "Allocated":
            raise ApiFailure(f"no server could be allocated ({status.get('state')})", 201)
        ports = status.get("ports") or [{}]
        return {
            "server": str(status["gameServerName"]),
            "address": str(status.get("address", "")),
            "port": int(ports[0].get("port", 0)),
        }

    def _play(self, document: Json) -> str:
        """Connect and release; what went wrong, or an empty text."""
        reason = ""
        try:
            if self.connect:
                self.connect(document["address"], document["port"], self.connect_timeout)
        except OSError as error:
            reason = f"{document['server']} at {document['address']}:{document['port']} does not answer: {error}"
        finally:
            self._release(document["namespace"], document["server"])
        return reason

    def _release(self, namespace: str, name: str) -> None:
        """Shut a synthetic session's server down; never one that does not carry this probe's mark."""
        for _attempt in range(RELEASE_ATTEMPTS):
            server = self.api.find_server(namespace, name)
            if server is None or not self._is_ours(server):
                return
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
        raise ApiFailure(f"the synthetic session {namespace}/{name} could not be released: run again", 409)

    def _is_ours(self, server: Json) -> bool:
        metadata = server["metadata"]
        marked = (metadata.get("labels") or {}).get(synthetic_label(self.domain)) == self.probe_id
        ended = metadata.get("deletionTimestamp") or (server.get("status") or {}).get("state") == "Shutdown"
        return marked and not ended
