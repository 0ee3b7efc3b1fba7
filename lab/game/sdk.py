"""The Agones SDK as a game server sees it, and the sidecar's part of it, played against the API server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import httpx2
from lightkube import ApiError, AsyncClient
from lightkube.types import PatchType

from lab.world.kube import GameServer

LOG = logging.getLogger(__name__)

# The sidecar collects changes of Lists for this long (requestsRateLimit of the chart).
BATCH_SECONDS = 0.5
RETRY_SECONDS = 0.5
RACE_SECONDS = 0.02
ENDING = frozenset({"Shutdown", "Error", "Unhealthy"})
LAST_ALLOCATED = "agones.dev/last-allocated"


@dataclass(frozen=True)
class GameServerView:
    """What a game server reads from its own GameServer."""

    namespace: str
    name: str
    uid: str
    version: str
    state: str
    address: str
    port: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_deleted: bool = False

    @property
    def allocation(self) -> str:
        return self.annotations.get(LAST_ALLOCATED, "")

    @property
    def is_ending(self) -> bool:
        return self.is_deleted or self.state in ENDING


def view_of(obj: Mapping[str, Any]) -> GameServerView:
    metadata, status = obj["metadata"], obj.get("status") or {}
    ports = status.get("ports") or []
    return GameServerView(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        version=metadata["resourceVersion"],
        state=status.get("state") or "",
        address=status.get("address") or "",
        port=ports[0]["port"] if ports else 0,
        annotations=metadata.get("annotations") or {},
        lists={name: tuple(value.get("values") or ()) for name, value in (status.get("lists") or {}).items()},
        is_deleted="deletionTimestamp" in metadata,
    )


class Sdk(Protocol):
    """What the game may ask for. Each call returns when the API server has taken it."""

    async def ready(self) -> None: ...

    async def shutdown(self) -> None: ...

    async def set_annotation(self, key: str, value: str) -> None: ...

    def set_list(self, name: str, values: Sequence[str]) -> None:
        """Returns at once; the values are written within the batch time."""


class SidecarSdk:
    """Writes as the real sidecar does: JSON patches that test the resourceVersion, repeated after a lost race."""

    def __init__(self, client: AsyncClient, view: GameServerView) -> None:
        self._client = client
        self._view = view
        self._lists: dict[str, Sequence[str]] = {}
        self._flush: asyncio.Task[None] | None = None

    def observe(self, view: GameServerView) -> None:
        """Keep the version that the next write tests."""
        self._view = view

    async def ready(self) -> None:
        await self._set_state("RequestReady")

    async def shutdown(self) -> None:
        await self._set_state("Shutdown")

    async def _set_state(self, state: str) -> None:
        if not self._view.is_ending:
            await self._patch({"/status/state": state})

    async def set_annotation(self, key: str, value: str) -> None:
        escaped = f"agones.dev/sdk-{key}".replace("~", "~0").replace("/", "~1")
        await self._patch({f"/metadata/annotations/{escaped}": value})

    def set_list(self, name: str, values: Sequence[str]) -> None:
        self._lists[name] = list(values)
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._flush_lists())

    def close(self) -> None:
        """The container has ended: what was not written is lost."""
        if self._flush:
            self._flush.cancel()

    async def _flush_lists(self) -> None:
        while self._lists:
            await asyncio.sleep(BATCH_SECONDS)
            lists, self._lists = self._lists, {}
            changed = {name: values for name, values in lists.items() if self._view.lists.get(name) != tuple(values)}
            if changed and not self._view.is_ending:
                await self._patch({f"/status/lists/{name}/values": values for name, values in changed.items()})

    async def _patch(self, changes: Mapping[str, Any]) -> None:
        """Write until it is taken, the server is gone, or someone else ended it."""
        while not self._view.is_ending:
            test = {"op": "test", "path": "/metadata/resourceVersion", "value": self._view.version}
            writes = [{"op": "add", "path": path, "value": value} for path, value in changes.items()]
            try:
                self._view = view_of(await self._request("patch", obj=[test, *writes], patch_type=PatchType.JSON))
                return
            except ApiError as error:
                if error.status.code == 404:
                    return
                if error.status.code in (409, 422):  # a lost race
                    await asyncio.sleep(RACE_SECONDS)
                else:
                    LOG.warning("%s: %s", self._view.name, error)
                    await asyncio.sleep(RETRY_SECONDS)
            except httpx2.HTTPError as error:
                LOG.warning("%s: %r", self._view.name, error)
                await asyncio.sleep(RETRY_SECONDS)
            await self._read_again()

    async def _read_again(self) -> None:
        try:
            self._view = view_of(await self._request("get"))
        except ApiError as error:
            if error.status.code == 404:
                self._view = replace(self._view, is_deleted=True)
        except httpx2.HTTPError:
            pass  # The write that follows meets the same trouble and says so.

    async def _request(self, method: str, **arguments: Any) -> Any:
        call = getattr(self._client, method)
        return await call(GameServer, self._view.name, namespace=self._view.namespace, **arguments)
