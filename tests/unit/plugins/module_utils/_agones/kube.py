"""An API server in memory: objects by path, versions, merge patches, access reviews, and webhooks that may be down."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure, Conflict, NotFound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import merged

from tests import endings
from tests.unit.plugins.module_utils._drain.world import FakeClock

Json = dict[str, Any]
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
SUBJECT_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def reviewed(body: Json) -> tuple[str, str]:
    """The verb and the resource that an access review asks about, as a Role writes them."""
    asked = body["spec"]["resourceAttributes"]
    return asked["verb"], "/".join(asked[part] for part in ("resource", "subresource") if part in asked)


class TickingClock(FakeClock):
    """Moves on when somebody sleeps; then `on_sleep` hears of it."""

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.on_sleep(seconds)


class FakeKube:
    """What the collection uses of `KubeApi`."""

    def __init__(self) -> None:
        self.server = "https://blue.test"
        self.objects: dict[str, Json] = {}
        self.log: list[str] = []
        self.denied: set[tuple[str, str]] = set()
        self.webhook_down = False
        self.is_dead = False
        self.before_write: Callable[[str, str], None] = lambda _verb, _path: None
        self.allows: Callable[[Json], bool] = lambda _spec: False
        self._versions = itertools.count(100)

    def put(self, path: str, obj: Mapping[str, Any]) -> Json:
        """Put an object there, as somebody else."""
        stored = copy.deepcopy(dict(obj))
        metadata = stored.setdefault("metadata", {})
        metadata["resourceVersion"] = str(next(self._versions))
        metadata.setdefault("uid", f"uid-{path}")
        self.objects[path] = stored
        return stored

    def touch(self, path: str, patch: Mapping[str, Any]) -> None:
        """Change an object, as somebody else."""
        self.put(path, merged(self.objects[path], patch))

    def server_time(self) -> None:
        self._answer("GET", "/version")

    def get(self, path: str) -> Json:
        self._answer("GET", path)
        if path not in self.objects:
            raise _not_found(path)
        return copy.deepcopy(self.objects[path])

    def find(self, path: str) -> Json | None:
        try:
            return self.get(path)
        except NotFound:
            return None

    def list(
        self, path: str, *, selector: str = "", metadata_only: bool = False, trim: Callable[[Json], Json] | None = None
    ) -> tuple[list[Json], str]:
        self._answer("GET", path)
        wanted = [part.split("=") for part in selector.split(",") if part]
        items = [copy.deepcopy(obj) for key, obj in sorted(self.objects.items()) if key.rpartition("/")[0] == path]
        labels = [(item, (item["metadata"].get("labels") or {})) for item in items]
        found = [item for item, known in labels if all(known.get(key) == value for key, value in wanted)]
        return [trim(item) for item in found] if trim else found, "1"

    def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        endings.write("PATCH", path, body, self.objects.get)
        self._write("patch", path)
        if path.endswith("/scale"):
            fleet = path.removesuffix("/scale")
            self.put(fleet, merged(self.objects[fleet], body))
            return {}
        self._ask_webhook(path)
        if path not in self.objects:
            raise _not_found(path)
        known = self.objects[path]
        wanted = (body.get("metadata") or {}).get("resourceVersion")
        if wanted is not None and wanted != known["metadata"]["resourceVersion"]:
            raise Conflict("changed", 409)
        if merged(known, body) != known:
            self.put(path, merged(known, body))
        return copy.deepcopy(self.objects[path])

    def create(self, path: str, body: Mapping[str, Any]) -> Json:
        if path in (REVIEWS, SUBJECT_REVIEWS):
            return self._review(path, dict(body))
        self._write("create", path)
        self._ask_webhook(path)
        name = f"{path}/{body['metadata']['name']}"
        if name in self.objects:
            raise Conflict("already exists", 409)
        return copy.deepcopy(self.put(name, body))

    def delete(
        self, path: str, grace_seconds: int | None = None, *, preconditions: Mapping[str, str] | None = None
    ) -> None:
        endings.write("DELETE", path)
        self._write("delete", path)
        known = self.objects.get(path)
        if known is None:
            return
        if any(known["metadata"][name] != value for name, value in (preconditions or {}).items()):
            raise Conflict("changed", 409)
        del self.objects[path]

    def _review(self, path: str, body: Json) -> Json:
        self._answer("POST", path)
        spec = body["spec"]
        if path == REVIEWS:
            return {"status": {"allowed": reviewed(body) not in self.denied}}
        return {"status": {"allowed": self.allows(spec)}}

    def _write(self, verb: str, path: str) -> None:
        self._answer(verb, path)
        self.before_write(verb, path)
        self.log.append(f"{verb} {path.rpartition('/v1/')[2]}")

    def _answer(self, verb: str, path: str) -> None:
        if self.is_dead:
            raise ApiFailure(f"{verb} {self.server}{path} failed (no answer): connection refused", 0)

    def _ask_webhook(self, path: str) -> None:
        if self.webhook_down and ("agones.dev/v1" in path and "gameservers" not in path):
            raise ApiFailure(f'{path}: failed calling webhook "validations.agones.dev": connection refused', 500)


def _not_found(path: str) -> NotFound:
    """As the API server says it."""
    kind, _, name = path.rpartition("/")
    return NotFound(f'{kind.rpartition("/")[2]} "{name}" not found', 404)
