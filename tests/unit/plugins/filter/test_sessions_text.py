"""What the playbook status says of who plays where."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.filter.sessions_text import FilterModule, sessions_text

BLUE = {"sessions": 3, "players": 15}
RUN = {"run_id": "1"}
LEFT = "blue: 3 sessions, 15 players; the playbook reclaim brings them to green"


@pytest.mark.parametrize(
    ("counted", "known", "text"),
    [
        (BLUE, {"active": "blue"}, "blue: 3 sessions, 15 players"),
        ({"sessions": 3, "players": None}, {"active": "blue"}, "blue: 3 sessions, unknown players"),
        ({"sessions": 0, "players": 0}, {"active": "blue"}, "blue: 0 sessions, 0 players"),
        ({"failed": True, "msg": "no answer"}, {"active": "green"}, "blue: no answer"),
        (BLUE, {"active": "green"}, LEFT),
        (BLUE, {"active": "green", "run": {}}, LEFT),
        ({"sessions": 0, "players": 0}, {"active": "green"}, "blue: 0 sessions, 0 players"),
        # The drain of an open run does it.
        (BLUE, {"active": "green", "run": RUN}, "blue: 3 sessions, 15 players"),
        # Where no slot serves, there is none to bring them to.
        (BLUE, {}, "blue: 3 sessions, 15 players"),
    ],
)
def test_who_plays_in_blue(counted: dict[str, Any], known: dict[str, Any], text: str) -> None:
    assert sessions_text(counted, "blue", **known) == text


def test_it_is_offered() -> None:
    assert FilterModule().filters() == {"sessions_text": sessions_text}
