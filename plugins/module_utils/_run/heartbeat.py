# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Keep a lease within a slice: a slice may be longer than the lease."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper

BEAT_SECONDS = 2.0


class Heartbeat:
    """Calls `keep` when the last call is some seconds ago; made when the lease has just been kept."""

    def __init__(self, keeper: Keeper, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock
        self._next = clock.monotonic() + BEAT_SECONDS

    def beat(self) -> None:
        """Raises LeaseLost."""
        if self._clock.monotonic() >= self._next:
            self._keeper.keep()
            self._next = self._clock.monotonic() + BEAT_SECONDS
