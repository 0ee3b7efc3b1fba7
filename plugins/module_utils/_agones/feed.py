# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One cluster's GameServers as they change: listed once, then watched by a thread per namespace."""

from __future__ import annotations

import gc
import queue
import threading
from dataclasses import dataclass
from typing import Protocol, Sequence, Union

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    GAME_SERVERS,
    ApiFailure,
    Expired,
    KubeApi,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.pulse import Pulse
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import trimmed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

RELIST_SECONDS = 0.5


@dataclass(frozen=True)
class Listed:
    """Every GameServer of a namespace, as received at `at` (seconds since 1970)."""

    namespace: str
    items: list[Json]
    at: float


@dataclass(frozen=True)
class Changed:
    """One GameServer that was added or modified, or is gone, as received at `at` (seconds since 1970).

    The time is the thread's, because the event may be taken later and players' downtime is measured from it.
    """

    obj: Json
    gone: bool
    at: float


Event = Union[Listed, Changed]


class Feed(Protocol):
    """What the rounds need of a cluster's GameServers."""

    @property
    def fresh(self) -> bool:
        """Whether all that happened until a moment ago has been, or is about to be, taken."""

    def relist(self) -> list[Event]:
        """Every namespace, listed now."""

    def take(self) -> list[Event]:
        """What came since the last call; does not wait."""


class WatchFeed:
    """A Feed over an API server, of the GameServers with a label if `selector` names one.

    `start` before `take`; the threads end with the slice or the process.
    """

    def __init__(
        self, api: KubeApi, namespaces: Sequence[str], seconds: float, clock: Clock, selector: str = ""
    ) -> None:
        self._api = api
        self._namespaces = list(namespaces)
        self._selector = selector
        self._clock = clock
        self._end = clock.monotonic() + seconds
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._stale: set[str] = set()
        self._pulse = Pulse(api, clock)

    @property
    def fresh(self) -> bool:
        return not self._stale and self._pulse.beats

    def start(self) -> list[Event]:
        """List, and watch from there. Raises ApiFailure when the API server does not answer."""
        events: list[Event] = []
        for namespace in self._namespaces:
            listed, version = self._list(namespace)
            events.append(listed)
            thread = threading.Thread(target=self._follow, args=(namespace, version), daemon=True)
            thread.start()
        threading.Thread(target=self._pulse.feel_until, args=(self._end,), daemon=True).start()
        # What was listed stays. With thousands of game servers, collecting garbage among it takes most of a turn.
        gc.freeze()
        return events

    def relist(self) -> list[Event]:
        return [self._list(namespace)[0] for namespace in self._namespaces]

    def take(self) -> list[Event]:
        events: list[Event] = []
        while True:
            try:
                events.append(self._events.get_nowait())
            except queue.Empty:
                return events

    def _follow(self, namespace: str, version: str) -> None:
        while self._clock.monotonic() < self._end:
            try:
                version = version or self._list_again(namespace)
                version = self._watch(namespace, version)
            except Expired:
                version = ""
            except ApiFailure:
                self._stale.add(namespace)
                version = ""
                self._clock.sleep(RELIST_SECONDS)

    def _list_again(self, namespace: str) -> str:
        listed, version = self._list(namespace)
        self._events.put(listed)
        self._stale.discard(namespace)
        return version

    def _list(self, namespace: str) -> tuple[Listed, str]:
        items, version = self._api.list(GAME_SERVERS.path(namespace), selector=self._selector, trim=trimmed)
        return Listed(namespace, items, self._now()), version

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _watch(self, namespace: str, version: str) -> str:
        left = self._end - self._clock.monotonic()
        path = GAME_SERVERS.path(namespace)
        for kind, obj in self._api.watch(path, version, max(left, 1.0), selector=self._selector):
            version = str(obj["metadata"]["resourceVersion"])
            self._events.put(Changed(obj, kind == "DELETED", self._now()))
        return version
