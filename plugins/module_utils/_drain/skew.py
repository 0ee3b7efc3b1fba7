# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Whether this machine's clock is that of a slot: requests to go name absolute times."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

# An answer's time is cut to whole seconds; a notice is seldom shorter than this.
LARGEST_SKEW_SECONDS = 5.0


class Timed(Protocol):
    """Something with a clock of its own."""

    def server_time(self) -> datetime:
        """Its time. Raises ApiFailure."""


def refuse_wrong_clock(api: Timed, clock: Clock, slot: str) -> None:
    """Raise BlueGreenError where this machine's clock is wrong. No answer tells nothing: the next call will fail."""
    before = clock.now()
    try:
        there = api.server_time()
    except ApiFailure:
        return
    # An answer that was long on its way is no skew.
    ahead, behind = (before - there).total_seconds(), (there - clock.now()).total_seconds()
    skew, side = (ahead, "ahead of") if ahead > behind else (behind, "behind")
    if skew > LARGEST_SKEW_SECONDS:
        raise BlueGreenError(
            f"the clock of this machine is {skew:.0f} s {side} that of the API server of {slot}. Game servers are "
            "told absolute times, so every notice would be too long or too short. Correct the clock (NTP), then run "
            "again"
        )
