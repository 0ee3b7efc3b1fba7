"""A run's report as a page."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.page import render, timeline

from tests.unit.plugins.module_utils._report.runs import JOURNAL, entry, phase, reclaim, report, rolled_back


@pytest.mark.parametrize(
    "made",
    [
        report(),
        report(drain=None),
        report([], None),
        report([], None, previous={}, closed_at="", state="open", outcome=""),
    ],
)
def test_a_page_needs_nothing_else(made: dict[str, Any]) -> None:
    page = render(made, "look <now>", "back & forth")
    ElementTree.fromstring(page.replace("<!DOCTYPE html>", "").replace('<meta charset="utf-8">', "").replace(
        '<meta name="viewport" content="width=device-width, initial-scale=1">', ""
    ))  # fmt: skip
    for outside in ("http:", "https:", "<script", "<link", "src=", "url(", "@import"):
        assert outside not in page
    assert "look &lt;now&gt;" in page


def test_a_page_shows_what_happened() -> None:
    page = render(report(), "look", "back")
    for shown in (
        "traffic from 01:00:45: blue 50 %, green 50 %",
        "run opened by me &lt;here&gt;",
        "provision: 01:00:31",
    ):
        assert shown in page
    assert "back" in page


def test_counts_are_not_drawn_beyond_the_phase_that_counted() -> None:
    journal = [*JOURNAL[:-1], entry(120, "note", 2, event="ended", text="run completed")]
    page = render(report(journal), "look", "back")
    # The drain ended at 60 of 120 seconds: the line ends in the middle of the plot.
    assert page.count(' 518.0,161.0"/>') == page.count(' 518.0,245.0"/>') == 1


def test_a_page_of_a_reclaim_says_so_and_offers_no_way_back() -> None:
    page = render(reclaim(outcome="reclaimed"), "look", "back!")
    assert "arena: green to blue, reclaim" in page
    assert "back!" not in page
    assert "arena: green to blue, reclaim" in render(reclaim(state="aborted", outcome=""), "look", "back!")


@pytest.mark.parametrize(
    ("values", "ending", "can_go_back"),
    [
        ({}, "completed", True),
        ({"outcome": "rolled_back"}, "rolled back", False),
        ({"state": "open", "outcome": ""}, "open", True),
        ({"state": "aborted", "outcome": ""}, "aborted", False),
    ],
)
def test_the_way_back_is_told_where_there_is_one(values: dict[str, str], ending: str, can_go_back: bool) -> None:
    page = render(report(**values), "look", "ansible-playbook rollback")
    assert f"<code>run-1</code>, {ending}," in page
    assert ("ansible-playbook rollback" in page) is can_go_back


def tiles(page: str) -> list[str]:
    """The figures on top."""
    return [one.partition("</b>")[0] for one in page.split('<div class="tile"><b>')[1:]]


def test_the_figures_on_top() -> None:
    assert tiles(render(report(), "look", "back")) == ["1 min 1 s", "1", "2", "0", "4", "2.0 s", "2.0 s"]
    ended = [{"outcome": name} for name in ("interrupted", "forced", "lost", "lost")]
    harmed = render(report(drain={"ended": ended, "active": {}, "ledger": {}}), "look", "back")
    assert tiles(harmed)[1:] == ["0", "0", "4", "0", "not measured", "not measured"]


def test_sessions_that_are_left_are_told_and_marked() -> None:
    left = render(report(drain={"ended": [], "active": {"uid": {}}, "ledger": {}}), "look", "back")
    assert '<td class="bad">still there</td><td class="n">1</td>' in left
    assert '<td class="bad">' not in render(report(), "look", "back")
    assert "Nothing was drained in this run." in render(report(drain=None), "look", "back")


def drawn(report_: dict[str, Any]) -> list[ElementTree.Element]:
    """What the timeline consists of."""
    svg = timeline(report_).partition('<p class="soft">')[0]
    return list(ElementTree.fromstring(svg).iter())


def texts(report_: dict[str, Any]) -> list[str]:
    return [str(one.text) for one in drawn(report_) if one.tag == "text"]


def tips(report_: dict[str, Any]) -> list[str]:
    return [str(one.text) for one in drawn(report_) if one.tag == "title"]


def test_the_timeline_has_a_part_for_each_phase_value_and_note() -> None:
    assert tips(report()) == [
        "provision: 01:00:31, 10 s",
        "cutover: 01:00:41, 9 s",
        "drain: 01:00:50, 10 s",
        "provision: 01:00:01, 19 s",
        "traffic from 01:00:00: blue 100 %, green 0 %",
        "traffic from 01:00:45: blue 50 %, green 50 %",
        "traffic from 01:00:47: blue 0 %, green 100 %",
        "destination from 01:00:00: blue 100 %, green 0 %",
        "destination from 01:00:48: blue 0 %, green 100 %",
        "sessions on blue: 4 at first, 0 at the end",
        "sessions on green: 1 at first, 5 at the end",
        "01:00:00 run opened by me <here>",
        "01:00:20 still there",
        "01:00:30 run resumed",
        "01:01:01 run completed",
    ]


def test_a_band_is_filled_in_proportion_until_its_value_changes() -> None:
    half = [one.attrib for one in drawn(report()) if one.attrib.get("height") == "11.0"]
    # Two of 61 seconds: from 45 to 47.
    assert [(one["class"], one["x"], one["width"]) for one in half] == [
        ("blue", "720.5", "28.0"),
        ("green", "720.5", "28.0"),
    ]
    assert float(half[1]["y"]) == float(half[0]["y"]) + 11


def test_a_phase_is_named_where_there_is_room() -> None:
    assert {"provision", "cutover", "drain"} <= set(texts(report()))
    short = report([phase(0, "provision", "started"), phase(1, "provision", "finished"), entry(3600, "note", text="x")])
    assert "provision" not in texts(short)
    assert "provision: 01:00:00, 1 s" in tips(short)


@pytest.mark.parametrize(
    ("journal", "said"),
    [
        ([entry(0, "note", text="x"), entry(60, "note", text="y")], "no sessions were counted in this run"),
        (JOURNAL, "not counted yet"),
    ],
)
def test_where_nothing_was_counted_it_says_so(journal: list[Any], said: str) -> None:
    assert said in texts(report(journal))


def test_what_did_not_move_says_so() -> None:
    assert texts(report([], None, previous={})).count("not moved in this run") == 2
    assert "not moved in this run" not in texts(report())


@pytest.mark.parametrize(
    ("seconds", "last", "step"), [(8, "8 s", "1 s"), (61, "1 min 0 s", "10 s"), (7200, "2 h 0 min", "15 min 0 s")]
)
def test_the_axis_has_a_few_round_times(seconds: int, last: str, step: str) -> None:
    times = texts(report([entry(0, "note", text="x"), entry(seconds, "note", text="y")]))
    assert {"0 s", step, last} <= set(times)
    assert len([one for one in times if one.endswith((" s", " min"))]) <= 10


def test_players_are_drawn_by_how_long_they_were_away() -> None:
    away = {"ended": [], "active": {}, "ledger": {"downtimes": [2.05, 1.05, 1.02, 1.45]}}
    page = render(report(drain=away), "look", "back")
    for bar in ("1 to 1.1 s: 2 players", "1.4 to 1.5 s: 1 players", "2 to 2.1 s: 1 players", "0 to 0.1 s: 0 players"):
        assert bar in page
    assert 'aria-label="Downtime per player"' not in render(report(drain=None), "look", "back")


def test_a_rollback_is_drawn_as_a_phase() -> None:
    assert "rollback: 01:00:40, 4 s" in tips(report(rolled_back(), None, outcome="rolled_back"))
