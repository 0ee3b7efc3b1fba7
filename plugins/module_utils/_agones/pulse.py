# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Whether an API server answers. One that hangs leaves its watches open and quiet, as if nothing happened."""

from __future__ import annotations

from typing import Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock

PULSE_SECONDS = 1.0
ANSWER_SECONDS = 2.0


class Alive(Protocol):
    """What a pulse needs of an API server."""

    def is_alive(self, seconds: float) -> bool:
        """Whether it answers within this many seconds."""


class Pulse:
    """Asks again and again; `beats` says whether the last question was answered."""

    def __init__(self, api: Alive, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self.beats = True

    def feel_until(self, end: float) -> None:
        """Ask until a monotonic time, in seconds."""
        while self._clock.monotonic() < end:
            self.beats = self._api.is_alive(ANSWER_SECONDS)
            self._clock.sleep(PULSE_SECONDS)
