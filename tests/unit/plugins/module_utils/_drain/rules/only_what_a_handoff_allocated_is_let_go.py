"""On the target the drain lets no server go but those that it has allocated for a handoff.

All the others belong to players who came by themselves, and to the matchmaker.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import SuccessorAskedToGo, SuccessorShutDown


def judge(seen: SuccessorAskedToGo | SuccessorShutDown) -> None:
    assert seen.session, f"{seen.seat}: let go though no handoff has allocated it"
