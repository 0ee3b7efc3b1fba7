"""A cluster with a Fleet or more, whose servers keep the drain contract as far as the test says."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    GAME_SERVERS,
    ApiFailure,
    Conflict,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    DEFAULT_DOMAIN,
    Request,
    read_request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Changed, Event
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import format_time

from tests import endings
from tests.unit.plugins.module_utils._drain.world import START, FakeClock, game_server

Json = dict[str, Any]
LABEL = f"{DEFAULT_DOMAIN}/synthetic"


@dataclass(frozen=True)
class Game:
    """What a Fleet's servers do when they are asked to go; modes in `refuses` they refuse."""

    answers: bool = True
    shuts_down: bool = True
    refuses: frozenset[str] = frozenset()


class Cluster:
    """Ready servers, `fleet` by `fleet`; allocating takes the first one of the Fleet."""

    def __init__(self, ready: int = 2, fleets: int = 1, game: Game | None = None, protocol: str | None = "TCP") -> None:
        self.clock = FakeClock()
        self.clock.on_sleep = self.pass_time
        self.names = [f"fleet-{number}" for number in range(fleets)]
        self.ports: list[Json] = [{"name": "game", **({"protocol": protocol} if protocol else {})}]
        self.games = dict.fromkeys(self.names, game or Game())
        self.servers = {
            f"s{n}": game_server(f"s{n}", "Ready", fleet=self.names[n % fleets] if fleets else "") for n in range(ready)
        }
        self.conflicts = 0
        self.refuses_until = 0.0
        self.connected: list[tuple[str, int]] = []
        self.deaf_until = 0.0
        self.requests: list[tuple[str, Request]] = []
        self.on_request: Callable[[str], None] = lambda _name: None
        self.on_connect: Callable[[], None] = lambda: None
        self._versions = itertools.count(10)
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._events: list[Event] = []

    def pass_time(self, seconds: float) -> None:
        self.clock.seconds += seconds
        due = [one for one in self._later if one[0] <= self.clock.seconds]
        self._later = [one for one in self._later if one not in due]
        for _at, work in due:
            work()

    # The allocator

    def fleets(self, namespace: str) -> list[Json]:
        template = {"spec": {"ports": self.ports}}
        sizes = {**dict.fromkeys(self.names, 2), "empty": 0}
        return [
            {"metadata": {"name": name}, "spec": {"replicas": size, "template": template}}
            for name, size in sizes.items()
        ]

    def allocate(self, namespace: str, body: Mapping[str, Any]) -> Json:
        if self.clock.seconds < self.refuses_until:
            raise ApiFailure("error trying to reach service", 503)
        fleet = body["spec"]["selectors"][0]["matchLabels"]["agones.dev/fleet"]
        for name, server in self.servers.items():
            metadata = server["metadata"]
            if server["status"]["state"] == "Ready" and metadata["labels"]["agones.dev/fleet"] == fleet:
                wanted = body["spec"]["metadata"]
                allocated = {"agones.dev/last-allocated": format_time(START + self.clock.seconds)}
                self._change(name, "Allocated", wanted["labels"], {**wanted["annotations"], **allocated})
                ports = server["status"]["ports"]
                status = {"state": "Allocated", "gameServerName": name, "address": "127.47.101.1", "ports": ports}
                return {"status": status}
        return {"status": {"state": "UnAllocated", "gameServerName": ""}}

    def find_server(self, namespace: str, name: str) -> Json | None:
        found = self.servers.get(name)
        return None if found is None else json.loads(json.dumps(found))

    def list_servers(self, namespace: str, selector: str) -> list[Json]:
        key, _equals, value = selector.partition("=")
        return [one for one in self.servers.values() if one["metadata"]["labels"].get(key) == value]

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        endings.write("PATCH", GAME_SERVERS.path(namespace, name), body)
        if name not in self.servers:
            raise NotFound("gone", 404)
        server = self.servers[name]
        if self.conflicts:
            self.conflicts -= 1
            server["metadata"]["resourceVersion"] = str(next(self._versions))
        if body["metadata"]["resourceVersion"] != server["metadata"]["resourceVersion"]:
            raise Conflict("changed", 409)
        if "status" in body:
            self._change(name, body["status"]["state"])
        else:
            self._change(name, "", body["metadata"]["labels"], body["metadata"]["annotations"])
            self._hear(name)
        return server

    # Its servers

    def _hear(self, name: str) -> None:
        metadata = self.servers[name]["metadata"]
        request = read_request(metadata["annotations"], DEFAULT_DOMAIN)
        assert request is not None
        self.requests.append((name, request))
        self.on_request(name)
        game = self.games[metadata["labels"]["agones.dev/fleet"]]
        phase = "refused" if request.mode in game.refuses else "accepted"
        if game.answers:
            self.later(0.1, lambda: self.answer(name, request, phase))
        if game.shuts_down and phase == "accepted" and request.mode != "at_match_end":
            self.later(request.not_before - START - self.clock.seconds, lambda: self._close(name, request))

    def _close(self, name: str, request: Request) -> None:
        if self.games[self.servers[name]["metadata"]["labels"]["agones.dev/fleet"]].answers:
            self.answer(name, request, "closing")
        self._change(name, "Shutdown")

    def answer(self, name: str, request: Request, phase: str) -> None:
        """What a server says through the SDK."""
        text = json.dumps({"run": request.run, "seq": request.seq, "phase": phase})
        self._change(name, annotations={"agones.dev/sdk-drain-ack": text})

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        self._later.append((self.clock.seconds + seconds - 1e-6, work))

    def vanish(self, name: str) -> None:
        """Somebody deletes a server."""
        self._events.append(Changed(self.servers.pop(name), True, START + self.clock.seconds))

    def _change(
        self,
        name: str,
        state: str = "",
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        server = json.loads(json.dumps(self.servers[name]))
        server["metadata"]["resourceVersion"] = str(next(self._versions))
        server["metadata"]["labels"].update(labels or {})
        server["metadata"]["annotations"].update(annotations or {})
        server["status"]["state"] = state or server["status"]["state"]
        self.servers[name] = server
        self._events.append(Changed(server, False, START + self.clock.seconds))

    # What the test looks at, and the feed

    def connect(self, address: str, port: int, timeout: float) -> None:
        self.connected.append((address, port))
        self.on_connect()
        if self.clock.seconds < self.deaf_until:
            raise ConnectionRefusedError("refused")

    def states(self) -> list[str]:
        return [str(server["status"]["state"]) for server in self.servers.values()]

    fresh = True

    def relist(self) -> list[Event]:
        raise AssertionError("no one needs this list")

    def take(self) -> list[Event]:
        events, self._events = self._events, []
        return events
