"""Where sessions land, and how the parties of a match that was moved land together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from lab.game.allocation import Allocated, AllocationFailed

# For this long after a match was moved, its parties still find each other.
REUNION_SECONDS = 60.0


class NoMatch(Exception):
    """Why there is no game server for a party now."""


@dataclass(frozen=True)
class Landing:
    """Where a session takes place."""

    session: str
    server: Allocated
    slot: str
    revision: int


Start = Callable[[], Coroutine[Any, Any, Landing]]


class Reunions(Protocol):
    """Where the players of a match that was moved have landed, so that those who come later land there too."""

    async def land(self, match: str, start: Start) -> Landing:
        """The landing of a match: begun by the first who asks; a failure is forgotten.

        Raises NoMatch or AllocationFailed.
        """


class OwnReunions:
    """Those of one matchmaker."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._landings: dict[str, tuple[float, asyncio.Task[Landing]]] = {}

    async def land(self, match: str, start: Start) -> Landing:
        now = self._clock()
        self._landings = {one: kept for one, kept in self._landings.items() if now - kept[0] < REUNION_SECONDS}
        if match not in self._landings:
            self._landings[match] = (now, asyncio.create_task(start()))
        try:
            return await asyncio.shield(self._landings[match][1])
        except (NoMatch, AllocationFailed):
            self._landings.pop(match, None)
            raise
