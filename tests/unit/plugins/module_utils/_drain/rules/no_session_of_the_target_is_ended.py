"""No server of the target is asked to go, is shut down or goes with players in it.

The target is where everyone is sent: a session there is as sacred as one on the source.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import (
    SuccessorAskedToGo,
    SuccessorShutDown,
    TargetServerGone,
)


def judge(seen: SuccessorAskedToGo | SuccessorShutDown | TargetServerGone) -> None:
    assert not seen.players, f"{seen}, though players are in it"
