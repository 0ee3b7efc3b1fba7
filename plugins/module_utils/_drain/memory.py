# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a drain knows of each session, and what it must not forget. Pure."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    ANY_ALLOCATION,
    CLOSING,
    HANDOFF,
    LEAVING_MODES,
    REASON_DEADLINE,
    REQUESTED,
    Request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    Key,
    parse_time,
    player_count,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.ledger import Ledger

# The name under which the keeper saves it.
DRAIN_MEMORY = "drain"
_VERSION = 1


@dataclass
class Session:
    """One session of the source that has not ended, with all that is known of it.

    `request` is what was last asked, or is about to be asked (`delivered` says which); `phase` is the
    server's answer to it. `early` are players who left between the request and its acknowledgement. `named` tells that
    the game's own predicate calls the server a session; it may then be allocated again while it is one. Requests before
    `first_seq`, and the answers to them, were for another match.
    """

    namespace: str
    name: str
    uid: str
    fleet: str
    allocation: str
    seen_at: float
    version: str = ""
    state: str = ""
    grace_seconds: float = 30.0
    players: list[str] | None = None
    counted: int | None = None
    early: list[str] = field(default_factory=list)
    request: Request | None = None
    delivered: bool = False
    signals: int = 0
    signalled_at: float = 0.0
    phase: str = ""
    closing_at: float | None = None
    claimed: bool = False
    ending_at: float | None = None
    crashed: bool = False
    shutdown_at: float | None = None
    forced_at: float | None = None
    named: bool = False
    first_seq: int = 0

    @property
    def fleet_key(self) -> Key:
        return (self.namespace, self.fleet)

    @property
    def size(self) -> int | None:
        """How many players are in it, by its List or else its Counter; None when that is not known.

        A server that the game calls a session is not empty, whatever its List or Counter of players says.
        """
        size = player_count(self.players, self.counted)
        return None if size == 0 and self.named else size

    @property
    def bound_to(self) -> str:
        """What a request names as its allocation, so that the server knows whether it is meant."""
        return ANY_ALLOCATION if self.named or not self.allocation else self.allocation

    @property
    def began_at(self) -> float:
        """When its match began, as far as can be told."""
        return parse_time(self.allocation) or self.seen_at

    def turn_back(self, seconds: float) -> None:
        """The clock went back by so much: what happened is as long ago as before."""
        self.seen_at -= seconds
        self.signalled_at -= seconds
        for name in ("ending_at", "shutdown_at", "forced_at"):
            value = getattr(self, name)
            setattr(self, name, None if value is None else value - seconds)

    @property
    def over(self) -> bool:
        """Nothing more is asked of it: it closes, or ends."""
        return self.phase == CLOSING or self.ending_at is not None

    @property
    def is_asked(self) -> bool:
        """A request is in force, or is about to be."""
        return self.request is not None and self.request.state == REQUESTED

    @property
    def asked_to_leave(self) -> bool:
        """Its players are to leave before their match is over."""
        return self.is_asked and self.request is not None and self.request.mode in LEAVING_MODES

    @property
    def has_successor(self) -> bool:
        """Its seat on the target is taken already."""
        return self.request is not None and self.request.successor is not None

    @property
    def interrupting(self) -> bool:
        """The deadline came, and the request in force says so."""
        return self.is_asked and self.request is not None and self.request.reason == REASON_DEADLINE


@dataclass(frozen=True)
class Ended:
    """How a session ended: exactly one outcome."""

    namespace: str
    name: str
    uid: str
    fleet: str
    allocation: str
    outcome: str
    at: float
    players: int | None


@dataclass
class Pace:
    """What the moves of one Fleet have shown, and how many may therefore be on their way.

    `canary` are the sessions that were asked first, until their moves are judged. `limit` is the most sessions on
    their way at once after moves that went badly. The counts are of claims that were settled since the last judgement.
    `credit` is how many players may be asked to leave now, as of `credited_at`.
    """

    canary: list[str] = field(default_factory=list)
    passed: bool = False
    limit: int | None = None
    sessions: int = 0
    players: int = 0
    returned: int = 0
    slow: int = 0
    unmeasured: int = 0
    credit: float = 0.0
    credited_at: float | None = None


@dataclass
class Memory:
    """What a drain knows, and a later round or another runner needs.

    `key` makes hashes of player ids and never leaves the memory. `reviewed` tells under which policies the drain
    began, by which runner it was reviewed last, and what counted as a session then. `successors` is kept by
    successors.py.
    """

    run: str
    started_at: float
    active: dict[str, Session] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    paces: dict[Key, Pace] = field(default_factory=dict)
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    reviewed: str = ""
    empty_since: float | None = None
    watched_at: float | None = None
    successors: dict[str, str] = field(default_factory=dict)

    def pace(self, fleet: Key) -> Pace:
        return self.paces.setdefault(fleet, Pace())

    def to_document(self) -> dict[str, Any]:
        """As JSON. Not by asdict, which copies deeply: a drain of thousands of sessions saves often."""
        return {
            "v": _VERSION,
            "run": self.run,
            "started_at": self.started_at,
            "active": {uid: _plain(session) for uid, session in self.active.items()},
            "ended": [vars(ended).copy() for ended in self.ended],
            "ledger": self.ledger.to_document(),
            "paces": [[*fleet, {**vars(pace), "canary": list(pace.canary)}] for fleet, pace in self.paces.items()],
            "key": self.key,
            "reviewed": self.reviewed,
            "empty_since": self.empty_since,
            "watched_at": self.watched_at,
            "successors": self.successors.copy(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None, run: str, now: float) -> Memory:
        """The saved memory, or a new one when nothing of this run and version was saved.

        Times are moved so that neither a clock that went back nor a time when no one watched lets a claim on a
        seat run out early.
        """
        if not document or document.get("v") != _VERSION or document.get("run") != run:
            return cls(run, now)
        memory = cls(
            run=run,
            started_at=float(document["started_at"]),
            active={uid: _session(values) for uid, values in document["active"].items()},
            ended=[Ended(**ended) for ended in document["ended"]],
            ledger=Ledger.from_document(document["ledger"]),
            paces={(namespace, name): Pace(**pace) for namespace, name, pace in document.get("paces", [])},
            key=document.get("key") or secrets.token_hex(16),
            reviewed=document.get("reviewed", ""),
            empty_since=document["empty_since"],
            watched_at=document["watched_at"],
            successors=dict(document.get("successors", {})),
        )
        memory._resume_at(now)
        return memory

    def _resume_at(self, now: float) -> None:
        gap = 0.0 if self.watched_at is None else now - self.watched_at
        self.ledger.postpone(gap)
        for pace in self.paces.values():
            pace.credited_at = now if pace.credited_at is not None else None
        if gap >= 0:
            return
        for session in self.active.values():
            session.turn_back(-gap)
        self.ledger.forget_times()
        self.empty_since = None


def is_handing_over(document: Mapping[str, Any] | None) -> bool:
    """Whether a handoff may have allocated a server that no request names: it was saved, but did not arrive."""
    requests = [(one["request"], one["delivered"]) for one in (document or {}).get("active", {}).values()]
    return any(request and request["mode"] == HANDOFF and not delivered for request, delivered in requests)


def _plain(session: Session) -> dict[str, Any]:
    request = session.request
    return {**vars(session), "early": list(session.early), "request": vars(request).copy() if request else None}


def _session(values: Mapping[str, Any]) -> Session:
    request = values["request"]
    return Session(**{**values, "request": Request(**request) if request else None})
