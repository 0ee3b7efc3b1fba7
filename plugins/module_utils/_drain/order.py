# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Which session is asked to go first. Pure."""

from __future__ import annotations

import math
from typing import Callable, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Session

# The oldest matches come last: they are the next to end by themselves.
DEFAULT_ORDER = ("idle", "fewest_players", "youngest")
SortKey = tuple[float, ...]


def is_idle(session: Session, connect_grace: float, now: float) -> bool:
    """Known to be empty, and not only because its players are still on their way to it."""
    return session.size == 0 and now - session.began_at >= connect_grace


def _players(session: Session) -> float:
    return math.inf if session.size is None else session.size


def _few(session: Session, idle: bool) -> float:
    # A server that is empty because its players are still on their way is not one of few players.
    return _players(session) if session.size or idle else math.inf


CRITERIA: dict[str, Callable[[Session, bool], float]] = {
    "idle": lambda _session, idle: not idle,
    "fewest_players": _few,
    "most_players": lambda session, _idle: -(session.size or 0),
    "youngest": lambda session, _idle: -session.began_at,
    "oldest": lambda session, _idle: session.began_at,
}
OPPOSITES = (("fewest_players", "most_players"), ("youngest", "oldest"))


def sort_key(session: Session, order: Sequence[str], connect_grace: float, now: float) -> SortKey:
    """The smallest goes first."""
    idle = is_idle(session, connect_grace, now)
    return tuple(CRITERIA[name](session, idle) for name in order)


def contradictions(order: Sequence[str]) -> list[str]:
    """What is wrong with an order."""
    wrong = [f"{name} is unknown; there are {', '.join(CRITERIA)}" for name in order if name not in CRITERIA]
    wrong += [f"{one} contradicts {other}" for one, other in OPPOSITES if one in order and other in order]
    return wrong
