"""How an environment is, and how a run went, in lines."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.summary import (
    duration,
    report_lines,
    status_lines,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.round import run_fact

from tests.unit.plugins.module_utils._report.runs import DRAIN, reclaim, report, rolled_back
from tests.unit.plugins.module_utils._run.fakes import record

BLUE = {
    "slot": "blue",
    "cluster_name": "arena-blue",
    "exists": True,
    "status": "ACTIVE",
    "version": "1.35",
    "release": "2026-10",
}
GREEN = {**BLUE, "slot": "green", "cluster_name": "arena-green", "exists": False, "release": ""}
SEEN: dict[str, Any] = {
    "active": "blue",
    "slots": {"blue": BLUE, "green": GREEN},
    "forwards": [{"load_balancer": "arena", "where": "rule 1", "weights": {"blue": 100.0, "green": 0.0}}],
    "destination": {"where": "/d", "weights": {"blue": 100, "green": 0}, "revision": 3},
    "run": None,
    "lease": {"holder": "", "seconds_left": 0.0},
    "problems": [],
}


def test_a_quiet_environment() -> None:
    assert status_lines("arena", SEEN, "no run is open") == [
        "arena: no run is open",
        "  blue      arena-blue: ACTIVE, Kubernetes 1.35, release 2026-10, active",
        "  green     arena-green: no cluster",
        "  traffic   arena rule 1: blue 100, green 0",
        "  sessions  /d: blue 100, green 0 (revision 3)",
        "  run       none recorded",
    ]


def line(run: Any, seconds_left: float = 0.0) -> str:
    seen = {**SEEN, "run": run_fact(run), "lease": {"holder": "me", "seconds_left": seconds_left}}
    return status_lines("arena", seen, "")[-1]


def test_a_run_says_who_drives_it() -> None:
    assert line(record(phase="drain"), 7.0).endswith("open, phase drain; driven by me for at least 7 s")
    assert "no one drives it" in line(record())
    assert "playbook abandon" in line(record())
    assert ": reclaim, green to blue, open" in line(record(direction="reclaim", source="green", target="blue"))
    assert ", going back, phase before provision;" in line(record(direction="rollback"))
    assert line(record(state="closed", outcome="rolled_back", closed_at="today")).endswith("closed (rolled back) today")


def test_what_is_wrong_is_told() -> None:
    problem = {"severity": "error", "resource": "/d", "finding": "it does not exist", "remedy": "Create it"}
    seen = {**SEEN, "destination": {"where": "/d", "weights": {}, "revision": 0}, "problems": [problem]}
    lines = status_lines("arena", seen, "")
    assert "  sessions  /d: not readable (revision 0)" in lines
    assert lines[-1] == "  error     /d: it does not exist. Create it"


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
        "  go back   ansible-playbook rollback   (blue is on standby as it was)",
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


def test_sessions_that_are_left_are_counted() -> None:
    made = report(drain={**DRAIN, "active": {"uid-1": {}, "uid-2": {}}}, outcome="rolled_back")
    lines = report_lines(made, "look", "back", "reclaim!", [])
    assert "  sessions  5 on blue: 1 ended alone, 2 moved, 0 interrupted, 0 forced, 0 lost, 2 left" in lines


def test_a_rollback_offers_the_reclaim_and_no_way_back() -> None:
    lines = report_lines(report(rolled_back(), None, outcome="rolled_back"), "look", "back", "reclaim!", [])
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
    lines = report_lines(reclaim(**values), "look", "back", "reclaim!", [])
    assert lines[0].startswith(said)
    assert not any("back" in line for line in lines if "returned" not in line and "players" not in line)


def test_a_run_that_is_under_way_says_so() -> None:
    lines = report_lines(report(state="open", outcome=""), "look", "back", "reclaim!", [])
    assert lines[0].startswith("arena: the move from blue to green, release 2026-11 (Kubernetes 1.36")
    assert lines[0].endswith("is open")
    assert lines[-1] == "  look      look"
