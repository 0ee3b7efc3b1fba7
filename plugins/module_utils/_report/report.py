# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""A run's report, made of its record, its journal and what its drain remembered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.ledger import Ledger
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import OUTCOMES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import SLOTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import PHASES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

_VERSION = 1
ROLLBACK = "rollback"


@dataclass(frozen=True)
class Segment:
    """One passage through a phase, by the clock of the runner that wrote it."""

    name: str
    started_at: str
    finished_at: str

    @property
    def seconds(self) -> float:
        return seconds_between(self.started_at, self.finished_at)


def seconds_between(start: str, end: str) -> float:
    """Seconds between two RFC 3339 times."""
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds(), 3)


def build_report(
    environment: str, run: Data, journal: Sequence[Data], drain: Data | None, release: Data
) -> dict[str, Any]:
    """The report as data: what `reports/<run>.json` holds and the page is made of."""
    start, end = _bounds(run, journal)
    segments = list(phase_segments(journal, end))
    return {
        "v": _VERSION,
        "environment": environment,
        "run": {key: value for key, value in run.items() if key not in ("previous", "nonce")},
        "release": dict(release),
        "started_at": start,
        "finished_at": end,
        "seconds": seconds_between(start, end),
        "phases": _phase_sums(segments),
        "timeline": {
            "phases": [{**vars(one), "seconds": one.seconds} for one in segments],
            "weights": [*_first_weights(run, start), *_points(journal, "traffic", "weights")],
            "routing": [*_first_destination(run, start), *_points(journal, "routing", "weights")],
            "sessions": list(_points(journal, "sessions", "slots")),
        },
        "drain": _drain_figures(drain),
        "notes": [{"at": one["at"], "text": one.get("text", "")} for one in journal if one["kind"] == "note"],
    }


def _bounds(run: Data, journal: Sequence[Data]) -> tuple[str, str]:
    times = [str(one["at"]) for one in journal]
    start = times[0] if times else str(run["opened_at"])
    return start, times[-1] if times else str(run["closed_at"] or run["opened_at"])


def phase_segments(journal: Sequence[Data], end: str) -> Iterator[Segment]:
    """The passages through phases. One that a killed runner left open ends with that runner's last entry."""
    last_of: dict[Any, str] = {one.get("generation"): str(one["at"]) for one in journal}
    begun: dict[tuple[str, Any], str] = {}
    for one in journal:
        generation, at = one.get("generation"), str(one["at"])
        event = one.get("event", "")
        if one["kind"] == "phase" and event == "started":
            begun[str(one["name"]), generation] = at
        elif one["kind"] == "phase" and event == "finished":
            started = begun.pop((str(one["name"]), generation), None)
            if started is not None:
                yield Segment(str(one["name"]), started, at)
        elif one["kind"] == "note" and event == ROLLBACK:
            begun[ROLLBACK, generation] = at
    for (name, generation), started in begun.items():
        yield Segment(name, started, last_of.get(generation, end))


def _phase_sums(segments: Iterable[Segment]) -> list[dict[str, Any]]:
    sums: dict[str, float] = {}
    for one in segments:
        sums[one.name] = sums.get(one.name, 0.0) + one.seconds
    order = [*PHASES, ROLLBACK]
    return [{"name": name, "seconds": round(sums[name], 1)} for name in order if name in sums]


def _points(journal: Sequence[Data], kind: str, values: str) -> Iterator[dict[str, Any]]:
    for one in journal:
        if one["kind"] == kind:
            yield {"at": one["at"], **{slot: one[values].get(slot, 0) for slot in SLOTS}}


def _first_weights(run: Data, start: str) -> Iterator[dict[str, Any]]:
    traffic = (run.get("previous") or {}).get("traffic") or []
    if traffic:
        yield {"at": start, **{slot: traffic[0]["weights"].get(slot, 0) for slot in SLOTS}}


def _first_destination(run: Data, start: str) -> Iterator[dict[str, Any]]:
    destination = (run.get("previous") or {}).get("destination") or {}
    if destination.get("weights"):
        yield {"at": start, **{slot: destination["weights"].get(slot, 0) for slot in SLOTS}}


def _drain_figures(drain: Data | None) -> dict[str, Any]:
    ended = (drain or {}).get("ended", [])
    remaining = len((drain or {}).get("active", {}))
    counts = {outcome: sum(one["outcome"] == outcome for one in ended) for outcome in OUTCOMES}
    ledger = Ledger.from_document((drain or {}).get("ledger", {}))
    return {
        "measured": drain is not None,
        "sessions": {"total": remaining + len(ended), "remaining": remaining, **counts},
        "players": ledger.summary(),
        "downtimes_seconds": sorted(ledger.downtimes),
    }
