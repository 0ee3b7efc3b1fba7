"""The FleetAutoscaler controller: the Buffer policy, once when it appears or changes, then at its interval."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from lab.agones import buffer
from lab.agones.defaults import SYNC_SECONDS
from lab.agones.events import Recorder
from lab.agones.model import Obj, is_deleting, namespace_of, uid_of
from lab.agones.store import Store
from lab.agones.workqueue import WorkQueue
from lab.kube import Key, key_of


class Autoscalers:
    """Keeps one timer per FleetAutoscaler; a changed spec starts it anew."""

    def __init__(self, autoscalers: Store, fleets: Store, recorder: Recorder) -> None:
        self._autoscalers = autoscalers
        self._fleets = fleets
        self._recorder = recorder
        self._timers: dict[Key, tuple[str, int, asyncio.TimerHandle]] = {}
        self.queue = WorkQueue("FleetAutoscaler", self.sync, workers=2)
        autoscalers.informer.on_change(self._changed)

    def _changed(self, kind: str, autoscaler: Obj) -> None:
        key = key_of(autoscaler)
        timer = self._timers.get(key)
        this = (uid_of(autoscaler), int(autoscaler["metadata"]["generation"]))
        if timer and (kind == "DELETED" or timer[:2] != this):
            self._timers.pop(key)[2].cancel()
        if kind != "DELETED" and key not in self._timers:
            self._due(key, *this)

    def _due(self, key: Key, uid: str, generation: int) -> None:
        autoscaler = self._autoscalers.get(*key) or {}
        interval = ((autoscaler.get("spec") or {}).get("sync") or {}).get("fixedInterval") or {}
        seconds = int(interval.get("seconds") or SYNC_SECONDS)
        loop = asyncio.get_running_loop()
        self._timers[key] = (uid, generation, loop.call_later(seconds, self._due, key, uid, generation))
        self.queue.add(key)

    async def sync(self, key: Key) -> None:
        autoscaler = self._autoscalers.get(*key)
        if autoscaler is None or is_deleting(autoscaler):
            return
        name = autoscaler["spec"]["fleetName"]
        fleet = self._fleets.get(namespace_of(autoscaler), name)
        if fleet is None:
            self._recorder.warning(autoscaler, "FailedGetFleet", f"could not fetch fleet: {name}")
            if (autoscaler.get("status") or {}).get("ableToScale"):
                await self._tell(autoscaler, unable())
            return
        if is_deleting(fleet):
            return
        status = fleet.get("status") or {}
        target = buffer.desired(autoscaler["spec"]["policy"]["buffer"], int(status.get("allocatedReplicas") or 0))
        before = int(fleet["spec"].get("replicas") or 0)
        told = {
            "ableToScale": True,
            "currentReplicas": int(status.get("replicas") or 0),
            "desiredReplicas": target.replicas,
            "scalingLimited": target.limited,
            "lastAppliedPolicy": "Buffer",
            "lastScaleTime": (autoscaler.get("status") or {}).get("lastScaleTime"),
        }
        if target.replicas != before:
            await self._fleets.patch(fleet, {"spec": {"replicas": target.replicas}})
            message = f"Scaling fleet {name} from {before} to {target.replicas}"
            self._recorder.normal(autoscaler, "AutoScalingFleet", message)
            told["lastScaleTime"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        await self._tell(autoscaler, told)

    async def _tell(self, autoscaler: Obj, status: Obj) -> None:
        if status != (autoscaler.get("status") or {}):
            await self._autoscalers.replace_status(autoscaler, status)


def unable() -> Obj:
    """The status of an autoscaler that had a Fleet and has it no longer."""
    return {
        "ableToScale": False,
        "currentReplicas": 0,
        "desiredReplicas": 0,
        "scalingLimited": False,
        "lastAppliedPolicy": "",
        "lastScaleTime": None,
    }
