"""No id of a player is in anything that the drain saves, writes into the journal or returns.

The drain reads them to tell who is back, and keeps them only as long as its process lives.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import DrainOver

# What the ids of the players of a history begin with.
PLAYER = "player-"


def judge(seen: DrainOver) -> None:
    assert PLAYER not in seen.text, "a player id left the process"
