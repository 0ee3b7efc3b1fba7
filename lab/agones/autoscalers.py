"""The FleetAutoscaler controller: acts once when one appears or changes, then at its interval."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from lab.agones.buffer import CannotScale
from lab.agones.defaults import SYNC_SECONDS
from lab.agones.events import Recorder
from lab.agones.model import (
    FLEET_LABEL,
    Obj,
    count_by_node,
    is_deleting,
    is_session,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from lab.agones.policies import Inactive, Policies, Wanted
from lab.agones.replicas import in_deletion_order
from lab.agones.store import Store
from lab.agones.workqueue import WorkQueue
from lab.world.kube import Key, key_of


class Autoscalers:
    """Keeps one timer per FleetAutoscaler; a changed spec restarts it."""

    def __init__(self, autoscalers: Store, fleets: Store, servers: Store, recorder: Recorder) -> None:
        self._autoscalers = autoscalers
        self._fleets = fleets
        self._servers = servers
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
        try:
            wanted = self._policies(fleet).wanted(autoscaler["spec"]["policy"])
        except Inactive:
            return
        except CannotScale as error:
            message = f"Error calculating desired fleet size on FleetAutoscaler {name_of(autoscaler)}. Error: {error}"
            self._recorder.warning(autoscaler, "FleetAutoscaler", message)
            await self._tell(autoscaler, unable())
            return
        await self._scale(autoscaler, fleet, wanted)

    def _policies(self, fleet: Obj) -> Policies:
        def removable() -> list[Obj]:
            servers, spec = self._servers.all(), fleet["spec"]
            own = [
                server
                for server in servers
                if labels_of(server).get(FLEET_LABEL) == name_of(fleet)
                and namespace_of(server) == namespace_of(fleet)
                and not is_session(server)
            ]
            scheduling, priorities = spec.get("scheduling", "Packed"), spec.get("priorities") or []
            return in_deletion_order(own, scheduling, priorities, count_by_node(servers))

        return Policies(fleet, removable, datetime.now(UTC))

    async def _scale(self, autoscaler: Obj, fleet: Obj, wanted: Wanted) -> None:
        before, after = int(fleet["spec"].get("replicas") or 0), wanted.size.replicas
        told = {
            "ableToScale": True,
            "currentReplicas": int((fleet.get("status") or {}).get("replicas") or 0),
            "desiredReplicas": after,
            "scalingLimited": wanted.size.limited,
            "lastAppliedPolicy": wanted.policy,
            "lastScaleTime": (autoscaler.get("status") or {}).get("lastScaleTime"),
        }
        if after != before:
            await self._fleets.patch(fleet, {"spec": {"replicas": after}})
            message = f"Scaling fleet {name_of(fleet)} from {before} to {after}"
            self._recorder.normal(autoscaler, "AutoScalingFleet", message)
            told["lastScaleTime"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        await self._tell(autoscaler, told)

    async def _tell(self, autoscaler: Obj, status: Obj) -> None:
        if status != (autoscaler.get("status") or {}):
            await self._autoscalers.replace_status(autoscaler, status)


def unable() -> Obj:
    """The status of an autoscaler that had a size for its Fleet and has none any more."""
    return {
        "ableToScale": False,
        "currentReplicas": 0,
        "desiredReplicas": 0,
        "scalingLimited": False,
        "lastAppliedPolicy": "",
        "lastScaleTime": None,
    }
