"""Once a rollback has taken the requests back, no session of the source that still plays is asked to leave."""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import RequestsTakenBack


def judge(seen: RequestsTakenBack) -> None:
    assert not seen.still_asked, f"{sorted(seen.still_asked)} are still asked to go after a rollback"
