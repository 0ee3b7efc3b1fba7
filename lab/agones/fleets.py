"""The Fleet controller: a GameServerSet per template, moved from old to new by the Fleet's strategy."""

from __future__ import annotations

from collections import Counter

from lab.agones import replicas, rollout, templates
from lab.agones.events import Recorder
from lab.agones.model import (
    ALLOCATED,
    FLEET_LABEL,
    Obj,
    annotations_of,
    controller_of,
    is_controlled_by,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
    state_of,
    uid_of,
)
from lab.agones.store import Store
from lab.agones.workqueue import WorkQueue
from lab.world.kube import Key, key_of


class Fleets:
    """Reconciles each Fleet when it or one of its sets changes; counts allocations as they happen."""

    def __init__(self, fleets: Store, sets: Store, servers: Store, recorder: Recorder) -> None:
        self._fleets = fleets
        self._sets = sets
        self._recorder = recorder
        self._allocated: set[str] = set()
        self._new_allocations: Counter[Key] = Counter()
        self._counting = False
        self.queue = WorkQueue("Fleet", self.sync, workers=2, spacing=0.1)
        fleets.informer.on_change(lambda _, fleet: self.queue.add(key_of(fleet)))
        sets.informer.on_change(self._set_changed)
        servers.informer.on_change(self._server_changed)

    def count_from_now(self) -> None:
        """Servers that are Allocated at the start were counted before."""
        self._counting = True

    def _set_changed(self, _: str, game_server_set: Obj) -> None:
        owner = controller_of(game_server_set)
        if owner:
            self.queue.add((namespace_of(game_server_set), owner["name"]))

    def _server_changed(self, kind: str, server: Obj) -> None:
        uid = uid_of(server)
        if kind == "DELETED" or state_of(server) != ALLOCATED:
            self._allocated.discard(uid)
            return
        fleet = labels_of(server).get(FLEET_LABEL)
        if uid not in self._allocated and fleet and self._counting:
            self._new_allocations[(namespace_of(server), fleet)] += 1
        self._allocated.add(uid)

    async def sync(self, key: Key) -> None:
        fleet = self._fleets.get(*key)
        if fleet is None or is_deleting(fleet):
            self._new_allocations.pop(key, None)
            return
        active, rest = self._sets_of(fleet)
        spec = fleet["spec"]
        step = rollout.plan(
            int(spec.get("replicas") or 0),
            spec.get("strategy") or {},
            rollout.figures_of(active) if active else None,
            [rollout.figures_of(one) for one in rest],
            int((fleet.get("status") or {}).get("readyReplicas") or 0),
        )
        await self._move_rest(fleet, rest, step)
        if active is None:
            created = await self._sets.create(set_for(fleet, step.active))
            self._recorder.normal(fleet, "CreatingGameServerSet", f"Created GameServerSet {name_of(created)}")
        else:
            await self._move_active(fleet, active, step.active)
        await self._tell(fleet)

    def _sets_of(self, fleet: Obj) -> tuple[Obj | None, list[Obj]]:
        """The set of the Fleet's present template, and the others."""
        owned = [
            one
            for one in self._sets.all()
            if namespace_of(one) == namespace_of(fleet) and is_controlled_by(one, fleet) and not is_deleting(one)
        ]
        template = fleet["spec"]["template"]
        active = [one for one in owned if templates.same(one["spec"]["template"], template)]
        current = active[-1] if active else None
        return current, [one for one in owned if one is not current]

    async def _move_rest(self, fleet: Obj, rest: list[Obj], step: rollout.Rollout) -> None:
        for one in rest:
            name = name_of(one)
            if name in step.delete:
                await self._sets.delete(one)
                self._recorder.normal(fleet, "DeletingGameServerSet", f"Deleting inactive GameServerSet {name}")
            elif name in step.scale:
                await self._scale(fleet, one, step.scale[name], "inactive")

    async def _move_active(self, fleet: Obj, active: Obj, wanted: int) -> None:
        if int(active["spec"].get("replicas") or 0) != wanted:
            active = await self._scale(fleet, active, wanted, "active")
        same = {
            field: fleet["spec"].get(field)
            for field in ("scheduling", "priorities")
            if (active["spec"].get(field) or None) != (fleet["spec"].get(field) or None)
        }
        if same:
            await self._sets.patch_own(active, {"spec": same})

    async def _scale(self, fleet: Obj, one: Obj, wanted: int, kind: str) -> Obj:
        before = int(one["spec"].get("replicas") or 0)
        changed = await self._sets.patch_own(one, {"spec": {"replicas": wanted}})
        message = f"Scaling {kind} GameServerSet {name_of(one)} from {before} to {wanted}"
        self._recorder.normal(fleet, "ScalingGameServerSet", message)
        return changed

    async def _tell(self, fleet: Obj) -> None:
        key = key_of(fleet)
        owned = [one for one in self._sets.all() if is_controlled_by(one, fleet)]
        new = self._new_allocations[key]
        known = fleet.get("status") or {}
        status = replicas.fleet_status(owned, int(known.get("allocations") or 0) + new)
        if status != known:
            await self._fleets.replace_status(fleet, status)
        self._new_allocations[key] -= new


def set_for(fleet: Obj, wanted: int) -> Obj:
    """A new set of a Fleet's present template."""
    spec = fleet["spec"]
    template = spec["template"]
    metadata = template.get("metadata") or {}
    copied = {field: spec[field] for field in ("allocationOverflow", "priorities") if spec.get(field)}
    return {
        "apiVersion": "agones.dev/v1",
        "kind": "GameServerSet",
        "metadata": {
            "generateName": f"{name_of(fleet)}-",
            "namespace": namespace_of(fleet),
            "labels": {**(metadata.get("labels") or {}), FLEET_LABEL: name_of(fleet)},
            "annotations": dict(annotations_of({"metadata": metadata})),
            "ownerReferences": [owner_reference(fleet, "agones.dev/v1", "Fleet")],
        },
        "spec": {"replicas": wanted, "scheduling": spec.get("scheduling", "Packed"), "template": template, **copied},
    }
