"""The figures of one whole upgrade with players, as one row of a table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lab.game.accounting import percentile

OUTCOMES = ("moved", "ended_alone", "interrupted", "forced", "lost")
# Phases in which players are away for another reason than the end of their own match.
DISTURBED = ("cutover", "bake", "drain")
# How much longer than an undisturbed reconnect the drain may keep players, beyond the wait that they are told; and how
# many undisturbed ones tell how long that is.
MOST_TIMES_A_RECONNECT = 2.0
ENOUGH_RECONNECTS = 20
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Seats:
    """A look at the target while players moved.

    `up` are its servers that are Ready or in use, `playing` the parties on it, `away` those between two servers.
    """

    at: float
    up: int
    playing: int
    away: int

    @property
    def free(self) -> int:
        """Servers of the target that no one plays on, minus the parties that are looking for one."""
        return self.up - self.playing - self.away


@dataclass(frozen=True)
class Moved:
    """A finished upgrade, and what it was for the players.

    `report` is the run's report, empty if none was written. `before` and `after` are the players' accounts when it
    began and when all of them played again; the figures here are their difference. `quiet_since` is a UNIX time.
    """

    code: int
    output: str
    seconds: float
    source: str
    target: str
    report: Json
    before: Json
    after: Json
    seats: Sequence[Seats] = field(default_factory=tuple)
    quiet_since: float = 0.0

    @property
    def outcomes(self) -> dict[str, int]:
        """The source's sessions by outcome, with `total`: those that were there when the drain began, or came later."""
        return dict(self.report["drain"]["sessions"])

    @property
    def drain_seconds(self) -> float:
        return float(sum(phase["seconds"] for phase in self.report["phases"] if phase["name"] == "drain"))

    def change(self, group: str, name: str) -> int:
        """How much a counter of the players' accounts has risen, for example ("sessions", "lost")."""
        return int(self.after[group][name]) - int(self.before[group][name])

    @property
    def downtimes(self) -> list[Json]:
        """Those of the players whom this upgrade moved: player, seconds, waited (as told), from, to, at."""
        known = len(self.before["downtimes"])
        return list(self.after["downtimes"][known:])

    @property
    def beyond_the_wait(self) -> list[float]:
        """Each downtime less the wait that the player was told."""
        return [one["seconds"] - one["waited"] for one in self.downtimes]

    @property
    def quiet_reconnects(self) -> list[float]:
        """Seconds, less the pause in the lobby, until players whose match had ended by itself played again.

        Of this upgrade and the time before it since `quiet_since`, without cutover, bake and drain.
        """
        spans = [
            (_unix(one["started_at"]), _unix(one["finished_at"]))
            for one in self.report["timeline"]["phases"]
            if one["name"] in DISTURBED
        ]
        return [
            one["seconds"]
            for one in self.after["reconnects"]
            if one["at"] >= self.quiet_since and not any(start <= one["at"] <= end for start, end in spans)
        ]

    @property
    def least_free_seats(self) -> int | None:
        """The fewest free seats for the parties that were away, over all looks; None if none was taken."""
        return min((one.free for one in self.seats if one.away), default=None)


def _unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def row(scenario: str, moved: Moved, **more: Any) -> dict[str, Any]:
    """A scenario's entry in reports/scenarios.json; seconds are rounded to hundredths."""
    seconds = [one["seconds"] for one in moved.downtimes]
    outcomes = moved.outcomes
    return {
        "scenario": scenario,
        "run_id": moved.report["run"]["run_id"],
        "players": moved.after["players"]["total"],
        "sessions": outcomes["total"],
        **{name: outcomes[name] for name in OUTCOMES},
        "sessions_lost_for_players": moved.change("sessions", "lost"),
        "parties_apart": moved.change("parties", "apart"),
        "requests_failed": moved.change("match_requests", "failed"),
        "players_moved": len(seconds),
        "waited": spread([one["waited"] for one in moved.downtimes]),
        "downtime": spread(seconds),
        "downtime_less_wait": spread(moved.beyond_the_wait),
        "quiet_reconnect": spread(moved.quiet_reconnects),
        "least_free_seats": moved.least_free_seats,
        "drain_seconds": round(moved.drain_seconds, 1),
        "upgrade_seconds": round(moved.seconds, 1),
        **more,
    }


def spread(values: Sequence[float]) -> dict[str, Any]:
    found = {"p50": percentile(values, 0.50), "p95": percentile(values, 0.95), "max": max(values, default=None)}
    return {"count": len(values), **{name: None if one is None else round(one, 2) for name, one in found.items()}}


COLUMNS = {
    "scenario": "Scenario",
    "sessions": "Sessions",
    "moved": "Moved",
    "ended_alone": "Ended alone",
    "broken": "Interrupted / forced / lost",
    "parties_apart": "Apart",
    "downtime": "Downtime p50 / p95 / max",
    "less_wait": "p95 less the told wait",
    "quiet": "Quiet reconnect p95",
    "free": "Least free seats",
    "drain": "Drain",
    "upgrade": "Upgrade",
}


def table(rows: Iterable[Json]) -> str:
    """Rows as a table in Markdown."""
    lines = [COLUMNS.values(), ["---"] * len(COLUMNS), *(_cells(one).values() for one in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(one: Json) -> dict[str, str]:
    down = one["downtime"]
    cells = {
        "broken": " / ".join(str(one[name]) for name in ("interrupted", "forced", "lost")),
        "downtime": " / ".join(_seconds(down[name]) for name in ("p50", "p95", "max")) if down["count"] else "",
        "less_wait": _seconds(one["downtime_less_wait"]["p95"]),
        "quiet": _seconds(one["quiet_reconnect"]["p95"]),
        "free": "" if one["least_free_seats"] is None else str(one["least_free_seats"]),
        "drain": f"{one['drain_seconds']:.0f} s",
        "upgrade": f"{one['upgrade_seconds']:.0f} s",
    }
    return {name: cells[name] if name in cells else str(one[name]) for name in COLUMNS}


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"


def check_pace(row: Json) -> None:
    """Players who were moved play again nearly as soon as those whose match has ended. Raises AssertionError."""
    assert row["quiet_reconnect"]["count"] >= ENOUGH_RECONNECTS
    assert row["downtime_less_wait"]["p95"] <= MOST_TIMES_A_RECONNECT * row["quiet_reconnect"]["p95"]
