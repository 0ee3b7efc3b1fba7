"""The drain contract, version 1, from a game server's side: a state machine without I/O or a clock.

A server hears requests (an annotation on its GameServer), answers with acknowledgements, and learns
here when it may close its clients. `docs/drain-contract.md` publishes the contract; this is its reference.

A server calls `parse_request` and `hear` for each annotation that it sees, `closes_at` for the time to go,
`begin_closing` when it does, and `acknowledgement` after each change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

VERSION = 1
DEFAULT_DOMAIN = "eks-bluegreen.gameops"
ANY_ALLOCATION = "*"
# The key that the server gives to the SDK, and what the SDK makes of it.
ACKNOWLEDGEMENT_KEY = "drain-ack"
ACKNOWLEDGEMENT_ANNOTATION = f"agones.dev/sdk-{ACKNOWLEDGEMENT_KEY}"


def request_annotation(domain: str = DEFAULT_DOMAIN) -> str:
    return f"{domain}/drain"


class Mode(StrEnum):
    AT_MATCH_END = "at_match_end"
    DISCONNECT = "disconnect"
    HANDOFF = "handoff"


class Phase(StrEnum):
    IDLE = "idle"
    ACCEPTED = "accepted"
    CLOSING = "closing"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class Unreadable(ValueError):
    """A request that does not even say whom to answer."""


@dataclass(frozen=True)
class Successor:
    """The server that takes over the session."""

    address: str
    port: int
    uid: str


@dataclass(frozen=True)
class Request:
    """What the runner wrote. `problem` says why this server cannot do it; empty if it can."""

    run: str
    seq: int
    allocation: str
    cancelled: bool = False
    mode: Mode | None = None
    not_before: datetime | None = None
    spread_seconds: float = 0.0
    successor: Successor | None = None
    problem: str = ""


@dataclass(frozen=True)
class Match:
    """What the server knows about the match that it plays. `ends_at` is None if it never ends by itself."""

    allocation: str
    players: int = 0
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Drain:
    """How far a server is in its drain."""

    phase: Phase = Phase.IDLE
    request: Request | None = None
    accepted_at: datetime | None = None
    closing_at: datetime | None = None

    @property
    def is_set(self) -> bool:
        """Whether the server is on its way out: it takes no new session then."""
        return self.phase in (Phase.ACCEPTED, Phase.CLOSING)


def parse_request(text: str) -> Request:
    """Read the annotation. Raises Unreadable without a run and a sequence; other faults become `problem`."""
    try:
        data = json.loads(text)
        run, seq = str(data["run"]), int(data["seq"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"the drain request is not a JSON object with run and seq: {text[:200]!r}") from error
    known = Request(run, seq, str(data.get("allocation", "")))
    try:
        return _read_wish(known, data)
    except (ValueError, TypeError) as error:
        return replace(known, problem=str(error))


def _read_wish(known: Request, data: Mapping[str, Any]) -> Request:
    if data.get("v") != VERSION:
        raise ValueError(f"version {data.get('v')!r} of the contract; this server keeps version {VERSION}")
    if data.get("state") == "cancelled":
        return replace(known, cancelled=True)
    if data.get("state") != "requested":
        raise ValueError(f"unknown state {data.get('state')!r}")
    mode = Mode(str(data.get("mode")))
    return replace(
        known,
        mode=mode,
        not_before=_time(data.get("not_before")),
        spread_seconds=max(0.0, float(data.get("spread_seconds", 0))),
        successor=_successor(data.get("successor")) if mode is Mode.HANDOFF else None,
    )


def _successor(data: Any) -> Successor:
    try:
        return Successor(str(data["address"]), int(data["port"]), str(data["uid"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"handoff to a successor without address, port and uid: {data!r}") from error


def _time(text: Any) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"not_before {text!r} has no time zone")
    return time


def hear(drain: Drain, request: Request, match: Match, now: datetime) -> Drain | None:
    """Take in a request. Returns the new state, to be acknowledged, or None if the request is not news."""
    if not _concerns(request, match):
        return None
    seen = drain.request
    if seen and request.run == seen.run and request.seq <= seen.seq:
        return None
    if drain.phase is Phase.CLOSING:
        # Nothing can change any more; the runner is told so under the number that it waits for.
        return replace(drain, request=replace(request, spread_seconds=seen.spread_seconds if seen else 0.0))
    if request.problem:
        return Drain(Phase.REFUSED, request)
    if request.cancelled:
        return Drain(Phase.CANCELLED, request)
    return Drain(Phase.ACCEPTED, request, accepted_at=now)


def _concerns(request: Request, match: Match) -> bool:
    return request.allocation in (ANY_ALLOCATION, match.allocation)


def resume(request: Request, acknowledged: Mapping[str, Any], match: Match) -> Drain:
    """The state that a server, started again, finds in its own last acknowledgement."""
    is_own = (acknowledged.get("run"), acknowledged.get("seq")) == (request.run, request.seq)
    if not is_own or not _concerns(request, match):
        return Drain()
    return Drain(
        Phase(acknowledged["phase"]),
        request,
        accepted_at=_optional_time(acknowledged.get("accepted_at")),
        closing_at=_optional_time(acknowledged.get("closing_at")),
    )


def _optional_time(text: Any) -> datetime | None:
    return _time(text) if text else None


def begin_match(drain: Drain) -> Drain:
    """A new match on the same server: a request that was bound to the match before has lapsed."""
    bound = drain.request and drain.request.allocation != ANY_ALLOCATION
    return Drain() if bound and drain.phase is not Phase.CLOSING else drain


def begin_closing(drain: Drain, now: datetime) -> Drain:
    """The clients are about to be closed, at `closes_at` or because the match is over."""
    return replace(drain, phase=Phase.CLOSING, closing_at=now) if drain.phase is Phase.ACCEPTED else drain


def closes_at(drain: Drain, match: Match) -> datetime | None:
    """When the drain closes the clients; None if it does not, or if no one knows."""
    if drain.phase is not Phase.ACCEPTED or drain.request is None:
        return None
    return match.ends_at if drain.request.mode is Mode.AT_MATCH_END else drain.request.not_before


def may_join(drain: Drain, *, own_member: bool) -> bool:
    """Whether a player may come in: while a drain is set, only those of the session itself."""
    return drain.phase is not Phase.CLOSING and (own_member or drain.phase is not Phase.ACCEPTED)


def acknowledgement(drain: Drain, match: Match) -> str:
    """The JSON for the SDK. It carries all timestamps, as only the last write is sure to be seen."""
    assert drain.request is not None
    return json.dumps(
        {
            "run": drain.request.run,
            "seq": drain.request.seq,
            "phase": drain.phase.value,
            "players": match.players,
            "accepted_at": _text(drain.accepted_at),
            "closing_at": _text(drain.closing_at),
            "eta": _text(drain.closing_at or closes_at(drain, match)),
        }
    )


def _text(time: datetime | None) -> str | None:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z") if time else None
