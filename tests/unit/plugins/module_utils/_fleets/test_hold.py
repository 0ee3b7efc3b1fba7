from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import merged
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold import (
    Detach,
    Floor,
    floor_of,
    plan_hold,
    plan_hold_release,
    read_kept,
    released_limits,
)

HOLD = f"{DEFAULT_DOMAIN}/hold"
Json = dict[str, Any]


def autoscaler(least: int | None = 10, most: int = 150, size: int | str = 10, kind: str = "Buffer") -> Json:
    buffer: Json = {"bufferSize": size, "maxReplicas": most}
    if least is not None:
        buffer["minReplicas"] = least
    return {
        "metadata": {"namespace": "arena", "name": "arena", "resourceVersion": "7"},
        "spec": {"fleetName": "arena", "policy": {"type": kind, "buffer": buffer}},
    }


def counting(kind: str, least: int = 50, most: int = 500) -> Json:
    """An autoscaler that counts room."""
    key = {"Counter": "rooms", "List": "players"}[kind]
    section = {"key": key, "bufferSize": 5, "minCapacity": least, "maxCapacity": most}
    obj = autoscaler()
    obj["spec"]["policy"] = {"type": kind, kind.lower(): section}
    return obj


# Policies that have no floor.
LIMITLESS: dict[str, Json] = {
    "Webhook": {"type": "Webhook", "webhook": {"url": "https://scaler.test", "caBundle": "Y2E="}},
    "Wasm": {"type": "Wasm", "wasm": {"function": "scale", "from": {"url": {"url": "https://scaler.test/a.wasm"}}}},
    "Schedule": {
        "type": "Schedule",
        "schedule": {
            "activePeriod": {"timezone": "UTC", "startCron": "0 18 * * *", "duration": "6h"},
            "policy": {"type": "Buffer", "buffer": {"bufferSize": 5, "maxReplicas": 50}},
        },
    },
    "Chain": {
        "type": "Chain",
        "chain": [{"id": "evening", "type": "Buffer", "buffer": {"bufferSize": 5, "maxReplicas": 50}}],
    },
}


def patched(obj: Json, patch: Json | None) -> Json:
    return merged(obj, patch or {})


def limits(obj: Json) -> tuple[int | None, int | None]:
    buffer = obj["spec"]["policy"]["buffer"]
    return buffer.get("minReplicas"), buffer.get("maxReplicas")


def hold(obj: Json, floor: int, run: str = "run-1", fleet: Json | None = None) -> Json:
    plan = plan_hold(obj, fleet or {}, floor, run, DEFAULT_DOMAIN)
    assert not isinstance(plan, Detach)
    return patched(obj, plan.patch if plan else None)


@pytest.mark.parametrize(
    ("obj", "floor", "expected"),
    [
        (autoscaler(), 60, (60, 150)),
        (autoscaler(), 200, (200, 200)),
        (autoscaler(None), 60, (60, 150)),
        (autoscaler(0, 20, 5), 3, (5, 20)),
        (autoscaler(0, 20, "30%"), 3, (3, 20)),
        (autoscaler(10), 10, (10, 150)),
        (autoscaler(10), 0, (10, 150)),
    ],
)
def test_floors_and_their_release(obj: Json, floor: int, expected: tuple[int, int]) -> None:
    held = hold(obj, floor)
    assert limits(held) == expected
    assert plan_hold(held, {}, floor, "run-1", DEFAULT_DOMAIN) is None
    released = patched(held, plan_hold_release(held, DEFAULT_DOMAIN))
    assert limits(released) == limits(obj)
    assert HOLD not in released["metadata"].get("annotations", {})
    assert plan_hold_release(released, DEFAULT_DOMAIN) is None


def test_a_higher_floor_of_another_run_keeps_what_was_before_all_floors() -> None:
    held = hold(hold(autoscaler(10), 60), 200, "run-2")
    assert limits(held) == (200, 200)
    assert limits(patched(held, plan_hold_release(held, DEFAULT_DOMAIN))) == (10, 150)


def test_what_somebody_else_has_changed_stays() -> None:
    held = hold(autoscaler(10, 150), 200)
    held["spec"]["policy"]["buffer"]["maxReplicas"] = 300
    assert released_limits(held, DEFAULT_DOMAIN) == {"minReplicas": 10, "maxReplicas": 300}
    assert limits(patched(held, plan_hold_release(held, DEFAULT_DOMAIN))) == (10, 300)


def test_a_chart_upgrade_under_a_hold_gives_new_limits_to_go_back_to() -> None:
    held = hold(autoscaler(10, 150), 60)
    held["spec"]["policy"]["buffer"]["minReplicas"] = 20
    again = hold(held, 60)
    assert limits(again) == (60, 150)
    assert limits(patched(again, plan_hold_release(again, DEFAULT_DOMAIN))) == (20, 150)


def test_writes_are_conditional() -> None:
    plan = plan_hold(autoscaler(), {}, 60, "run-1", DEFAULT_DOMAIN)
    assert isinstance(plan, Floor)
    assert plan.patch["metadata"]["resourceVersion"] == "7"


@pytest.mark.parametrize(
    ("template", "status", "replicas", "floor"),
    [
        ({"rooms": {"capacity": 10}}, {}, 6, 60),
        # Sessions have raised their own room: the Ready servers next to them must stay.
        ({"rooms": {"capacity": 10}}, {"rooms": {"capacity": 90}}, 6, 90),
        ({"rooms": {"capacity": 10}}, {"rooms": {"capacity": 20}}, 6, 60),
        ({"rooms": {}}, {}, 2, 2000),
        ({"other": {"capacity": 10}}, {}, 6, 0),
    ],
)
def test_the_floor_of_a_counter_is_room(template: Json, status: Json, replicas: int, floor: int) -> None:
    fleet = {"spec": {"template": {"spec": {"counters": template}}}, "status": {"counters": status}}
    assert floor_of(counting("Counter"), fleet, replicas) == floor


@pytest.mark.parametrize("kind", sorted(LIMITLESS))
def test_a_policy_without_a_floor_is_detached(kind: str) -> None:
    obj = autoscaler()
    obj["spec"]["policy"] = LIMITLESS[kind]
    assert plan_hold(obj, {}, 0, "run-1", DEFAULT_DOMAIN) is None
    plan = plan_hold(obj, {}, 60, "run-1", DEFAULT_DOMAIN)
    assert isinstance(plan, Detach)
    assert read_kept("arena", plan.kept, DEFAULT_DOMAIN)["spec"] == obj["spec"]


def test_one_that_had_a_floor_before_its_policy_changed_comes_back_without() -> None:
    held = hold(autoscaler(), 60)
    held["spec"]["policy"] = LIMITLESS["Webhook"]
    plan = plan_hold(held, {}, 60, "run-2", DEFAULT_DOMAIN)
    assert isinstance(plan, Detach)
    assert read_kept("arena", plan.kept, DEFAULT_DOMAIN)["metadata"]["annotations"] == {}


def test_an_annotation_that_is_not_ours_is_refused_by_name() -> None:
    broken = autoscaler()
    broken["metadata"]["annotations"] = {HOLD: '{"v": 9}'}
    with pytest.raises(BlueGreenError, match="cannot be read"):
        plan_hold_release(broken, DEFAULT_DOMAIN)
