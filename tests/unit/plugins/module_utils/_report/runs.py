"""A run that has ended, as its record, journal and drain tell of it."""

from __future__ import annotations

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.report import build_report
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import to_document

from tests.unit.plugins.module_utils._run.fakes import record


def at(second: int) -> str:
    """A time so many seconds after the run's beginning."""
    minutes, rest = divmod(second, 60)
    return f"2026-11-23T{1 + minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}.000Z"


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


def rolled_back() -> list[dict[str, Any]]:
    """The journal of a run that another runner took back."""
    return [
        *JOURNAL[:3],
        entry(40, "note", 2, event="rollback", text="back"),
        entry(44, "note", 2, event="ended", text="rolled back"),
    ]


def reclaim(**values: Any) -> dict[str, Any]:
    """The report of a reclaim."""
    return report(direction="reclaim", source="green", target="blue", release="2026-10", **values)
