"""A run's report as data, as lines and as a page."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.page import render
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.report import build_report, phase_segments
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.summary import duration, report_lines
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import to_document

from tests.unit.plugins.module_utils._run.fakes import record


def at(second: int) -> str:
    return f"2026-11-23T01:{second // 60:02d}:{second % 60:02d}.000Z"


def entry(second: int, kind: str, generation: int = 1, **data: Any) -> dict[str, Any]:
    return {"at": at(second), "kind": kind, "generation": generation, **data}


def phase(second: int, name: str, event: str, generation: int = 1) -> dict[str, Any]:
    return entry(second, "phase", generation, name=name, event=event)


JOURNAL = [
    entry(0, "note", event="opened", text="run opened by me <here>"),
    phase(1, "provision", "started"),
    entry(20, "note", event="other", text="still there"),
    entry(30, "note", 2, event="resumed", text="run resumed"),
    phase(31, "provision", "started", 2),
    phase(41, "provision", "finished", 2),
    phase(41, "cutover", "started", 2),
    entry(45, "traffic", 2, weights={"blue": 50, "green": 50}),
    entry(47, "traffic", 2, weights={"blue": 0, "green": 100}),
    entry(48, "routing", 2, weights={"blue": 0, "green": 100}, revision=8),
    phase(50, "cutover", "finished", 2),
    phase(50, "drain", "started", 2),
    entry(51, "sessions", 2, slots={"blue": 4, "green": 1}),
    entry(55, "sessions", 2, slots={"blue": 0, "green": 5}),
    phase(60, "drain", "finished", 2),
    entry(61, "note", 2, event="ended", text="run completed"),
]
DRAIN = {
    "ended": [{"outcome": "moved"}, {"outcome": "moved"}, {"outcome": "ended_alone"}],
    "active": {},
    "ledger": {"downtimes": [1.0, 2.0, 1.4], "away": {"p": 3.0}},
}
PREVIOUS = {
    "traffic": [{"weights": {"blue": 100, "green": 0}}],
    "destination": {"weights": {"blue": 100, "green": 0}},
}
VERSIONS = {"kubernetes_version": "1.36", "agones_version": "1.60.0"}


def report(journal: Any = JOURNAL, drain: Any = DRAIN, **values: Any) -> dict[str, Any]:
    fields = {"state": "closed", "outcome": "completed", "opened_at": at(0), "closed_at": at(61), "previous": PREVIOUS}
    return build_report("arena", to_document(record(**{**fields, **values})), journal, drain, VERSIONS)


def test_a_killed_runner_leaves_its_phase_at_its_last_entry() -> None:
    found = [(one.name, one.seconds) for one in phase_segments(JOURNAL, at(61))]
    assert sorted(found) == [("cutover", 9.0), ("drain", 10.0), ("provision", 10.0), ("provision", 19.0)]


def test_a_report() -> None:
    made = report()
    assert made["seconds"] == 61.0
    assert made["phases"] == [
        {"name": "provision", "seconds": 29.0},
        {"name": "cutover", "seconds": 9.0},
        {"name": "drain", "seconds": 10.0},
    ]
    assert made["timeline"]["weights"] == [
        {"at": at(0), "blue": 100, "green": 0},
        {"at": at(45), "blue": 50, "green": 50},
        {"at": at(47), "blue": 0, "green": 100},
    ]
    assert made["timeline"]["sessions"][-1] == {"at": at(55), "blue": 0, "green": 5}
    sessions = made["drain"]["sessions"]
    assert (sessions["total"], sessions["moved"], sessions["ended_alone"], sessions["lost"]) == (3, 2, 1, 0)
    assert made["drain"]["players"]["moved"] == 4
    assert "previous" not in made["run"]


def test_what_is_left_counts_among_all_sessions_as_in_the_drain_s_own_result() -> None:
    made = report(drain={**DRAIN, "active": {"uid-1": {}, "uid-2": {}}}, outcome="rolled_back")
    sessions = made["drain"]["sessions"]
    assert (sessions["total"], sessions["remaining"]) == (5, 2)
    lines = report_lines(made, "look", "back", "reclaim!", [])
    assert "  sessions  5 on blue: 1 ended alone, 2 moved, 0 interrupted, 0 forced, 0 lost, 2 left" in lines


def test_a_rollback_is_a_phase_of_its_own() -> None:
    journal = [
        *JOURNAL[:3],
        entry(40, "note", 2, event="rollback", text="back"),
        entry(44, "note", 2, event="ended", text="rolled back"),
    ]
    made = report(journal, None, outcome="rolled_back")
    assert made["phases"][-1] == {"name": "rollback", "seconds": 4.0}
    lines = report_lines(made, "look", "back", "reclaim!", [])
    assert lines[0].startswith("arena: taken back to blue; green has release 2026-11")
    assert not any("go back" in line for line in lines)
    assert lines[-1] == "  reclaim   reclaim!   (brings the sessions that are still on green)"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"outcome": "reclaimed"}, "arena: green has no session left; blue serves release 2026-10"),
        ({"state": "aborted", "outcome": ""}, "arena: the reclaim of the sessions on green by blue is aborted"),
    ],
)
def test_a_reclaim_tells_of_itself(values: dict[str, str], said: str) -> None:
    fields = {"direction": "reclaim", "source": "green", "target": "blue", "release": "2026-10", **values}
    made = report(**fields)
    lines = report_lines(made, "look", "back", "reclaim!", [])
    assert lines[0].startswith(said)
    assert not any("back" in line for line in lines if "returned" not in line and "players" not in line)
    assert "arena: green to blue, reclaim" in render(made, "look", "back")


def test_lines_for_people() -> None:
    commands = ("ansible-playbook status", "ansible-playbook rollback", "ansible-playbook reclaim")
    assert report_lines(report(), *commands, ["reports/r.html"]) == [
        "arena: moved from blue to green, which serves release 2026-11 (Kubernetes 1.36, Agones 1.60.0)",
        "  run       run-1, 1 min 1 s",
        "  phases    provision 29 s, cutover 9 s, drain 10 s",
        "  sessions  3 on blue: 1 ended alone, 2 moved, 0 interrupted, 0 forced, 0 lost",
        "  players   4 moved, 3 back; downtime p50 1.4 s, p95 2.0 s, p99 2.0 s, max 2.0 s",
        "  report    reports/r.html",
        "  look      ansible-playbook status",
        "  go back   ansible-playbook rollback   (blue stands by as it was)",
    ]


@pytest.mark.parametrize(
    ("drain", "line"),
    [
        (None, "  sessions  nothing was drained"),
        ({"ended": [], "active": {"uid": {}}, "ledger": {}}, "  players   downtime was not measured"),
    ],
)
def test_what_was_not_measured_says_so(drain: Any, line: str) -> None:
    assert line in report_lines(report(drain=drain), "look", "back", "reclaim", [])


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (157.6, "2 min 38 s"), (7260, "2 h 1 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


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
