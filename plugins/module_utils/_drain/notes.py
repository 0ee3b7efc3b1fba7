# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a drain writes down while it goes on: its memory, and changes in the run's journal."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import LEAVING_MODES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import DRAIN_MEMORY
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.rhythm import Rhythm
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import (
    DeletePod,
    DrainAction,
    ShutDown,
    Signal,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.state import DrainState
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.tell import journal_counts
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

# Saved this often, and less often where saving would take more than this share of the time.
SAVE_SECONDS = 1.0
SAVE_SHARE = 1 / 20
# The journal hears of changes once a second at first, and less often the longer a drain takes.
_JOURNAL_SECONDS = 1.0
JOURNAL_SHARE = 1 / 60


class Notes:
    """Writes both, as often as needed and no more."""

    def __init__(self, keeper: Keeper, state: DrainState, settings: Settings, clock: Clock) -> None:
        self._keeper = keeper
        self._state = state
        self._settings = settings
        self._clock = clock
        self._saved: Json | None = None
        self._promised: set[tuple[str, ...]] = set()
        self._told: tuple[Json, Json] | None = None
        self._saving, self._telling = Rhythm(clock), Rhythm(clock)

    def write_when_due(self, now: float) -> None:
        if self._saving.is_due(SAVE_SECONDS):
            self._save()
        if self._telling.is_due(max(_JOURNAL_SECONDS, (now - self._state.memory.started_at) * JOURNAL_SHARE)):
            self._journal()

    def write_all(self) -> None:
        """At the end of a round."""
        self._keeper.save(DRAIN_MEMORY, self._state.memory.to_document())
        self._journal()

    def promise(self, actions: Sequence[DrainAction]) -> None:
        """Saved first: a runner that dies after the write must know that it asked. Repetitions are not saved again."""
        promised = {_promise_of(action) for action in actions}
        ends = any(isinstance(action, (ShutDown, DeletePod)) for action in actions)
        if ends or not promised <= self._promised:
            self._save()
            self._promised |= promised
            self._keeper.keep()

    def _save(self) -> None:
        """Save if anything has changed; within a round, the time of the last look alone is no reason."""
        before = self._clock.monotonic()
        document = self._state.memory.to_document()
        content = {key: value for key, value in document.items() if key != "watched_at"}
        if content != self._saved:
            self._keeper.save(DRAIN_MEMORY, document)
            self._saved = content
        self._saving.rest(max(SAVE_SECONDS, (self._clock.monotonic() - before) / SAVE_SHARE))

    def _journal(self) -> None:
        counts = journal_counts(self._state, self._clock.now().timestamp())
        own, target = self._settings, self._state.target.sessions
        sessions = {own.source_slot: counts["remaining"], own.target_slot: target}
        if (counts, sessions) != self._told:
            self._told = (counts, sessions)
            self._keeper.journal("drain", **counts)
            self._keeper.journal("sessions", slots=sessions)


def _promise_of(action: DrainAction) -> tuple[str, ...]:
    if isinstance(action, Signal):
        if action.request.mode not in LEAVING_MODES:
            # Whether it was asked makes no difference to how a match that ended by itself ended.
            return (action.request.mode,)
        return (action.uid, action.request.allocation, action.request.mode, action.request.reason)
    return (action.uid, type(action).__name__)
