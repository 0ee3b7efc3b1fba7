"""A session that was not closing when a rollback took the requests back goes on playing.

Those that were closing already finish; their players are on the way.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import RollbackOver


def judge(seen: RollbackOver) -> None:
    changed = sorted(seen.closed_since)
    assert not changed, f"{changed} closed after the rollback, and had not been closing"
