# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One round of the drain: list both slots, watch them for a slice, signal, remember, report."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Protocol, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    AUTOSCALERS,
    GAME_SERVERS,
    PODS,
    RETRIED,
    ApiFailure,
    Conflict,
    KubeApi,
    NotFound,
    in_parallel,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    CLOSING,
    REQUESTED,
    cancelled_request,
    read_acknowledgement,
    read_request,
    request_patch,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.drain import (
    STATES,
    Action,
    DeletePod,
    Drain,
    ShutDown,
    Signal,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Event, Feed, Listed, WatchFeed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.heartbeat import Heartbeat
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.memory import Memory, Policy, Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.outcome import OUTCOMES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    Key,
    Server,
    count_by_fleet,
    read_server,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import Keeper, LeaseLost, NullKeeper

Json = dict[str, Any]

MEMORY = "drain"
SLICE_SECONDS = 20.0
TICK_SECONDS = 0.1
SAVE_SECONDS = 1.0
# The journal hears of changes once a second at first, and less often the longer a drain takes.
JOURNAL_SECONDS = 1.0
JOURNAL_SHARE = 1 / 60
# Longer than this between two rounds, and nobody knows when a player came back.
UNWATCHED_SECONDS = 2.0
POD_SECONDS = 1.0
# A round that has something to tell goes on for this long before it tells it.
MILESTONE_SECONDS = 5.0
CANCEL_ATTEMPTS = 5


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


@dataclass(frozen=True)
class Settings:
    """What a drain needs beside its policy. `reserve_seats` None: the buffers of the target's autoscalers."""

    namespaces: Sequence[str]
    players_list: str = "players"
    reserve_seats: int | None = None
    source_slot: str = "source"
    target_slot: str = "target"


@dataclass
class DrainRound:
    """One slice of a drain of at most `slice_seconds`; `run` returns the module's result."""

    policy: Policy
    source: Source
    source_feed: Feed
    target_feed: Feed
    keeper: Keeper
    clock: Clock
    reserve: Mapping[Key, int]
    settings: Settings
    slice_seconds: float = SLICE_SECONDS
    changed: bool = False
    _missing: dict[str, Session] = field(default_factory=dict)
    _next: dict[str, float] = field(default_factory=dict)
    _saved: Json | None = None
    _told: tuple[Json, Json] | None = None

    def run(self, first: Sequence[Event], first_target: Sequence[Event]) -> Json:
        """Drain for a slice, given the first lists of both slots."""
        self.keeper.keep()
        self._heart = Heartbeat(self.keeper, self.clock)
        document = self.keeper.load(MEMORY)
        drain = Drain(self.policy, Memory.from_document(document, self.policy.run, self._now()), self.reserve)
        end = self.clock.monotonic() + self.slice_seconds
        watched_at = drain.memory.watched_at
        watched = watched_at is None or self._now() - watched_at <= UNWATCHED_SECONDS
        self._fold(drain, first_target, target=True, watched=watched)
        self._fold(drain, first, target=False)
        before = len(drain.memory.active)
        try:
            finished = self._turn_until(drain, end)
        except LeaseLost:
            # The memory belongs to another runner now.
            raise
        except BlueGreenError:
            self.keeper.save(MEMORY, drain.memory.to_document())
            raise
        self.keeper.save(MEMORY, drain.memory.to_document())
        self._journal(drain)
        return self._result(drain, before, finished)

    def _turn_until(self, drain: Drain, end: float) -> bool:
        """Take turns until the source is empty, there is something to tell, or the slice is over."""
        start, counts = self.clock.monotonic(), self._counts(drain)
        while not self._step(drain):
            now = self.clock.monotonic()
            told = now - start >= MILESTONE_SECONDS and self._counts(drain) != counts
            if now >= end or (told and drain.is_quiet(self._now())):
                return False
            self.clock.sleep(TICK_SECONDS)
        return True

    def preview(self, first: Sequence[Event], first_target: Sequence[Event]) -> Json:
        """What a drain would begin with; nothing is written."""
        drain = Drain(self.policy, Memory(self.policy.run, self._now()), self.reserve)
        self._fold(drain, first_target, target=True)
        self._fold(drain, first, target=False)
        before = len(drain.memory.active)
        signals = [action for action in drain.plan(self._now()) if isinstance(action, Signal)]
        result = self._result(drain, before, finished=True)
        at_once = len(signals) if drain.target.servers else "unknown: the target has no game servers yet"
        diff = {
            "before": {"sessions": before},
            "after": {"sessions": 0, "signalled_at_once": at_once, "mode": self.policy.mode},
        }
        return {**result, "changed": bool(before), "drained": not before, "diff": diff}

    def _step(self, drain: Drain) -> bool:
        """One turn: take in what changed, decide, act. True when the source is proven empty."""
        self._fold(drain, self.target_feed.take(), target=True)
        self._fold(drain, self.source_feed.take(), target=False)
        self._confirm_missing(drain)
        now = self._now()
        drain.tick(now)
        drain.memory.watched_at = now
        self._heart.beat()
        actions = drain.plan(now, may_signal=self.source_feed.fresh and self.target_feed.fresh)
        if actions:
            # Saved first: a runner that dies after the write must know that it asked.
            self._save(drain)
            self.keeper.keep()
            self._act(drain, actions)
        if self._due("save", SAVE_SECONDS):
            self._save(drain)
        if self._due("journal", max(JOURNAL_SECONDS, (now - drain.memory.started_at) * JOURNAL_SHARE)):
            self._journal(drain)
        return drain.is_empty(now) and self._empty_on_second_reading(drain)

    def _fold(self, drain: Drain, events: Sequence[Event], target: bool, watched: bool = True) -> None:
        for event in events:
            now = event.at
            servers = [self._read(item) for item in (event.items if isinstance(event, Listed) else [event.obj])]
            if isinstance(event, Listed) and target:
                drain.see_target_list(event.namespace, servers, now, watched)
            elif isinstance(event, Listed):
                self._miss(drain.see_source(event.namespace, servers, now))
            elif target and event.gone:
                drain.see_target_gone(servers[0].uid)
            elif target:
                drain.see_target(servers[0], now)
            else:
                drain.see_server(servers[0], now)
                self._miss([drain.memory.active.get(servers[0].uid)] if event.gone else [])

    def _miss(self, sessions: Iterable[Session | None]) -> None:
        for session in sessions:
            if session is not None and session.uid not in self._missing:
                self._missing[session.uid] = session
                self._next["pods"] = 0.0

    def _confirm_missing(self, drain: Drain) -> None:
        """A session is over when the GameServer is gone and its pod too: both asked for by name."""
        if not self._missing or not self._due("pods", POD_SECONDS):
            return
        todo = list(self._missing.values())
        for session, has_pod in in_parallel(lambda s: (s, self.source.has_pod(s.namespace, s.name)), todo):
            if not has_pod:
                del self._missing[session.uid]
                drain.see_gone(session.uid, self._now())

    def _act(self, drain: Drain, actions: Sequence[Action]) -> None:
        for action, answer in in_parallel(lambda one: (one, self._do(one)), actions):
            if answer is None:
                self._miss([drain.memory.active.get(action.uid)])
                continue
            accepted, obj = answer
            self.changed = self.changed or accepted
            drain.note(action, accepted, self._now())
            if obj:
                drain.see_server(self._read(obj), self._now())

    def _do(self, action: Action) -> tuple[bool, Json] | None:
        """Whether the write was accepted, and the server as it is after it; None when the server is gone."""
        try:
            if isinstance(action, DeletePod):
                self.source.delete_pod(action.namespace, action.name)
                return True, {}
            return True, self.source.patch_server(action.namespace, action.name, self._body(action))
        except NotFound:
            return None
        except Conflict:
            found = self.source.find_server(action.namespace, action.name)
            return None if found is None else (False, found)
        except ApiFailure as error:
            if error.status not in RETRIED:
                raise
            return False, {}

    def _body(self, action: Signal | ShutDown) -> Json:
        if isinstance(action, Signal):
            return request_patch(action.request, self.policy.domain, action.version)
        return {"metadata": {"resourceVersion": action.version}, "status": {"state": "Shutdown"}}

    def _empty_on_second_reading(self, drain: Drain) -> bool:
        self._fold(drain, self.source_feed.relist(), target=False)
        drain.tick(self._now())
        return not drain.memory.active

    def _due(self, what: str, seconds: float) -> bool:
        now = self.clock.monotonic()
        if now < self._next.get(what, 0.0):
            return False
        self._next[what] = now + seconds
        return True

    def _save(self, drain: Drain) -> None:
        """Save what has changed; when it was last watched alone is no reason within a round."""
        document = drain.memory.to_document()
        content = {key: value for key, value in document.items() if key != "watched_at"}
        if content != self._saved:
            self.keeper.save(MEMORY, document)
            self._saved = content

    def _journal(self, drain: Drain) -> None:
        counts = self._counts(drain)
        sessions = {self.settings.source_slot: counts["remaining"], self.settings.target_slot: drain.target.sessions}
        if (counts, sessions) != self._told:
            self._told = (counts, sessions)
            self.keeper.journal("drain", **counts)
            self.keeper.journal("sessions", slots=sessions)

    def _counts(self, drain: Drain) -> Json:
        now = self._now()
        players = drain.memory.ledger.summary()
        return {
            **drain.counts(now),
            "claims": len(drain.memory.ledger.claims),
            "players_moved": players["moved"],
            "players_returned": players["returned"],
        }

    def _result(self, drain: Drain, before: int, finished: bool) -> Json:
        counts = drain.counts(self._now())
        remaining = counts["remaining"]
        players = drain.memory.ledger.summary()
        return {
            "changed": self.changed,
            "drained": finished,
            "sessions": {key: counts[key] for key in ("total", "remaining", *OUTCOMES)},
            "states": {key: counts[key] for key in STATES},
            "players": players,
            "outcomes": [
                {"namespace": e.namespace, "name": e.name, "fleet": e.fleet, "outcome": e.outcome, "players": e.players}
                for e in drain.memory.ended
            ],
            "diff": {"before": {"sessions": before}, "after": {"sessions": remaining}},
            "round": {
                "finished": finished,
                "progress": progress_text(counts, players, self.settings.source_slot),
                "retry_after_seconds": 0.0,
            },
        }

    def _read(self, obj: Json) -> Server:
        return read_server(obj, self.settings.players_list, self.policy.run)

    def _now(self) -> float:
        return self.clock.now().timestamp()


def progress_text(counts: Mapping[str, int], players: Mapping[str, Any], slot: str) -> str:
    """One line for people: what is left, in which states, and how the rest went."""
    states = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    outcomes = ", ".join(f"{counts[name]} {name.replace('_', ' ')}" for name in OUTCOMES if counts[name])
    text = f"{counts['remaining']} of {counts['total']} sessions left on {slot}"
    text += f" ({states})" if states else ""
    text += f"; {outcomes}" if outcomes else ""
    return text + (f"; players back {players['returned']} of {players['moved']}" if players["moved"] else "")


def reserves(api: KubeApi, settings: Settings, events: Iterable[Event]) -> dict[Key, int]:
    """Seats per Fleet of the target that are kept for players who arrive by themselves."""
    found: dict[Key, int] = {}
    servers = [read_server(item) for event in events if isinstance(event, Listed) for item in event.items]
    counts = count_by_fleet(servers)
    if settings.reserve_seats is not None:
        return dict.fromkeys(counts, settings.reserve_seats)
    for namespace in settings.namespaces:
        for autoscaler in api.list(AUTOSCALERS.path(namespace))[0]:
            spec = autoscaler.get("spec") or {}
            size = ((spec.get("policy") or {}).get("buffer") or {}).get("bufferSize", 0)
            key = (namespace, str(spec.get("fleetName", "")))
            found[key] = buffer_seats(size, counts.get(key, {}).get("Allocated", 0))
    return found


def buffer_seats(size: int | str, allocated: int) -> int:
    """A bufferSize as a number of servers; a percentage is of all servers, allocated ones included."""
    if isinstance(size, int):
        return size
    percent = float(str(size).rstrip("%") or 0)
    return math.ceil(allocated * percent / (100 - percent)) if percent < 100 else allocated


@dataclass
class Cancellation:
    """Take the requests on a slot back, all of them in one round."""

    source: Source
    feed: Feed
    keeper: Keeper
    domain: str

    def run(self, *, check_mode: bool) -> Json:
        """Requests that stand are cancelled; servers that close already go on closing."""
        if not check_mode:
            self.keeper.keep()
        asked, closing = self._standing()
        before = len(asked)
        for _attempt in range(CANCEL_ATTEMPTS):
            if check_mode or not asked:
                break
            in_parallel(self._cancel, asked)
            asked, closing = self._standing()
        if asked and not check_mode:
            names = ", ".join(server.name for server in asked[:5])
            raise ApiFailure(f"{len(asked)} drain requests could not be taken back ({names}): run again", 409)
        if before and not check_mode:
            self.keeper.journal("drain", cancelled=before, closing=closing)
        return {
            "changed": before > 0,
            "cancelled": before,
            "closing": closing,
            "diff": {"before": {"drain_requests": before}, "after": {"drain_requests": 0}},
            "round": {"finished": True, "progress": "", "retry_after_seconds": 0.0},
        }

    def _standing(self) -> tuple[list[Server], int]:
        """The servers with a request to take back, and the number of those that close already."""
        asked, closing = [], 0
        for event in self.feed.relist():
            for server in [read_server(item) for item in event.items] if isinstance(event, Listed) else []:
                request = read_request(server.annotations, self.domain)
                if request is None or request.state != REQUESTED:
                    continue
                answer = read_acknowledgement(server.annotations)
                if server.ending or (answer and answer.run == request.run and answer.phase == CLOSING):
                    closing += 1
                else:
                    asked.append(server)
        return asked, closing

    def _cancel(self, server: Server) -> None:
        request = read_request(server.annotations, self.domain)
        if request is None:
            return
        body = request_patch(cancelled_request(request), self.domain, server.version)
        try:
            self.source.patch_server(server.namespace, server.name, body)
        except (Conflict, NotFound):
            return


def drain_once(
    source: KubeApi, target: KubeApi, settings: Settings, policy: Policy, keeper: Keeper, clock: Clock
) -> Json:
    """One round of a drain, on API servers."""
    source_feed = WatchFeed(source, settings.namespaces, SLICE_SECONDS, clock)
    target_feed = WatchFeed(target, settings.namespaces, SLICE_SECONDS, clock)
    first_target, first = target_feed.start(), source_feed.start()
    one = DrainRound(
        policy=policy,
        source=KubeSource(source),
        source_feed=source_feed,
        target_feed=target_feed,
        keeper=keeper,
        clock=clock,
        reserve=reserves(target, settings, first_target),
        settings=settings,
        slice_seconds=SLICE_SECONDS,
    )
    return one.run(first, first_target)


def preview_drain(source: KubeApi, target: KubeApi | None, settings: Settings, policy: Policy, clock: Clock) -> Json:
    """What a drain would begin with. A target that does not exist yet (None), or has no Agones, has no seats."""
    source_feed = WatchFeed(source, settings.namespaces, 0.0, clock)
    target_feed = WatchFeed(target or source, settings.namespaces if target else [], 0.0, clock)
    try:
        first_target = target_feed.relist()
        reserve = reserves(target, settings, first_target) if target else {}
    except NotFound:
        first_target, reserve = [], {}
    one = DrainRound(
        policy=policy,
        source=KubeSource(source),
        source_feed=source_feed,
        target_feed=target_feed,
        keeper=NullKeeper(),
        clock=clock,
        reserve=reserve,
        settings=settings,
    )
    return one.preview(source_feed.relist(), first_target)


def cancel_requests(
    source: KubeApi, settings: Settings, domain: str, keeper: Keeper, clock: Clock, *, check_mode: bool
) -> Json:
    """Take back the requests that stand on a slot."""
    feed = WatchFeed(source, settings.namespaces, 0.0, clock)
    return Cancellation(KubeSource(source), feed, keeper, domain).run(check_mode=check_mode)
