"""Lets changes arrive at the data plane a little later than at the API. No I/O here."""

from __future__ import annotations

from collections import deque

from lab.alb.model import World


class Propagation:
    """Holds each changed reading back for `delay` seconds, because AWS takes its time after a successful call."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._waiting: deque[tuple[float, World]] = deque()
        self._last: World | None = None

    def offer(self, world: World, now: float) -> None:
        if world != self._last:
            self._last = world
            self._waiting.append((now + self._delay, world))

    def due(self, now: float) -> World | None:
        """The newest reading whose time has come; None if there is no news."""
        news = None
        while self._waiting and self._waiting[0][0] <= now:
            news = self._waiting.popleft()[1]
        return news

    def next_due(self) -> float | None:
        return self._waiting[0][0] if self._waiting else None
