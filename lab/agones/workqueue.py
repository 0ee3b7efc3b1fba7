"""A queue of object keys: each key once, one worker per key, failures again after a growing delay."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from lightkube import ApiError

from lab.world.kube import Key

LOG = logging.getLogger(__name__)

FIRST_DELAY = 0.02
MAX_DELAY = 5.0
MAX_RACE_DELAY = 0.5


class WorkQueue:
    """Calls `sync` for each added key. What is added while its key is worked on runs again afterwards.

    There are `spacing` seconds between two starts for one key: a first change is acted on at once, a burst is combined.
    """

    def __init__(
        self, name: str, sync: Callable[[Key], Awaitable[None]], *, workers: int = 8, spacing: float = 0.0
    ) -> None:
        self._name = name
        self._sync = sync
        self._workers = workers
        self._spacing = spacing
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._queued: set[Key] = set()
        self._busy: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._not_before: dict[Key, float] = {}

    def add(self, key: Key) -> None:
        if key in self._busy:
            self._again.add(key)
        elif key not in self._queued:
            self._queued.add(key)
            wait = self._not_before.get(key, 0.0) - asyncio.get_running_loop().time()
            if wait > 0:
                asyncio.get_running_loop().call_later(wait, self._ready.put_nowait, key)
            else:
                self._ready.put_nowait(key)

    def add_after(self, key: Key, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self.add, key)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self._ready.get()
            self._queued.discard(key)
            self._busy.add(key)
            self._note_start(key)
            try:
                await self._sync(key)
                self._failures.pop(key, None)
            except Exception as error:
                self._retry(key, error)
            finally:
                self._busy.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)

    def _note_start(self, key: Key) -> None:
        if not self._spacing:
            return
        now = asyncio.get_running_loop().time()
        if len(self._not_before) > 1000:
            self._not_before = {known: when for known, when in self._not_before.items() if when > now}
        self._not_before[key] = now + self._spacing

    def _retry(self, key: Key, error: Exception) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        race = is_lost_race(error)
        delay = min(FIRST_DELAY * 2 ** (failures - 1), MAX_RACE_DELAY if race else MAX_DELAY)
        # A lost race is how optimistic concurrency works; only many in a row are news.
        if not race or failures > 5:
            LOG.warning("%s %s/%s: %s; again in %.2f s", self._name, *key, describe(error), delay)
        self.add_after(key, delay)


def is_lost_race(error: Exception) -> bool:
    """Did someone else change or remove the object first?"""
    return isinstance(error, ApiError) and error.status.code in (404, 409)


def describe(error: Exception) -> str:
    return str(error) if isinstance(error, ApiError) else repr(error)
