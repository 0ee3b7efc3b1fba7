"""A small world for the drain: two clusters' GameServers, servers and players, on a clock that the tests move."""

from __future__ import annotations

import heapq
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import Conflict, NotFound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    DEFAULT_DOMAIN,
    Request,
    read_request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Changed, Event, Listed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import format_time

Json = dict[str, Any]
NAMESPACE = "arena"
FLEET = "arena"
START = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc).timestamp()


class Killed(BaseException):
    """The runner's process ends here."""


def game_server(
    name: str,
    state: str = "Allocated",
    *,
    uid: str = "",
    version: int = 1,
    fleet: str = FLEET,
    allocated_at: float | None = START - 100,
    players: Sequence[str] | None = (),
    deleting: bool = False,
    addressed: bool = True,
    annotations: Mapping[str, str] | None = None,
) -> Json:
    """A GameServer object, as short as the collection lets it be."""
    occupied = state not in ("Ready", "Scheduled")
    allocation = {"agones.dev/last-allocated": format_time(allocated_at)} if occupied and allocated_at else {}
    metadata: Json = {
        "namespace": NAMESPACE,
        "name": name,
        "uid": uid or f"uid-{name}",
        "resourceVersion": str(version),
        "labels": {"agones.dev/fleet": fleet},
        "annotations": {**allocation, **(annotations or {})},
    }
    if deleting:
        metadata["deletionTimestamp"] = format_time(START)
    status: Json = {"state": state}
    if addressed:
        status |= {"address": "127.47.101.1", "ports": [{"name": "game", "port": 7001}]}
    if players is not None:
        status["lists"] = {"players": {"capacity": 5, "values": list(players)}}
    return {"metadata": metadata, "spec": {}, "status": status}


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.on_sleep: Callable[[float], None] = lambda _seconds: None

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(START + self.seconds, timezone.utc)

    def sleep(self, seconds: float) -> None:
        self.on_sleep(seconds)


class FakeKeeper:
    """Memory and journal in the process; `die_at` kills the runner at its n-th call."""

    def __init__(self) -> None:
        self.memory: dict[str, Json] = {}
        self.entries: list[tuple[str, Json]] = []
        self.kept = 0

    def keep(self) -> None:
        self.kept += 1

    def journal(self, kind: str, **data: Any) -> None:
        self.entries.append((kind, data))

    def load(self, name: str) -> Json | None:
        return json.loads(json.dumps(self.memory[name])) if name in self.memory else None

    def save(self, name: str, value: Mapping[str, Any]) -> None:
        self.memory[name] = json.loads(json.dumps(value))


@dataclass
class Habits:
    """How one server and its players behave. Seconds; None is never."""

    ends_after: float | None = None
    acknowledges_after: float | None = 0.3
    refuses: bool = False
    closes_for: float = 0.3
    pod_stays: float = 0.2
    crashes_after: float | None = None
    returns_after: float | None = 1.5


