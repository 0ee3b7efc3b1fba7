"""A sixth provider: the destination in a file. It is all that a provider of the collection's own has to be."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    CONDITIONAL,
    MATCH,
    PER_SLOT,
    Capabilities,
    ClientMaker,
    Evidence,
    Queue,
    Reading,
    moved,
)

FIRST = {"weights": {"blue": 100, "green": 0}, "revision": 1, "token": "", "open": {"blue": True, "green": True}}


class FileProvider:
    """Routing by a file, which the matchmakers of both slots read."""

    ARGUMENTS: ClassVar[Mapping[str, Any]] = {"type": "dict", "options": {"path": {"type": "path", "required": True}}}

    @classmethod
    def of(cls, given: Mapping[str, Any], clients: ClientMaker, clock: Clock) -> FileProvider:
        del clients, clock
        return cls(Path(given["path"]))

    def __init__(self, path: Path) -> None:
        self._path = path
        self.where = f"file {path}"

    def capabilities(self) -> Capabilities:
        return Capabilities(
            granularity=MATCH,
            weighted=True,
            atomic=True,
            cross_slot_allocation=True,
            queue=PER_SLOT,
            endpoint_ttl_seconds=0.0,
            writes=CONDITIONAL,
        )

    def read(self) -> Reading:
        with self._state() as state:
            return _reading(state)

    def set(self, weights: Mapping[str, int], if_revision: str | None, token: str) -> str:
        with self._state() as state:
            if if_revision not in (None, str(state["revision"])):
                raise moved(self.where, _reading(state), str(if_revision))
            state.update(weights=dict(weights), token=token, revision=state["revision"] + 1)
            return str(state["revision"])

    def queue(self, slot: str) -> Queue:
        with self._state() as state:
            return Queue(0, 0.0, self._known(state, slot)[slot])

    def open(self, slot: str) -> None:
        with self._state() as state:
            self._known(state, slot)[slot] = True

    def close(self, slot: str) -> None:
        with self._state() as state:
            self._known(state, slot)[slot] = False

    def _known(self, state: dict[str, Any], slot: str) -> dict[str, bool]:
        queues: dict[str, bool] = state["open"]
        if slot not in queues:
            raise BlueGreenError(f"{self.where} has no slot {slot}: it has {', '.join(sorted(queues))}")
        return queues

    @contextmanager
    def _state(self) -> Iterator[dict[str, Any]]:
        """What the file holds; it is written when the block has changed it."""
        with self._path.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            before = file.read()
            state = json.loads(before or json.dumps(FIRST))
            yield state
            after = json.dumps(state)
            if after != before:
                file.truncate(0)
                file.write(after)


def _reading(state: Mapping[str, Any]) -> Reading:
    return Reading(
        weights=state["weights"],
        revision=str(state["revision"]),
        token=state["token"],
        evidence=Evidence(True, "the matchmakers read the file for each ticket"),
    )
