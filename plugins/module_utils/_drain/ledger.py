# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Who is on the way from the source to the target: claims on seats, and players' downtime. Pure."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key, Server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.flow import Flow


@dataclass
class Claim:
    """A seat of the target that a closed session's players will need; `waiting` is None without player ids.

    `players` is their number, None when no one knows it. `level` is how many players were in sessions of both slots
    when they left, for claims without ids. `seated`: the seat is a server that was allocated for them beforehand.
    """

    namespace: str
    fleet: str
    opened_at: float
    waiting: list[str] | None
    players: int | None = None
    level: float | None = None
    seated: bool = False


@dataclass(frozen=True)
class Settled:
    """A claim that ended after so many seconds; `returned` is None when nothing told whether its players are back."""

    uid: str
    fleet: Key
    players: int | None
    returned: int | None
    seconds: float


@dataclass
class Ledger:
    """Claims by the uid of the server that closed; players on their way, and since when; downtimes of those back.

    Player ids are hashes. Times are seconds since 1970: a session's end by the server's own word where
    there is one, else as observed; the return as observed. A List is written up to half a second late.
    `unobserved` counts players back whose leaving or return no one watched, `without_ids` sessions without a List.
    `flow` stands for their players.
    """

    claims: dict[str, Claim] = field(default_factory=dict)
    away: dict[str, float | None] = field(default_factory=dict)
    downtimes: list[float] = field(default_factory=list)
    unobserved: int = 0
    without_ids: int = 0
    flow: Flow = field(default_factory=Flow)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Ledger:
        return cls(
            claims={uid: Claim(**claim) for uid, claim in document.get("claims", {}).items()},
            away=dict(document.get("away", {})),
            downtimes=list(document.get("downtimes", [])),
            unobserved=int(document.get("unobserved", 0)),
            without_ids=int(document.get("without_ids", 0)),
            flow=Flow(**document.get("flow", {})),
        )

    def to_document(self) -> dict[str, Any]:
        """As JSON. Claims are shallow copies: the list of those who wait is replaced, never changed."""
        return {
            "claims": {uid: vars(claim).copy() for uid, claim in self.claims.items()},
            "away": dict(self.away),
            "downtimes": list(self.downtimes),
            "unobserved": self.unobserved,
            "without_ids": self.without_ids,
            "flow": vars(self.flow).copy(),
        }

    def leave(self, player: str, since: float | None, on_target: bool) -> None:
        """A player lost the session on the source (`since` None: no one saw when); `on_target`: is back already."""
        if on_target:
            self._return(since, since)
        else:
            self.away.setdefault(player, since)

    def open_claim(
        self,
        uid: str,
        fleet: Key,
        players: Iterable[str] | None,
        now: float,
        counted: int | None = None,
        seated: bool = False,
    ) -> None:
        """A session has begun to close; its players (None: unknown, `counted` is their number) need a seat."""
        if players is None:
            self.without_ids += 1
            self.claims[uid] = Claim(*fleet, now, None, counted, self.flow.depart(counted), seated)
            return
        known = list(players)
        waiting = [player for player in known if player in self.away]
        self.claims[uid] = Claim(*fleet, now, waiting, len(known), None, seated)

    def read_online(self, online: float, now: float) -> None:
        """How many players are in sessions of both slots, by Counters or by a metric of the game's."""
        self.flow.read(online, now, moving=any(claim.waiting is None for claim in self.claims.values()))

    def arrive(self, players: Iterable[str], now: float | None) -> None:
        """Players seen in a session of the target (`now` None: no one saw since when)."""
        for player in players:
            if player in self.away:
                self._return(self.away.pop(player), now)

    def _return(self, since: float | None, now: float | None) -> None:
        if since is None or now is None:
            self.unobserved += 1
        else:
            self.downtimes.append(round(max(0.0, now - since), 3))

    def close_claims(self, now: float, timeout: Callable[[Key], float]) -> list[Settled]:
        """End the claims whose players are back, and those that have waited for their Fleet's timeout."""
        settled = []
        for uid, claim in list(self.claims.items()):
            if claim.waiting is not None:
                claim.waiting = [player for player in claim.waiting if player in self.away]
            fleet, seconds = (claim.namespace, claim.fleet), now - claim.opened_at
            missing = self._missing(claim)
            if missing != 0 and seconds < timeout(fleet):
                continue
            del self.claims[uid]
            returned = None if missing is None or claim.players is None else max(claim.players - missing, 0)
            settled.append(Settled(uid, fleet, claim.players, returned, seconds))
        return settled

    def _missing(self, claim: Claim) -> int | None:
        """How many of a claim's players are not back; None when no one knows."""
        if claim.waiting is not None:
            return len(claim.waiting)
        if claim.players == 0:
            return 0
        # Those who left were in the reading before they left: one that was taken since tells of them.
        online = self.flow.online_since(claim.opened_at)
        if claim.level is None or online is None:
            return None
        return math.ceil(max(0.0, claim.level - online))

    def postpone(self, seconds: float) -> None:
        """No one watched for so long, or the clock went back so far: that does not count against those who are away."""
        for claim in self.claims.values():
            claim.opened_at += seconds

    def forget_times(self) -> None:
        """What was noted by another clock gives no downtime."""
        self.away = dict.fromkeys(self.away)

    def claims_by_fleet(self) -> Counter[Key]:
        """Sessions of each Fleet whose players are on their way."""
        return Counter((claim.namespace, claim.fleet) for claim in self.claims.values())

    def seats_by_fleet(self) -> Counter[Key]:
        """Seats of each Fleet that are spoken for, and not taken yet."""
        return Counter((claim.namespace, claim.fleet) for claim in self.claims.values() if not claim.seated)

    def summary(self) -> dict[str, Any]:
        """Players moved, of them back and still away; the downtimes of those back; what could not be measured."""
        returned = len(self.downtimes) + self.unobserved
        return {
            "moved": len(self.away) + returned,
            "returned": returned,
            "away": len(self.away),
            "unobserved": self.unobserved,
            "sessions_without_ids": self.without_ids,
            "coverage_percent": round(100 * len(self.downtimes) / returned, 1) if returned else None,
            "downtime_seconds": percentiles(self.downtimes),
            "aggregate": self.flow.summary(),
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
class TargetView:
    """The target's GameServers by uid, as last seen, with its seats by Fleet and its players counted."""

    servers: dict[str, Server] = field(default_factory=dict)
    _seats: Counter[Key] = field(default_factory=Counter)
    _players: Counter[str] = field(default_factory=Counter)

    def see(self, server: Server) -> None:
        """A server as it is now."""
        self.forget(server.uid)
        self.servers[server.uid] = server
        self._seats[server.fleet_key] += server.is_seat
        self._players.update(server.players or ())

    def forget(self, uid: str) -> None:
        """A server that is gone."""
        server = self.servers.pop(uid, None)
        if server:
            self._seats[server.fleet_key] -= server.is_seat
            self._players.subtract(server.players or ())

    def keep_only(self, namespace: str, uids: set[str]) -> None:
        """Forget the servers of a namespace that are not in its list."""
        for server in list(self.servers.values()):
            if server.namespace == namespace and server.uid not in uids:
                self.forget(server.uid)

    def seats(self, fleet: Key) -> int:
        """Servers of a Fleet that can take a session now."""
        return self._seats[fleet]

    def has(self, player: str) -> bool:
        """Whether a player is in a session of the target."""
        return self._players[player] > 0

    @property
    def sessions(self) -> int:
        return sum(server.is_session for server in self.servers.values())
