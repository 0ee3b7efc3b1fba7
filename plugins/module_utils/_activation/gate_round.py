# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One round of the allocation gate: read counters until the window proves the move, or the slice is over."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Callable

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.gate import (
    Counters,
    Verdict,
    Window,
    count_occupied,
    judge_gate,
    read_counters,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import NoFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.heartbeat import Heartbeat
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

ReadFleets = Callable[[], list[Json]]
GATE_MEMORY = "allocation-gate"
_POLL_SECONDS = 0.5
LONGEST_UNREMEMBERED_SECONDS = 15.0
# How often the report's timeline gets a point; each is an object in the state bucket.
_JOURNAL_SECONDS = 5.0


def refuse_long_window(window_seconds: float, remembered: bool) -> None:
    """Raise BlueGreenError for a window that no single round can see and nothing remembers."""
    if not remembered and window_seconds > LONGEST_UNREMEMBERED_SECONDS:
        raise BlueGreenError(
            f"window_seconds is {window_seconds:g}; without the option lease, which lets the run remember the window, "
            f"it can be {LONGEST_UNREMEMBERED_SECONDS:g} at most"
        )


def predict_gate() -> Json:
    """The result for a target that does not exist yet."""
    return {
        "changed": False,
        "passed": False,
        "source_allocations": 0,
        "target_allocations": 0,
        "window_seconds": 0.0,
        "round": {"finished": True, "progress": "", "retry_after_seconds": 0.0},
    }


@dataclass
class AllocationGate:
    """The gate over both slots' Fleets. The window is remembered by the run, so it may outlast a slice.

    `sessions` counts those of source and target for the timeline, if the Fleets' own status does not say everything.
    """

    source: ReadFleets
    target: ReadFleets
    keeper: Keeper
    clock: Clock
    window_seconds: float
    min_target_allocations: int
    source_slot: str = "source"
    target_slot: str = "target"
    slice_seconds: float = 20.0
    sessions: Callable[[], tuple[int, int]] | None = None
    _tell_at: float = field(default=-math.inf, init=False)

    def run(self) -> Json:
        """One round; reads only, apart from the run's memory."""
        self.keeper.keep()
        remembered = self.keeper.load(GATE_MEMORY)
        window = Window.from_document(remembered) if remembered else None
        heart = Heartbeat(self.keeper, self.clock)
        end = self.clock.monotonic() + self.slice_seconds
        while True:
            source, target = self.source(), self.target()
            verdict = self._judge(window, source, target)
            self._tell_sessions(source, target)
            window = verdict.window
            if verdict.passed or self.clock.monotonic() >= end:
                # A window serves one gate: the next one of the run begins its own.
                self.keeper.save(GATE_MEMORY, {} if verdict.passed else window.to_document())
                return self._result(verdict)
            heart.beat()
            self.clock.sleep(_POLL_SECONDS)

    def preview(self) -> Json:
        """A single reading, judged against nothing; a slot without Fleets is not there yet."""
        try:
            verdict = self._judge(None, self.source(), self.target())
        except NoFleets:
            return predict_gate()
        return {**self._result(verdict), "round": {"finished": True, "progress": ""}}

    def _tell_sessions(self, source: list[Json], target: list[Json]) -> None:
        now = self.clock.monotonic()
        if now >= self._tell_at:
            self._tell_at = now + _JOURNAL_SECONDS
            counted = (count_occupied(source), count_occupied(target))
            on_source, on_target = self.sessions() if self.sessions else counted
            self.keeper.journal("sessions", slots={self.source_slot: on_source, self.target_slot: on_target})

    def _judge(self, window: Window | None, source: list[Json], target: list[Json]) -> Verdict:
        return judge_gate(
            window,
            self._counters("source", source),
            self._counters("target", target),
            self.clock.now().timestamp(),
            seconds=self.window_seconds,
            minimum=self.min_target_allocations,
        )

    @staticmethod
    def _counters(slot: str, fleets: list[Json]) -> Counters:
        counters, without = read_counters(fleets)
        if without:
            raise NoFleets(
                f"Fleets {', '.join(without)} of the {slot} have no counter status.allocations, so nothing can be "
                "proven: Agones 1.59 or newer is needed, and its controller must be running"
            )
        if not counters:
            raise NoFleets(f"the {slot} has no Fleet in the given namespaces: check the option namespaces")
        return counters

    def _result(self, verdict: Verdict) -> Json:
        return {
            "changed": False,
            "passed": verdict.passed,
            "source_allocations": verdict.source_allocations,
            "target_allocations": verdict.target_allocations,
            "window_seconds": round(self.clock.now().timestamp() - verdict.window.since, 1),
            "round": {
                "finished": verdict.passed,
                "progress": f"allocation gate: {verdict.reason}",
                "retry_after_seconds": 0.2,
            },
        }
