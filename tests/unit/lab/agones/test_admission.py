from __future__ import annotations

import base64
import json
from typing import Any

from lab.agones import admission
from lab.agones.model import Obj

CONTAINERS = {"spec": {"containers": [{"name": "game"}]}}


def review(kind: str, obj: Obj, operation: str = "CREATE", **parts: Any) -> Obj:
    group = "autoscaling.agones.dev" if kind == "FleetAutoscaler" else "agones.dev"
    return {
        "uid": "r1",
        "kind": {"kind": kind, "group": group},
        "operation": operation,
        "name": "x",
        "object": obj,
    } | parts


def fleet() -> Obj:
    return {"metadata": {"name": "x"}, "spec": {"template": {"spec": {"template": CONTAINERS}}}}


def test_defaults_come_as_a_json_patch() -> None:
    response = admission.mutate(review("Fleet", fleet()), "1.60.0")["response"]
    assert (response["uid"], response["allowed"], response["patchType"]) == ("r1", True, "JSONPatch")
    patch = {step["path"]: step["value"] for step in json.loads(base64.b64decode(response["patch"]))}
    assert patch["/metadata/annotations"] == {"agones.dev/sdk-version": "1.60.0"}
    assert patch["/spec"]["scheduling"] == "Packed"


def test_a_complete_object_needs_no_patch() -> None:
    spec = {"fleetName": "f", "sync": {"type": "FixedInterval", "fixedInterval": {"seconds": 30}}}
    response = admission.mutate(review("FleetAutoscaler", {"metadata": {}, "spec": spec}), "1")["response"]
    assert "patch" not in response


def test_refusal() -> None:
    bad = fleet()
    bad["spec"]["template"]["spec"]["ports"] = [{"name": "game"}]
    response = admission.validate(review("Fleet", bad))["response"]
    assert response["allowed"] is False
    assert response["status"]["code"] == 422
    assert response["status"]["message"].startswith('Fleet.agones.dev "x" is invalid: ')


def test_a_set_is_compared_with_what_it_was() -> None:
    old = fleet()
    new = json.loads(json.dumps(old))
    assert admission.validate(review("GameServerSet", new, "UPDATE", oldObject=old))["response"]["allowed"]
    new["spec"]["template"]["spec"]["container"] = "other"
    assert not admission.validate(review("GameServerSet", new, "UPDATE", oldObject=old))["response"]["allowed"]
