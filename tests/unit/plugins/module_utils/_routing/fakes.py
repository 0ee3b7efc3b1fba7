"""A clock, a keeper and a cluster's API server for tests of routing."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import Conflict, NotFound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import NullKeeper

from tests.unit.plugins.clock import FakeClock


class FakeKeeper(NullKeeper):
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def keep(self) -> None:
        self.calls.append("keep")

    def journal(self, kind: str, **data: Any) -> None:
        self.calls.append((kind, data))


class FakeKube:
    """Objects by their path, with resource versions, merge patches and conflicts."""

    server = "https://home"

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.objects: dict[str, dict[str, Any]] = {}
        self.patches: list[tuple[str, Mapping[str, Any]]] = []
        self._lock = threading.Lock()
        self._version = 0

    def put(self, path: str, obj: dict[str, Any], labels: Mapping[str, str] | None = None) -> None:
        metadata = {"name": path.rsplit("/", 1)[-1], "labels": dict(labels or {}), **obj.get("metadata", {})}
        self.objects[path] = self._written({**obj, "metadata": metadata})

    def _written(self, obj: dict[str, Any]) -> dict[str, Any]:
        self._version += 1
        obj["metadata"]["resourceVersion"] = str(self._version)
        obj["metadata"]["managedFields"] = [{"time": self.clock.now().isoformat().replace("+00:00", "Z")}]
        return obj

    def get(self, path: str) -> dict[str, Any]:
        with self._lock:
            if path not in self.objects:
                raise NotFound(f"GET {path} failed (404)", 404)
            return copy.deepcopy(self.objects[path])

    def find(self, path: str) -> dict[str, Any] | None:
        return self.get(path) if path in self.objects else None

    def list(self, path: str, *, selector: str = "") -> tuple[list[dict[str, Any]], str]:
        key, _, value = selector.partition("=")
        found = [one for name, one in self.objects.items() if name.startswith(f"{path}/")]
        return [one for one in found if one["metadata"]["labels"].get(key) == value], "1"

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            current = self.objects[path]
            version = body.get("metadata", {}).get("resourceVersion")
            if version not in (None, current["metadata"]["resourceVersion"]):
                raise Conflict(f"PATCH {path} failed (409)", 409)
            self.patches.append((path, body))
            self.objects[path] = self._written(merged(current, body))
            return copy.deepcopy(self.objects[path])

    def server_time(self) -> datetime:
        return self.clock.now()


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    both = {key: merged(old.get(key, {}), value) if isinstance(value, Mapping) else value for key, value in new.items()}
    return {**old, **both}
