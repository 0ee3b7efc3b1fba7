"""Under mode at_match_end no session is asked to leave its match, and each one ends alone or is lost in a crash.

Where the policy interrupts at the deadline, this holds only until then, and is not judged here.
"""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import AT_MATCH_END, REQUESTED
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import ENDED_ALONE, LOST

from tests.unit.plugins.module_utils._drain.histories.seen import RequestWritten, SessionTold


def judge(seen: RequestWritten | SessionTold) -> None:
    if seen.policy.mode != AT_MATCH_END or seen.policy.interrupt_at_deadline:
        return
    if isinstance(seen, SessionTold):
        assert {seen.told, seen.ended} <= {ENDED_ALONE, LOST}, f"{seen.server}: {seen.ended}, told as {seen.told}"
    elif seen.request.state == REQUESTED:
        assert seen.request.mode == AT_MATCH_END, f"{seen.server}: asked to leave its match"
