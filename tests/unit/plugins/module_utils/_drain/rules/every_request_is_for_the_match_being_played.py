"""A request to leave names the match that is being played in the server at that moment.

Agones may allocate a server again as soon as a match is over, and its annotations stay. A request that names its match
cannot send away the players of the next one.
"""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import REQUESTED

from tests.unit.plugins.module_utils._drain.histories.seen import RequestWritten


def judge(seen: RequestWritten) -> None:
    if seen.request.state == REQUESTED:
        assert seen.request.allocation == seen.match, f"{seen.server}: the request is bound to another match"
