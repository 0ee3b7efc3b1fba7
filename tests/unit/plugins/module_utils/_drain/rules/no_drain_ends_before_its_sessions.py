"""A drain is finished when every session has ended, every server of the source is gone, and so are the sessions' pods.

After that, the source may be taken down: whatever still ran there would be lost.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import DrainOver


def judge(seen: DrainOver) -> None:
    open_ = sorted(seen.sessions ^ seen.ended.keys())
    assert not open_, f"the drain ended before {open_}"
    assert not seen.servers_left, f"the drain ended before the servers {sorted(seen.servers_left)}"
    assert not seen.pods_left, f"the drain ended before the pods of {sorted(seen.pods_left)}"
