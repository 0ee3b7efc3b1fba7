"""Each request to a server has a higher sequence number than the one before it.

A server obeys the highest number, and its answer names it. The number must grow across runners too: one that takes
over after a kill goes on from what it finds on the server.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import RequestWritten


def judge(seen: RequestWritten) -> None:
    if seen.before is not None:
        before, now = seen.before.seq, seen.request.seq
        assert now > before, f"{seen.server}: sequence {now} after {before}"
