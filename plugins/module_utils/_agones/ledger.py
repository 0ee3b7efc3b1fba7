# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Who is on the way from the source to the target: claims on seats, and players' downtime. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Iterable, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key, Server


@dataclass
class Claim:
    """A seat of the target that a closed session's players will need; `waiting` is None without player ids."""

    namespace: str
    fleet: str
    opened_at: float
    waiting: list[str] | None


@dataclass
class Ledger:
    """Claims by the uid of the server that closed; players on their way since when; downtimes of those back.

    Player ids are hashes. Times are seconds since 1970: a session's end by the server's own word where
    there is one, else as observed; the return as observed. A List is written up to half a second late.
    `unobserved` counts players back whose leaving or return nobody watched, `without_ids` sessions without a List.
    """

    claims: dict[str, Claim] = field(default_factory=dict)
    away: dict[str, float | None] = field(default_factory=dict)
    downtimes: list[float] = field(default_factory=list)
    unobserved: int = 0
    without_ids: int = 0

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Ledger:
        return cls(
            claims={uid: Claim(**claim) for uid, claim in document.get("claims", {}).items()},
            away=dict(document.get("away", {})),
            downtimes=list(document.get("downtimes", [])),
            unobserved=int(document.get("unobserved", 0)),
            without_ids=int(document.get("without_ids", 0)),
        )

    def to_document(self) -> dict[str, Any]:
        return asdict(self)

    def leave(self, player: str, since: float | None, on_target: bool) -> None:
        """A player lost the session on the source (`since` None: nobody saw when); `on_target`: is back already."""
        if on_target:
            self._return(since, since)
        else:
            self.away.setdefault(player, since)

    def open_claim(self, uid: str, fleet: Key, players: Iterable[str] | None, now: float) -> None:
        """A session has begun to close; its players (None: unknown) need a seat."""
        if players is None:
            self.without_ids += 1
        waiting = None if players is None else [player for player in players if player in self.away]
        self.claims[uid] = Claim(fleet[0], fleet[1], now, waiting)

    def arrive(self, players: Iterable[str], now: float | None) -> None:
        """Players seen in a session of the target (`now` None: nobody saw since when)."""
        for player in players:
            if player in self.away:
                self._return(self.away.pop(player), now)

    def _return(self, since: float | None, now: float | None) -> None:
        if since is None or now is None:
            self.unobserved += 1
        else:
            self.downtimes.append(round(max(0.0, now - since), 3))

    def close_claims(self, now: float, reconnect_timeout: float) -> None:
        """End the claims whose players are back, and those that have waited long enough."""
        for uid, claim in list(self.claims.items()):
            if claim.waiting is not None:
                claim.waiting = [player for player in claim.waiting if player in self.away]
            if claim.waiting == [] or now - claim.opened_at >= reconnect_timeout:
                del self.claims[uid]

    def claims_on(self, fleet: Key) -> int:
        """Seats of one Fleet that are spoken for."""
        return sum((claim.namespace, claim.fleet) == fleet for claim in self.claims.values())

    def summary(self) -> dict[str, Any]:
        """Players moved, of them back and still away; the downtimes of those back; what could not be measured."""
        returned = len(self.downtimes) + self.unobserved
        return {
            "moved": len(self.away) + returned,
            "returned": returned,
            "away": len(self.away),
            "unobserved": self.unobserved,
            "sessions_without_ids": self.without_ids,
            "downtime_seconds": percentiles(self.downtimes),
        }


def percentiles(values: Iterable[float]) -> dict[str, float | None]:
    """Nearest-rank percentiles; None for each without a value."""
    ordered = sorted(values)
    if not ordered:
        return dict.fromkeys(("p50", "p95", "p99", "max"))
    ranks = {"p50": 50, "p95": 95, "p99": 99}
    found = {name: ordered[-(-rank * len(ordered) // 100) - 1] for name, rank in ranks.items()}
    return {**found, "max": ordered[-1]}


@dataclass
class Target:
    """The target's GameServers by uid, as last seen."""

    servers: dict[str, Server] = field(default_factory=dict)

    def seats(self, fleet: Key) -> int:
        """Servers of a Fleet that can take a session now."""
        return sum(server.is_seat for server in self.servers.values() if server.fleet_key == fleet)

    def players(self) -> set[str]:
        """Everyone who is in a session of the target."""
        return {player for server in self.servers.values() for player in server.players or ()}

    @property
    def sessions(self) -> int:
        return sum(server.is_session for server in self.servers.values())
