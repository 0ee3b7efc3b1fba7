"""A server is shut down only after its players were told: by a request for the deadline, or because they have left.

Its pod is deleted only after that: when the server was shut down, or its players have left.
"""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import REASON_DEADLINE
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import INTERRUPTED, MOVED

from tests.unit.plugins.module_utils._drain.histories.seen import PodDeleted, ShutDown


def judge(seen: ShutDown | PodDeleted) -> None:
    if isinstance(seen, PodDeleted):
        assert seen.ended in (INTERRUPTED, MOVED), f"{seen.server}: its pod was deleted without a word"
        return
    assert seen.request is not None, f"{seen.server}: shut down without a request"
    told = seen.request.reason == REASON_DEADLINE or seen.ended == MOVED
    assert told, f"{seen.server}: shut down without a word"
