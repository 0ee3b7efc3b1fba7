"""What there is to say of a drain."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import AT_MATCH_END
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import OUTCOMES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.tell import (
    SESSION_STATES,
    drain_progress,
    is_quiet,
)

from tests.unit.plugins.module_utils._drain.parts import REQUEST, asked, drain, server
from tests.unit.plugins.module_utils._drain.world import START


def test_it_is_quiet_when_nobody_is_about_to_leave_or_away() -> None:
    one = drain()
    assert not is_quiet(one.memory, START), "the second reading that finds it empty is near"
    one.sight.see_server(server("other", annotations=asked(replace(REQUEST, mode=AT_MATCH_END))), START)
    one.sight.see_server(server(players=["a"], annotations=asked()), START)
    assert is_quiet(one.memory, START)
    assert not is_quiet(one.memory, START + 28)
    one.sight.see_server(server(players=["a"], version=2, annotations=asked(answer="closing")), START + 31)
    one.sight.see_gone("uid-s", START + 31.5)
    assert not is_quiet(one.memory, START + 60)
    one.sight.see_target(server("seat-0", version=5, players=["a"]), START + 61)
    one.sight.tick(START + 61)
    assert is_quiet(one.memory, START + 61)


def test_progress_text() -> None:
    counts = {**dict.fromkeys(SESSION_STATES, 0), **dict.fromkeys(OUTCOMES, 0)}
    counts |= {"remaining": 3, "total": 9, "idle": 1, "accepted": 2, "moved": 4, "ended_alone": 2}
    text = drain_progress(counts, {"moved": 20, "returned": 18}, "blue")
    assert text == ("3 of 9 sessions left on blue (1 idle, 2 accepted); 2 ended alone, 4 moved; players back 18 of 20")
