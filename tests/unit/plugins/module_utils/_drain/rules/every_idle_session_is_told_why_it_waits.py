"""For each session that the drain has not asked yet, a round says what it waits for: a seat, the pace, or the canary.

Not judged while the drain is paused, while events of the history may be under way, and just after a write met trouble:
it is tried again.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import RoundOver


def judge(seen: RoundOver) -> None:
    if seen.is_late and not seen.write_troubled and "paused" not in seen.progress:
        idle = seen.states["idle"]
        assert seen.held >= idle, f"{seen.progress}: nothing says what the idle ones wait for"
