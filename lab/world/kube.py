"""The lab programs' way into a cluster: lightkube clients, resources of the CRDs, and an informer."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx2
import msgspec
from lightkube import ApiError, AsyncClient, KubeConfig
from lightkube.generic_resource import GenericNamespacedResource, create_namespaced_resource

LOG = logging.getLogger(__name__)
logging.getLogger("httpx2").setLevel(logging.WARNING)  # one line per request otherwise

Fleet = create_namespaced_resource("agones.dev", "v1", "Fleet", "fleets")
GameServerSet = create_namespaced_resource("agones.dev", "v1", "GameServerSet", "gameserversets")
GameServer = create_namespaced_resource("agones.dev", "v1", "GameServer", "gameservers")
FleetAutoscaler = create_namespaced_resource("autoscaling.agones.dev", "v1", "FleetAutoscaler", "fleetautoscalers")
TargetGroupBinding = create_namespaced_resource("elbv2.k8s.aws", "v1beta1", "TargetGroupBinding", "targetgroupbindings")

Key = tuple[str, str]
Handler = Callable[[str, Any], None]


def connect(kubeconfig: str | Path | None = None) -> AsyncClient:
    """A client from a kubeconfig file; by default the one that KUBECONFIG names (as in a pod of the lab)."""
    path = str(kubeconfig or os.environ["KUBECONFIG"])
    # A write that we give up on may still be done, so a busy machine gets time.
    return AsyncClient(config=KubeConfig.from_file(path), timeout=httpx2.Timeout(30), trust_env=False)


def build[T](resource: type[T], data: dict[str, Any]) -> T:
    """An object of a resource from its fields, with the type that the client's methods ask for."""
    return cast("T", resource.from_dict(data))  # type: ignore[attr-defined]


def key_of(obj: Any) -> Key:
    if isinstance(obj, dict):
        metadata = obj["metadata"]
        return (metadata.get("namespace") or "", metadata["name"])
    return (obj.metadata.namespace or "", obj.metadata.name)


def _version_of(obj: Any) -> int:
    """Versions of one kind of object grow with time (Kubernetes promises it)."""
    return int(obj["metadata"]["resourceVersion"] if isinstance(obj, dict) else obj.metadata.resourceVersion)


def is_ready(pod: dict[str, Any]) -> bool:
    """Ready, with an address, and not on its way out."""
    status = pod.get("status") or {}
    if pod["metadata"].get("deletionTimestamp") or not status.get("podIP"):
        return False
    return any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions") or [])


class Informer:
    """A cache of one kind of object, filled by list and kept by watch; handlers hear of each change.

    `namespace` is None for resources that have none.

    A handler is called with ("ADDED" | "MODIFIED" | "DELETED", object) and must not block. After a
    lost watch the informer lists again and reports what it missed, deletions too.
    """

    def __init__(
        self, client: AsyncClient, resource: type[Any], *, namespace: str | None = "*", **selectors: Any
    ) -> None:
        self._client = client
        self._resource = resource
        self._selectors = selectors if namespace is None else {"namespace": namespace, **selectors}
        self._handlers: list[Handler] = []
        self._seen = 0
        self.objects: dict[Key, Any] = {}
        self.synced = asyncio.Event()

    def on_change(self, handler: Handler) -> None:
        self._handlers.append(handler)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self.objects.values()))

    def get(self, namespace: str, name: str) -> Any | None:
        return self.objects.get((namespace, name))

    def remember(self, obj: Any) -> None:
        """Take in the answer to a write of one's own, before the watch reports it. Handlers hear from the watch."""
        known = self.objects.get(key_of(obj))
        version = _version_of(obj)
        if version > self._seen and (known is None or version > _version_of(known)):
            self.objects[key_of(obj)] = obj

    async def run(self) -> None:
        """List and watch until cancelled; log an error and try again, with growing pauses of up to 2 seconds."""
        delay = 0.1
        while True:
            try:
                version = await self._relist()
                self.synced.set()
                delay = 0.1
                await self._watch(version)
            except (httpx2.HTTPError, msgspec.MsgspecError) as error:
                # msgspec: a connection that broke in the middle of a line leaves half an object.
                if isinstance(error, ApiError) and error.status.code == 410:
                    continue  # the watch was too old; a new list is the answer
                LOG.warning("watch of %s: %s", self._resource.__name__, error or repr(error))
                await asyncio.sleep(delay)
                delay = min(2 * delay, 2.0)

    async def _relist(self) -> str:
        listed = self._client.list(self._resource, **self._selectors)
        seen = {key_of(obj): obj async for obj in listed}
        version = int(listed.resourceVersion)
        for key, known in list(self.objects.items()):
            # Objects newer than the list were remembered while it was on its way.
            if key not in seen and _version_of(known) <= version:
                self._apply("DELETED", known)
        for key, obj in seen.items():
            known = self.objects.get(key)
            if known is None:
                self._apply("ADDED", obj)
            elif _version_of(known) < _version_of(obj):
                self._apply("MODIFIED", obj)
        self._seen = max(self._seen, version)
        return str(version)

    async def _watch(self, version: str) -> None:
        events = self._client.watch(self._resource, resource_version=version, **self._selectors)
        async for kind, obj in events:
            self._apply(str(kind), obj)

    def _apply(self, kind: str, obj: Any) -> None:
        key, version = key_of(obj), _version_of(obj)
        known = self.objects.get(key)
        self._seen = max(self._seen, version)
        if kind == "DELETED":
            self.objects.pop(key, None)
        elif known is None or _version_of(known) <= version:
            self.objects[key] = obj
        for handler in self._handlers:
            handler(kind, obj)


__all__ = [
    "Fleet",
    "FleetAutoscaler",
    "GameServer",
    "GameServerSet",
    "GenericNamespacedResource",
    "Informer",
    "TargetGroupBinding",
    "build",
    "connect",
    "is_ready",
    "key_of",
]
