"""The arithmetic of the benchmark `drain`, and what it reads from an API server's metrics."""

from __future__ import annotations

import pytest

from benchmarks._api_server import count_requests
from benchmarks.drain import Loop, bars, extrapolate, reactions, reads, signalling, sizes_of

METRICS = """\
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",group="agones.dev",resource="gameservers",verb="LIST",version="v1"} 20
apiserver_request_total{code="410",group="agones.dev",resource="gameservers",verb="LIST",version="v1"} 1
apiserver_request_total{code="200",group="",resource="pods",verb="LIST",version="v1"} 7
apiserver_request_total{code="200",group="agones.dev",resource="gameservers",verb="WATCH",version="v1"} 2
apiserver_request_sli_total{code="200",resource="gameservers",verb="LIST"} 5
"""


def test_requests_are_counted_by_verb_whatever_their_answer() -> None:
    assert count_requests(METRICS, "gameservers") == {"LIST": 21, "WATCH": 2}


@pytest.mark.parametrize(
    ("start", "wanted", "seconds"),
    [(0.0, 20, 10.0), (0.0, 1_000, 500.0), (2.0, 20, 10.0), (2.0, 1_000, 402.0)],
)
def test_only_what_grows_with_the_objects_is_extrapolated(start: float, wanted: int, seconds: float) -> None:
    assert extrapolate(10.0, start, 20, wanted) == pytest.approx(seconds)


def test_a_loop_is_marked_where_it_was_not_measured() -> None:
    loop = Loop("for ...", 100, 0.0, [6.0, 7.0])
    measured, computed = loop.peer(100), loop.peer(1_000)
    assert (measured.times, measured.more) == ([6.0, 7.0], {"measured_objects": 100, "extrapolated": False})
    assert (computed.times, computed.more) == ([60.0, 70.0], {"measured_objects": 100, "extrapolated": True})


def test_one_paged_list_and_one_watch_of_each_slot() -> None:
    found = reads({"LIST": 5, "WATCH": 1}, {"LIST": 47, "WATCH": 3, "GET": 1}, 10_010)
    assert found == {"list_requests": 42, "lists_per_slot": 1.0, "watches_per_slot": 1.0, "get_requests": 1}


def test_reactions_are_measured_from_before_the_change() -> None:
    told = {"seen": {"a": 10.25, "b": 11.5, "other": 1.0}, "written": {"a": 10.5, "b": 12.0}}
    assert reactions({"a": 10.0, "b": 11.0}, told) == {
        "changes": 2,
        "seen_seconds": {"median": 0.375, "max": 0.5},
        "acted_seconds": {"median": 0.75, "max": 1.0},
    }


def test_a_change_without_a_reaction_ends_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="1 of 2 changes were not acted upon"):
        reactions({"a": 10.0, "b": 11.0}, {"seen": {"a": 10.1}, "written": {"a": 10.2}})


def test_the_longest_reaction_of_all_runs_that_signalled_counts() -> None:
    run = {"rounds": 1, "longest_turn_seconds": 0.4, "peak_mb": 80.0}
    moments = {"changed": {"a": 1.0}, "seen": {"a": 1.2}, "written": {"a": 1.5}}
    slower = {"changed": {"b": 5.0}, "seen": {"b": 5.8}, "written": {"b": 6.2}}
    found = signalling([{**run, **moments}, {**run, **slower, "rounds": 2, "peak_mb": 90.0}])
    assert found == {
        "seen_seconds_signalling": {"median": pytest.approx(0.5), "max": pytest.approx(0.8)},
        "acted_seconds_signalling": {"median": pytest.approx(0.85), "max": pytest.approx(1.2)},
        "rounds_to_signal_all": 2,
        "longest_turn_seconds": 0.4,
        "peak_mb_signalling": 90.0,
    }
    assert "seen_seconds_signalling" not in signalling([{**run, "changed": {}, "seen": {}, "written": {}}])


def test_the_bars_are_those_of_the_largest_number() -> None:
    of_floor = {
        "100 game servers, writes alone": 9.0,
        "100 game servers, whole rounds": 9.0,
        "1000 game servers, writes alone": 1.1,
        "1000 game servers, whole rounds": 1.3,
    }
    rows = [{"work": work, "of_floor": value} for work, value in of_floor.items()]
    steady = {
        "objects": 1_000,
        "lists_per_slot": 1.0,
        "watches_per_slot": 1.0,
        "acted_seconds": {"median": 0.1, "max": 0.2},
        "seen_seconds_signalling": {"median": 0.3, "max": 1.2},
        "peak_mb": 90.0,
        "peak_mb_signalling": 301.0,
    }
    slow = {**steady, "objects": 100, "acted_seconds": {"median": 9.0, "max": 9.0}}
    met = {bar.document()["bar"]: bar.document()["met"] for bar in bars(rows, [slow, steady])}
    assert met == {
        "of floor: 1000 game servers, writes alone": True,
        "of floor: 1000 game servers, whole rounds": False,
        "paged lists of a slot a round": True,
        "watches of a slot a round": True,
        "seconds to a reaction, 1000 game servers": True,
        "seconds until a change is taken in while signalling, 1000 game servers": False,
        "peak MB, 1000 game servers": False,
    }


def test_sizes_are_sorted() -> None:
    assert sizes_of("1000,100") == [100, 1_000]
