"""Kubernetes Events about what the controllers decide. Agones writes more of them; these are the ones that say why."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

import httpx2
from lightkube import AsyncClient
from lightkube.resources.core_v1 import Event

from lab.agones.model import Obj, name_of, namespace_of, uid_of
from lab.world.kube import build

LOG = logging.getLogger(__name__)


class Recorder:
    """Writes Events in the background; a failure is logged and forgotten."""

    def __init__(self, client: AsyncClient, component: str) -> None:
        self._client = client
        self._component = component
        self._tasks: set[asyncio.Task[None]] = set()

    def warning(self, obj: Obj, reason: str, message: str) -> None:
        self._send(obj, "Warning", reason, message)

    def normal(self, obj: Obj, reason: str, message: str) -> None:
        self._send(obj, "Normal", reason, message)

    def _send(self, obj: Obj, kind: str, reason: str, message: str) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = build(
            Event,
            {
                "metadata": {"generateName": f"{name_of(obj)}.", "namespace": namespace_of(obj)},
                "involvedObject": {
                    "apiVersion": obj["apiVersion"],
                    "kind": obj["kind"],
                    "name": name_of(obj),
                    "namespace": namespace_of(obj),
                    "uid": uid_of(obj),
                },
                "type": kind,
                "reason": reason,
                "message": message,
                "count": 1,
                "firstTimestamp": now,
                "lastTimestamp": now,
                "source": {"component": self._component},
            },
        )
        task = asyncio.create_task(self._write(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, event: Event) -> None:
        try:
            await self._client.create(event)
        except httpx2.HTTPError as error:
            LOG.info("event %s not written: %s", event.reason, error)
