"""Players have the whole notice of the policy between the request and the moment when their server sends them away.

The notice is counted from the moment when the runner begins to write; what a slow write takes from it is not judged.
Nor is anything once the runner's clock has jumped: a request names a time of day, and a wrong clock is refused where
real ones are read.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import Closed

# Times in a request are written with milliseconds.
ROUNDING_SECONDS = 0.002


def judge(seen: Closed) -> None:
    if not seen.clock_jumped:
        least = seen.policy.notice - ROUNDING_SECONDS
        assert seen.notice >= least, f"{seen.server}: closed after {seen.notice:.2f} s of notice"