@dataclass
class World:
    """The source's sessions with their habits, and a target with a number of seats."""

    seats: int = 10
    clock: FakeClock = field(default_factory=FakeClock)
    source: dict[str, Json] = field(default_factory=dict)
    target: dict[str, Json] = field(default_factory=dict)
    pods: set[str] = field(default_factory=set)
    habits: dict[str, Habits] = field(default_factory=dict)
    truth: dict[str, str] = field(default_factory=dict)
    away: dict[str, float] = field(default_factory=dict)
    worst: int = 0
    conflicts: int = 0
    writes: int = 0
    die_at_write: int | None = None
    reconnect_timeout: float = 20.0
    pods_outlive_servers: bool = False
    _versions: Any = field(default_factory=lambda: itertools.count(100))
    _queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: Any = field(default_factory=itertools.count)
    _events: dict[str, list[Event]] = field(default_factory=lambda: {"source": [], "target": []})

    def __post_init__(self) -> None:
        self.clock.on_sleep = self.advance
        for number in range(self.seats):
            self.target[f"seat-{number}"] = game_server(f"seat-{number}", "Ready")

    # What the tests do

    def add_session(
        self, name: str, habits: Habits | None = None, players: Sequence[str] | None = None, **more: Any
    ) -> None:
        members = [f"{name}-{number}" for number in range(2)] if players is None else list(players)
        self.source[name] = game_server(name, players=members, version=next(self._versions), **more)
        self.pods.add(name)
        self.habits[name] = own = habits or Habits()
        if own.ends_after is not None:
            self.later(own.ends_after, lambda: self.end(name, "ended_alone"))
        if own.crashes_after is not None:
            self.later(own.crashes_after, lambda: self.crash(name))

    def add_seat(self) -> None:
        name = f"seat-{len(self.target)}"
        self.target[name] = game_server(name, "Ready")
        self._tell("target", name)

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.clock.seconds + seconds, next(self._order), what))

    def advance(self, seconds: float) -> None:
        end = self.clock.seconds + seconds
        while self._queue and self._queue[0][0] <= end:
            self.clock.seconds, _order, what = heapq.heappop(self._queue)
            what()
        self.clock.seconds = end

    @property
    def now(self) -> float:
        return START + self.clock.seconds

    # Servers

    def change(self, name: str, **changes: Any) -> None:
        """Write a server's object; keys: state, annotations, players, deleting."""
        server = json.loads(json.dumps(self.source[name]))
        server["metadata"]["resourceVersion"] = str(next(self._versions))
        server["metadata"]["annotations"].update(changes.get("annotations", {}))
        if "state" in changes:
            server["status"]["state"] = changes["state"]
        if changes.get("deleting"):
            server["metadata"]["deletionTimestamp"] = format_time(self.now)
        if "players" in changes:
            server["status"]["lists"]["players"]["values"] = changes["players"]
        self.source[name] = server
        self._tell("source", name)

    def end(self, name: str, outcome: str) -> None:
        if name not in self.source or name in self.truth:
            return
        self.truth[name] = outcome
        self.change(name, state="Shutdown")
        self.change(name, deleting=True)
        self.later(self.habits[name].pod_stays, lambda: self.vanish(name))

    def crash(self, name: str) -> None:
        if name in self.source and name not in self.truth:
            self.truth[name] = "lost"
            self.change(name, state="Unhealthy")
            self.later(0.1, lambda: self.vanish(name))

    def vanish(self, name: str) -> None:
        if name in self.source:
            if not self.pods_outlive_servers:
                self.pods.discard(name)
            server = self.source.pop(name)
            self._events["source"].append(Changed(server, True, self.now))

    def hear(self, name: str, request: Request) -> None:
        """A server reads a request; only its newest counts."""
        own = self.habits[name]
        if own.acknowledges_after is None or name not in self.source or name in self.truth:
            return
        if self.request_of(name) != request:
            return
        if request.state == "cancelled":
            self.acknowledge(name, request, "cancelled")
        elif own.refuses:
            self.acknowledge(name, request, "refused")
        else:
            self.acknowledge(name, request, "accepted")
            if request.mode == "disconnect":
                self.later(max(0.0, request.not_before - self.now), lambda: self.close(name, request))

    def close(self, name: str, request: Request) -> None:
        if name not in self.source or name in self.truth or self.request_of(name) != request:
            return
        self.truth[name] = "moved"
        self.acknowledge(name, request, "closing")
        self.away[name] = self.now
        own = self.habits[name]
        if own.returns_after is not None:
            players = self.source[name]["status"]["lists"]["players"]["values"]
            self.later(own.returns_after, lambda: self.seat(name, players))
        self.later(own.closes_for, lambda: self.change(name, state="Shutdown"))
        self.later(own.closes_for + own.pod_stays, lambda: self.vanish(name))

    def acknowledge(self, name: str, request: Request, phase: str) -> None:
        closing_at = format_time(self.now) if phase == "closing" else None
        text = json.dumps({"run": request.run, "seq": request.seq, "phase": phase, "closing_at": closing_at})
        self.change(name, annotations={"agones.dev/sdk-drain-ack": text})

    def seat(self, session: str, players: list[str]) -> None:
        """A party comes back: it takes a seat, or tries again."""
        for name, server in self.target.items():
            if server["status"]["state"] == "Ready":
                self.target[name] = game_server(name, players=players, version=next(self._versions))
                self.away.pop(session, None)
                self._tell("target", name)
                return
        self.later(0.5, lambda: self.seat(session, players))

    def request_of(self, name: str) -> Request | None:
        return read_request(self.source[name]["metadata"]["annotations"], DEFAULT_DOMAIN)

    def outstanding(self) -> int:
        """Sessions that were asked to disconnect and have not, and those whose players are still on their way."""
        asked = 0
        for name in self.source:
            request = self.request_of(name)
            answer = json.loads(self.source[name]["metadata"]["annotations"].get("agones.dev/sdk-drain-ack", "{}"))
            standing = request is not None and request.state == "requested" and request.mode == "disconnect"
            asked += standing and name not in self.truth and answer.get("phase") != "refused"
        return asked + sum(self.now - left < self.reconnect_timeout for left in self.away.values())

    def free_seats(self) -> int:
        return sum(server["status"]["state"] == "Ready" for server in self.target.values())

    # The Source

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        assert namespace == NAMESPACE
        self.writes += 1
        if self.die_at_write == self.writes:
            raise Killed
        if name not in self.source:
            raise NotFound("gone", 404)
        if body["metadata"]["resourceVersion"] != self.source[name]["metadata"]["resourceVersion"]:
            self.conflicts += 1
            raise Conflict("changed", 409)
        if body.get("status", {}).get("state") == "Shutdown":
            self.end(name, "interrupted")
            return self.source[name]
        annotations = {key: value for key, value in body["metadata"]["annotations"].items() if value}
        self.change(name, annotations=annotations)
        request = self.request_of(name)
        assert request is not None
        if request.state == "requested" and request.mode == "disconnect":
            self.worst = max(self.worst, self.outstanding() - self.free_seats())
        delay = self.habits[name].acknowledges_after
        self.later(delay or 0.0, lambda: self.hear(name, request))
        if self.die_at_write == -self.writes:
            raise Killed
        return self.source[name]

    def find_server(self, namespace: str, name: str) -> Json | None:
        return self.source.get(name)

    def has_pod(self, namespace: str, name: str) -> bool:
        return name in self.pods

    def delete_pod(self, namespace: str, name: str) -> None:
        self.truth[name] = "forced"
        self.vanish(name)

    def _tell(self, side: str, name: str) -> None:
        server = (self.source if side == "source" else self.target)[name]
        self._events[side].append(Changed(server, False, self.now))


class FakeFeed:
    """A Feed over one side of a World."""

    def __init__(self, world: World, side: str) -> None:
        self._world = world
        self._side = side
        self.fresh = True

    def relist(self) -> list[Event]:
        self._world._events[self._side].clear()
        servers = self._world.source if self._side == "source" else self._world.target
        return [Listed(NAMESPACE, list(servers.values()), self._world.now)]

    def take(self) -> list[Event]:
        events = list(self._world._events[self._side])
        self._world._events[self._side].clear()
        return events
