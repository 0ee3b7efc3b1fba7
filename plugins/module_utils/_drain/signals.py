# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What one session is asked next, and how a request escalates. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    CANCELLED,
    CLOSING,
    DISCONNECT,
    HANDOFF,
    REASON_DEADLINE,
    REASON_DRAIN,
    REQUESTED,
    Request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.may_end import FORCE_AFTER_SECONDS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy

ASK_NOTHING = ("", "")


@dataclass(frozen=True)
class Signal:
    """Put a request on a server that is still at `version`; it has `notice` seconds from the write."""

    uid: str
    namespace: str
    name: str
    version: str
    request: Request
    fleet: str
    notice: float


@dataclass(frozen=True)
class ShutDown:
    """Set a server's state to Shutdown: the operator chose to interrupt, and it has not closed."""

    uid: str
    namespace: str
    name: str
    version: str
    fleet: str


@dataclass(frozen=True)
class DeletePod:
    """Delete the pod of a server that was shut down and did not go."""

    uid: str
    namespace: str
    name: str
    fleet: str
    shut_down_at: float | None
    grace_seconds: float


@dataclass(frozen=True)
class ReleaseSuccessor:
    """Give back a server of the target that waits for players who do not come: their session did not hand over.

    `allocation` is the one that was made for them.
    """

    uid: str
    namespace: str
    name: str
    version: str
    fleet: str
    allocation: str


# Actions that end a server without asking it.
Ending = Union[ShutDown, DeletePod, ReleaseSuccessor]
DrainAction = Union[Signal, Ending]


def wanted(session: Session, policy: Policy, now: float) -> tuple[str, str]:
    """The mode and reason of the request that is due now; ("", "") when none is."""
    request = session.request
    if session.over:
        return ASK_NOTHING
    if request is None or request.state == CANCELLED:
        return (policy.mode, REASON_DRAIN)
    # A request that was only planned is judged by today's policy: the operator may have chosen a gentler one since.
    interrupts = session.interrupting and policy.interrupt_at_deadline
    if not session.delivered:
        return (request.mode, REASON_DEADLINE) if interrupts else (policy.mode, REASON_DRAIN)
    # A session with a successor keeps it at the deadline.
    at_deadline = HANDOFF if request.successor else DISCONNECT
    if interrupts:
        return (at_deadline, REASON_DEADLINE) if is_unanswered(session, policy, now) else ASK_NOTHING
    if policy.interrupt_at_deadline and now >= deadline_of(request, policy):
        return (at_deadline, REASON_DEADLINE)
    if _is_outdated(request, policy) or is_unanswered(session, policy, now):
        return (policy.mode, REASON_DRAIN)
    return ASK_NOTHING


def _is_outdated(request: Request, policy: Policy) -> bool:
    """Whether the operator has chosen another mode or deadline since."""
    # An annotation holds milliseconds.
    moved = abs(request.deadline - deadline_of(request, policy)) > 0.01
    return request.mode != policy.mode or request.reason != REASON_DRAIN or moved


def deadline_of(request: Request, policy: Policy) -> float:
    """When the session of a request must be over, by today's policy."""
    if policy.deadline_at is None or request.reason != REASON_DRAIN:
        return request.deadline
    return max(policy.deadline_at, request.not_before)


def is_unanswered(session: Session, policy: Policy, now: float) -> bool:
    """Whether the next repetition of a request without an answer is due."""
    if session.phase or session.signals > len(policy.resignal):
        return False
    times = (0.0, *policy.resignal)
    return now - session.signalled_at >= times[session.signals] - times[session.signals - 1]


def ask(session: Session, policy: Policy, mode: str, reason: str, now: float) -> Signal:
    """Note in the session that it is about to be asked, and return the write that does it."""
    old = session.request
    # A request that did not reach the server keeps its number.
    kept = old is not None and not session.delivered
    fresh = old is None or old.state == CANCELLED or (old.mode, old.reason) != (mode, reason)
    session.signals = session.signals if kept else 1 if fresh else session.signals + 1
    not_before = now + policy.notice
    session.request = Request(
        run=policy.run,
        seq=old.seq + (not kept) if old else 1,
        state=REQUESTED,
        mode=mode,
        allocation=session.bound_to,
        not_before=not_before,
        deadline=_deadline(old, policy, reason, not_before, now),
        spread_seconds=policy.spread,
        reason=reason,
        successor=old.successor if old and old.state == REQUESTED and mode == HANDOFF else None,
    )
    session.delivered, session.phase, session.signalled_at = False, "", now
    return Signal(
        session.uid,
        session.namespace,
        session.name,
        session.version,
        session.request,
        session.fleet,
        policy.notice,
    )


def _deadline(old: Request | None, policy: Policy, reason: str, not_before: float, now: float) -> float:
    if reason == REASON_DEADLINE:
        return not_before + policy.close_grace
    if policy.deadline_at is not None:
        return max(policy.deadline_at, not_before)
    # The deadline of an interruption is not that of the match.
    if old and old.state == REQUESTED and old.reason == REASON_DRAIN:
        return max(old.deadline, not_before)
    return max(now + policy.deadline, not_before)


def escalation(session: Session, policy: Policy, now: float) -> ShutDown | DeletePod | None:
    """What is done to a session that has not gone at its deadline, where the operator chose to interrupt."""
    if not policy.interrupt_at_deadline:
        return None
    which = session.uid, session.namespace, session.name
    if session.ending_at is None:
        return ShutDown(*which, session.version, session.fleet) if _must_shut_down(session, policy, now) else None
    if _must_be_forced(session, now):
        return DeletePod(*which, session.fleet, session.shutdown_at, session.grace_seconds)
    return None


def _must_be_forced(session: Session, now: float) -> bool:
    # Again after a while: no one knows whether a deletion arrived that was planned before the runner stopped.
    since = session.shutdown_at if session.forced_at is None else session.forced_at
    return since is not None and now >= since + session.grace_seconds + FORCE_AFTER_SECONDS


def _must_shut_down(session: Session, policy: Policy, now: float) -> bool:
    if not session.delivered or session.request is None:
        return False
    if session.phase == CLOSING:
        return now >= session.request.deadline + policy.close_grace
    return session.interrupting and now >= session.request.deadline
