"""What the kinds of EKS resources have in common: updates, tags, and what a kind need not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import Part
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import Difference, Field, converges
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description
from botocore.exceptions import ClientError

SIZE = Field("max_size", "scalingConfig.maxSize", converges("scaling"))


class FakeEks:
    """Some updates, by id and status, in the order in which AWS lists them, one a page."""

    def __init__(self, error: str = "", **updates: str) -> None:
        self.error = error
        self.updates = updates
        self.asked: list[Any] = []

    def get_paginator(self, operation: str) -> Any:
        def paginate(**request: Any) -> list[dict[str, Any]]:
            self._note(operation, request)
            return [{"updateIds": [name]} for name in self.updates]

        return type("Paginator", (), {"paginate": staticmethod(paginate)})

    def describe_update(self, **request: Any) -> dict[str, Any]:
        self._note("describe_update", request)
        update_id = request["updateId"]
        if self.updates[update_id] == "unknown":
            raise self._refused("ResourceNotFoundException", "describe_update")
        return {"update": {"id": update_id, "status": self.updates[update_id]}}

    def tag_resource(self, **request: Any) -> None:
        self._note("tag_resource", request)

    def untag_resource(self, **request: Any) -> None:
        self._note("untag_resource", request)

    def _note(self, operation: str, request: Any) -> None:
        self.asked.append((operation, request))
        if self.error:
            raise self._refused(self.error, operation)

    def _refused(self, code: str, operation: str) -> ClientError:
        return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class Plain(Part):
    """A kind that says no more of itself than it must."""

    kind = "thing"
    arn_key = "thingArn"
    fields = (SIZE,)
    part_key = "thingName"
    creation = "CreateNodegroup"

    def describe(self) -> Description | None:
        return None

    def create(self, body: Mapping[str, Any]) -> Description:
        raise AssertionError

    def delete(self) -> None:
        raise AssertionError


class Listed(Plain):
    """A kind whose updates AWS lists."""

    def update_owner(self) -> Mapping[str, str]:
        return {"nodegroupName": self.part}


@pytest.mark.parametrize(
    ("updates", "running"),
    [
        ({}, ""),
        ({"u1": "Successful", "u2": "Failed"}, ""),
        ({"u1": "Successful", "u2": "InProgress"}, "u2"),
        ({"u1": "InProgress", "u2": "InProgress"}, "u1"),
        # It is listed before it can be described.
        ({"u1": "unknown", "u2": "InProgress"}, "u2"),
    ],
)
def test_the_update_that_is_under_way(updates: dict[str, str], running: str) -> None:
    assert Listed(FakeEks(**updates), "arena", "game").running_update() == running


def test_updates_are_asked_for_by_their_owner() -> None:
    client = FakeEks(u1="InProgress")
    Listed(client, "arena", "game").running_update()
    assert client.asked == [
        ("list_updates", {"name": "arena", "nodegroupName": "game"}),
        ("describe_update", {"name": "arena", "updateId": "u1", "nodegroupName": "game"}),
    ]


def test_a_kind_whose_updates_are_not_listed_has_none_under_way() -> None:
    client = FakeEks(u1="InProgress")
    assert Plain(client, "arena", "game").running_update() == ""
    assert client.asked == []
    assert Plain(client, "arena", "game").describe_update("u1") == {"id": "u1", "status": "InProgress"}


def test_without_the_cluster_nothing_is_under_way() -> None:
    assert Listed(FakeEks("ResourceNotFoundException"), "arena", "game").running_update() == ""
    with pytest.raises(AnsibleAWSError, match="list the updates of cluster arena"):
        Listed(FakeEks("AccessDeniedException"), "arena", "game").running_update()


def test_tags_are_set_and_taken_away_by_the_arn() -> None:
    client = FakeEks()
    one = Plain(client, "arena", "game")
    one.tag("arn:1", {"a": "b"})
    one.untag("arn:1", ["c", "d"])
    assert client.asked == [
        ("tag_resource", {"resourceArn": "arn:1", "tags": {"a": "b"}}),
        ("untag_resource", {"resourceArn": "arn:1", "tagKeys": ["c", "d"]}),
    ]


def test_a_part_has_the_cluster_s_name_before_its_own() -> None:
    one = Plain(None, "arena", "game")
    assert (one.name, one.part) == ("arena/game", "game")
    assert one.identity() == {"clusterName": "arena", "thingName": "game"}


def test_what_a_kind_does_not_say_hinders_nothing() -> None:
    one, have = Plain(None, "arena", "game"), {"status": "ACTIVE", "scalingConfig": {"maxSize": 3}}
    values = {"max_size": 9}
    assert (one.protection(have), one.hindrance(values, have), one.contents()) == ("", "", ())
    assert one.counted(values, have) == values
    assert one.changed(have, [Difference(SIZE, 3, 9)]) == {"status": "ACTIVE", "scalingConfig": {"maxSize": 9}}
    assert have["scalingConfig"] == {"maxSize": 3}


def test_a_kind_that_cannot_change_says_which_call_it_lacks() -> None:
    with pytest.raises(NotImplementedError, match="scaling"):
        Plain(None, "arena", "game").update("scaling", [], {})
