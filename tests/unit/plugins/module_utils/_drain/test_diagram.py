"""The diagram of a history made by hand, line by line, and that a failing history brings its own."""

from __future__ import annotations

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import Request
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy

from tests.unit.plugins.module_utils._drain.histories import play as playing
from tests.unit.plugins.module_utils._drain.histories.diagram import diagram
from tests.unit.plugins.module_utils._drain.histories.draw import History, Party
from tests.unit.plugins.module_utils._drain.histories.play import play
from tests.unit.plugins.module_utils._drain.histories.seen import (
    Acknowledged,
    Arrived,
    Closed,
    Happened,
    RequestWritten,
    RoundOver,
    SeatAdded,
    Seen,
    SessionBegun,
    ShutDown,
    StrangersCame,
    Vanished,
    Written,
)
from tests.unit.plugins.module_utils._drain.world import START, Habits

POLICY = Policy("run-1", mode="disconnect", notice=2.0)
REQUEST = Request("run-1", 1, "requested", "disconnect", "match-1", START + 2.0, START + 60.0, 1.0)
ROUND = RoundOver(
    at=9.0, states={"idle": 0, "closing": 1}, remaining=1, held=0, progress="", is_late=False, write_troubled=False
)
SHUT_DOWN = ShutDown(at=9.5, server="s0", policy=POLICY, request=REQUEST, ended="moved")
STORY: list[Seen] = [
    SeatAdded(at=0.0, seat="seat-0", fleet="arena", free={"arena": 1}),
    SeatAdded(at=0.0, seat="seat-1", fleet="arena", free={"arena": 2}),
    SessionBegun(at=0.0, server="s0", fleet="arena", players=1),
    Written(at=0.0, server="s0", conditional=True, readable=True),
    RequestWritten(
        at=0.0,
        server="s0",
        policy=POLICY,
        before=None,
        request=REQUEST,
        match="match-1",
        is_leaving=False,
        on_their_way=frozenset(),
        successor_states=(),
        clock_jumped=False,
    ),
    Acknowledged(at=0.4, server="s0", phase="accepted", seq=1),
    StrangersCame(at=0.7, seat="seat-1", free={"arena": 1}),
    Happened(at=1.0, what="killed after a write"),
    Acknowledged(at=2.0, server="s0", phase="closing", seq=1),
    Closed(at=2.0, server="s0", policy=POLICY, notice=2.0, players=1, successor="none", clock_jumped=False),
    Arrived(at=3.5, seat="seat-0", session="s0", players=1, free={"arena": 0}),
    ROUND,
    ROUND,
    SHUT_DOWN,
    SHUT_DOWN,
    Vanished(at=10.25, server="s0"),
]


DIAGRAM = """\
seconds | runner                | source                                 | target                       | free seats
--------+-----------------------+----------------------------------------+------------------------------+-----------
   0.00 |                       |                                        | seat-0 of arena is ready     | arena 1
   0.00 |                       |                                        | seat-1 of arena is ready     | arena 2
   0.00 |                       | s0 of arena, 1 player                  |                              |
   0.00 |                       | s0 #1 asked: disconnect at 2.00        |                              |
   0.40 |                       | s0 #1 answered: accepted               |                              |
   0.70 |                       |                                        | seat-1 taken by strangers    | arena 1
   1.00 | killed after a write  |                                        |                              |
   2.00 |                       | s0 closes with 1 player, notice 2.00 s |                              |
   3.50 |                       |                                        | seat-0: s0 arrives, 1 player | arena 0
   9.00 | round over: 1 closing |                                        |                              |
   9.50 |                       | s0: the drain shuts it down            |                              |
  10.25 |                       | s0 is gone                             |                              |
  10.25 | BROKEN: s0 went too soon"""


def test_time_runs_down_and_the_runner_and_both_sides_are_side_by_side() -> None:
    assert diagram(STORY, "s0 went too soon") == DIAGRAM


def test_a_history_that_fails_brings_its_diagram(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise KeyError("a bug of the drain")

    monkeypatch.setattr(playing, "run_round", fail)
    history = History((Party(Habits(), players=1),), Policies(POLICY), {"arena": 1, "lobby": 0})
    with pytest.raises(KeyError) as failed:
        play(history)
    [drawn] = failed.value.__notes__
    assert drawn.startswith("seconds | runner | source ")
    assert "s0 of arena, 1 player" in drawn
    assert drawn.splitlines()[-1] == "   0.00 | BROKEN: 'a bug of the drain'"
