from __future__ import annotations

import asyncio
from typing import Any

from lab.agones.autoscalers import Autoscalers
from lab.agones.model import Obj
from tests.unit.lab.agones.objects import server

KEY = ("arena", "arena")


class FakeStore:
    def __init__(self, *objects: Obj) -> None:
        self.objects = list(objects)
        self.patches: list[Obj] = []
        self.statuses: list[Obj] = []
        self.informer = self

    def on_change(self, _handler: Any) -> None: ...

    def get(self, _namespace: str, name: str) -> Obj | None:
        return next((obj for obj in self.objects if obj["metadata"]["name"] == name), None)

    def all(self) -> list[Obj]:
        return self.objects

    async def patch(self, _obj: Obj, change: Obj) -> None:
        self.patches.append(change)

    async def replace_status(self, _obj: Obj, status: Obj) -> None:
        self.statuses.append(status)


class FakeRecorder:
    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def normal(self, _obj: Obj, reason: str, message: str) -> None:
        self.events.append((reason, message))

    warning = normal


def game_server(name: str, state: str, fleet: str = "arena") -> Obj:
    rooms = {"rooms": {"count": 10 if state == "Allocated" else 0, "capacity": 10}}
    return server(name, state, labels={"agones.dev/fleet": fleet}, counters=rooms)


class Rig:
    """A Fleet of three servers with ten rooms each: one Allocated and full, two Ready; one server of another Fleet."""

    def __init__(self, policy: Obj) -> None:
        metadata = {"namespace": "arena", "name": "arena", "uid": "u"}
        total = {"count": 10, "capacity": 30, "allocatedCount": 10}
        fleet = {
            "metadata": metadata,
            "spec": {"replicas": 3, "template": {"spec": {"counters": {"rooms": {"count": 0, "capacity": 10}}}}},
            "status": {"replicas": 3, "allocatedReplicas": 1, "counters": {"rooms": total}},
        }
        self.autoscalers = FakeStore({"metadata": metadata, "spec": {"fleetName": "arena", "policy": policy}})
        self.fleets = FakeStore(fleet)
        self.servers = FakeStore(
            *(game_server(name, state) for name, state in (("a", "Allocated"), ("b", "Ready"), ("c", "Ready"))),
            game_server("d", "Ready", "other"),
        )
        self.recorder = FakeRecorder()

    def sync(self) -> None:
        parts: tuple[Any, ...] = (self.autoscalers, self.fleets, self.servers, self.recorder)
        asyncio.run(Autoscalers(*parts).sync(KEY))


def counter(**section: int) -> Obj:
    return {"type": "Counter", "counter": {"key": "rooms", "maxCapacity": 90, **section}}


def test_a_fleet_with_too_much_room_shrinks_by_what_may_go() -> None:
    rig = Rig(counter(bufferSize=10))
    rig.sync()
    assert rig.fleets.patches == [{"spec": {"replicas": 2}}]
    assert rig.recorder.events == [("AutoScalingFleet", "Scaling fleet arena from 3 to 2")]
    (status,) = rig.autoscalers.statuses
    assert status.pop("lastScaleTime")
    assert status == {
        "ableToScale": True,
        "currentReplicas": 3,
        "desiredReplicas": 2,
        "scalingLimited": False,
        "lastAppliedPolicy": "Counter",
    }


def test_a_floor_holds_the_fleet() -> None:
    rig = Rig(counter(bufferSize=10, minCapacity=30))
    rig.sync()
    assert rig.fleets.patches == []
    assert rig.autoscalers.statuses[0]["scalingLimited"]


def test_a_policy_that_has_no_size_is_told_and_the_fleet_left_alone() -> None:
    rig = Rig({"type": "Webhook", "webhook": {"url": "http://scaler"}})
    rig.sync()
    assert rig.fleets.patches == []
    assert rig.autoscalers.statuses[0]["ableToScale"] is False
    ((reason, message),) = rig.recorder.events
    assert reason == "FleetAutoscaler"
    assert message.startswith("Error calculating desired fleet size on FleetAutoscaler arena. Error: ")


def test_a_schedule_that_is_not_in_force_is_no_news() -> None:
    buffer = {"type": "Buffer", "buffer": {"bufferSize": 9, "maxReplicas": 90}}
    schedule = {"between": {"start": "2999-01-01T00:00:00Z"}, "policy": buffer}
    rig = Rig({"type": "Schedule", "schedule": schedule})
    rig.sync()
    assert (rig.fleets.patches, rig.autoscalers.statuses, rig.recorder.events) == ([], [], [])
