# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""How many sessions of a Fleet may be on their way, by the target's seats and by how the moves so far went. Pure."""

from __future__ import annotations

from typing import Callable

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.ledger import Settled
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Pace
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy

# Moves are judged when so many claims are settled; the canary batch when all of its own are.
JUDGED_SESSIONS = 5
# Unused budget of players per second is kept for this long.
BURST_SECONDS = 1.0

GOOD, BAD, ALARM, UNMEASURED = "good", "bad", "alarm", "unmeasured"


def free_seats(policy: Policy, seats: int, reserve: int, committed: int) -> int:
    """Seats that are neither spoken for nor kept for players who arrive by themselves; below 0 where seats are missing.

    The reserve is never more than half of the seats that are free: a target whose autoscaler keeps exactly the
    reserve free, and refills it, must not hold the drain for ever.
    """
    return seats - min(reserve if policy.reserve is None else policy.reserve, seats // 2) - committed


def room(policy: Policy, pace: Pace, free: int, under_way: int) -> int:
    """How many more sessions may be asked to leave now, with so many on their way, who may have their seats already."""
    for cap in (policy.most_at_once, pace.limit):
        if cap is not None:
            free = min(free, cap - under_way)
    return max(free, 0)


def canary_room(policy: Policy, pace: Pace) -> int | None:
    """How many more sessions with players may join the canary batch; None when it has passed, or there is none."""
    if not policy.disconnects or not policy.canary or pace.passed:
        return None
    return max(policy.canary - len(pace.canary), 0)


def credit(policy: Policy, pace: Pace, now: float) -> None:
    """Let the budget of players per second grow."""
    if policy.players_per_second is None:
        return
    most = policy.players_per_second * BURST_SECONDS
    earned = most if pace.credited_at is None else policy.players_per_second * max(0.0, now - pace.credited_at)
    pace.credit, pace.credited_at = min(pace.credit + earned, most), now


def may_spend(policy: Policy, pace: Pace) -> bool:
    """Whether the budget has anything left. A session of more players than that overdraws it."""
    return policy.players_per_second is None or pace.credit > 0


def spend(policy: Policy, pace: Pace, players: int | None) -> None:
    """A session of so many players is asked to leave; one of an unknown number counts as one player."""
    if policy.players_per_second is not None:
        pace.credit -= 1 if players is None else players


def note(policy: Policy, pace: Pace, settled: Settled) -> None:
    """Count a claim that is settled. A claim without players tells nothing."""
    if settled.players == 0:
        return
    pace.sessions += 1
    if settled.players is None or settled.returned is None:
        pace.unmeasured += 1
        return
    pace.players += settled.players
    pace.returned += settled.returned
    pace.slow += settled.seconds > policy.slow_return


def judge_pace(policy: Policy, pace: Pace) -> str:
    """Judge the moves that were settled since the last judgement."""
    if not pace.players:
        return UNMEASURED
    returned = 100 * pace.returned / pace.players
    if returned < policy.alarm_returned:
        return ALARM
    measured = pace.sessions - pace.unmeasured
    return BAD if returned < policy.least_returned or 2 * pace.slow > measured else GOOD


def review(policy: Policy, pace: Pace, under_way: int, is_pending: Callable[[str], bool]) -> str:
    """Judge the moves that are due and set the pace; returns why the drain of this Fleet must stop, or ""."""
    if not policy.needs_seats:
        return ""
    if canary_room(policy, pace) is not None:
        return _review_canary(policy, pace, is_pending)
    if pace.sessions < JUDGED_SESSIONS:
        return ""
    # With the canary batch judged, moves that nothing measured change nothing.
    verdict = judge_pace(policy, pace)
    if verdict == ALARM:
        return _alarm(policy, pace, "of the players who were moved last")
    if verdict == BAD:
        pace.limit = max(1, max(under_way, pace.sessions) // 2)
    elif verdict == GOOD and pace.limit is not None:
        pace.limit *= 2
    _forget(pace)
    return ""


def _review_canary(policy: Policy, pace: Pace, is_pending: Callable[[str], bool]) -> str:
    if not pace.canary or any(is_pending(uid) for uid in pace.canary):
        return ""
    if not pace.sessions:
        # They ended by themselves, or would not go: the next ones show it.
        pace.canary = []
        return ""
    verdict = judge_pace(policy, pace)
    if verdict == ALARM:
        return _alarm(policy, pace, "of the players of the canary batch")
    if verdict == UNMEASURED:
        return (
            "the canary batch has gone, and nothing tells whether its players came back: its servers have no List "
            "and no Counter of players (players_list, players_counter), and there is no players_metric. "
            "Name one of them, or use mode at_match_end"
        )
    if verdict == BAD:
        pace.limit = max(1, pace.sessions // 2)
    pace.passed = True
    _forget(pace)
    return ""


def _alarm(policy: Policy, pace: Pace, whose: str) -> str:
    return (
        f"only {pace.returned} of {pace.players} {whose} came back within {policy.reconnect_timeout:g} seconds, less "
        f"than alarm_returned_percent ({policy.alarm_returned:g}). Look at matchmaking and at the target, then run "
        + ("again: it begins with a canary batch" if policy.disconnects else "again")
    )


def _forget(pace: Pace) -> None:
    pace.sessions = pace.players = pace.returned = pace.slow = pace.unmeasured = 0


def begin_again(pace: Pace) -> None:
    """After a stop: the next moves are a canary batch."""
    pace.canary, pace.passed, pace.limit = [], False, None
    _forget(pace)
