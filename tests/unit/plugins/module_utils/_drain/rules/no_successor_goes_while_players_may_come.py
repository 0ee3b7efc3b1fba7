"""A server that a handoff has allocated is let go only when the players it waits for can no longer come.

It stays while they are on the way, and is shut down no sooner than the reconnect timeout. It is asked to go only when,
besides, its session has no request that names it, or has acknowledged that the request was taken back.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import SuccessorAskedToGo, SuccessorShutDown


def judge(seen: SuccessorAskedToGo | SuccessorShutDown) -> None:
    if isinstance(seen, SuccessorAskedToGo):
        assert not seen.may_come, f"{seen.seat}: asked to go before {seen.session} has said that it stays"
    assert not seen.on_their_way, f"{seen.seat}: let go while the players of {seen.session} are on the way to it"
