"""The states that a round tells add up to the sessions that are left, and the outcomes at the end to all there were.

A session that is in no count, or in two, is one that a person at the console does not know of.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import DrainOver, RoundOver


def judge(seen: RoundOver | DrainOver) -> None:
    if isinstance(seen, RoundOver):
        states = sum(seen.states.values())
        assert states == seen.remaining, f"{states} sessions by state, {seen.remaining} left"
        return
    outcomes = {"told": len(seen.told), "counted": seen.counted, "total": seen.total}
    assert len(set(outcomes.values())) == 1, f"outcomes do not add up: {outcomes}"
