# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a drain is told, what it knows of each session, and what it must not forget. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    CLOSING,
    DEFAULT_DOMAIN,
    DISCONNECT,
    REASON_DEADLINE,
    REQUESTED,
    Request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.ledger import Ledger
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key

VERSION = 1


@dataclass(frozen=True)
class Policy:
    """How the operator wants the slot drained. Durations in seconds."""

    run: str
    mode: str = AT_MATCH_END
    interrupt_at_deadline: bool = False
    notice: float = 30.0
    spread: float = 10.0
    acknowledge: float = 5.0
    resignal: tuple[float, ...] = (10.0, 20.0, 30.0)
    connect_grace: float = 60.0
    deadline: float = 4320.0
    close_grace: float = 10.0
    reconnect_timeout: float = 120.0
    confirm: float = 5.0
    settle: float = 15.0
    domain: str = DEFAULT_DOMAIN


@dataclass
class Session:
    """One session of the source that has not ended, with all that is known of it.

    `request` is what was last asked, or is about to be asked (`delivered` tells); `phase` is the
    server's answer to it. `early` are players who left between the request and its acknowledgement.
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

    @property
    def fleet_key(self) -> Key:
        return (self.namespace, self.fleet)

    @property
    def over(self) -> bool:
        """Nothing more is asked of it: it closes, or ends."""
        return self.phase == CLOSING or self.ending_at is not None

    @property
    def is_asked(self) -> bool:
        """A request stands, or is about to."""
        return self.request is not None and self.request.state == REQUESTED

    @property
    def asked_to_disconnect(self) -> bool:
        return self.is_asked and self.request is not None and self.request.mode == DISCONNECT

    @property
    def interrupting(self) -> bool:
        """The deadline came, and the request that stands says so."""
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
class Memory:
    """What a drain knows, and a later round or another runner needs."""

    run: str
    started_at: float
    active: dict[str, Session] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    empty_since: float | None = None
    watched_at: float | None = None

    def to_document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "v": VERSION,
            "run": self.run,
            "started_at": self.started_at,
            "active": {uid: asdict(session) for uid, session in self.active.items()},
            "ended": [asdict(ended) for ended in self.ended],
            "ledger": self.ledger.to_document(),
            "empty_since": self.empty_since,
            "watched_at": self.watched_at,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None, run: str, now: float) -> Memory:
        """What was saved, or a new memory when nothing of this run and version was."""
        if not document or document.get("v") != VERSION or document.get("run") != run:
            return cls(run, now)
        active = {}
        for uid, values in document["active"].items():
            request = values["request"]
            active[uid] = Session(**{**values, "request": Request(**request) if request else None})
        return cls(
            run=run,
            started_at=float(document["started_at"]),
            active=active,
            ended=[Ended(**ended) for ended in document["ended"]],
            ledger=Ledger.from_document(document["ledger"]),
            empty_since=document["empty_since"],
            watched_at=document["watched_at"],
        )
