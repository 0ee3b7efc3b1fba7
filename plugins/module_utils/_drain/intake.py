# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the feeds of both slots tell a drain, and what it has to ask about: pods, and how many are playing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Event, Listed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import Source
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server, read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.rhythm import Rhythm
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.sight import Sight
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import DrainAction, ReleaseSuccessor
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.state import DrainState
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

POD_SECONDS = 1.0
# How often players without ids are counted.
ONLINE_SECONDS = 1.0


class Intake:
    """Takes in events, and remembers the sessions of which only the pod may be left."""

    def __init__(self, state: DrainState, sight: Sight, settings: Settings, clock: Clock) -> None:
        self._state = state
        self._sight = sight
        self._settings = settings
        self._clock = clock
        self._missing: dict[str, Session] = {}
        self._pods, self._online = Rhythm(clock), Rhythm(clock)

    def read(self, obj: Json) -> Server:
        """A GameServer object, with the game's own names."""
        own = self._settings
        return read_server(obj, own.players_list, self._state.memory.key, own.players_counter, own.predicate)

    def take_source(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Listed):
                servers = [self.read(item) for item in event.items]
                self._miss(self._sight.see_source(event.namespace, servers, event.at))
                continue
            server = self.read(event.obj)
            self._sight.see_server(server, event.at)
            if event.gone:
                self.miss(server.uid)

    def take_target(self, events: Sequence[Event], watched: bool = True) -> None:
        """Events of the target; not `watched` when what its lists show may have been so for a long time."""
        for event in events:
            if isinstance(event, Listed):
                servers = [self.read(item) for item in event.items]
                self._sight.see_target_list(event.namespace, servers, event.at, watched)
            elif event.gone:
                self._sight.see_target_gone(self.read(event.obj).uid)
            else:
                self._sight.see_target(self.read(event.obj), event.at)

    def take_written(self, action: DrainAction, obj: Json) -> None:
        """A GameServer as the answer to a write shows it."""
        see = self._sight.see_target if isinstance(action, ReleaseSuccessor) else self._sight.see_server
        see(self.read(obj), self._clock.now().timestamp())

    def miss(self, uid: str) -> None:
        """The GameServer is gone; the session is over once its pod is gone too."""
        session = self._state.memory.active.get(uid)
        self._miss([session] if session else [])

    def _miss(self, sessions: Iterable[Session]) -> None:
        for session in sessions:
            if session.uid not in self._missing:
                self._missing[session.uid] = session
                self._pods.hurry()

    def confirm_missing(self, source: Source) -> None:
        """A session is over when the GameServer is gone and its pod too: both asked for by name."""
        if not self._missing or not self._pods.is_due(POD_SECONDS):
            return
        todo = list(self._missing.values())
        for session, has_pod in in_parallel(lambda s: (s, source.has_pod(s.namespace, s.name)), todo):
            if not has_pod:
                del self._missing[session.uid]
                self._sight.see_gone(session.uid, self._clock.now().timestamp())

    def count_online(self, metric: Callable[[], float] | None, now: float) -> None:
        """Count the players who have no ids, by the game's metric, else by the Counters of both slots."""
        if not self._online.is_due(ONLINE_SECONDS):
            return
        if metric:
            self._sight.see_online(metric(), now)
            return
        sessions, servers = self._state.memory.active.values(), self._state.target.servers.values()
        source = [one.counted for one in sessions if one.players is None and not one.claimed]
        target = [one.counted for one in servers if one.players is None]
        known = [count for count in (*source, *target) if count is not None]
        if known:
            self._sight.see_online(sum(known), now)
