# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Downtime of players whose ids no one knows, from how many are playing on both slots. Pure.

While players move, fewer are in sessions. The number missing, added up over time, is the player-seconds that they were
away; divided by the number of players who left, it is their mean downtime. New players who come meanwhile make it read
too low, matches that end by themselves too high.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Flow:
    """Readings of how many play. `level` is the last one before someone left, `online` the last of all."""

    level: float | None = None
    online: float | None = None
    read_at: float | None = None
    left: int = 0
    player_seconds: float = 0.0
    readings: int = 0

    def read(self, online: float, now: float, moving: bool) -> None:
        """Take a reading; `moving`: players whose ids no one knows are on their way."""
        self.readings += 1
        if moving and self.level is not None and self.read_at is not None and self.online is not None:
            missing = max(0.0, self.level - online)
            self.player_seconds += missing * max(0.0, now - self.read_at)
        else:
            self.level = online
        self.online, self.read_at = online, now

    def depart(self, players: int | None) -> float | None:
        """So many have just left (None: unknown); returns how many play when all are back."""
        self.left += players or 0
        return self.level

    def online_since(self, moment: float) -> float | None:
        """The last reading, if it was taken after a moment."""
        if self.read_at is None or self.read_at <= moment:
            return None
        return self.online

    def summary(self) -> dict[str, Any] | None:
        """Those who left, and their mean downtime; None without a reading."""
        if not self.readings or not self.left:
            return None
        return {"left": self.left, "mean_downtime_seconds": round(self.player_seconds / self.left, 3)}
