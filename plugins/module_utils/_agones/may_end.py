# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What protects a session. Pure.

A session is a game server in which players may be: one that is Allocated or Reserved, one that the game's own predicate
names, and one on its way out while its pod is there. It ends by itself, or its game server ends it when the drain
contract asks it to go.

The runner itself ends a session in three cases only. Each needs a word:

- `OnDeadline`: the operator has chosen `on_deadline: interrupt`. The run has asked this very match to leave, the notice
  is over and the deadline has come; the game server has been told so, or is closing, and has not gone. Its pod is
  deleted only after the server was shut down and has had the pod's grace period and 30 seconds more.
- `OwnSession`: a probe has allocated the session for itself, and marked it.
- `Spare`: a handoff has allocated a server of the target, and its players do not come. No one has played on it since,
  it is known to be empty, and players who may still be connecting have had the time for that.

Nothing else ends a session. No Fleet gets smaller, and no cluster is removed while there is a session in it.

Every write that can end a session asks here right before it is sent, about the GameServer as it was just read. This is
a second look: others have decided already, and a mistake of theirs must not end a match. Where this module has a
reason, the write is not sent and the reason is told.

A rule is a filter: it looks at one thing, and returns why the write must not be sent, or None. To protect more, add a
filter to FILTERS. To let the runner end something else, add a word, and the filters that hold it to its terms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import ClassVar, Union

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    CLOSING,
    REASON_DEADLINE,
    REQUESTED,
    Request,
    read_acknowledgement,
    read_request,
    successor_annotation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    Key,
    Server,
    format_time,
    parse_time,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

# What is about to be done to a game server.
ASK = "asked to go"
SHUT_DOWN = "shut down"
DELETE_POD = "ended by deleting its pod"
REMOVE = "removed with its cluster"
# After a server was shut down, beyond its pod's grace period.
FORCE_AFTER_SECONDS = 30.0


class Protected(BlueGreenError):
    """A write was not sent, since it could have ended a session."""


@dataclass(frozen=True)
class OnDeadline:
    """The operator's word, in the policy of a run. `shut_down_at`: when the runner shut the server down."""

    run: str
    domain: str
    interrupts: bool
    shut_down_at: float | None = None
    grace_seconds: float = 0.0
    frees: ClassVar[Collection[str]] = (SHUT_DOWN, DELETE_POD)


@dataclass(frozen=True)
class OwnSession:
    """A probe's own: it marks its sessions with this label and value."""

    label: str
    mark: str
    frees: ClassVar[Collection[str]] = (ASK, SHUT_DOWN)


@dataclass(frozen=True)
class Spare:
    """A server that a handoff has allocated in vain; `allocation` is the one that was made for the players."""

    domain: str
    allocation: str
    connect_grace: float
    frees: ClassVar[Collection[str]] = (ASK, SHUT_DOWN)


Word = Union[OnDeadline, OwnSession, Spare]


@dataclass(frozen=True)
class Case:
    """A write that can end the session of one game server: what it does, to which, and on whose word.

    `uid` is the server that is meant, `server` the one of that name as it was just read; None where it is gone and only
    its pod may be left. `has_pod` is False where it was looked for, and there is none.
    """

    act: str
    namespace: str
    name: str
    uid: str
    server: Server | None
    word: Word | None = None
    has_pod: bool = True

    @property
    def is_session(self) -> bool:
        """Whether players may be in it."""
        if self.server is None:
            return self.has_pod
        return self.server.is_session and (self.has_pod or not self.server.ending)

    @property
    def is_interruption(self) -> bool:
        return isinstance(self.word, OnDeadline) and self.act == SHUT_DOWN

    @property
    def request(self) -> Request | None:
        """What the run has asked of this very match, unless it was taken back."""
        if self.server is None or not isinstance(self.word, OnDeadline):
            return None
        found = read_request(self.server.annotations, self.word.domain)
        if found is None or (found.run, found.state) != (self.word.run, REQUESTED):
            return None
        return found if found.is_about(self.server.allocation) else None


@dataclass(frozen=True)
class Resize:
    """A write that sets a Fleet's size, or a limit of its autoscaler (`what`): what it is as just read, what it gets.

    `is_owners`: its owner had set it so before this collection changed it.
    """

    what: str
    namespace: str
    name: str
    has: int | None
    gets: int | None
    is_owners: bool = False


Filter = Callable[[Case, float], Union[str, None]]


def is_another_server(case: Case, _now: float) -> str | None:
    if case.server is None or case.server.uid == case.uid:
        return None
    return "another game server has its name now"


def has_no_word(case: Case, _now: float) -> str | None:
    if case.word is not None and case.act in case.word.frees:
        return None
    return "players may be in it; it ends by itself or by the drain contract"


# The operator's deadline


def was_told_to_wait(case: Case, _now: float) -> str | None:
    if not isinstance(case.word, OnDeadline) or case.word.interrupts:
        return None
    return "on_deadline is wait"


