"""Admission reviews: defaults and refusals for Agones' objects."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from lab.agones import autoscaler_validation, defaults, validation
from lab.agones.model import Obj


def mutate(request: Obj, version: str) -> Obj:
    """The answer to a review of the mutating webhook."""
    kind, obj = request["kind"]["kind"], request["object"]
    filled = {
        "Fleet": lambda: defaults.fleet(obj, version),
        "GameServer": lambda: defaults.game_server(obj, version),
        "FleetAutoscaler": lambda: defaults.fleet_autoscaler(obj),
    }[kind]()
    patch = _difference(obj, filled)
    response: Obj = {"uid": request["uid"], "allowed": True}
    if patch:
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
    return _review(response)


def validate(request: Obj) -> Obj:
    """The answer to a review of the validating webhook."""
    kind, group = request["kind"]["kind"], request["kind"]["group"]
    checks: dict[str, Callable[[Obj], list[validation.FieldError]]] = {
        "Fleet": validation.fleet,
        "GameServer": validation.game_server,
        "GameServerSet": validation.game_server_set,
        "FleetAutoscaler": autoscaler_validation.fleet_autoscaler,
    }
    if kind == "GameServerSet" and request["operation"] == "UPDATE":
        errors = validation.game_server_set_update(request["oldObject"], request["object"])
    else:
        errors = checks[kind](request["object"])
    if not errors:
        return _review({"uid": request["uid"], "allowed": True})
    refusal = validation.status(group, kind, request.get("name") or "", errors)
    return _review({"uid": request["uid"], "allowed": False, "status": refusal})


def _difference(before: Obj, after: Obj) -> list[Obj]:
    """A JSON patch that sets every changed top-level member, and every changed member of `metadata`."""
    patch = [
        {"op": "add", "path": f"/{name}", "value": value}
        for name, value in after.items()
        if name != "metadata" and value != before.get(name)
    ]
    known = before.get("metadata") or {}
    return patch + [
        {"op": "add", "path": f"/metadata/{name}", "value": value}
        for name, value in after["metadata"].items()
        if value != known.get(name)
    ]


def _review(response: Obj) -> Obj:
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
