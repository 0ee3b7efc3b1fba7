"""FleetAutoscaler and its policies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.agones.cluster import (
    Namespace,
    Obj,
    fleet_autoscaler,
    fleet_autoscaler_by,
    game_server_spec,
    holds,
    wait_for,
)

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


ROOM = {"key": "players", "maxCapacity": 40}


@pytest.mark.parametrize("kind", ["counters", "lists"])
def test_it_keeps_room_in_the_sum_of_a_counter_or_list(ns: Namespace, name: str, kind: str) -> None:
    ns.ready_fleet(name, 1, template=game_server_spec(**{kind: {"players": {"capacity": 10}}}))
    noun = kind.removesuffix("s")
    policy = {"type": noun.title(), noun: {**ROOM, "bufferSize": 15}}
    assert ns.create("fleetautoscalers", fleet_autoscaler_by(name, name, policy, 1)).code == 201
    ns.await_fleet(name, readyReplicas=2)
    (server,) = ns.allocate_many(name, 1)
    players = [f"player-{number}" for number in range(10)]
    taken: Obj = {"count": 10} if kind == "counters" else {"values": players}
    assert ns.patch("gameservers", server, {"status": {kind: {"players": taken}}}).code == 200
    ns.await_fleet(name, allocatedReplicas=1, readyReplicas=2)
    change: Obj = {"spec": {"policy": {noun: {"bufferSize": 35}}}}
    assert ns.patch("fleetautoscalers", name, change).code == 200
    ns.await_fleet(name, allocatedReplicas=1, readyReplicas=3)

    def limited() -> bool:
        status = ns.get("fleetautoscalers", name).body["status"]
        return bool(status["scalingLimited"]) and status["lastAppliedPolicy"] == noun.title()

    wait_for(limited, "scalingLimited")
    change = {"spec": {"policy": {noun: {"bufferSize": 5, "minCapacity": 30}}}}
    assert ns.patch("fleetautoscalers", name, change).code == 200
    ns.await_fleet(name, allocatedReplicas=1, readyReplicas=2)
    assert ns.delete("fleetautoscalers", name).code == 200


def test_a_key_that_the_fleet_has_not(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    policy = {"type": "List", "list": {**ROOM, "bufferSize": 15}}
    assert ns.create("fleetautoscalers", fleet_autoscaler_by(name, name, policy, 1)).code == 201

    def told() -> bool:
        events = ns.find("events", fieldSelector=f"involvedObject.name={name},reason=FleetAutoscaler")
        return any("List key players does not exist in the Fleet Spec" in event["message"] for event in events)

    wait_for(told, "an event about the missing key")
    assert replicas(ns, name) == 1
    ns.delete("fleetautoscalers", name)


def test_a_chain_follows_the_first_entry_that_is_in_force(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    buffer = {"type": "Buffer", "buffer": BUFFER}
    later = {"between": {"start": "2999-01-01T00:00:00Z"}, "policy": buffer}
    chain = [{"id": "later", "type": "Schedule", "schedule": later}, {"id": "always", **buffer}]
    policy = {"type": "Chain", "chain": chain}
    assert ns.create("fleetautoscalers", fleet_autoscaler_by(name, name, policy, 1)).code == 201
    ns.await_fleet(name, readyReplicas=2)

    def told() -> bool:
        status = ns.get("fleetautoscalers", name).body.get("status") or {}
        return bool(status.get("lastAppliedPolicy") == "Chain:always:Buffer")

    wait_for(told, "the entry in force")
    ns.delete("fleetautoscalers", name)


def test_a_webhook_that_does_not_answer_leaves_the_fleet_alone(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    policy = {"type": "Webhook", "webhook": {"url": "http://127.0.0.1:9/scale"}}
    assert ns.create("fleetautoscalers", fleet_autoscaler_by(name, name, policy, 1)).code == 201
    assert holds(lambda: replicas(ns, name) == 1, 3)
    ns.delete("fleetautoscalers", name)


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
    percentage = {"type": "List", "list": {**ROOM, "bufferSize": "20%"}}
    without_least = ns.create("fleetautoscalers", fleet_autoscaler_by(name, name, percentage))
    assert without_least.code == 422
    assert "spec.policy.list.minCapacity" in without_least.message
    wasm = {"type": "Wasm", "wasm": {"from": {"url": {"url": "http://127.0.0.1:9/module"}}}}
    behind_a_gate = ns.create("fleetautoscalers", fleet_autoscaler_by(name, name, wasm))
    assert behind_a_gate.code == 422
    assert "WasmAutoscaler" in behind_a_gate.message
    by_webhook = ns.create("fleetautoscalers", fleet_autoscaler(name, name, {"bufferSize": 5, "maxReplicas": 3}))
    assert by_webhook.code == 422
    assert 'admission webhook "validations.agones.dev" denied the request: ' in by_webhook.message
    assert "maxReplicas should be bigger than or equal to bufferSize" in by_webhook.message
