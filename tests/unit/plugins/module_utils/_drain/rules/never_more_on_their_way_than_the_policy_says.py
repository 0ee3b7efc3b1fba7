"""No more sessions of a Fleet are on their way to the target at once than the policy's `most_at_once`.

A session is on its way from the moment when its server has accepted the request until its players are back, or the
reconnect timeout is over. A server that has not answered is not counted: the drain may take it for deaf. A request that
repeats another one adds none. Not judged once the runner's clock has jumped: the drain tells by its clock who is back.
"""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import LEAVING_MODES, REQUESTED

from tests.unit.plugins.module_utils._drain.histories.seen import RequestWritten


def judge(seen: RequestWritten) -> None:
    most = seen.policy.most_at_once
    if most is None or seen.is_leaving or seen.clock_jumped:
        return
    if seen.request.state == REQUESTED and seen.request.mode in LEAVING_MODES:
        others = sorted(seen.on_their_way)
        assert len(others) < most, f"{seen.server}: asked while {others} are on their way"
