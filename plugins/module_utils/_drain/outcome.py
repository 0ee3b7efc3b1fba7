# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""How a session ended, told from the last thing known of it. Pure."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    ACCEPTED,
    AT_MATCH_END,
    CLOSING,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import OCCUPIED, Server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy

ENDED_ALONE = "ended_alone"
MOVED = "moved"
INTERRUPTED = "interrupted"
FORCED = "forced"
LOST = "lost"
OUTCOMES = (ENDED_ALONE, MOVED, INTERRUPTED, FORCED, LOST)


def outcome_of(session: Session, policy: Policy, gone_at: float) -> str:
    """The one outcome of a session that is gone, from the last thing known of it."""
    if session.forced_at is not None:
        return FORCED
    if session.crashed:
        return LOST
    if session.asked_to_leave and (session.phase == CLOSING or _has_disconnected(session, policy, gone_at)):
        return INTERRUPTED if session.interrupting and policy.mode == AT_MATCH_END else MOVED
    return INTERRUPTED if session.shutdown_at is not None else ENDED_ALONE


def _has_disconnected(session: Session, policy: Policy, gone_at: float) -> bool:
    """Whether a server whose closing was not seen went by the request and not by itself.

    No server closes before `not_before`. If one went while no one watched, we believe the request; one that never
    answered and went long after `not_before`, while we watched, had not heard it.
    """
    request = session.request
    over_at = session.ending_at if session.ending_at is not None else gone_at
    if request is None or session.shutdown_at is not None or over_at < request.not_before:
        return False
    # A server that was seen to end showed what it had been asked.
    if session.ending_at is not None and request.seq == 1 and not session.delivered:
        return False
    if session.phase:
        return session.phase == ACCEPTED
    if session.ending_at is None:
        return not is_silent(session, policy, gone_at)
    return over_at <= request.not_before + policy.close_grace


def is_silent(session: Session, policy: Policy, now: float) -> bool:
    """Asked for the last time, and still without an answer."""
    return (
        not session.phase
        and session.signals > len(policy.resignal)
        and (now - session.signalled_at >= policy.acknowledge)
    )


def has_not_heard(session: Session, policy: Policy, now: float) -> bool:
    """Silent, and it has not closed when it was told to: it keeps no seat and shows nothing."""
    request = session.request
    return request is not None and is_silent(session, policy, now) and now >= request.not_before + policy.close_grace


def is_another_match(session: Session, server: Server) -> bool:
    """The server has been allocated again: the session that we know is over, unless the game says that it is in use."""
    if server.named or not session.allocation or not server.allocation:
        return False
    return server.allocation != session.allocation


def is_crash(server: Server) -> bool:
    """Ended under its players: unhealthy, or deleted while in use. A server that ends itself is Shutdown first."""
    if server.state in ("Unhealthy", "Error"):
        return True
    return server.deleting and server.state != "Shutdown" and (server.named or server.state in OCCUPIED)


def is_older(version: str, known: str) -> bool:
    """Whether a resource version comes before another one of the same object."""
    return version.isdigit() and known.isdigit() and int(version) < int(known)
