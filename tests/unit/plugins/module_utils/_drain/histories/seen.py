"""What is seen while a history is played: each kind holds what the rules judge, and says itself in the diagram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    CLOSING,
    LEAVING_MODES,
    REASON_DRAIN,
    REQUESTED,
    Request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy

from tests.unit.plugins.module_utils._drain.world import START

Column = Literal["", "runner", "source", "target"]
# What a party finds at the server that it was told to go to.
Successor = Literal["none", "there", "gone", "asked to go"]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Something that was seen `at` so many seconds of a history; `free` are the target's seats where they changed."""

    column: ClassVar[Column] = ""
    # Many of them in a row say no more than the first.
    is_told_once: ClassVar[bool] = False
    at: float = 0.0
    free: Mapping[str, int] | None = None

    def __str__(self) -> str:
        return ""


# The source


@dataclass(frozen=True, kw_only=True)
class SessionBegun(Seen):
    """A session plays on the source."""

    column = "source"
    server: str
    fleet: str
    players: int

    def __str__(self) -> str:
        return f"{self.server} of {self.fleet}, {_players(self.players)}"


@dataclass(frozen=True, kw_only=True)
class Written(Seen):
    """The drain writes to a server of either side."""

    server: str
    # Only if the server is still as the drain has read it.
    conditional: bool
    # It shuts the server down, or writes a request that the server can read.
    readable: bool


@dataclass(frozen=True, kw_only=True)
class RequestWritten(Seen):
    """The drain writes a request to a server of the source."""

    column = "source"
    server: str
    policy: Policy
    # The request that the server had.
    before: Request | None
    request: Request
    # The allocation of the match that is being played.
    match: str
    # The server has been asked to send its players away already.
    is_leaving: bool
    # The other sessions of the Fleet that are on their way to the target.
    on_their_way: frozenset[str]
    # The states of the servers of the target that the request names as the successor.
    successor_states: tuple[str, ...]
    clock_jumped: bool

    def __str__(self) -> str:
        request = self.request
        if request.state != REQUESTED:
            return f"{self.server} #{request.seq}: request taken back"
        to = f" to {request.successor['uid'].removeprefix('uid-')}" if request.successor else ""
        when = f" at {request.not_before - START:.2f}" if request.mode in LEAVING_MODES else ""
        why = f" ({request.reason})" if request.reason != REASON_DRAIN else ""
        return f"{self.server} #{request.seq} asked: {request.mode}{to}{when}{why}"


@dataclass(frozen=True, kw_only=True)
class Acknowledged(Seen):
    """A server of the source answers its request."""

    column = "source"
    server: str
    phase: str
    seq: int

    def __str__(self) -> str:
        return "" if self.phase == CLOSING else f"{self.server} #{self.seq} answered: {self.phase}"


@dataclass(frozen=True, kw_only=True)
class Closed(Seen):
    """A server of the source sends its players away, as it was asked."""

    column = "source"
    server: str
    policy: Policy
    # Seconds since the request was written.
    notice: float
    players: int
    successor: Successor
    clock_jumped: bool

    def __str__(self) -> str:
        successor = "" if self.successor == "none" else f", successor {self.successor}"
        return f"{self.server} closes with {_players(self.players)}, notice {self.notice:.2f} s{successor}"


@dataclass(frozen=True, kw_only=True)
class ShutDown(Seen):
    """The drain shuts a server of the source down."""

    column = "source"
    is_told_once = True
    server: str
    policy: Policy
    # The request that the server had.
    request: Request | None
    # How its session has ended, so far as it has.
    ended: str

    def __str__(self) -> str:
        return f"{self.server}: the drain shuts it down"


@dataclass(frozen=True, kw_only=True)
class PodDeleted(Seen):
    """The drain deletes the pod of a server of the source."""

    column = "source"
    server: str
    policy: Policy
    # How its session has ended, so far as it has.
    ended: str

    def __str__(self) -> str:
        return f"{self.server}: the drain deletes its pod"


@dataclass(frozen=True, kw_only=True)
class MatchOver(Seen):
    """A session of the source ends otherwise than by a request."""

    column = "source"
    server: str
    outcome: str

    def __str__(self) -> str:
        return f"{self.server} is over: {self.outcome.replace('_', ' ')}"


@dataclass(frozen=True, kw_only=True)
class Reallocated(Seen):
    """A server of the source begins another match."""

    column = "source"
    server: str

    def __str__(self) -> str:
        return f"{self.server} begins another match"


@dataclass(frozen=True, kw_only=True)
class Vanished(Seen):
    """The object of a server of the source is gone."""

    column = "source"
    server: str

    def __str__(self) -> str:
        return f"{self.server} is gone"


# The target


@dataclass(frozen=True, kw_only=True)
class SeatAdded(Seen):
    """Another server of the target is Ready."""

    column = "target"
    seat: str
    fleet: str

    def __str__(self) -> str:
        return f"{self.seat} of {self.fleet} is ready"


@dataclass(frozen=True, kw_only=True)
class StrangersCame(Seen):
    """Players who do not come from the source take a server of the target."""

    column = "target"
    seat: str

    def __str__(self) -> str:
        return f"{self.seat} taken by strangers"


@dataclass(frozen=True, kw_only=True)
class Allocated(Seen):
    """The drain allocates a server of the target for the players of a session."""

    column = "target"
    seat: str
    session: str

    def __str__(self) -> str:
        return f"{self.seat} allocated for {self.session}" if self.seat else f"no seat to allocate for {self.session}"


