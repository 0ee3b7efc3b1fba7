"""A small world for the drain: two clusters' GameServers, servers and players, on a clock that the tests move."""

from __future__ import annotations

import heapq
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    GAME_SERVERS,
    PODS,
    Conflict,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    DEFAULT_DOMAIN,
    Request,
    read_request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Changed, Event, Listed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import format_time
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock

from tests import endings

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
        self.skew = 0.0
        self.on_sleep: Callable[[float], None] = lambda _seconds: None

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(START + self.seconds + self.skew, timezone.utc)

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
    """The source's sessions with their habits, and a target with a number of seats.

    `worst` is by how many the sessions on their way were more than the seats, at the moment one more was asked.
    """

    seats: int = 10
    clock: FakeClock = field(default_factory=FakeClock)
    source: dict[str, Json] = field(default_factory=dict)
    target: dict[str, Json] = field(default_factory=dict)
    pods: set[str] = field(default_factory=set)
    habits: dict[str, Habits] = field(default_factory=dict)
    truth: dict[str, str] = field(default_factory=dict)
    fleets: dict[str, str] = field(default_factory=dict)
    away: dict[str, float] = field(default_factory=dict)
    handed_over: set[str] = field(default_factory=set)
    worst: int = 0
    conflicts: int = 0
    writes: int = 0
    die_at_write: int | None = None
    before_write: Callable[[str], None] = lambda _name: None
    reconnect_timeout: float = 20.0
    pods_outlive_servers: bool = False
    pod_lag: float = 0.0
    _versions: Any = field(default_factory=lambda: itertools.count(100))
    _names: Any = field(default_factory=itertools.count)
    _queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: Any = field(default_factory=itertools.count)
    _events: dict[str, list[Event]] = field(default_factory=lambda: {"source": [], "target": []})

    def __post_init__(self) -> None:
        self.clock.on_sleep = self.advance
        for _number in range(self.seats):
            self.add_seat()

    # What the tests do

    def add_session(
        self, name: str, habits: Habits | None = None, players: Sequence[str] | None = None, **more: Any
    ) -> None:
        members = [f"{name}-{number}" for number in range(2)] if players is None else list(players)
        self.source[name] = game_server(name, players=members, version=next(self._versions), **more)
        self.fleets[name] = more.get("fleet", FLEET)
        self.pods.add(name)
        self.habits[name] = own = habits or Habits()
        if own.ends_after is not None:
            self.later(own.ends_after, lambda: self.end(name, "ended_alone"))
        if own.crashes_after is not None:
            self.later(own.crashes_after, lambda: self.crash(name))

    def add_seat(self, fleet: str = FLEET) -> None:
        name = f"seat-{next(self._names)}"
        self.target[name] = game_server(name, "Ready", fleet=fleet, version=next(self._versions))
        self._tell("target", name)

    def take_seat(self, fleet: str = FLEET) -> None:
        """Players who come by themselves."""
        name = self._free_seat(fleet)
        if name:
            self.occupy(name, [f"stranger-{name}"])

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
        old = self.source[name]
        metadata = {**old["metadata"], "resourceVersion": str(next(self._versions))}
        metadata["annotations"] = {**metadata["annotations"], **changes.get("annotations", {})}
        if changes.get("deleting"):
            metadata["deletionTimestamp"] = format_time(self.now)
        status = {**old["status"]}
        if "state" in changes:
            status["state"] = changes["state"]
        if "players" in changes:
            status["lists"] = {"players": {"capacity": 5, "values": list(changes["players"])}}
        self.source[name] = {**old, "metadata": metadata, "status": status}
        self._tell("source", name)

    def end(self, name: str, outcome: str) -> None:
        if name not in self.source or name in self.truth:
            return
        self.truth[name] = outcome
        self.change(name, state="Shutdown")
        self.change(name, deleting=True)
        self.later(self.habits[name].pod_stays, lambda: self.vanish(name))

    def reallocate(self, name: str, players: Sequence[str]) -> None:
        """A match is over, and its server is allocated for another one at once. Its annotations stay."""
        self.change(name, annotations={"agones.dev/last-allocated": format_time(self.now)}, players=players)

    def crash(self, name: str) -> None:
        if name in self.source and name not in self.truth:
            self.truth[name] = "lost"
            self.change(name, state="Unhealthy")
            self.later(0.1, lambda: self.vanish(name))

    def vanish(self, name: str) -> None:
        if name in self.source:
            if not self.pods_outlive_servers:
                self.later(self.pod_lag, lambda: self.pods.discard(name))
            server = self.source.pop(name)
            self._events["source"].append(Changed(server, True, self.now))

    def hear(self, name: str, request: Request) -> None:
        """A server reads a request; only its newest counts."""
        own = self.habits[name]
        if own.acknowledges_after is None or name not in self.source or name in self.truth:
            return
        if self.request_of(name) != request or not self.is_for_this_match(name, request):
            return
        if request.state == "cancelled":
            self.acknowledge(name, request, "cancelled")
        elif own.refuses:
            self.acknowledge(name, request, "refused")
        else:
            self.acknowledge(name, request, "accepted")
            if request.mode != "at_match_end":
                self.later(max(0.0, request.not_before - self.now), lambda: self.close(name, request))

    def close(self, name: str, request: Request) -> None:
        if name not in self.source or name in self.truth or self.request_of(name) != request:
            return
        if not self.is_for_this_match(name, request):
            return
        self.truth[name] = "moved"
        self.acknowledge(name, request, "closing")
        own = self.habits[name]
        players = (self.source[name]["status"].get("lists") or {}).get("players", {}).get("values", [])
        if players:
            self.away[name] = self.now
        if players and own.returns_after is not None:
            successor = request.successor["uid"] if request.successor else ""
            self.later(own.returns_after, lambda: self.seat(name, players, successor))
        self.later(own.closes_for, lambda: self._shut_down(name))
        self.later(own.closes_for + own.pod_stays, lambda: self.vanish(name))

    def _shut_down(self, name: str) -> None:
        if name in self.source:
            self.change(name, state="Shutdown")

    def acknowledge(self, name: str, request: Request, phase: str) -> None:
        closing_at = format_time(self.now) if phase == "closing" else None
        text = json.dumps({"run": request.run, "seq": request.seq, "phase": phase, "closing_at": closing_at})
        self.change(name, annotations={"agones.dev/sdk-drain-ack": text})

    def seat(self, session: str, players: list[str], successor: str = "") -> None:
        """A party comes back: it takes a seat, the one that it was told if any, or tries again."""
        fleet = self.fleets[session]
        named = next((name for name, one in self.target.items() if one["metadata"]["uid"] == successor), "")
        name = named or self._free_seat(fleet)
        if name:
            self.occupy(name, players)
            self.away.pop(session, None)
        else:
            self.later(0.5, lambda: self.seat(session, players))

    def occupy(self, name: str, players: Sequence[str], annotations: Mapping[str, str] | None = None) -> None:
        """Players are in a server of the target."""
        old = self.target[name]["metadata"]
        self.target[name] = game_server(
            name,
            fleet=old["labels"]["agones.dev/fleet"],
            players=players,
            version=next(self._versions),
            annotations={**old["annotations"], **(annotations or {})},
        )
        self._tell("target", name)

    def change_target(self, name: str, annotations: Mapping[str, str] | None = None) -> None:
        """Write the object of a server of the target."""
        old = self.target[name]
        metadata = {**old["metadata"], "resourceVersion": str(next(self._versions))}
        metadata["annotations"] = {**metadata["annotations"], **(annotations or {})}
        self.target[name] = {**old, "metadata": metadata}
        self._tell("target", name)

    def _free_seat(self, fleet: str) -> str:
        return next(
            (
                name
                for name, server in self.target.items()
                if server["status"]["state"] == "Ready" and server["metadata"]["labels"]["agones.dev/fleet"] == fleet
            ),
            "",
        )

    def request_of(self, name: str) -> Request | None:
        return read_request(self.source[name]["metadata"]["annotations"], DEFAULT_DOMAIN)

    def request_to(self, name: str) -> Request | None:
        """The request on a server of the target."""
        return read_request(self.target[name]["metadata"]["annotations"], DEFAULT_DOMAIN)

    def asked_to_leave(self, name: str) -> bool:
        """There is a request to send the players to whatever seat is free."""
        request = self.request_of(name)
        if request is None or not self.is_for_this_match(name, request):
            return False
        return request.state == "requested" and request.mode == "disconnect"

    def is_for_this_match(self, name: str, request: Request) -> bool:
        allocation = self.source[name]["metadata"]["annotations"].get("agones.dev/last-allocated", "")
        return request.allocation in ("*", allocation)

    def outstanding(self, fleet: str = FLEET) -> int:
        """Sessions that were asked to disconnect and may, and those whose players are still on their way."""
        asked = 0
        for name in self.source:
            answer = json.loads(self.source[name]["metadata"]["annotations"].get("agones.dev/sdk-drain-ack", "{}"))
            deaf = self.habits[name].acknowledges_after is None
            may = name not in self.truth and answer.get("phase") != "refused" and not deaf
            asked += may and self.asked_to_leave(name) and self.fleets[name] == fleet
        away = (name for name, left in self.away.items() if self.now - left < self.reconnect_timeout)
        return asked + sum(self.fleets[name] == fleet and name not in self.handed_over for name in away)

    def free_seats(self, fleet: str = FLEET) -> int:
        return sum(
            server["status"]["state"] == "Ready" and server["metadata"]["labels"]["agones.dev/fleet"] == fleet
            for server in self.target.values()
        )

    # The Source and the Target

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        assert namespace == NAMESPACE
        endings.write("PATCH", GAME_SERVERS.path(namespace, name), body)
        if name in self.target:
            return self._patch_target(name, body)
        self.before_write(name)
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
        was_asked = self.asked_to_leave(name)
        annotations = {key: value for key, value in body["metadata"]["annotations"].items() if value}
        self.change(name, annotations=annotations)
        request = self.request_of(name)
        assert request is not None
        if self.asked_to_leave(name) and not was_asked:
            fleet = self.fleets[name]
            self.worst = max(self.worst, self.outstanding(fleet) - self.free_seats(fleet))
        if request.successor:
            self.handed_over.add(name)
        delay = self.habits[name].acknowledges_after
        self.later(delay or 0.0, lambda: self.hear(name, request))
        if self.die_at_write == -self.writes:
            raise Killed
        return self.source[name]

    def find_server(self, namespace: str, name: str) -> Json | None:
        return self.source.get(name) or self.target.get(name)

    def has_pod(self, namespace: str, name: str) -> bool:
        return name in self.pods

    def delete_pod(self, namespace: str, name: str) -> None:
        endings.write("DELETE", PODS.path(namespace, name))
        self.before_write(name)
        self.truth[name] = "forced"
        self.vanish(name)

    def allocate(self, fleet: tuple[str, str], annotations: Mapping[str, str]) -> str:
        name = self._free_seat(fleet[1])
        if name:
            self.occupy(name, [], annotations)
        return name

    def _patch_target(self, name: str, body: Mapping[str, Any]) -> Json:
        if body["metadata"]["resourceVersion"] != self.target[name]["metadata"]["resourceVersion"]:
            self.conflicts += 1
            raise Conflict("changed", 409)
        if "status" in body:
            assert body["status"] == {"state": "Shutdown"}
            server = self.target[name]
            self._leave_target(name)
            return {**server, "status": {**server["status"], "state": "Shutdown"}}
        self.change_target(name, body["metadata"]["annotations"])
        request = self.request_to(name)
        assert request is not None
        self.later(max(0.0, request.not_before - self.now), lambda: self._leave_target(name))
        return self.target[name]

    def _leave_target(self, name: str) -> None:
        """An empty server of the target ends: it was shut down, or asked to go."""
        if name not in self.target:
            return
        server = self.target[name]
        assert not server["status"]["lists"]["players"]["values"], "a session of the target was shut down"
        del self.target[name]
        self._events["target"].append(Changed(server, True, self.now))

    def _tell(self, side: str, name: str) -> None:
        server = (self.source if side == "source" else self.target)[name]
        self._events[side].append(Changed(server, False, self.now))


class FakeFeed:
    """A Feed over one side of a World; dates events by the runner's clock."""

    def __init__(self, world: World, side: str, clock: Clock | None = None) -> None:
        self._world = world
        self._side = side
        self._clock = clock or world.clock
        self.fresh = True

    def relist(self) -> list[Event]:
        self._world._events[self._side].clear()
        servers = self._world.source if self._side == "source" else self._world.target
        return [Listed(NAMESPACE, list(servers.values()), self._world.now + self._ahead)]

    def take(self) -> list[Event]:
        events = [replace(event, at=event.at + self._ahead) for event in self._world._events[self._side]]
        self._world._events[self._side].clear()
        return events

    @property
    def _ahead(self) -> float:
        return self._clock.now().timestamp() - self._world.now
