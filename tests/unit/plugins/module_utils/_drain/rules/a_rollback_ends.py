"""A rollback ends, if a person runs it again as often as it is killed, refused or taken over.

What goes wrong in a history goes wrong less often than the number of attempts here.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import RollbackBegun

MOST_ATTEMPTS = 20


def judge(seen: RollbackBegun) -> None:
    assert seen.attempt <= MOST_ATTEMPTS, "the rollback does not end"
