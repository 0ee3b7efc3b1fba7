# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One round of the drain: list both slots, watch them for a slice, signal, remember, report."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Callable, Iterable, Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import LEAVING_MODES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Event, Feed, Listed, WatchFeed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import (
    KubeSource,
    KubeTarget,
    Source,
    Target,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    Key,
    Server,
    read_server,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock, SteadyClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.look import review_slots
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import DRAIN_MEMORY, Memory, Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.plan import Planner
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.review import fingerprint
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.seats import Seats
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.sight import Sight
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import (
    DeletePod,
    DrainAction,
    ReleaseSuccessor,
    ShutDown,
    Signal,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.skew import refuse_wrong_clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.state import DrainState
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.take_back import Cancellation
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.tell import (
    figures,
    figures_text,
    is_empty,
    is_quiet,
    journal_counts,
    refused_text,
    unanswered_text,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.writes import Writes
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.reserves import reserves
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.control import (
    ABORTED,
    PAUSED,
    Control,
    read_control,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.heartbeat import Heartbeat
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper, LeaseLost
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

DRAIN_SLICE_SECONDS = 20.0
# A round goes on for so much longer while there is more to write: the next one begins by listing both slots.
MORE_SECONDS = 25.0
TICK_SECONDS = 0.1
# Saved as often as that, and less often where that would take more than so much of the time.
SAVE_SECONDS = 1.0
SAVE_SHARE = 1 / 20
# How often the flag is read that pauses or aborts, and how often players are counted who have no ids.
CONTROL_SECONDS = 2.0
ONLINE_SECONDS = 1.0
# While there is more to write, for so long between two turns: there the lease is kept and what came in is taken in.
WRITE_SECONDS = 0.25
# The journal hears of changes once a second at first, and less often the longer a drain takes.
_JOURNAL_SECONDS = 1.0
JOURNAL_SHARE = 1 / 60
# Longer than this between two rounds, and nobody knows when a player came back.
UNWATCHED_SECONDS = 2.0
POD_SECONDS = 1.0
# A round that has something to tell goes on for this long before it tells it.
MILESTONE_SECONDS = 5.0


class _Drain:
    """The parts of one drain, and what they share."""

    def __init__(self, policies: Policies, memory: Memory, reserve: Mapping[Key, int]) -> None:
        self.state = DrainState(policies, memory, reserve)
        self.memory, self.target = memory, self.state.target
        self.sight, self.seats = Sight(self.state), Seats(self.state)
        self.planner = Planner(self.state, self.seats)


@dataclass
class DrainRound:
    """One slice of a drain of at most `slice_seconds`; `run` returns the module's result.

    `online` tells how many players are in sessions, by a metric of the game's; None where there is none.
    """

    policies: Policies
    source: Source
    target: Target
    source_feed: Feed
    target_feed: Feed
    keeper: Keeper
    clock: Clock
    settings: Settings
    reserve: Mapping[Key, int] = field(default_factory=dict)
    online: Callable[[], float] | None = None
    slice_seconds: float = DRAIN_SLICE_SECONDS
    changed: bool = False
    _missing: dict[str, Session] = field(default_factory=dict)
    _next: dict[str, float] = field(default_factory=dict)
    _saved: Json | None = None
    _promised: set[tuple[str, ...]] = field(default_factory=set)
    _told: tuple[Json, Json] | None = None
    _control: Control = field(default_factory=Control)
    _refusals: Mapping[Key, str] = field(default_factory=dict)

    def review(self, look: Callable[[bool], None]) -> None:
        """Have somebody look for reasons not to drain, before the first write of a runner under these settings.

        `look` raises; it is told whether the drain begins under these policies, or goes on with another runner.
        """
        reviewed = self._load().reviewed
        if reviewed != self._mark:
            look(reviewed.partition("/")[0] != fingerprint(self.policies))

    @property
    def _mark(self) -> str:
        predicate = self.settings.predicate
        return f"{fingerprint(self.policies)}/{self.settings.runner}/{predicate.counter}/{predicate.list_name}"

    def run(self, first: Sequence[Event], first_target: Sequence[Event]) -> Json:
        """Drain for a slice, given the first lists of both slots."""
        memory = self._load()
        memory.reviewed = self._mark
        self.keeper.keep()
        self._heart = Heartbeat(self.keeper, self.clock)
        drain = _Drain(self.policies, memory, self.reserve)
        end = self.clock.monotonic() + self.slice_seconds
        watched = memory.watched_at is None or abs(self._now() - memory.watched_at) <= UNWATCHED_SECONDS
        self._fold(drain, first_target, target=True, watched=watched)
        self._fold(drain, first, target=False)
        before = len(memory.active)
        try:
            read = partial(self._read, drain)
            with Writes(self.source, self.target, self.policies, self.clock, read) as self._writes:
                finished = self._turn_until(drain, end)
                self._settle(drain)
            self._refusals = self._writes.refusals
        except LeaseLost:
            # The memory belongs to another runner now.
            raise
        except BlueGreenError as error:
            self.keeper.save(DRAIN_MEMORY, memory.to_document())
            self._journal(drain)
            error.details.update(self._figures(drain), changed=self.changed)
            raise
        self.keeper.save(DRAIN_MEMORY, memory.to_document())
        self._journal(drain)
        return self._result(drain, before, finished)

    def _load(self) -> Memory:
        return Memory.from_document(self.keeper.load(DRAIN_MEMORY), self.policies.default.run, self._now())

    def _turn_until(self, drain: _Drain, end: float) -> bool:
        """Take turns until the source is empty, there is something to tell, or the slice is over."""
        start, counts = self.clock.monotonic(), self._said(drain)
        while not self._step(drain):
            now = self.clock.monotonic()
            if self._writes.busy and now < end + MORE_SECONDS:
                continue
            told = now - start >= MILESTONE_SECONDS and self._said(drain) != counts
            if now >= end or (told and is_quiet(drain.memory, self._now())):
                return False
            self.clock.sleep(TICK_SECONDS)
        return True

    def _said(self, drain: _Drain) -> tuple[Json, str]:
        return self._counts(drain), self._control.state

    def preview(self, first: Sequence[Event], first_target: Sequence[Event]) -> Json:
        """What a drain would begin with; nothing is written."""
        drain = _Drain(self.policies, Memory(self.policies.default.run, self._now()), self.reserve)
        self._fold(drain, first_target, target=True)
        self._fold(drain, first, target=False)
        before = len(drain.memory.active)
        signals = [action for action in drain.planner.plan(self._now()) if isinstance(action, Signal)]
        result = self._result(drain, before, finished=True)
        at_once = len(signals) if drain.target.servers else "unknown: the target has no game servers yet"
        diff = {
            "before": {"sessions": before},
            "after": {"sessions": 0, "signalled_at_once": at_once, "mode": self.policies.default.mode},
        }
        return {**result, "changed": bool(before), "drained": not before, "diff": diff}

    def _step(self, drain: _Drain) -> bool:
        """One turn: take in what changed, decide, act. True when the source is proven empty."""
        self._fold(drain, self.target_feed.take(), target=True)
        self._fold(drain, self.source_feed.take(), target=False)
        self._confirm_missing(drain)
        now = self._now()
        self._count_online(drain, now)
        drain.sight.tick(now)
        drain.memory.watched_at = now
        self._heart.beat()
        self._obey(drain)
        self._plan(drain, now)
        self._take_answers(drain)
        if self._due("save", SAVE_SECONDS):
            self._save(drain)
        if self._due("journal", max(_JOURNAL_SECONDS, (now - drain.memory.started_at) * JOURNAL_SHARE)):
            self._journal(drain)
        return is_empty(drain.state, now) and self._empty_on_second_reading(drain)

    def _plan(self, drain: _Drain, now: float) -> None:
        if self._control.state == PAUSED:
            self._drop(drain)
            return
        reason = drain.planner.alarm(now)
        if reason:
            raise BlueGreenError(f"no more sessions are asked to leave {self.settings.source_slot}: {reason}")
        fresh = self.source_feed.fresh and self.target_feed.fresh
        if not fresh or drain.seats.is_short(now):
            self._drop(drain)
        actions = drain.planner.plan(now, may_signal=fresh)
        if actions:
            self._promise(drain, actions)
            self._writes.put(actions, drain.seats.reserved())

    def _promise(self, drain: _Drain, actions: Sequence[DrainAction]) -> None:
        """Saved first: a runner that dies after the write must know that it asked. Repetitions are nothing new."""
        promised = {_promise_of(action) for action in actions}
        ends = any(isinstance(action, (ShutDown, DeletePod)) for action in actions)
        if ends or not promised <= self._promised:
            self._save(drain)
            self._promised |= promised
            self.keeper.keep()

    def _drop(self, drain: _Drain) -> None:
        """What was planned and has not begun is planned again, by what is known then."""
        for action in self._writes.drop():
            drain.planner.note(action, accepted=False, now=self._now())

    def _settle(self, drain: _Drain) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._drop(drain)
        while self._writes.busy:
            self._take_answers(drain)

    def _obey(self, drain: _Drain) -> None:
        """Read the flag of whoever wants the drain to pause or to end, and do so."""
        if not self._due("control", CONTROL_SECONDS):
            return
        before, self._control = self._control, read_control(self.keeper)
        if self._control.state != before.state:
            self.keeper.journal("drain", control=self._control.state, reason=self._control.reason)
        if self._control.state == ABORTED and drain.memory.active:
            self._settle(drain)
            domain = self.policies.default.domain
            cancelled = Cancellation(self.source, self.source_feed, self.keeper, domain).run(check_mode=False)
            self.changed = self.changed or cancelled["changed"]
            raise BlueGreenError(
                f"the drain of {self.settings.source_slot} was {self._control}; {cancelled['cancelled']} requests were "
                f"taken back, {cancelled['closing']} servers close already. To drain after all, set the module "
                "run_control to running and run again"
            )

    def _count_online(self, drain: _Drain, now: float) -> None:
        """Count the players who have no ids, by the metric, else by the Counters of both slots."""
        if not self._due("online", ONLINE_SECONDS):
            return
        if self.online:
            drain.sight.see_online(self.online(), now)
            return
        source = [one.counted for one in drain.memory.active.values() if one.players is None and not one.claimed]
        target = [one.counted for one in drain.target.servers.values() if one.players is None]
        known = [count for count in (*source, *target) if count is not None]
        if known:
            drain.sight.see_online(sum(known), now)

    def _fold(self, drain: _Drain, events: Sequence[Event], target: bool, watched: bool = True) -> None:
        for event in events:
            now = event.at
            objects = event.items if isinstance(event, Listed) else [event.obj]
            servers = [self._read(drain, item) for item in objects]
            if isinstance(event, Listed) and target:
                drain.sight.see_target_list(event.namespace, servers, now, watched)
            elif isinstance(event, Listed):
                self._miss(drain.sight.see_source(event.namespace, servers, now))
            elif target and event.gone:
                drain.sight.see_target_gone(servers[0].uid)
            elif target:
                drain.sight.see_target(servers[0], now)
            else:
                drain.sight.see_server(servers[0], now)
                self._miss([drain.memory.active.get(servers[0].uid)] if event.gone else [])

    def _miss(self, sessions: Iterable[Session | None]) -> None:
        for session in sessions:
            if session is not None and session.uid not in self._missing:
                self._missing[session.uid] = session
                self._next["pods"] = 0.0

    def _confirm_missing(self, drain: _Drain) -> None:
        """A session is over when the GameServer is gone and its pod too: both asked for by name."""
        if not self._missing or not self._due("pods", POD_SECONDS):
            return
        todo = list(self._missing.values())
        for session, has_pod in in_parallel(lambda s: (s, self.source.has_pod(s.namespace, s.name)), todo):
            if not has_pod:
                del self._missing[session.uid]
                drain.sight.see_gone(session.uid, self._now())

    def _take_answers(self, drain: _Drain) -> None:
        for action, answer in self._writes.answers(WRITE_SECONDS):
            if answer is None:
                self._miss([drain.memory.active.get(action.uid)])
            accepted, obj = answer or (False, {})
            self.changed = self.changed or accepted
            drain.planner.note(action, accepted, self._now())
            if obj and isinstance(action, ReleaseSuccessor):
                drain.sight.see_target(self._read(drain, obj), self._now())
            elif obj:
                drain.sight.see_server(self._read(drain, obj), self._now())

    def _empty_on_second_reading(self, drain: _Drain) -> bool:
        self._fold(drain, self.source_feed.relist(), target=False)
        drain.sight.tick(self._now())
        return not drain.memory.active

    def _due(self, what: str, seconds: float) -> bool:
        now = self.clock.monotonic()
        if now < self._next.get(what, 0.0):
            return False
        self._next[what] = now + seconds
        return True

    def _save(self, drain: _Drain) -> None:
        """Save what has changed; when it was last watched alone is no reason within a round."""
        before = self.clock.monotonic()
        document = drain.memory.to_document()
        content = {key: value for key, value in document.items() if key != "watched_at"}
        if content != self._saved:
            self.keeper.save(DRAIN_MEMORY, document)
            self._saved = content
        after = self.clock.monotonic()
        self._next["save"] = after + max(SAVE_SECONDS, (after - before) / SAVE_SHARE)

    def _journal(self, drain: _Drain) -> None:
        counts = self._counts(drain)
        sessions = {self.settings.source_slot: counts["remaining"], self.settings.target_slot: drain.target.sessions}
        if (counts, sessions) != self._told:
            self._told = (counts, sessions)
            self.keeper.journal("drain", **counts)
            self.keeper.journal("sessions", slots=sessions)

    def _counts(self, drain: _Drain) -> Json:
        return journal_counts(drain.state, self._now())

    def _figures(self, drain: _Drain) -> Json:
        return figures(drain.state, drain.planner.held, self._now())

    def _result(self, drain: _Drain, before: int, finished: bool) -> Json:
        told = self._figures(drain)
        text = figures_text(told, self.settings.source_slot)
        text += refused_text(self._refusals, self.settings.target_slot) + unanswered_text(self._silent())
        return {
            **told,
            "changed": self.changed,
            "drained": finished,
            "diff": {"before": {"sessions": before}, "after": {"sessions": told["sessions"]["remaining"]}},
            "round": {
                "finished": finished,
                "progress": f"{self._control}; {text}" if self._control.state == PAUSED else text,
                "retry_after_seconds": 0.0,
            },
        }

    def _silent(self) -> list[str]:
        """The slots whose view is stale."""
        feeds = ((self.settings.source_slot, self.source_feed), (self.settings.target_slot, self.target_feed))
        return [slot for slot, feed in feeds if not feed.fresh]

    def _read(self, drain: _Drain, obj: Json) -> Server:
        settings = self.settings
        return read_server(obj, settings.players_list, drain.memory.key, settings.players_counter, settings.predicate)

    def _now(self) -> float:
        return self.clock.now().timestamp()


def _promise_of(action: DrainAction) -> tuple[str, ...]:
    if isinstance(action, Signal):
        if action.request.mode not in LEAVING_MODES:
            # Whether it was asked makes no difference to how a match that ended by itself ended.
            return (action.request.mode,)
        return (action.uid, action.request.allocation, action.request.mode, action.request.reason)
    return (action.uid, type(action).__name__)


def drain_once(
    source: KubeApi,
    target: KubeApi,
    settings: Settings,
    policies: Policies,
    keeper: Keeper,
    clock: Clock,
    online: Callable[[], float] | None = None,
) -> Json:
    """One round of a drain, on API servers."""
    refuse_wrong_clock(source, clock, settings.source_slot)
    steady = SteadyClock(clock)
    source_feed = WatchFeed(source, settings.namespaces, DRAIN_SLICE_SECONDS + MORE_SECONDS, steady)
    target_feed = WatchFeed(target, settings.namespaces, DRAIN_SLICE_SECONDS + MORE_SECONDS, steady)
    one = DrainRound(
        policies=policies,
        source=KubeSource(source),
        target=KubeTarget(target),
        source_feed=source_feed,
        target_feed=target_feed,
        keeper=keeper,
        clock=steady,
        settings=settings,
        online=online,
    )
    one.review(lambda begins: review_slots(source, target, policies, settings, steady, begins=begins))
    first_target, first = in_parallel(lambda feed: feed.start(), [target_feed, source_feed])
    one.reserve = reserves(target, settings.namespaces, settings.reserve_seats, first_target, policies.default.domain)
    return one.run(first, first_target)
