"""No session is asked to send its players away unless the target has a free seat for it and for all those on their way.

A handoff has a seat of its own, and is not counted. Nor is a seat that others take while the write is under way: the
drain cannot see that. Not judged when a runner died whose clock was behind by more than the notice: servers that are
told a time long past close at once, and no one is there to see it. Such a clock is refused where real ones are read.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import DrainOver


def judge(seen: DrainOver) -> None:
    if seen.runner_died and seen.clock_behind >= seen.shortest_notice:
        return
    short = seen.short_of_seats
    assert short <= 0, f"{short} sessions more were sent away than the target could seat"
