"""Rounds of creation, convergence and deletion, on resources that live in memory and take their time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resources import NODEGROUP_FIELDS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.run import (
    absent_round,
    answer,
    empty_round,
    present_round,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import Difference, put


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, tz=timezone.utc)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class FakeKeeper:
    def __init__(self) -> None:
        self.kept = 0

    def keep(self) -> None:
        self.kept += 1


class ResourceInUse(Exception):
    response = {"Error": {"Code": "ResourceInUseException", "Message": "another one is being created"}}


class FakeResource:
    """A node group that needs `seconds` for whatever it is asked to do."""

    kind = "node group"
    arn_key = "arn"
    fields = NODEGROUP_FIELDS

    def __init__(self, clock: FakeClock, name: str = "arena/game", *, seconds: float = 3.0) -> None:
        self.name = name
        self.clock = clock
        self.seconds = seconds
        self.have: dict[str, Any] | None = None
        self.ready_at = 0.0
        self.then = "ACTIVE"
        self.calls: list[str] = []
        self.busy = False
        self.parts: list[FakeResource] = []

    def exists(self, **values: Any) -> FakeResource:
        scaling = {"minSize": 3, "maxSize": 6, "desiredSize": 3}
        self.have = {"status": "ACTIVE", "arn": "arn:1", "scalingConfig": scaling, "tags": {}, **values}
        return self

    def describe(self) -> dict[str, Any] | None:
        if (
            self.have is not None
            and self.clock.seconds >= self.ready_at
            and self.have["status"]
            in (
                "CREATING",
                "UPDATING",
                "DELETING",
            )
        ):
            if self.have["status"] == "DELETING":
                self.have = None
            else:
                self.have["status"] = self.then
        return None if self.have is None else dict(self.have)

    def _begin(self, call: str, status: str) -> None:
        if self.busy:
            raise AnsibleAWSError(message=f"Failed to {call}", exception=ResourceInUse())
        self.calls.append(call)
        assert self.have is not None
        self.have["status"] = status
        self.ready_at = self.clock.seconds + self.seconds

    def create(self, body: Mapping[str, Any]) -> None:
        if not self.busy:
            self.have = {"arn": "arn:1", "tags": {}, **body}
        self._begin("create", "CREATING")

    def update(self, changes: Sequence[Difference], have: Mapping[str, Any]) -> None:
        self._begin("update", "UPDATING")
        assert self.have is not None
        for change in changes:
            put(self.have, change.field.path, change.want)

    def delete(self) -> None:
        self._begin("delete", "DELETING")

    def tag(self, arn: str, add: Mapping[str, str]) -> None:
        self.calls.append("tag")
        assert self.have is not None
        self.have["tags"].update(add)

    def contents(self) -> list[FakeResource]:
        return [part for part in self.parts if part.describe() is not None]


WANT = {"min_size": 3, "max_size": 6, "desired_size": 3, "labels": {"role": "game"}}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def resource(clock: FakeClock) -> FakeResource:
    return FakeResource(clock)


def present(resource: FakeResource, want: dict[str, Any] | None = None, *, check_mode: bool = False) -> dict[str, Any]:
    return present_round(
        resource,
        WANT if want is None else want,
        {"slot": "green"},
        check_mode=check_mode,
        clock=resource.clock,
        keeper=FakeKeeper(),
    )


def test_created_and_watched_until_active(resource: FakeResource) -> None:
    result = present(resource)

    assert result["changed"]
    assert result["round"]["finished"]
    assert result["resource"]["status"] == "ACTIVE"
    assert result["resource"]["tags"] == {"slot": "green"}
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"]["min_size"] == 3
    assert 3 <= resource.clock.seconds < 6


def test_a_second_time_changes_nothing(resource: FakeResource) -> None:
    present(resource)
    resource.calls.clear()

    result = present(resource)

    assert not result["changed"]
    assert resource.calls == []
    assert result["diff"]["before"] == result["diff"]["after"]


def test_a_long_creation_takes_rounds(resource: FakeResource) -> None:
    resource.seconds = 40

    first = present(resource)
    assert first["changed"]
    assert first["round"] == {
        "finished": False,
        "progress": "node group arena/game: CREATING",
        "retry_after_seconds": 1.0,
    }
    assert resource.clock.seconds <= 20
    rounds = [present(resource) for _ in range(4)]

    assert not rounds[0]["round"]["finished"]
    assert rounds[-1]["round"]["finished"]
    assert resource.calls == ["create"]


def test_check_mode_predicts_what_is_not_there(resource: FakeResource) -> None:
    result = present(resource, check_mode=True)

    assert result["changed"]
    assert resource.calls == []
    assert result["resource"]["scalingConfig"]["desiredSize"] == 3
    assert result["resource"]["tags"] == {"slot": "green"}


def test_check_mode_predicts_a_change(resource: FakeResource) -> None:
    resource.exists(labels={"role": "game"}, tags={"slot": "green"})

    result = present(resource, {**WANT, "max_size": 9}, check_mode=True)

    assert result["changed"]
    assert result["resource"]["scalingConfig"] == {"minSize": 3, "maxSize": 9, "desiredSize": 3}
    assert (result["diff"]["before"]["max_size"], result["diff"]["after"]["max_size"]) == (6, 9)
    assert resource.calls == []


def test_changes_and_tags_converge(resource: FakeResource) -> None:
    resource.exists(labels={"role": "web"})

    result = present(resource)

    assert resource.calls == ["tag", "update"]
    assert result["changed"]
    assert result["resource"]["labels"] == {"role": "game"}


def test_a_failed_creation_is_an_error_with_its_reason(resource: FakeResource) -> None:
    issue = {"code": "Ec2SubnetInvalidConfiguration", "message": "subnet-1 gives no public address"}
    resource.exists(status="CREATE_FAILED", health={"issues": [issue]})

    with pytest.raises(BlueGreenError, match="CREATE_FAILED: Ec2SubnetInvalidConfiguration: subnet-1 gives no public"):
        present(resource)


def test_another_version_is_refused_before_anything_is_written(resource: FakeResource) -> None:
    resource.exists(version="1.35")

    with pytest.raises(BlueGreenError, match=r"kubernetes_version is '1.35', wanted '1.36'"):
        present(resource, {**WANT, "kubernetes_version": "1.36", "max_size": 9})
    assert resource.calls == []


def test_one_that_is_being_deleted_is_waited_for_and_made_anew(resource: FakeResource) -> None:
    resource.exists(version="1.35", status="DELETING")
    resource.ready_at = 2

    first = present(resource)
    second = present(resource)

    assert (first["changed"], first["round"]["finished"]) == (False, False)
    assert second["round"]["finished"]
    assert resource.calls == ["create"]


def test_what_is_busy_is_tried_again(resource: FakeResource) -> None:
    resource.busy = True

    result = present(resource)

    assert (result["changed"], result["round"]["finished"]) == (False, False)
    assert "Failed to create" in result["round"]["progress"]


def test_degraded_is_not_done(resource: FakeResource) -> None:
    resource.exists(status="DEGRADED", labels={"role": "game"}, tags={"slot": "green"})

    result = present(resource)

    assert result["round"]["progress"] == "node group arena/game: DEGRADED (AWS gives no reason)"
    assert not result["round"]["finished"]


def test_deleted_and_watched_until_gone(resource: FakeResource) -> None:
    resource.exists()

    result = absent_round(resource, check_mode=False, clock=resource.clock, keeper=FakeKeeper())

    assert result["changed"]
    assert result["round"]["finished"]
    assert result["resource"] is None
    again = absent_round(resource, check_mode=False, clock=resource.clock, keeper=FakeKeeper())
    assert not again["changed"]


def test_check_mode_deletes_nothing(resource: FakeResource) -> None:
    resource.exists()

    result = absent_round(resource, check_mode=True, clock=resource.clock, keeper=FakeKeeper())

    assert result["changed"]
    assert resource.calls == []


def test_a_cluster_is_emptied_before_it_goes(clock: FakeClock) -> None:
    cluster = FakeResource(clock, "arena").exists()
    cluster.parts = [FakeResource(clock, f"arena/{name}").exists() for name in ("game", "system")]

    def round_() -> dict[str, Any]:
        return empty_round(cluster, check_mode=False, clock=clock, keeper=FakeKeeper())

    first = round_()
    assert first["contents"] == ["node group arena/game", "node group arena/system"]
    assert not first["round"]["finished"]
    assert cluster.calls == []
    last = round_()

    assert last["round"]["finished"]
    assert cluster.calls == ["delete"]
    assert [part.calls for part in cluster.parts] == [["delete"], ["delete"]]


def test_check_mode_tells_what_would_go(clock: FakeClock) -> None:
    cluster = FakeResource(clock, "arena").exists()
    cluster.parts = [FakeResource(clock, "arena/game").exists()]

    result = empty_round(cluster, check_mode=True, clock=clock, keeper=FakeKeeper())

    assert result["changed"]
    assert result["contents"] == ["node group arena/game"]
    assert cluster.parts[0].calls == []


def test_a_part_that_does_not_go_is_an_error(clock: FakeClock) -> None:
    cluster = FakeResource(clock, "arena").exists()
    cluster.parts = [FakeResource(clock, "arena/game").exists(status="DELETE_FAILED")]

    with pytest.raises(BlueGreenError, match="node group arena/game could not be deleted"):
        empty_round(cluster, check_mode=False, clock=clock, keeper=FakeKeeper())


def test_an_answer_keeps_the_keys_of_tags_and_labels() -> None:
    given = {"changed": False, "resource": {"nodegroupName": "game", "tags": {"someTag": "x"}, "labels": {"aB": "c"}}}

    assert answer("nodegroup", given) == {
        "changed": False,
        "nodegroup": {"nodegroup_name": "game", "tags": {"someTag": "x"}, "labels": {"aB": "c"}},
    }
