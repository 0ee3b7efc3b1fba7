# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a person tells a running drain to do: pause, end, or go on."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.rhythm import Rhythm
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.control import PAUSED, Control, read_control
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper

CONTROL_SECONDS = 2.0


class Flag:
    """The run's flag as it was last read; each change is written to the journal."""

    def __init__(self, keeper: Keeper, clock: Clock) -> None:
        self._keeper = keeper
        self._rhythm = Rhythm(clock)
        self.control = Control()

    @property
    def is_paused(self) -> bool:
        return self.control.state == PAUSED

    def look(self) -> bool:
        """Read it every few seconds; whether it was read now."""
        if not self._rhythm.is_due(CONTROL_SECONDS):
            return False
        before, self.control = self.control, read_control(self._keeper)
        if self.control.state != before.state:
            self._keeper.journal("drain", control=self.control.state, reason=self.control.reason)
        return True
