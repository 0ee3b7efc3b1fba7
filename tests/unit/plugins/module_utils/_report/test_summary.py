"""How things stand, in lines."""

from __future__ import annotations

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.summary import status_lines
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.round import run_fact

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
    assert "nobody drives it" in line(record())
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
