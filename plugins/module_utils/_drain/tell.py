# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What there is to say about a drain: states, figures, and the words for people and for the journal. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    ACCEPTED,
    CANCELLED,
    CLOSING,
    REFUSED,
    REQUESTED,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key, name_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Memory, Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import OUTCOMES, is_silent
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.seats import CANARY, PACE, SEATS, Seats
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import deadline_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.state import DrainState
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

SESSION_STATES = ("idle", "requested", "accepted", "closing", "refused", "silent", "overdue", "ending")
SOON_SECONDS = 3.0
# Why a session is not asked to leave yet: it waits for this.
HELD = {
    SEATS: "a free seat on the target",
    PACE: "the pace to allow it",
    CANARY: "the players of the canary batch to come back",
}


def is_empty(state: DrainState, now: float) -> bool:
    """No session for long enough that a second reading may confirm it, and the claims are settled."""
    memory, policy = state.memory, state.policies.default
    since = memory.empty_since
    if memory.active or since is None or now - since < policy.confirm:
        return False
    if Seats(state).empty_successors():
        return False
    return not memory.ledger.claims or now - since >= policy.settle


def is_quiet(memory: Memory, now: float) -> bool:
    """It does no harm not to watch for a moment: sessions are left, none about to close, no one on the way."""
    if memory.ledger.claims or not memory.active:
        return False
    return not any(
        session.phase == CLOSING
        or (session.request is not None and -SOON_SECONDS < session.request.not_before - now < SOON_SECONDS)
        for session in memory.active.values()
        if session.asked_to_leave
    )


def session_state(session: Session, policy: Policy, now: float) -> str:
    """The session's state as the drain contract calls it."""
    request = session.request
    if session.phase == CLOSING:
        return CLOSING
    if session.ending_at is not None:
        return "ending"
    if request is None or request.state == CANCELLED or not session.delivered:
        return "idle"
    if now >= deadline_of(request, policy):
        return "overdue"
    if session.phase in (ACCEPTED, REFUSED):
        return session.phase
    return "silent" if is_silent(session, policy, now) else REQUESTED


def session_counts(state: DrainState, now: float) -> dict[str, int]:
    """Sessions by state and by outcome, in all and left."""
    memory = state.memory
    counts = dict.fromkeys((*SESSION_STATES, *OUTCOMES), 0)
    for session in memory.active.values():
        counts[session_state(session, state.policies.of(session.fleet_key), now)] += 1
    for ended in memory.ended:
        counts[ended.outcome] += 1
    remaining = len(memory.active)
    return {"total": remaining + len(memory.ended), "remaining": remaining, **counts}


def journal_counts(state: DrainState, now: float) -> Json:
    """What the journal hears of: sessions, and players on their way."""
    players = state.memory.ledger.summary()
    return {
        **session_counts(state, now),
        "claims": len(state.memory.ledger.claims),
        "players_moved": players["moved"],
        "players_returned": players["returned"],
    }


def figures(state: DrainState, held: Mapping[Key, Counter[str]], now: float) -> Json:
    """What the module returns about a drain, whether it goes on or stops."""
    counts = session_counts(state, now)
    return {
        "sessions": {key: counts[key] for key in ("total", "remaining", *OUTCOMES)},
        "states": {key: counts[key] for key in SESSION_STATES},
        "held": {name_of(fleet): dict(causes) for fleet, causes in sorted(held.items())},
        "players": state.memory.ledger.summary(),
        "outcomes": [
            {"namespace": e.namespace, "name": e.name, "fleet": e.fleet, "outcome": e.outcome, "players": e.players}
            for e in state.memory.ended
        ],
    }


def round_result(told: Json, text: str, before: int, *, changed: bool, finished: bool) -> Json:
    """The module's result, given the figures, the line for people, and how many sessions there were before."""
    return {
        **told,
        "changed": changed,
        "drained": finished,
        "diff": {"before": {"sessions": before}, "after": {"sessions": told["sessions"]["remaining"]}},
        "round": {"finished": finished, "progress": text, "retry_after_seconds": 0.0},
    }


def figures_text(told: Mapping[str, Any], slot: str) -> str:
    """The figures as one line for people."""
    counts = {**told["sessions"], **told["states"]}
    return drain_progress(counts, told["players"], slot) + held_text(told["held"])


def drain_progress(counts: Mapping[str, int], players: Mapping[str, Any], slot: str) -> str:
    """One line for people: what is left, in which states, and how the rest went."""
    states = ", ".join(f"{counts[state]} {state}" for state in SESSION_STATES if counts[state])
    outcomes = ", ".join(f"{counts[name]} {name.replace('_', ' ')}" for name in OUTCOMES if counts[name])
    text = f"{counts['remaining']} of {counts['total']} sessions left on {slot}"
    text += f" ({states})" if states else ""
    text += f"; {outcomes}" if outcomes else ""
    return text + (f"; players back {players['returned']} of {players['moved']}" if players["moved"] else "")


def held_text(held: Mapping[str, Mapping[str, int]]) -> str:
    """What keeps sessions from being asked, for the same line."""
    parts = [f"{name}: {number} wait for {HELD[cause]}" for name, one in held.items() for cause, number in one.items()]
    return f"; {', '.join(parts)}" if parts else ""


def refused_text(refusals: Mapping[Key, str], slot: str) -> str:
    """Why the target gives no server for a handoff, for the same line."""
    told = sorted(refusals.items())
    return "".join(f"; {name_of(fleet)}: {slot} gives no server for a handoff: {why}" for fleet, why in told)


def protected_text(protected: Mapping[str, str]) -> str:
    """Which servers were not ended as planned, and what protects them, for the same line."""
    return "".join(f"; {why}" for why in sorted(protected.values()))


def unanswered_text(slots: Iterable[str]) -> str:
    """Which slots have an API server that does not answer, for the same line."""
    silent = " and ".join(slots)
    return f"; no one is asked while the API server of {silent} does not answer" if silent else ""
