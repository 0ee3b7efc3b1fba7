# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Time, injected, so that no unit test sleeps."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Protocol


class Clock(Protocol):
    """What code that waits uses instead of the time module."""

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class SteadyClock:
    """Another clock whose wall time does not jump: it is read once, and goes on with the monotonic one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._start = clock.now(), clock.monotonic()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def now(self) -> datetime:
        return self._wall + timedelta(seconds=self._clock.monotonic() - self._start)

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)
