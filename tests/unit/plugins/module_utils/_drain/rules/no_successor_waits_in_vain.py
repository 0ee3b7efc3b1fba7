"""No server that a handoff has allocated goes on waiting for players who do not come.

That holds when a drain is finished, and after a rollback for each session that has said that it stays. A rollback
leaves a server whose write met trouble; that is not judged.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import DrainOver, SuccessorsLetGo


def judge(seen: DrainOver | SuccessorsLetGo) -> None:
    if isinstance(seen, DrainOver):
        assert not seen.waiting_in_vain, f"{sorted(seen.waiting_in_vain)} wait for players who do not come"
    elif not seen.write_troubled:
        left = sorted(seen.in_vain)
        assert not left, f"{left} wait for players who do not come, after a rollback"
