# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One round of the drain: list both slots, watch them for a slice, ask sessions to leave, remember, report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Event, Feed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import (
    Source,
    Target,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.acts import Acts
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.flag import Flag
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.intake import Intake
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import DRAIN_MEMORY, Memory
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.notes import Notes
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.plan import Planner
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.review import begins_anew, mark_of_review
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.seats import Seats
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.sight import Sight
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.state import DrainState
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.take_back import Cancellation
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.tell import (
    figures,
    figures_text,
    is_empty,
    is_quiet,
    journal_counts,
    protected_text,
    refused_text,
    round_result,
    unanswered_text,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.writes import Writes
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.control import ABORTED
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.heartbeat import Heartbeat
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper, LeaseLost
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

DRAIN_SLICE_SECONDS = 20.0
# A round goes on for so much longer while there is more to write: the next one begins by listing both slots.
MORE_SECONDS = 25.0
TICK_SECONDS = 0.1
# While there is more to write, the time between two turns. A turn keeps the lease and takes in what came in.
WRITE_SECONDS = 0.25
# When more time than this lies between two rounds, no one knows when a player came back.
UNWATCHED_SECONDS = 2.0
# A round that has something to tell goes on for this long before it tells it.
MILESTONE_SECONDS = 5.0


@dataclass
class DrainRound:
    """One slice of a drain of at most `slice_seconds`; `run` returns the module's result.

    `reserve` holds seats per Fleet that are kept for players who arrive by themselves. `online` tells how many players
    are in sessions, by a metric of the game's; None where there is none.
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

    def review(self, look: Callable[[bool], None]) -> None:
        """Look for reasons not to drain, before the first write of a runner under these settings.

        `look` raises; it is told whether the drain begins under these policies, or goes on with another runner.
        """
        reviewed = self._load().reviewed
        if reviewed != mark_of_review(self.policies, self.settings):
            look(begins_anew(reviewed, self.policies))

    def run(self, first: Sequence[Event], first_target: Sequence[Event]) -> Json:
        """Drain for a slice, given the first lists of both slots."""
        memory = self._load()
        memory.reviewed = mark_of_review(self.policies, self.settings)
        self.keeper.keep()
        return _Slice(self, memory).run(first, first_target)

    def _load(self) -> Memory:
        now = self.clock.now().timestamp()
        return Memory.from_document(self.keeper.load(DRAIN_MEMORY), self.policies.default.run, now)


class _Slice:
    """The loop of one round, over one memory."""

    def __init__(self, given: DrainRound, memory: Memory) -> None:
        self._given = given
        self._clock = given.clock
        self._state = DrainState(given.policies, memory, given.reserve)
        self._sight, self._seats = Sight(self._state), Seats(self._state)
        self._planner = Planner(self._state, self._seats)
        self._intake = Intake(self._state, self._sight, given.settings, given.clock)
        self._notes = Notes(given.keeper, self._state, given.settings, given.clock)
        self._acts = Acts(given.source, given.target, given.policies, given.clock, self._intake.read)
        self._writes = Writes(self._acts, given.clock)
        self._heart = Heartbeat(given.keeper, given.clock)
        self._flag = Flag(given.keeper, given.clock)
        self._changed = False

    def run(self, first: Sequence[Event], first_target: Sequence[Event]) -> Json:
        end = self._clock.monotonic() + self._given.slice_seconds
        memory = self._state.memory
        watched = memory.watched_at is None or abs(self._now() - memory.watched_at) <= UNWATCHED_SECONDS
        self._intake.take_target(first_target, watched)
        self._intake.take_source(first)
        before = len(memory.active)
        try:
            with self._writes:
                finished = self._turn_until(end)
                self._settle()
        except LeaseLost:
            # The memory belongs to another runner now.
            raise
        except BlueGreenError as error:
            self._notes.write_all()
            error.details.update(self._figures(), changed=self._changed)
            raise
        self._notes.write_all()
        return self._result(before, finished)

    def _turn_until(self, end: float) -> bool:
        """Take turns until the source is empty, there is something to tell, or the slice is over."""
        start, counts = self._clock.monotonic(), self._said()
        while not self._step():
            now = self._clock.monotonic()
            if self._writes.busy and now < end + MORE_SECONDS:
                continue
            told = now - start >= MILESTONE_SECONDS and self._said() != counts
            if now >= end or (told and is_quiet(self._state.memory, self._now())):
                return False
            self._clock.sleep(TICK_SECONDS)
        return True

    def _step(self) -> bool:
        """One turn: take in what changed, decide, act. True when the source is proven empty."""
        self._intake.take_target(self._given.target_feed.take())
        self._intake.take_source(self._given.source_feed.take())
        self._intake.confirm_missing(self._given.source)
        now = self._now()
        self._intake.count_online(self._given.online, now)
        self._sight.tick(now)
        self._state.memory.watched_at = now
        self._heart.beat()
        self._obey()
        self._plan(now)
        self._take_answers()
        self._notes.write_when_due(now)
        return is_empty(self._state, now) and self._is_empty_on_second_reading()

    def _obey(self) -> None:
        """Do what the flag asks. Raises BlueGreenError if that ends the drain."""
        flag, given = self._flag, self._given
        if not (flag.look() and flag.control.state == ABORTED and self._state.memory.active):
            return
        self._settle()
        domain = self._state.policies.default.domain
        cancelled = Cancellation(given.source, given.source_feed, given.keeper, domain).run(check_mode=False)
        self._changed = self._changed or cancelled["changed"]
        raise BlueGreenError(
            f"the drain of {given.settings.source_slot} was {flag.control}; {cancelled['cancelled']} requests were "
            f"taken back, {cancelled['closing']} servers are already closing. To drain after all, set the module "
            "run_control to running and run again"
        )

    def _plan(self, now: float) -> None:
        if self._flag.is_paused:
            self._drop()
            return
        reason = self._planner.alarm(now)
        if reason:
            raise BlueGreenError(f"no more sessions are asked to leave {self._given.settings.source_slot}: {reason}")
        fresh = not self._silent()
        if not fresh or self._seats.is_short(now):
            self._drop()
        actions = self._planner.plan(now, may_signal=fresh)
        if actions:
            self._notes.promise(actions)
            self._writes.put(actions, self._seats.reserved())

    def _drop(self) -> None:
        """Drop the actions that have not begun; they are planned again, by what is known then."""
        for action in self._writes.drop():
            self._planner.note(action, accepted=False, now=self._now())

    def _settle(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._drop()
        while self._writes.busy:
            self._take_answers()

    def _take_answers(self) -> None:
        for action, answer in self._writes.answers(WRITE_SECONDS):
            if answer is None:
                self._intake.miss(action.uid)
            accepted, obj = answer or (False, {})
            self._changed = self._changed or accepted
            self._planner.note(action, accepted, self._now())
            if action.uid in self._acts.protected:
                self._planner.leave(action.uid)
            if obj:
                self._intake.take_written(action, obj)

    def _is_empty_on_second_reading(self) -> bool:
        self._intake.take_source(self._given.source_feed.relist())
        self._sight.tick(self._now())
        return not self._state.memory.active

    def _silent(self) -> list[str]:
        """The slots whose view is stale."""
        given = self._given
        feeds = ((given.settings.source_slot, given.source_feed), (given.settings.target_slot, given.target_feed))
        return [slot for slot, feed in feeds if not feed.fresh]

    def _said(self) -> tuple[Json, str]:
        return journal_counts(self._state, self._now()), self._flag.control.state

    def _figures(self) -> Json:
        return figures(self._state, self._planner.held, self._now())

    def _result(self, before: int, finished: bool) -> Json:
        told, slots = self._figures(), self._given.settings
        text = figures_text(told, slots.source_slot) + refused_text(self._acts.refusals, slots.target_slot)
        text += protected_text(self._acts.protected) + unanswered_text(self._silent())
        if self._flag.is_paused:
            text = f"{self._flag.control}; {text}"
        return round_result(told, text, before, changed=self._changed, finished=finished)

    def _now(self) -> float:
        return self._clock.now().timestamp()
