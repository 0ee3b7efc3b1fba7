# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Servers of the target that were allocated for a handoff which does not take place: which may be let go. Pure.

Such a server is a session, which only the drain contract ends. It may be asked to go when it is known to be empty
and no one can still be on the way to it: its session has no request that names it, or has acknowledged that the request
was taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    ANY_ALLOCATION,
    CANCELLED,
    CLOSING,
    DISCONNECT,
    REQUESTED,
    Request,
    read_acknowledgement,
    read_request,
    successor_annotation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.may_end import Spare
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server, player_count
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy

REASON_UNUSED = "unused"
# Instead of an allocation.
PLAYED = "played"


@dataclass
class Successors:
    """Those that may be let go, those whose session has not yet said that it stays, and those that stay."""

    unused: list[Server] = field(default_factory=list)
    waiting: list[Server] = field(default_factory=list)
    kept: list[Server] = field(default_factory=list)


def _mark_of(server: Server, domain: str) -> tuple[str, str]:
    """The session whose players a server of the target was allocated for, and the run; empty texts without a mark."""
    uid, _slash, run = server.annotations.get(successor_annotation(domain), "").partition("/")
    return uid, run


def session_of(server: Server, policy: Policy) -> str:
    """The uid of the session whose players a server of the target was allocated for, in this run; "" for any other."""
    uid, run = _mark_of(server, policy.domain)
    return uid if run == policy.run else ""


def note_successor(known: dict[str, str], server: Server, policy: Policy) -> None:
    """Remember the allocation that a mark was made for, and whether someone has played there since.

    Agones leaves the mark where it is when the match is over and others are given the server.
    """
    uid = session_of(server, policy)
    if not uid or not server.is_session or server.ending:
        return
    allocation = known.setdefault(_pair(server, uid), server.allocation)
    if is_played_on(server) or server.allocation != allocation:
        known[_pair(server, uid)] = PLAYED


def is_played_on(server: Server) -> bool:
    """Known to hold players, or what the game calls a session."""
    return server.named or bool(player_count(server.players, server.counted))


def is_unused(known: Mapping[str, str], server: Server, uid: str) -> bool:
    """Whether a server that carries the mark of a session still waits for its players, as far as was seen."""
    return marked_allocation(known, server, uid) == server.allocation


def marked_allocation(known: Mapping[str, str], server: Server, uid: str) -> str:
    """The allocation that was made for a session's players, as far as was seen; `played` once someone has played."""
    return known.get(_pair(server, uid), server.allocation)


def spare(known: Mapping[str, str], server: Server, domain: str) -> Spare:
    """The word by which a server that a handoff allocated in vain may be asked to go, with full notice."""
    uid, _run = _mark_of(server, domain)
    return Spare(domain, marked_allocation(known, server, uid), connect_grace=0.0)


def _pair(server: Server, uid: str) -> str:
    return f"{server.uid}/{uid}"


def is_asked_to_go(server: Server, domain: str) -> bool:
    """Whether a server of the target was asked to go, and will."""
    request = read_request(server.annotations, domain)
    return request is not None and request.state == REQUESTED and request.is_about(server.allocation)


def names_successors(source: Iterable[Server], domain: str) -> bool:
    """Whether a session of the source was ever told of a server of the target."""
    requests = (read_request(server.annotations, domain) for server in source)
    return any(request is not None and request.successor is not None for request in requests)


def sort_successors(
    source: Iterable[Server], target: Iterable[Server], domain: str, known: Mapping[str, str]
) -> Successors:
    """Every server of the target that waits for players, sorted by whether they may still come.

    `known` is what the drain remembers of them.
    """
    sessions = {server.uid: server for server in source}
    found = Successors()
    for server in target:
        uid, _run = _mark_of(server, domain)
        if not uid or not server.is_session or server.ending or is_asked_to_go(server, domain):
            continue
        fitting = _fitting(found, server, sessions.get(uid), domain) if is_unused(known, server, uid) else found.kept
        fitting.append(server)
    return found


def _fitting(found: Successors, server: Server, session: Server | None, domain: str) -> list[Server]:
    # A session that is gone has sent its players over.
    if session is None or session.ending or not server.is_empty:
        return found.kept
    request = read_request(session.annotations, domain)
    if request is None or (request.successor or {}).get("uid") != server.uid:
        return found.unused
    answer = read_acknowledgement(session.annotations)
    if answer is None or answer.run != request.run:
        return found.waiting
    if answer.phase == CLOSING:
        return found.kept
    heard = request.state == CANCELLED and answer.seq == request.seq and answer.phase == CANCELLED
    return found.unused if heard else found.waiting


def release_request(server: Server, domain: str, now: float, notice: float) -> Request:
    """The request that asks a successor to go, with full notice."""
    before = read_request(server.annotations, domain)
    return Request(
        run=_mark_of(server, domain)[1],
        seq=before.seq + 1 if before else 1,
        state=REQUESTED,
        mode=DISCONNECT,
        allocation=server.allocation or ANY_ALLOCATION,
        not_before=now + notice,
        deadline=now + notice,
        spread_seconds=0.0,
        reason=REASON_UNUSED,
    )
