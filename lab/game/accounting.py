"""What players went through: requests, sessions, and the seconds in which they could not play.

No I/O and no clock: every event comes with its time (seconds of a clock that never goes back).
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# One sample a second: the last hour.
SERIES_LENGTH = 3600
MOST_RECONNECTS = 10_000


class End(StrEnum):
    """How a session ended, as its players saw it."""

    ENDED_ALONE = "ended_alone"
    MOVED = "moved"
    LOST = "lost"


@dataclass
class PlayerAccount:
    """One player. `away_since` is set from the end of a session until the first message of the next one.

    `waited` are the seconds of that in which the party did nothing: as it was told, or in the lobby.
    """

    slot: str | None = None
    is_playing: bool = False
    away_since: float | None = None
    away_by: End | None = None
    waited: float = 0.0


@dataclass(frozen=True)
class Downtime:
    """Seconds between the end of a session and playing again; `at` is when that was, as a UNIX time."""

    player: str
    seconds: float
    waited: float
    from_slot: str | None
    to_slot: str
    at: float


def session_end(ends: Iterable[End]) -> End:
    """How a party's session ended: what its members saw, the contract's word before a broken connection."""
    seen = set(ends)
    return next((end for end in (End.MOVED, End.ENDED_ALONE) if end in seen), End.LOST)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share of the values does not exceed; None without values."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def summary(values: Sequence[float]) -> dict[str, Any]:
    figures = {"p50": percentile(values, 0.50), "p95": percentile(values, 0.95), "p99": percentile(values, 0.99)}
    figures["max"] = max(values, default=None)
    rounded = {name: None if value is None else round(value, 3) for name, value in figures.items()}
    return {"count": len(values), **rounded}


class Accounts:
    """The books of all players."""

    def __init__(self, players: Iterable[str]) -> None:
        self._players = {player: PlayerAccount() for player in players}
        self._requests: Counter[str] = Counter()
        self._sessions: Counter[str] = Counter()
        self._parties: Counter[str] = Counter()
        self._connections: Counter[str] = Counter()
        self._by_drain: list[Downtime] = []
        self._by_loss: list[float] = []
        self._reconnects: deque[dict[str, float]] = deque(maxlen=MOST_RECONNECTS)
        self._quit = 0
        self._series: deque[dict[str, Any]] = deque(maxlen=SERIES_LENGTH)

    # Events

    def request_answered(self, *, failed: bool) -> None:
        """A match request has its answer: a server, or something else, which is a failure."""
        self._requests["made"] += 1
        self._requests["failed"] += failed

    def session_started(self) -> None:
        self._sessions["total"] += 1

    def session_ended(self, end: End) -> None:
        self._sessions[end] += 1

    def party_landed(self, servers: Sequence[str | None]) -> None:
        """Where the members of a party were let in, None for one who was not."""
        if None in servers:
            self._parties["incomplete"] += 1
        else:
            self._parties["together" if len(set(servers)) == 1 else "apart"] += 1

    def playing(self, player: str, slot: str, now: float, wall: float) -> None:
        """A player exchanged the first message with a server."""
        account = self._players[player]
        if account.away_since is not None:
            seconds = now - account.away_since
            if account.away_by is End.MOVED:
                self._by_drain.append(Downtime(player, seconds, account.waited, account.slot, slot, wall))
            elif account.away_by is End.LOST:
                self._by_loss.append(seconds)
            else:
                self._reconnects.append({"at": round(wall, 3), "seconds": round(seconds - account.waited, 3)})
        self._players[player] = PlayerAccount(slot, is_playing=True)

    def connection_lost(self, player: str, now: float) -> None:
        """A connection broke without notice; the player may come back to the same server."""
        self._connections["lost"] += 1
        self._away(player, End.LOST, now)

    def connection_found_again(self) -> None:
        self._connections["found_again"] += 1

    def told(self, player: str, end: End, now: float) -> None:
        """The server told a player that the session is over, or to move."""
        self._away(player, end, now)

    def waits(self, player: str, seconds: float) -> None:
        """A player's party does nothing for this long before it looks for its next session."""
        self._players[player].waited += seconds

    def quit(self, player: str) -> None:
        """A player does not come back."""
        del self._players[player]
        self._quit += 1

    def _away(self, player: str, end: End, now: float) -> None:
        account = self._players[player]
        account.is_playing = False
        if account.away_since is None:
            account.away_since, account.away_by = now, end

    # Figures

    def sample(self, wall: float) -> None:
        """Add this second to the series."""
        self._series.append(
            {
                "at": round(wall, 1),
                "playing": dict(self._count_slots(only_playing=True)),
                "made": self._requests["made"],
                "failed": self._requests["failed"],
            }
        )

    def _count_slots(self, *, only_playing: bool) -> Counter[str]:
        accounts = self._players.values()
        return Counter(one.slot for one in accounts if one.slot and (one.is_playing or not only_playing))

    def status(self, now: float) -> dict[str, Any]:
        """The figures that are a few numbers each; the schema of all is in lab.game.players."""
        accounts = self._players.values()
        away = [now - one.away_since for one in accounts if one.away_by is End.MOVED and one.away_since is not None]
        seconds = [one.seconds for one in self._by_drain]
        return {
            "players": {
                "total": len(self._players),
                "quit": self._quit,
                "playing": sum(one.is_playing for one in accounts),
                "by_slot": dict(self._count_slots(only_playing=False)),
                "playing_by_slot": dict(self._count_slots(only_playing=True)),
                "away_by_drain": len(away),
                "longest_away_by_drain_seconds": round(max(away, default=0.0), 3),
            },
            "match_requests": {name: self._requests[name] for name in ("made", "failed")},
            "sessions": {
                "total": self._sessions["total"],
                "running": self._sessions["total"] - sum(self._sessions[end] for end in End),
                **{end.value: self._sessions[end] for end in End},
            },
            "connections": {name: self._connections[name] for name in ("lost", "found_again")},
            "parties": {name: self._parties[name] for name in ("together", "apart", "incomplete")},
            "downtime_seconds": summary(seconds),
            "lost_downtime_seconds": summary(self._by_loss),
            "reconnect_seconds": summary([one["seconds"] for one in self._reconnects]),
        }

    def lists(self) -> dict[str, Any]:
        """The figures that grow with time."""
        return {
            "downtimes": [
                {
                    "player": one.player,
                    "seconds": round(one.seconds, 3),
                    "waited": round(one.waited, 3),
                    "from": one.from_slot,
                    "to": one.to_slot,
                    "at": round(one.at, 3),
                }
                for one in self._by_drain
            ],
            "reconnects": list(self._reconnects),
            "series": list(self._series),
        }
