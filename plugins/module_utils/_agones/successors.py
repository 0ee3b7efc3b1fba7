# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Servers of the target that were allocated for a handoff which does not take place: which may be let go. Pure.

Such a server is a session, which only the drain contract ends. It may be asked to go when it is known to be empty
and nobody can still be on the way to it: its session has no request that names it, or has acknowledged that the request
was taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable

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
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server

REASON_UNUSED = "unused"


@dataclass
class Successors:
    """Those that may be let go, those whose session has not yet said that it stays, and those that stay."""

    unused: list[Server] = field(default_factory=list)
    waiting: list[Server] = field(default_factory=list)
    kept: list[Server] = field(default_factory=list)


def is_asked_to_go(server: Server, domain: str) -> bool:
    """Whether a server of the target was asked to go, and will."""
    request = read_request(server.annotations, domain)
    return request is not None and request.state == REQUESTED and request.is_about(server.allocation)


def names_successors(source: Iterable[Server], domain: str) -> bool:
    """Whether a session of the source was ever told of a server of the target."""
    requests = (read_request(server.annotations, domain) for server in source)
    return any(request is not None and request.successor is not None for request in requests)


def sort_successors(source: Iterable[Server], target: Iterable[Server], domain: str) -> Successors:
    """Every server of the target that waits for somebody's players, sorted by whether they may still come."""
    sessions = {server.uid: server for server in source}
    found = Successors()
    for server in target:
        uid = server.annotations.get(successor_annotation(domain), "").partition("/")[0]
        if not uid or not server.is_session or server.ending or is_asked_to_go(server, domain):
            continue
        _fitting(found, server, sessions.get(uid), domain).append(server)
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
    """What asks a successor to go, with full notice."""
    before = read_request(server.annotations, domain)
    return Request(
        run=server.annotations[successor_annotation(domain)].partition("/")[2],
        seq=before.seq + 1 if before else 1,
        state=REQUESTED,
        mode=DISCONNECT,
        allocation=server.allocation or ANY_ALLOCATION,
        not_before=now + notice,
        deadline=now + notice,
        spread_seconds=0.0,
        reason=REASON_UNUSED,
    )
