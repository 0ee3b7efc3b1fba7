# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The level of the drain contract that a game server has shown, and whether it is enough for its Fleet. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    ACCEPTED,
    AT_MATCH_END,
    DISCONNECT,
    HANDOFF,
    REFUSED,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key, name_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy

# SIGTERM only; watches itself and calls Shutdown(); answers as well; hands its players over to a successor.
LEVELS = L0, L1, L2, L3 = ("L0", "L1", "L2", "L3")
SILENT = "silent"
SHUTDOWN = "Shutdown"
# The server's clock and ours may differ by this much.
EARLY_SECONDS = 1.0
# A server that has not answered is believed to have followed a request if it ended this soon after the notice.
LATE_SECONDS = 10.0
READ_MORE = "docs/game-servers.md says what a game server does for each level"


@dataclass(frozen=True)
class Conduct:
    """What a synthetic session did when it was asked to go. Seconds count from the first request; None is never.

    `answers` holds what it said to each mode that it was asked for, in that order; `notice_over` is when it may close.
    """

    answers: Mapping[str, str]
    notice_over: float
    acknowledged: float | None = None
    closing: float | None = None
    ended: float | None = None
    ended_as: str = ""
    had_successor: bool = True

    def to_document(self) -> dict[str, Any]:
        """As the module returns it."""
        return {
            "answers": dict(self.answers),
            "notice_over_seconds": _rounded(self.notice_over),
            "acknowledged_seconds": _rounded(self.acknowledged),
            "closing_seconds": _rounded(self.closing),
            "ended_seconds": _rounded(self.ended),
            "ended_as": self.ended_as,
        }


@dataclass(frozen=True)
class LevelFinding:
    """A Fleet's level, and why it is not a higher one."""

    fleet: Key
    level: str
    reason: str
    refused: frozenset[str] = frozenset()


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def find_level(fleet: Key, seen: Conduct) -> LevelFinding:
    """What a session has shown of its Fleet."""
    accepted = {mode for mode, answer in seen.answers.items() if answer == ACCEPTED}
    refused = frozenset(mode for mode, answer in seen.answers.items() if answer == REFUSED)
    if accepted == {AT_MATCH_END}:
        return LevelFinding(fleet, L2, f"it refuses {' and '.join(sorted(refused))}", refused)
    fault = _fault(seen, bool(accepted), refused)
    if fault:
        return LevelFinding(fleet, L0, fault, refused)
    if HANDOFF in accepted:
        return LevelFinding(fleet, L3, "", refused)
    if accepted:
        return LevelFinding(fleet, L2, _why_no_handoff(seen), refused)
    return LevelFinding(fleet, L1, "it does not answer", refused)


def _fault(seen: Conduct, answered: bool, refused: frozenset[str]) -> str:
    """What rules out anything above L0."""
    if seen.ended is None:
        if AT_MATCH_END in refused:
            return "it refuses every mode"
        if answered:
            return "it answered, but did not call Shutdown() when its notice was over"
        return "it neither answered nor called Shutdown()"
    if seen.ended_as != SHUTDOWN:
        return f"it did not call Shutdown(): it was {seen.ended_as}"
    went = seen.ended if seen.closing is None else min(seen.closing, seen.ended)
    if went < seen.notice_over - EARLY_SECONDS:
        return (
            f"it closed {went:.1f} s after it was asked, before its notice of {seen.notice_over:.1f} s was over; "
            "if its match was over by itself, verify again"
        )
    if not answered and seen.ended > seen.notice_over + LATE_SECONDS:
        late = seen.ended - seen.notice_over
        return f"it ended {late:.1f} s after its notice was over, as if it had not heard the request"
    return ""


def _why_no_handoff(seen: Conduct) -> str:
    if not seen.had_successor:
        return "no second server was free to be its successor, so handoff was not tried"
    return "it refuses handoff" if seen.answers.get(HANDOFF) == REFUSED else "it does not answer a handoff"


def needed_levels(policy: Policy) -> tuple[str, str]:
    """The level that a Fleet needs to be drained in this way, and the level that it should have."""
    if policy.mode == HANDOFF:
        return L3, L3
    return (L1 if policy.needs_seats else L0), L2


def objection(finding: LevelFinding, policy: Policy, accepted: Mapping[str, str]) -> tuple[bool, str] | None:
    """What is wrong with draining a Fleet in this way, and whether it forbids it; None when nothing is.

    `accepted` are the levels that the operator accepts, by `namespace/name` or name of a Fleet.
    """
    must, should = needed_levels(policy)
    is_low = LEVELS.index(finding.level) < LEVELS.index(must)
    refuses = policy.needs_seats and _way_out(policy) in finding.refused
    if not is_low and not refuses and LEVELS.index(finding.level) >= LEVELS.index(should):
        return None
    text = f"Fleet {name_of(finding.fleet)} has level {finding.level} of the drain contract ({finding.reason})"
    if not is_low and not refuses:
        return False, f"{text}: {_consequence(finding.level)}"
    text += f", but {_how(policy)} needs {f'mode {_way_out(policy)}' if refuses else must}"
    level = accepted.get(name_of(finding.fleet)) or accepted.get(finding.fleet[1])
    if level and LEVELS.index(finding.level) >= LEVELS.index(level):
        return False, f"{text}; accepted_levels allows {level}"
    return True, (
        f"{text}. {READ_MORE}. Or give this Fleet {_gentler(finding, policy)}, or accept its level: "
        f"accepted_levels {name_of(finding.fleet)}: {finding.level}"
    )


def _way_out(policy: Policy) -> str:
    """The mode in which players are sent away before their match is over."""
    return HANDOFF if policy.mode == HANDOFF else DISCONNECT


def _how(policy: Policy) -> str:
    interrupts = policy.interrupt_at_deadline and policy.mode == AT_MATCH_END
    return f"mode {policy.mode}" + (" with on_deadline interrupt" if interrupts else "")


def _consequence(level: str) -> str:
    if level == L0:
        return "its sessions end with their matches, and nothing can hurry them"
    return "no one can tell whether it has heard the request, so it is asked again and reported as silent"


def _gentler(finding: LevelFinding, policy: Policy) -> str:
    can_disconnect = LEVELS.index(finding.level) >= LEVELS.index(L1) and DISCONNECT not in finding.refused
    if policy.mode == HANDOFF and can_disconnect:
        return "mode disconnect"
    return "mode at_match_end with on_deadline wait"


def wrong_levels(accepted: Mapping[str, Any]) -> list[str]:
    """The accepted levels that do not exist."""
    return [
        f"accepted_levels: {level!r} of Fleet {fleet} is not a level; use one of {', '.join(LEVELS)}"
        for fleet, level in accepted.items()
        if level not in LEVELS
    ]