@dataclass(frozen=True, kw_only=True)
class Arrived(Seen):
    """The players of a session are in a server of the target."""

    column = "target"
    seat: str
    session: str
    players: int

    def __str__(self) -> str:
        return f"{self.seat}: {self.session} arrives, {_players(self.players)}"


@dataclass(frozen=True, kw_only=True)
class SeatsShort(Seen):
    """More sessions were asked to send their players away than the target could seat."""

    column = "target"
    sessions: int

    def __str__(self) -> str:
        return f"short of seats: {self.sessions}"


@dataclass(frozen=True, kw_only=True)
class SuccessorAskedToGo(Seen):
    """The drain asks a server of the target, which a handoff allocated, to go."""

    column = "target"
    seat: str
    # The session whose players it was allocated for.
    session: str
    players: int
    # The session has a request that names this server, and has not acknowledged that it stays.
    may_come: bool
    # The players of the session have left the source and are nowhere yet.
    on_their_way: bool

    def __str__(self) -> str:
        return f"{self.seat} asked to go"


@dataclass(frozen=True, kw_only=True)
class SuccessorShutDown(Seen):
    """The drain shuts down a server of the target, which a handoff allocated."""

    column = "target"
    seat: str
    # The session whose players it was allocated for.
    session: str
    players: int
    # The players of the session have left the source, no longer ago than the reconnect timeout, and are nowhere yet.
    on_their_way: bool

    def __str__(self) -> str:
        return f"{self.seat}: the drain shuts it down"


@dataclass(frozen=True, kw_only=True)
class TargetServerGone(Seen):
    """A server of the target ends: the drain has asked it to go, or shut it down."""

    column = "target"
    seat: str
    players: int

    def __str__(self) -> str:
        return f"{self.seat} is gone with {_players(self.players)}"


# The runner


@dataclass(frozen=True, kw_only=True)
class Happened(Seen):
    """Something happens to the runner or its clock, or a person wants something of it."""

    column = "runner"
    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, kw_only=True)
class RoundOver(Seen):
    """A round has ended and the drain goes on."""

    column = "runner"
    is_told_once = True
    states: Mapping[str, int]
    # Sessions left by the result's count.
    remaining: int
    # Sessions for which the result says what they wait for before they are asked.
    held: int
    progress: str
    # The last event of the history is over.
    is_late: bool
    # A write met trouble, and may not have been tried again yet.
    write_troubled: bool

    def __str__(self) -> str:
        states = ", ".join(f"{number} {state}" for state, number in self.states.items() if number)
        return f"round over: {states or 'no sessions'}"


@dataclass(frozen=True, kw_only=True)
class RollbackBegun(Seen):
    """A person runs a rollback, for the n-th time."""

    column = "runner"
    attempt: int

    def __str__(self) -> str:
        return f"rollback, attempt {self.attempt}"


@dataclass(frozen=True, kw_only=True)
class RequestsTakenBack(Seen):
    """A rollback has taken the requests on the source back."""

    column = "runner"
    # The sessions that still have a request to leave.
    still_asked: frozenset[str]

    def __str__(self) -> str:
        return "requests taken back"


@dataclass(frozen=True, kw_only=True)
class SuccessorsLetGo(Seen):
    """A rollback has asked the servers that handoffs had allocated in vain to go."""

    column = "runner"
    # Servers that wait for the players of a session that has said that it stays.
    in_vain: frozenset[str]
    # A write met trouble.
    write_troubled: bool

    def __str__(self) -> str:
        return "unused successors asked to go"


@dataclass(frozen=True, kw_only=True)
class RollbackOver(Seen):
    """Some seconds have gone by since a rollback."""

    column = "runner"
    # Sessions that closed after it.
    closed_since: frozenset[str]

    def __str__(self) -> str:
        return "a while after the rollback"


@dataclass(frozen=True, kw_only=True)
class TimeUp(Seen):
    """The drain has not ended in the time that it had."""

    column = "runner"
    # No server of the source was left for the whole of that time.
    source_was_empty: bool

    def __str__(self) -> str:
        return "time is up"


# The end


@dataclass(frozen=True, kw_only=True)
class DrainOver(Seen):
    """The drain says that it is finished."""

    column = "runner"
    # All the sessions of the history.
    sessions: frozenset[str]
    # How each one ended in truth, so far as it did.
    ended: Mapping[str, str]
    # The outcomes that the drain tells, one by one, by session.
    told: tuple[tuple[str, str], ...]
    # The sessions that the drain has seen and remembered.
    known: frozenset[str]
    # How many matches of a server were over before its last one.
    earlier_matches: Mapping[str, int]
    # The total of the result, and the sum of its outcomes.
    total: int
    counted: int
    # Nothing kept the runner from seeing what happened, and no alarm stopped it.
    undisturbed: bool
    servers_left: frozenset[str]
    pods_left: frozenset[str]
    # The most sessions that were ever sent away without a seat on the target.
    short_of_seats: int
    runner_died: bool
    # The most seconds that the runner's clock was behind the servers', and the shortest notice of the policies.
    clock_behind: float
    shortest_notice: float
    # Servers of the target that wait for the players of a session that never went.
    waiting_in_vain: frozenset[str]
    # All that left the process: memory, journal and result.
    text: str

    def __str__(self) -> str:
        return "drain finished"


@dataclass(frozen=True, kw_only=True)
class SessionTold(Seen):
    """The drain is finished, and tells how one of its sessions has ended."""

    server: str
    policy: Policy
    told: str
    ended: str
    # Seconds until the server answers a request; None for one that never does.
    answers_after: float | None
    # Its match ended when it might just as well have closed by the request.
    tied: bool
    undisturbed: bool


def _players(number: int) -> str:
    return "1 player" if number == 1 else f"{number} players"
