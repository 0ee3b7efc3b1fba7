"""Every request that the drain writes is one that a game server can read by the contract.

A request that cannot be read is no request: its server would play on, and the drain would wait for it.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import Written


def judge(seen: Written) -> None:
    assert seen.readable, f"{seen.server}: a request that no server can read"
