# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Whether each Fleet can be played on, and what its servers know of the drain contract."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.canary_round import Canary
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.synthetic import Synthetic
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

Connect = Callable[[str, int, float], None]

_POLL_SECONDS = 0.25
TCP = ("TCP", "TCPUDP")


def tcp_connect(address: str, port: int, timeout: float) -> None:
    """Open a connection and close it. Raises OSError."""
    socket.create_connection((address, port), timeout=timeout).close()


def takes_tcp(fleet: Mapping[str, Any]) -> bool:
    """Whether the first port of a Fleet's servers takes TCP connections; Agones' default is UDP."""
    ports = fleet["spec"]["template"]["spec"].get("ports") or [{}]
    return ports[0].get("protocol") in TCP


@dataclass
class SessionProbe:
    """One synthetic session on each Fleet that should have servers; with a `canary`, those that passed are drained."""

    synthetic: Synthetic
    namespaces: Sequence[str]
    keeper: Keeper
    clock: Clock
    connect: Connect | None = tcp_connect
    connect_timeout: float = 3.0
    slice_seconds: float = 5.0
    canary: Canary | None = None

    def run(self) -> Json:
        """One round: release what an earlier one left, then probe every Fleet until the slice is over."""
        self.keeper.keep()
        self.synthetic.release_all(self.namespaces)
        fleets = self._fleets()
        end = self.clock.monotonic() + self.slice_seconds
        probes: list[Json] = []
        warnings: list[str] = []
        try:
            probes = in_parallel(lambda fleet: self._probe(fleet, fleets[fleet], end), list(fleets))
            waiting = [f"{probe['name']}: {probe['reason']}" for probe in probes if not probe["passed"]]
            if probes and self.canary and not waiting:
                warnings = self.canary.run(probes)
        except ApiFailure as error:
            waiting = [error.message]
        finally:
            left = self.synthetic.release_all(self.namespaces)
        waiting += left
        if not fleets:
            waiting = [f"no Fleet with servers in {', '.join(self.namespaces)}"]
        if self.connect and not waiting:
            warnings += [_untried(probe) for probe in probes if probe["connect"] == "none"]
        return {
            "changed": any(probe["server"] for probe in probes),
            "passed": not waiting,
            "probes": probes,
            "warnings": warnings,
            "round": {"finished": not waiting, "progress": "; ".join(waiting), "retry_after_seconds": 0.5},
        }

    def _fleets(self) -> dict[Key, str]:
        """How the session of each Fleet that should have servers is tried."""
        return {
            (namespace, str(fleet["metadata"]["name"])): "tcp" if self.connect and takes_tcp(fleet) else "none"
            for namespace in self.namespaces
            for fleet in self.synthetic.api.fleets(namespace)
            if fleet["spec"].get("replicas")
        }

    def _probe(self, fleet: Key, connect: str, end: float) -> Json:
        started, reason = self.clock.monotonic(), ""
        while True:
            document = {
                "namespace": fleet[0],
                "name": fleet[1],
                "server": "",
                "address": "",
                "port": 0,
                "connect": connect,
            }
            try:
                document.update(self.synthetic.allocate(fleet))
                reason = self._play(document)
            except ApiFailure as error:
                reason = error.message
            now = self.clock.monotonic()
            if not reason or now >= end:
                seconds = round(now - started, 3)
                return {**document, "passed": not reason, "reason": reason, "seconds": seconds}
            self.clock.sleep(_POLL_SECONDS)

    def _play(self, document: Json) -> str:
        """Connect, and release unless the session is still needed; what went wrong, or an empty string."""
        reason = ""
        try:
            if self.connect and document["connect"] == "tcp":
                self.connect(document["address"], document["port"], self.connect_timeout)
        except OSError as error:
            reason = f"{document['server']} at {document['address']}:{document['port']} does not answer: {error}"
        if reason or self.canary is None:
            self.synthetic.release(document["namespace"], document["server"])
        return reason


def _untried(probe: Json) -> str:
    return (
        f"{probe['namespace']}/{probe['name']}: its first port takes no TCP connection, so its session was allocated, "
        "but not connected to; set connect: none if that is intended"
    )
