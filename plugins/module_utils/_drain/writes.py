# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The writes of a drain, many at a time."""

from __future__ import annotations

import queue
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Iterator, Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    WRITE_THREADS,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    REASON_DRAIN,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.acts import Acts, WriteAnswer
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import (
    DrainAction,
    Signal,
)

# So many are handed to the threads, to keep them busy until the next look; these cannot be dropped.
WRITES_AHEAD = 2 * WRITE_THREADS
# Answers are taken some at a time: to wake up for each takes the threads' time.
ANSWERS_SECONDS = 0.02


class Writes:
    """Carries out what a drain has planned, a few at a time, while the drain goes on watching.

    At the end of the context, actions that have not begun are dropped, and those under way are waited for.
    """

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self._acts = acts
        self._clock = clock
        self._pool = ThreadPoolExecutor(WRITE_THREADS)
        self._todo: deque[tuple[DrainAction, Mapping[str, Server]]] = deque()
        self._under_way = 0
        self._done: queue.SimpleQueue[Future[tuple[DrainAction, WriteAnswer | None]]] = queue.SimpleQueue()

    def __enter__(self) -> Writes:
        return self

    def __exit__(self, *trouble: object) -> None:
        self.drop()
        self._pool.shutdown(cancel_futures=True)

    @property
    def busy(self) -> bool:
        """Whether there are actions whose answers have not been taken."""
        return bool(self._todo or self._under_way)

    def put(self, actions: Sequence[DrainAction], reserved: Mapping[str, Server]) -> None:
        """Do these before everything that has not begun, and repetitions after it: otherwise thousands of deaf servers
        would keep others from being asked at all. `reserved` are the servers of the target that were allocated for
        sessions before, by session.
        """
        self._todo.extendleft((one, reserved) for one in reversed(actions) if not _is_repetition(one))
        self._todo.extend((one, reserved) for one in actions if _is_repetition(one))

    def drop(self) -> list[DrainAction]:
        """Forget the actions that have not begun; returns them."""
        dropped = [action for action, _reserved in self._todo]
        self._todo.clear()
        return dropped

    def answers(self, seconds: float) -> Iterator[tuple[DrainAction, WriteAnswer | None]]:
        """What became of actions, as it is known, for so long or until all are done. Take every answer."""
        end = self._clock.monotonic() + seconds
        while self._begin():
            try:
                future = self._done.get_nowait()
            except queue.Empty:
                self._clock.sleep(ANSWERS_SECONDS)
            else:
                self._under_way -= 1
                yield future.result()
            if self._clock.monotonic() >= end:
                return

    def _begin(self) -> bool:
        """Keep the threads busy; whether they are."""
        while self._todo and self._under_way < WRITES_AHEAD:
            self._under_way += 1
            self._pool.submit(self._try, *self._todo.popleft()).add_done_callback(self._done.put)
        return self._under_way > 0

    def _try(self, action: DrainAction, reserved: Mapping[str, Server]) -> tuple[DrainAction, WriteAnswer | None]:
        return action, self._acts.carry_out(action, reserved)


def _is_repetition(action: DrainAction) -> bool:
    return isinstance(action, Signal) and action.request.seq > 1 and action.request.reason == REASON_DRAIN
