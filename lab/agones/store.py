"""Reading and writing one kind of Agones' objects: an informer's cache that also sees the program's own writes."""

from __future__ import annotations

from typing import Any

from lightkube import AsyncClient
from lightkube.types import PatchType

from lab.agones.model import Obj, name_of, namespace_of
from lab.world.kube import Informer


class Store:
    """An informer with writes; a write carries the resourceVersion that was read, so that a lost race is an error."""

    def __init__(self, client: AsyncClient, resource: Any, informer: Informer) -> None:
        self._client = client
        self._resource = resource
        self.informer = informer

    def get(self, namespace: str, name: str) -> Obj | None:
        return self.informer.get(namespace, name)

    def all(self) -> list[Obj]:
        return list(self.informer)

    async def create(self, obj: Obj) -> Obj:
        return self._remember(await self._client.create(self._resource(obj)))

    async def patch(self, obj: Obj, change: Obj) -> Obj:
        """Merge `change` into the object as it was read."""
        metadata = {**change.get("metadata", {}), "resourceVersion": obj["metadata"]["resourceVersion"]}
        return await self._merge(obj, {**change, "metadata": metadata})

    async def patch_own(self, obj: Obj, change: Obj) -> Obj:
        """Merge fields that no one else writes, whatever has happened to the others."""
        return await self._merge(obj, change)

    async def _merge(self, obj: Obj, change: Obj) -> Obj:
        written = await self._client.patch(
            self._resource, name_of(obj), change, namespace=namespace_of(obj), patch_type=PatchType.MERGE
        )
        return self._remember(written)

    async def replace_status(self, obj: Obj, status: Obj) -> Obj:
        changed = self._resource.Status({**obj, "status": status})
        return self._remember(await self._client.replace(changed, name=name_of(obj), namespace=namespace_of(obj)))

    async def delete(self, obj: Obj) -> None:
        await self._client.delete(self._resource, name_of(obj), namespace=namespace_of(obj))

    def _remember(self, written: Any) -> Obj:
        obj: Obj = self._resource(written)
        self.informer.remember(obj)
        return obj
