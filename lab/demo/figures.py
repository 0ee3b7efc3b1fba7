"""What the demo must show: figures from the players' accounts and the run's report, judged against bars. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

PARTY_SIZE = 5


@dataclass(frozen=True)
class Verdict:
    """One bar: what was measured, what it may be, and whether it is met."""

    name: str
    measured: str
    bar: str
    passed: bool


def demo_figures(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    report: Mapping[str, Any],
    measured: Mapping[str, float],
    exclusive: Mapping[str, Any],
) -> dict[str, Any]:
    """The content of reports/demo.json.

    `before` and `after` are the players' accounts when the upgrade began and 15 s after its end, `report`
    is the run's report, `measured` holds wall_seconds, lab_up_seconds, upgrade_seconds, lab_memory_mib;
    `exclusive` is what lab.demo.activation says about the slots.
    """
    outcomes = report["drain"]["sessions"]
    players, sessions = after["players"], after["sessions"]
    return {
        "run_id": report["run"]["run_id"],
        "match_requests": {name: after["match_requests"][name] for name in ("made", "failed")},
        "match_requests_during_upgrade": {
            name: after["match_requests"][name] - before["match_requests"][name] for name in ("made", "failed")
        },
        "sessions": {
            "total": sessions["total"],
            "ended_alone": sessions["ended_alone"],
            "moved": sessions["moved"],
            "interrupted": outcomes["interrupted"],
            "forced": outcomes["forced"],
            "lost": max(sessions["lost"], outcomes["lost"]),
        },
        "players": {
            "total": players["total"],
            "on_target": players["by_slot"].get(report["run"]["target"], 0),
            "never_returned": players["away_by_drain"],
            "downtime_seconds": {name: after["downtime_seconds"][name] for name in ("p50", "p95", "p99", "max")},
        },
        "at_first_weight": at_first_weight(after["series"], report),
        "target": report["run"]["target"],
        "exclusive": dict(exclusive),
        "phases": report["phases"],
        **measured,
    }


def at_first_weight(series: Sequence[Mapping[str, Any]], report: Mapping[str, Any]) -> dict[str, Any]:
    """Players and sessions on the source in the last sample before its first weight went to the target."""
    source, target = report["run"]["source"], report["run"]["target"]
    first = next((entry for entry in report["timeline"]["weights"] if entry[target] > 0), None)
    if first is None:
        return {"at": None, "players": 0, "sessions": 0}
    moment = datetime.fromisoformat(first["at"]).timestamp()
    sample = next((one for one in reversed(series) if one["at"] <= moment), None)
    players = sample["playing"].get(source, 0) if sample else 0
    return {"at": first["at"], "players": players, "sessions": players // PARTY_SIZE}


def judge(figures: Mapping[str, Any]) -> list[Verdict]:
    """Every bar of the demo, met or not."""
    sessions, players = figures["sessions"], figures["players"]
    downtime = players["downtime_seconds"]
    broken = sessions["interrupted"] + sessions["forced"] + sessions["lost"]
    start, exclusive, target = figures["at_first_weight"], figures["exclusive"], figures["target"]
    allocating = exclusive["may_allocate_on"]
    return [
        _at_most("match requests failed during the upgrade", figures["match_requests_during_upgrade"]["failed"], 0),
        _at_most("sessions ended other than by their match or the contract", broken, 0),
        Verdict(
            "players whose last session is on the target",
            f"{players['on_target']} of {players['total']}",
            "all",
            players["on_target"] == players["total"] > 0,
        ),
        _at_most("players moved by the drain who never returned", players["never_returned"], 0),
        _at_most("downtime per moved player, p95 (s)", downtime["p95"], 3),
        _at_most("downtime per moved player, longest (s)", downtime["max"], 10),
        Verdict("where matchmakers may allocate", ", ".join(allocating), target, allocating == [target]),
        Verdict("where the director is", exclusive["director_in"], target, exclusive["director_in"] == target),
        _at_most("times that two directors were at work", exclusive["directors_at_once"], 0),
        _at_least("players on the source at the first weight", start["players"], 200),
        _at_least("sessions on the source at the first weight", start["sessions"], 40),
        _at_most("lab up (s)", figures["lab_up_seconds"], 60),
        _at_most("upgrade.yml (s)", figures["upgrade_seconds"], 180),
        _at_most("make demo (s)", figures["wall_seconds"], 270),
        _at_most("memory of the lab, peak (MiB)", figures["lab_memory_mib"], 4096),
    ]


def _at_most(name: str, value: float | None, bar: float) -> Verdict:
    return Verdict(name, _show(value), f"≤ {bar:g}" if bar else "0", value is not None and value <= bar)


def _at_least(name: str, value: float, bar: float) -> Verdict:
    return Verdict(name, _show(value), f"≥ {bar:g}", value >= bar)


def _show(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.1f}".removesuffix(".0")


def table(verdicts: Sequence[Verdict]) -> str:
    """The verdicts as aligned lines."""
    width = max(len(one.name) for one in verdicts)
    return "\n".join(
        f"  {'ok    ' if one.passed else 'FAILED'} {one.name:<{width}}  {one.measured:>12}   bar {one.bar}"
        for one in verdicts
    )
