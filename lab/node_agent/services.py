"""kube-proxy in the lab: Services of type ExternalName that have a selector point to one Ready pod."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

import httpx2
from lightkube import ApiError, AsyncClient
from lightkube.resources.core_v1 import Service
from lightkube.types import PatchType

from lab.world.kube import Informer, is_ready

LOG = logging.getLogger(__name__)
NOT_READY = "not-ready.invalid"
MANAGER = "lab-node-agent"


def choose_address(service: dict[str, Any], pods: Iterable[dict[str, Any]]) -> str | None:
    """Where an ExternalName Service with a selector should point; None if the agent has no say in it.

    It stays with its pod while that one is Ready: what it points to are connections of the API server.
    """
    spec = service["spec"]
    selector = spec.get("selector") or {}
    if spec.get("type") != "ExternalName" or not selector:
        return None
    ready = [pod for pod in pods if _selected(service, pod) and is_ready(pod)]
    addresses = [pod["status"]["podIP"] for pod in sorted(ready, key=lambda pod: str(pod["metadata"]["name"]))]
    current = str(spec.get("externalName", ""))
    if current in addresses:
        return current
    return addresses[0] if addresses else NOT_READY


def _selected(service: dict[str, Any], pod: dict[str, Any]) -> bool:
    labels = pod["metadata"].get("labels") or {}
    same_namespace = pod["metadata"]["namespace"] == service["metadata"]["namespace"]
    return same_namespace and all(labels.get(key) == value for key, value in service["spec"]["selector"].items())


class ServiceKeeper:
    """Writes the addresses; wakes up when told that a pod or Service has changed."""

    def __init__(self, client: AsyncClient, services: Informer, pods: Informer) -> None:
        self._client = client
        self._services = services
        self._pods = pods
        self._changed = asyncio.Event()

    def changed(self, *_: object) -> None:
        self._changed.set()

    async def run(self) -> None:
        await self._services.synced.wait()
        await self._pods.synced.wait()
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._point_all()
            except httpx2.HTTPError as error:
                LOG.warning("services: %s; trying again", error)
                await asyncio.sleep(1)
                self._changed.set()

    async def _point_all(self) -> None:
        pods = [pod.to_dict() for pod in self._pods]
        for service in [one.to_dict() for one in self._services]:
            address = choose_address(service, pods)
            if address is not None and address != service["spec"].get("externalName"):
                await self._point(service, address)

    async def _point(self, service: dict[str, Any], address: str) -> None:
        metadata = service["metadata"]
        LOG.info("service %s/%s: %s", metadata["namespace"], metadata["name"], address)
        try:
            written = await self._client.patch(
                Service,
                metadata["name"],
                {"spec": {"externalName": address}},
                namespace=metadata["namespace"],
                patch_type=PatchType.MERGE,
                field_manager=MANAGER,
            )
            await self._disown(written.to_dict())
        except ApiError as error:
            if error.status.code not in (404, 409):
                raise

    async def _disown(self, service: dict[str, Any]) -> None:
        """Take the agent's name off the field, or a later `helm upgrade` would hit a conflict (server-side apply)."""
        metadata = service["metadata"]
        others = [one for one in metadata.get("managedFields", []) if one.get("manager") != MANAGER]
        await self._client.patch(
            Service,
            metadata["name"],
            {"metadata": {"managedFields": others, "resourceVersion": metadata["resourceVersion"]}},
            namespace=metadata["namespace"],
            patch_type=PatchType.MERGE,
            field_manager=MANAGER,
        )
