"""A session that is asked to hand over is told of one server of the target, which is allocated for its players.

Players who are sent to a server that anyone else may take would find it full.
"""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import HANDOFF, REQUESTED

from tests.unit.plugins.module_utils._drain.histories.seen import RequestWritten


def judge(seen: RequestWritten) -> None:
    if seen.request.state != REQUESTED or seen.request.mode != HANDOFF:
        return
    assert seen.request.successor, f"{seen.server}: handed over to no server"
    assert seen.successor_states == ("Allocated",), f"{seen.server}: its successor is not allocated"
