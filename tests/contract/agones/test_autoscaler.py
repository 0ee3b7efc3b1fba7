"""FleetAutoscaler, policy Buffer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.agones.cluster import Namespace, Obj, fleet_autoscaler, holds, wait_for

BUFFER = {"bufferSize": 2, "minReplicas": 2, "maxReplicas": 5}


@pytest.fixture
def scaled(ns: Namespace, name: str) -> Iterator[str]:
    """A Fleet of 1 and an autoscaler of its name that looks every 2 seconds."""
    ns.ready_fleet(name, 1)
    assert ns.create("fleetautoscalers", fleet_autoscaler(name, name, BUFFER, 2)).code == 201
    yield name
    ns.delete("fleetautoscalers", name)


def replicas(ns: Namespace, name: str) -> int:
    return int(ns.get("fleets", name).body["spec"].get("replicas", 0))


def test_it_acts_when_created_and_says_so(ns: Namespace, scaled: str) -> None:
    ns.await_fleet(scaled, readyReplicas=2)

    def told() -> Obj | None:
        found: Obj = ns.get("fleetautoscalers", scaled).body.get("status") or {}
        return found if found.get("currentReplicas") == 2 else None

    status = wait_for(told, "the autoscaler's status")
    assert status.pop("lastScaleTime")
    assert status == {
        "ableToScale": True,
        "currentReplicas": 2,
        "desiredReplicas": 2,
        "lastAppliedPolicy": "Buffer",
        "scalingLimited": False,
    }

    def event() -> bool:
        events = ns.find("events", fieldSelector=f"involvedObject.name={scaled},reason=AutoScalingFleet")
        return any(one["message"] == f"Scaling fleet {scaled} from 1 to 2" for one in events)

    wait_for(event, "an event")


def test_it_keeps_the_buffer_up_to_the_maximum(ns: Namespace, scaled: str) -> None:
    ns.await_fleet(scaled, readyReplicas=2)
    ns.allocate_many(scaled, 2)
    ns.await_fleet(scaled, allocatedReplicas=2, readyReplicas=2)
    ns.allocate_many(scaled, 2)
    ns.await_fleet(scaled, allocatedReplicas=4, readyReplicas=1)
    wait_for(lambda: ns.get("fleetautoscalers", scaled).body["status"]["scalingLimited"], "scalingLimited")


def test_a_fleet_at_zero_is_raised_again_unless_the_autoscaler_is_deleted(ns: Namespace, scaled: str) -> None:
    ns.await_fleet(scaled, readyReplicas=2)
    ns.scale(scaled, 0)
    wait_for(lambda: replicas(ns, scaled) == 2, "the autoscaler to raise the fleet")
    assert ns.delete("fleetautoscalers", scaled).code == 200
    assert ns.get("fleetautoscalers", scaled).code == 404
    ns.scale(scaled, 0)
    assert holds(lambda: replicas(ns, scaled) == 0, 4)


def test_an_unknown_fleet(ns: Namespace, name: str) -> None:
    answer = ns.create("fleetautoscalers", fleet_autoscaler(name, "missing", BUFFER, 2))
    assert answer.code == 201

    def told() -> bool:
        events = ns.find("events", fieldSelector=f"involvedObject.name={name},reason=FailedGetFleet")
        return any(event["message"] == "could not fetch fleet: missing" for event in events)

    wait_for(told, "an event about the missing fleet")
    assert not (ns.get("fleetautoscalers", name).body.get("status") or {}).get("ableToScale")
    ns.delete("fleetautoscalers", name)


def test_refused(ns: Namespace, name: str) -> None:
    by_schema = ns.create("fleetautoscalers", fleet_autoscaler(name, name, {"bufferSize": 1, "maxReplicas": 0}))
    assert by_schema.code == 422
    assert "spec.policy.buffer.maxReplicas" in by_schema.message
    by_webhook = ns.create("fleetautoscalers", fleet_autoscaler(name, name, {"bufferSize": 5, "maxReplicas": 3}))
    assert by_webhook.code == 422
    assert 'admission webhook "validations.agones.dev" denied the request: ' in by_webhook.message
    assert "maxReplicas should be bigger than or equal to bufferSize" in by_webhook.message