def was_not_asked(case: Case, _now: float) -> str | None:
    if not case.is_interruption or case.request is not None:
        return None
    return "the run has not asked this match to leave"


def has_notice_left(case: Case, now: float) -> str | None:
    request = case.request
    if not case.is_interruption or request is None or now >= request.not_before:
        return None
    return f"its notice runs until {format_time(request.not_before)}"


def has_time_left(case: Case, now: float) -> str | None:
    request = case.request
    if not case.is_interruption or request is None or now >= request.deadline:
        return None
    return f"its deadline is {format_time(request.deadline)}"


def was_not_warned(case: Case, _now: float) -> str | None:
    request = case.request
    if not case.is_interruption or request is None or request.reason == REASON_DEADLINE:
        return None
    answer = read_acknowledgement(case.server.annotations) if case.server else None
    if answer is not None and answer.phase == CLOSING and answer.run == request.run and answer.seq <= request.seq:
        return None
    return "it was not told that its deadline has come, and it is not closing"


def is_in_use(case: Case, _now: float) -> str | None:
    if case.act != DELETE_POD or case.server is None or case.server.ending:
        return None
    return f"it is {case.server.state}, and not on its way out"


def was_not_shut_down(case: Case, now: float) -> str | None:
    if not isinstance(case.word, OnDeadline) or case.act != DELETE_POD:
        return None
    if case.word.shut_down_at is None:
        return "the runner has not shut it down"
    until = case.word.shut_down_at + case.word.grace_seconds + FORCE_AFTER_SECONDS
    return f"it has until {format_time(until)} to go by itself" if now < until else None


# A session of our own


def is_not_ours(case: Case, _now: float) -> str | None:
    if case.server is None or not isinstance(case.word, OwnSession):
        return None
    found = case.server.labels.get(case.word.label)
    return None if found == case.word.mark else f"its label {case.word.label} is not {case.word.mark}"


# A successor that no one comes to


def is_no_successor(case: Case, _now: float) -> str | None:
    if case.server is None or not isinstance(case.word, Spare):
        return None
    return None if case.server.annotations.get(successor_annotation(case.word.domain)) else "no handoff allocated it"


def was_played_on(case: Case, _now: float) -> str | None:
    if case.server is None or not isinstance(case.word, Spare) or case.server.allocation == case.word.allocation:
        return None
    return "it was played on, or allocated again, after the handoff had allocated it"


def may_hold_players(case: Case, _now: float) -> str | None:
    if case.server is None or not isinstance(case.word, Spare) or case.server.is_empty:
        return None
    return "it is not known to be empty"


def may_be_joined(case: Case, now: float) -> str | None:
    if case.server is None or not isinstance(case.word, Spare):
        return None
    # A time in the future is another clock's.
    age = now - (parse_time(case.server.allocation) or 0.0)
    return "its players may be connecting" if 0 <= age < case.word.connect_grace else None


FILTERS: tuple[Filter, ...] = (
    is_another_server,
    has_no_word,
    was_told_to_wait,
    was_not_asked,
    has_notice_left,
    has_time_left,
    was_not_warned,
    is_in_use,
    was_not_shut_down,
    is_not_ours,
    is_no_successor,
    was_played_on,
    may_hold_players,
    may_be_joined,
)


def protects(case: Case, now: float) -> str | None:
    """Why a write must not be sent, or None. `now` is in seconds since 1970."""
    if not case.is_session:
        return None
    return next(filter(None, (look(case, now) for look in FILTERS)), None)


def protects_size(resize: Resize) -> str | None:
    """Why a Fleet or a limit of its autoscaler must not get a size, or None.

    Agones spares servers that are Allocated or Reserved when a Fleet gets smaller, and no others: a game may play in
    those too. What the owner had set comes back when a hold is released.
    """
    if (resize.gets or 0) >= (resize.has or 0) or resize.is_owners:
        return None
    return f"it is {resize.has}, and sessions may be in the game servers that {resize.gets or 0} would take away"


def refuse(case: Case, now: float) -> None:
    """Raise Protected where a write must not be sent."""
    reason = protects(case, now)
    if reason:
        raise Protected(f"game server {case.namespace}/{case.name} is not {case.act}: {reason}")


def refuse_size(resize: Resize) -> None:
    """Raise Protected where a size must not be set."""
    reason = protects_size(resize)
    if reason:
        raise Protected(f"{resize.what} of {resize.namespace}/{resize.name} is not set to {resize.gets}: {reason}")


def protected(servers: Iterable[Server], pods: Collection[Key], now: float) -> list[tuple[Server, str]]:
    """The game servers for which a cluster must stay, each with the reason; `pods` are those that are there."""
    found = []
    for server in servers:
        has_pod = server.key in pods
        reason = protects(Case(REMOVE, *server.key, server.uid, server, has_pod=has_pod), now)
        found += [(server, reason)] if reason else []
    return found
