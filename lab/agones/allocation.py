"""GameServerAllocations: requests that come close together are answered in one batch over one sorted list."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lab.agones import capacity, selectors
from lab.agones.model import (
    ALLOCATED,
    LAST_ALLOCATED_ANNOTATION,
    Obj,
    name_of,
    state_of,
    uid_of,
)
from lab.agones.store import Store
from lab.agones.workqueue import describe, is_lost_race

LOG = logging.getLogger(__name__)

ATTEMPTS = 5
BATCH = 100


@dataclass(eq=False)
class Request:
    """An allocation that waits: its namespace, its spec with defaults, and its answer (None: nothing found)."""

    namespace: str
    spec: Obj
    attempts: int = 0
    answer: asyncio.Future[Obj | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Contention(Exception):
    """Every chosen server was changed by someone else first."""


class Allocator:
    """Gives game servers away, each to one request at a time."""

    def __init__(self, servers: Store, batch_wait: float, shuffle: random.Random | None = None) -> None:
        self._servers = servers
        self._batch_wait = batch_wait
        self._random = shuffle or random.Random()
        self._waiting: list[Request] = []
        self._arrived = asyncio.Event()
        # Servers whose write is under way: no one else may choose them.
        self._taken: set[str] = set()
        self._writes: set[asyncio.Task[None]] = set()

    async def allocate(self, namespace: str, spec: Obj) -> Obj | None:
        """The game server, now Allocated; None if there is none that matches. Raises Contention."""
        request = Request(namespace, spec)
        self._put(request)
        return await request.answer

    async def run(self) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(self._batch_wait)
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            if not self._waiting:
                self._arrived.clear()
            self._serve(batch)

    def _put(self, request: Request) -> None:
        self._waiting.append(request)
        self._arrived.set()

    def _serve(self, batch: list[Request]) -> None:
        lists: dict[Any, list[Obj]] = {}
        for request in batch:
            key = selectors.sort_key(request.namespace, request.spec)
            if key not in lists:
                free = [server for server in self._servers.all() if uid_of(server) not in self._taken]
                lists[key] = selectors.candidates(free, request.namespace, request.spec, self._random)
            chosen = selectors.choose([one for one in lists[key] if uid_of(one) not in self._taken], request.spec)
            if chosen is None:
                if not request.answer.done():
                    request.answer.set_result(None)
                continue
            self._taken.add(uid_of(chosen))
            task = asyncio.create_task(self._write(request, chosen))
            self._writes.add(task)
            task.add_done_callback(self._writes.discard)

    async def _write(self, request: Request, server: Obj) -> None:
        try:
            written = await self._servers.patch(server, change_for(server, request.spec, datetime.now(UTC)))
            if not request.answer.done():
                request.answer.set_result(written)
        except Exception as error:
            self._failed(request, server, error)
        finally:
            self._taken.discard(uid_of(server))

    def _failed(self, request: Request, server: Obj, error: Exception) -> None:
        request.attempts += 1
        LOG.info("allocation of %s: %s", name_of(server), describe(error))
        if request.answer.done():
            return
        if request.attempts < ATTEMPTS:
            self._put(request)
        elif is_lost_race(error):
            request.answer.set_exception(Contention(f"{ATTEMPTS} game servers in a row were changed by others"))
        else:
            request.answer.set_exception(error)


def change_for(server: Obj, spec: Obj, now: datetime) -> Obj:
    """The patch that allocates a server: state, time, the allocation's metadata, counters and lists."""
    wanted = spec.get("metadata") or {}
    annotations = {**(wanted.get("annotations") or {}), LAST_ALLOCATED_ANNOTATION: rfc3339(now)}
    metadata: Obj = {"annotations": annotations}
    if wanted.get("labels"):
        metadata["labels"] = wanted["labels"]
    return {
        "metadata": metadata,
        "status": {"state": ALLOCATED, **capacity.apply_actions(server.get("status") or {}, spec)},
    }


def rfc3339(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def allocated_status(server: Obj) -> Obj:
    """The `status` of an allocation that got this server."""
    status, metadata = server["status"], server["metadata"]
    return {
        "state": state_of(server),
        "gameServerName": name_of(server),
        "ports": status.get("ports") or [],
        "address": status.get("address", ""),
        "addresses": status.get("addresses") or [],
        "nodeName": status.get("nodeName", ""),
        "source": "local",
        "metadata": {"labels": metadata.get("labels") or {}, "annotations": metadata.get("annotations") or {}},
        **{kind: status[kind] for kind in ("counters", "lists") if status.get(kind)},
    }


def unallocated_status(state: str = "UnAllocated") -> Obj:
    return {"state": state, "gameServerName": "", "source": ""}
