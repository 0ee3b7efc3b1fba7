"""Objects for the tests of the lab's Agones."""

from __future__ import annotations

from typing import Any

from lab.agones.model import Obj


def server(name: str, state: str = "Ready", **parts: Any) -> Obj:
    """A game server; parts are `node`, `labels`, `annotations`, `deleting`, `created`, and fields of its status."""
    metadata: Obj = {
        "name": name,
        "namespace": parts.pop("namespace", "arena"),
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "creationTimestamp": parts.pop("created", "2026-11-23T00:00:00Z"),
        "labels": parts.pop("labels", {}),
        "annotations": parts.pop("annotations", {}),
    }
    if parts.pop("deleting", False):
        metadata["deletionTimestamp"] = "2026-11-23T00:00:01Z"
    if owner := parts.pop("owner", None):
        metadata["ownerReferences"] = [{"uid": owner, "controller": True, "name": owner}]
    status = {"state": state, "nodeName": parts.pop("node", ""), **parts}
    return {"metadata": metadata, "spec": {}, "status": status}


def names(servers: list[Obj]) -> list[str]:
    return [one["metadata"]["name"] for one in servers]
