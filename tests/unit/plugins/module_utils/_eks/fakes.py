"""A clock that a test moves, a lease that counts, and a resource in memory that takes its time and answers late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import Resource
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    FIXED,
    IGNORED,
    Difference,
    Field,
    changed_to,
    converges,
    same_members,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description
from botocore.exceptions import ClientError

from tests.unit.plugins.clock import FakeClock

FIELDS: tuple[Field, ...] = (
    Field("kubernetes_version", "version", FIXED),
    Field("min_size", "scalingConfig.minSize", converges("scaling")),
    Field("max_size", "scalingConfig.maxSize", converges("scaling")),
    Field("desired_size", "scalingConfig.desiredSize", IGNORED),
    Field("labels", "labels", converges("labels")),
    Field("subnet_ids", "subnets", converges("network"), same_members),
)


class FakeKeeper:
    def __init__(self) -> None:
        self.kept = 0

    def keep(self) -> None:
        self.kept += 1


def in_use(call: str) -> AnsibleAWSError:
    error = {"Error": {"Code": "ResourceInUseException", "Message": "another one is being created"}}
    return AnsibleAWSError(message=f"Failed to {call}", exception=ClientError(error, call))


class FakeResource(Resource):
    """A node group that needs `seconds` for whatever it is asked to do, and shows it `lag` seconds late."""

    kind = "node group"
    arn_key = "arn"
    fields = FIELDS
    needed: tuple[str, ...] = ("min_size",)
    creation = "CreateNodegroup"

    def __init__(self, clock: FakeClock, name: str = "arena/game", *, seconds: float = 3.0, lag: float = 0.0) -> None:
        super().__init__(None, "arena", name)
        self.clock = clock
        self.seconds = seconds
        self.lag = lag
        # What holds from when on; the future too.
        self.history: list[tuple[float, Description | None]] = [(-1000.0, None)]
        self.updates: dict[str, tuple[float, list[dict[str, Any]]]] = {}
        self.update_errors: list[dict[str, Any]] = []
        self.creation_issues: list[dict[str, str]] = []
        self.deletion_issues: list[dict[str, str]] = []
        self.calls: list[Any] = []
        self.busy = False
        # Whether a successful update ends what is wrong with it.
        self.recovered = False
        self.protected = ""
        self.parts: list[FakeResource] = []

    def exists(self, **values: Any) -> FakeResource:
        scaling = {"minSize": 3, "maxSize": 6, "desiredSize": 3}
        have = {"status": "ACTIVE", "arn": "arn:1", "scalingConfig": scaling, "tags": {}, **values}
        self.history = [(-1000.0, have)]
        return self

    @property
    def now(self) -> Description | None:
        return self._at(self.clock.seconds)

    def identity(self) -> Description:
        return {"clusterName": self.cluster, "nodegroupName": "game"}

    def describe(self) -> Description | None:
        seen = self._at(self.clock.seconds - self.lag)
        return None if seen is None else dict(seen)

    def create(self, body: Mapping[str, Any]) -> Description:
        self._refuse_when_busy("create")
        self.calls.append("create")
        new = {"arn": "arn:1", "tags": {}, **body}
        end = {"status": "CREATE_FAILED", "health": {"issues": self.creation_issues}}
        self._then({**new, "status": "CREATING"}, {**new, **(end if self.creation_issues else {"status": "ACTIVE"})})
        return {**new, "status": "CREATING"}

    def update(self, call: str, changes: Sequence[Difference], have: Description) -> str:
        self._refuse_when_busy("update")
        self.calls.append((call, {change.field.option: change.want for change in changes}))
        update_id = f"u{len(self.updates) + 1}"
        self.updates[update_id] = (self.clock.seconds + self.seconds, self.update_errors)
        before = dict(self.now or {})
        after = before if self.update_errors else changed_to(before, changes)
        if self.recovered:
            after = {**after, "status": "ACTIVE"}
        self._then({**before, "status": "UPDATING"}, after)
        return update_id

    def delete(self) -> None:
        self._refuse_when_busy("delete")
        self.calls.append("delete")
        before = dict(self.now or {})
        failed = {**before, "status": "DELETE_FAILED", "health": {"issues": self.deletion_issues}}
        self._then({**before, "status": "DELETING"}, failed if self.deletion_issues else None)

    def update_owner(self) -> Mapping[str, str]:
        return {"nodegroupName": "game"}

    def describe_update(self, update_id: str) -> Description | None:
        ends, errors = self.updates[update_id]
        status = "InProgress" if self.clock.seconds < ends else ("Failed" if errors else "Successful")
        return {"id": update_id, "type": "ConfigUpdate", "status": status, "errors": errors}

    def running_update(self) -> str:
        running = [name for name, (ends, _errors) in self.updates.items() if self.clock.seconds < ends]
        return running[0] if running else ""

    def protection(self, have: Description) -> str:
        return self.protected

    def contents(self) -> list[FakeResource]:
        return [part for part in self.parts if part.describe() is not None]

    def check(self, body: Mapping[str, Any]) -> None:
        pass

    def tag(self, arn: str, add: Mapping[str, str]) -> None:
        self.calls.append(("tag", arn, dict(add)))
        self._retag({**(self.now or {})["tags"], **add})

    def untag(self, arn: str, remove: Sequence[str]) -> None:
        self.calls.append(("untag", arn, list(remove)))
        self._retag({key: value for key, value in (self.now or {})["tags"].items() if key not in remove})

    def _at(self, moment: float) -> Description | None:
        return [have for since, have in self.history if since <= moment][-1]

    def _then(self, meanwhile: Description, end: Description | None) -> None:
        self.history += [(self.clock.seconds, meanwhile), (self.clock.seconds + self.seconds, end)]

    def _retag(self, tags: dict[str, str]) -> None:
        self.history.append((self.clock.seconds, {**(self.now or {}), "tags": tags}))

    def _refuse_when_busy(self, call: str) -> None:
        if self.busy:
            raise in_use(call)
