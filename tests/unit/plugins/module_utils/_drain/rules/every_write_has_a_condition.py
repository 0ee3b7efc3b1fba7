"""Every write to a game server holds only if the server is still as the drain has read it.

Between the reading and the write a match may have ended, another one may have begun in the same server, or another
runner may have written. A write that names the version that it is meant for can do no harm there: it is refused.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import Written


def judge(seen: Written) -> None:
    assert seen.conditional, f"{seen.server}: a write without a condition"
