# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeats the module elbv2_target_group_swap until targets are healthy, then holds the step."""

from __future__ import annotations

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock, SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.plugin_utils._rounds import (
    Result,
    RoundsAction,
    merge_rounds,
    seconds_of,
)

DEFAULT_LEASE_SECONDS = 60.0


class ActionModule(RoundsAction):
    """A round at a time, and a wait at the end that keeps the lease."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> Result:
        seconds = seconds_of(self._task.args, "hold_seconds", 0.0)
        result = super().run(tmp, task_vars)
        if self._task.check_mode or result.get("failed") or result.get("ahead") or seconds <= 0:
            return result
        return self._hold(result, seconds, task_vars, SystemClock())

    def _hold(self, result: Result, seconds: float, task_vars: dict[str, Any] | None, clock: Clock) -> Result:
        """Wait; the module's own round renews the lease and puts right what a rival has changed."""
        lease = self._task.args.get("lease") or {}
        longest = float(lease.get("seconds") or DEFAULT_LEASE_SECONDS) / 3
        end = clock.monotonic() + seconds
        while (left := end - clock.monotonic()) > longest:
            self._guard()
            clock.sleep(longest)
            again = self._round(task_vars)
            if again.get("failed") or again.get("changed"):
                result = merge_rounds(result, again)
                result.pop("round", None)
            if again.get("failed"):
                return result
        self._guard()
        clock.sleep(max(0.0, left))
        return result
