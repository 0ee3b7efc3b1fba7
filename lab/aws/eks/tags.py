"""EKS operations on tags, for everything that has an ARN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from lab.aws.eks import checks
from lab.aws.eks.errors import ResourceNotFoundError
from lab.aws.eks.runtime import Call, Runtime
from lab.aws.eks.state import Json, State


class Tagged(Protocol):
    arn: str
    tags: dict[str, str]


class TagOperations:
    def __init__(self, state: State, runtime: Runtime) -> None:
        self._state = state
        self._runtime = runtime

    def tag_resource(self, call: Call) -> Json:
        thing, tags = self._find(call), call.params["tags"]
        checks.check_tags({**thing.tags, **tags})
        thing.tags.update(tags)
        return {}

    def untag_resource(self, call: Call) -> Json:
        thing = self._find(call)
        for key in call.params["tagKeys"]:
            thing.tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, call: Call) -> Json:
        return {"tags": self._find(call).tags}

    def _find(self, call: Call) -> Tagged:
        arn = call.params["resourceArn"]
        found = next((thing for thing in self._things() if thing.arn == arn), None)
        if found is None:
            raise ResourceNotFoundError(f"Resource was not found: {arn}")
        return found

    def _things(self) -> Iterator[Tagged]:
        for cluster in self._state.clusters.values():
            yield cluster
            yield from cluster.nodegroups.values()
            yield from cluster.fargate_profiles.values()
            yield from cluster.addons.values()
            yield from cluster.access_entries.values()
            yield from cluster.pod_identities.values()
