"""How a session ended, from the last thing known of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    cancelled_request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import outcome_of

from tests.unit.plugins.module_utils._drain.parts import POLICY, REQUEST, session
from tests.unit.plugins.module_utils._drain.world import START


@pytest.mark.parametrize(
    ("changes", "gone_at", "outcome"),
    [
        ({}, START + 10, "ended_alone"),
        ({}, START + 31, "moved"),
        ({"ending_at": START + 31}, START + 90, "moved"),
        ({"ending_at": START + 29}, START + 90, "ended_alone"),
        ({"ending_at": START + 60}, START + 61, "ended_alone"),
        ({"phase": "accepted", "ending_at": START + 60}, START + 61, "moved"),
        ({"phase": "accepted"}, START + 20, "ended_alone"),
        ({"phase": "closing"}, START + 20, "moved"),
        ({"phase": "refused"}, START + 60, "ended_alone"),
        ({"signals": 4, "signalled_at": START}, START + 60, "ended_alone"),
        ({"phase": "closing", "crashed": True}, START + 40, "lost"),
        ({"crashed": True}, START + 1, "lost"),
        ({"request": None}, START + 60, "ended_alone"),
        ({"request": replace(REQUEST, mode=AT_MATCH_END), "phase": "closing"}, START + 60, "ended_alone"),
        ({"request": cancelled_request(REQUEST)}, START + 60, "ended_alone"),
        ({"shutdown_at": START + 50}, START + 60, "interrupted"),
        ({"shutdown_at": START + 50, "forced_at": START + 120, "crashed": True}, START + 121, "forced"),
    ],
)
def test_outcomes_from_the_last_thing_known(changes: dict[str, Any], gone_at: float, outcome: str) -> None:
    assert outcome_of(session(**changes), POLICY, gone_at) == outcome


def test_closing_at_the_deadline_is_an_interruption_only_where_matches_should_have_ended() -> None:
    late = session(request=replace(REQUEST, reason="deadline"), phase="closing")
    assert outcome_of(late, replace(POLICY, mode=AT_MATCH_END), START + 60) == "interrupted"
    assert outcome_of(late, POLICY, START + 60) == "moved"
