"""The GameServerSet controller: as many game servers as the set wants, sessions untouched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from lab.agones import replicas
from lab.agones.model import (
    ERROR,
    FLEET_LABEL,
    SET_LABEL,
    SHUTDOWN,
    Obj,
    annotations_of,
    controller_of,
    count_by_node,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
    servers_of,
    state_of,
)
from lab.agones.store import Store
from lab.agones.workqueue import WorkQueue, is_lost_race
from lab.world.kube import Key, key_of


@dataclass(frozen=True)
class Batches:
    """How much one pass does, and how much of it at a time."""

    creations: int = 64
    creation_parallelism: int = 16
    deletions: int = 64
    deletion_parallelism: int = 64


class GameServerSets:
    """Reconciles each set when it or one of its servers changes."""

    def __init__(self, sets: Store, servers: Store, batches: Batches) -> None:
        self._sets = sets
        self._servers = servers
        self._batches = batches
        self.queue = WorkQueue("GameServerSet", self.sync, workers=4, spacing=0.1)
        sets.informer.on_change(lambda _, one: self.queue.add(key_of(one)))
        servers.informer.on_change(self._server_changed)

    def _server_changed(self, _: str, server: Obj) -> None:
        owner = controller_of(server)
        names = {labels_of(server).get(SET_LABEL), owner["name"] if owner else None}
        for name in names - {None}:
            self.queue.add((namespace_of(server), str(name)))

    async def sync(self, key: Key) -> None:
        game_server_set = self._sets.get(*key)
        if game_server_set is None:
            return
        servers = servers_of(game_server_set, self._servers.all())
        spec = game_server_set["spec"]
        now = datetime.now(UTC)
        action = replicas.plan(
            servers,
            int(spec.get("replicas") or 0),
            now=now,
            scheduling=spec.get("scheduling", "Packed"),
            priorities=spec.get("priorities") or [],
            nodes=count_by_node(self._servers.all()),
            creations=self._batches.creations,
            deletions=self._batches.deletions,
        )
        if is_deleting(game_server_set):
            # Its servers go with it, by owner reference.
            return
        self._look_again(key, servers, now, partial=action.partial)
        await self._create(game_server_set, action.create)
        await self._shut_down(action.shut_down)
        await self._tell(game_server_set)
        await self._mark_overflow(game_server_set)

    def _look_again(self, key: Key, servers: list[Obj], now: datetime, *, partial: bool) -> None:
        if partial:
            self.queue.add(key)
        for server in servers:
            if state_of(server) == ERROR:
                self.queue.add_after(key, max(0.0, replicas.error_delay(server, now).total_seconds()) + 0.1)

    async def _create(self, game_server_set: Obj, count: int) -> None:
        template = server_for(game_server_set)
        await _parallel([template] * count, self._servers.create, self._batches.creation_parallelism)

    async def _shut_down(self, servers: list[Obj]) -> None:
        async def shut_down(server: Obj) -> None:
            await self._servers.patch(server, {"status": {"state": SHUTDOWN}})

        await _parallel(servers, shut_down, self._batches.deletion_parallelism)

    async def _tell(self, game_server_set: Obj) -> None:
        status = replicas.status_of(game_server_set, servers_of(game_server_set, self._servers.all()))
        if status != game_server_set.get("status"):
            await self._sets.replace_status(game_server_set, status)

    async def _mark_overflow(self, game_server_set: Obj) -> None:
        servers = servers_of(game_server_set, self._servers.all())
        marks = game_server_set["spec"].get("allocationOverflow") or {}
        for server in replicas.overflow(game_server_set, servers, count_by_node(self._servers.all())):
            await self._servers.patch(server, {"metadata": marks})


def server_for(game_server_set: Obj) -> Obj:
    """A new game server of a set."""
    template = game_server_set["spec"]["template"]
    metadata = template.get("metadata") or {}
    spec = {**template.get("spec", {})}
    spec["scheduling"] = game_server_set["spec"].get("scheduling", "Packed")
    fleet = labels_of(game_server_set).get(FLEET_LABEL)
    return {
        "apiVersion": "agones.dev/v1",
        "kind": "GameServer",
        "metadata": {
            "generateName": f"{name_of(game_server_set)}-",
            "namespace": namespace_of(game_server_set),
            "labels": {
                **(metadata.get("labels") or {}),
                SET_LABEL: name_of(game_server_set),
                **({FLEET_LABEL: fleet} if fleet else {}),
            },
            "annotations": dict(annotations_of({"metadata": metadata})),
            "ownerReferences": [owner_reference(game_server_set, "agones.dev/v1", "GameServerSet")],
        },
        "spec": spec,
    }


async def _parallel(items: Iterable[Obj], work: Callable[[Obj], Awaitable[object]], limit: int) -> None:
    """Do the work for all items, `limit` at a time; the first error that is not a lost race is raised at the end."""
    slots = asyncio.Semaphore(limit)

    async def one(item: Obj) -> None:
        async with slots:
            await work(item)

    results = await asyncio.gather(*(one(item) for item in items), return_exceptions=True)
    errors = [result for result in results if isinstance(result, Exception)]
    errors.sort(key=is_lost_race)
    if errors:
        raise errors[0]
