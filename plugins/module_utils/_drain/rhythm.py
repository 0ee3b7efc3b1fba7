# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Things that a loop does less often than every turn."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock


class Rhythm:
    """Something that is due at once, and again some seconds after it was done."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = 0.0

    def is_due(self, seconds: float) -> bool:
        """Whether it is to be done now; if so, it is due again in so many seconds."""
        if self._clock.monotonic() < self._next:
            return False
        self.rest(seconds)
        return True

    def rest(self, seconds: float) -> None:
        """It is due in so many seconds from now."""
        self._next = self._clock.monotonic() + seconds

    def hurry(self) -> None:
        """It is due at once."""
        self._next = 0.0
