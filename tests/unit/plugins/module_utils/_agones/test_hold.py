from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.hold import (
    plan_hold,
    plan_release,
    released_limits,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

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


def patched(obj: Json, patch: Json | None) -> Json:
    """What the API server makes of a merge patch."""
    if patch is None:
        return obj

    def merge(left: Any, right: Any) -> Any:
        if not isinstance(right, dict):
            return right
        base = dict(left) if isinstance(left, dict) else {}
        for key, value in right.items():
            if value is None:
                base.pop(key, None)
            else:
                base[key] = merge(base.get(key), value)
        return base

    merged: Json = merge(obj, patch)
    return merged


def limits(obj: Json) -> tuple[int | None, int | None]:
    buffer = obj["spec"]["policy"]["buffer"]
    return buffer.get("minReplicas"), buffer.get("maxReplicas")


def hold(obj: Json, floor: int, run: str = "run-1") -> Json:
    return patched(obj, plan_hold(obj, floor, run, DEFAULT_DOMAIN))


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
    assert plan_hold(held, floor, "run-1", DEFAULT_DOMAIN) is None
    released = patched(held, plan_release(held, DEFAULT_DOMAIN))
    assert limits(released) == limits(obj)
    assert HOLD not in released["metadata"].get("annotations", {})
    assert plan_release(released, DEFAULT_DOMAIN) is None


def test_a_higher_floor_of_another_run_keeps_what_was_before_all_floors() -> None:
    held = hold(hold(autoscaler(10), 60), 200, "run-2")
    assert limits(held) == (200, 200)
    assert limits(patched(held, plan_release(held, DEFAULT_DOMAIN))) == (10, 150)


def test_what_somebody_else_has_changed_stays() -> None:
    held = hold(autoscaler(10, 150), 200)
    held["spec"]["policy"]["buffer"]["maxReplicas"] = 300
    assert released_limits(held, DEFAULT_DOMAIN) == {"minReplicas": 10, "maxReplicas": 300}
    assert limits(patched(held, plan_release(held, DEFAULT_DOMAIN))) == (10, 300)


def test_a_chart_upgrade_under_a_hold_gives_new_limits_to_go_back_to() -> None:
    held = hold(autoscaler(10, 150), 60)
    held["spec"]["policy"]["buffer"]["minReplicas"] = 20
    again = hold(held, 60)
    assert limits(again) == (60, 150)
    assert limits(patched(again, plan_release(again, DEFAULT_DOMAIN))) == (20, 150)


def test_writes_are_conditional() -> None:
    patch = plan_hold(autoscaler(), 60, "run-1", DEFAULT_DOMAIN)
    assert patch is not None
    assert patch["metadata"]["resourceVersion"] == "7"


@pytest.mark.parametrize("kind", ["Webhook", "Counter", "List", "Schedule", "Chain", "Wasm"])
def test_other_policies_are_refused(kind: str) -> None:
    with pytest.raises(BlueGreenError, match=f"arena/arena has policy '{kind}'"):
        plan_hold(autoscaler(kind=kind), 60, "run-1", DEFAULT_DOMAIN)


def test_an_annotation_that_is_not_ours_is_refused_by_name() -> None:
    broken = autoscaler()
    broken["metadata"]["annotations"] = {HOLD: '{"v": 9}'}
    with pytest.raises(BlueGreenError, match="cannot be read"):
        plan_release(broken, DEFAULT_DOMAIN)
