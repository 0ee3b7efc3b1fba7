"""Pod identity associations: what counts as a difference, and whose they are."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.pod_identity_association import (
    PodIdentityAssociation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import differences, unchangeable

ROLE = "arn:aws:iam::123456789012:role/telemetry"


class FakePaginator:
    def __init__(self, listed: list[dict[str, Any]]) -> None:
        self._listed = listed

    def paginate(self, **_request: Any) -> list[dict[str, Any]]:
        return [{"associations": []}, {"associations": self._listed}]


class FakeEks:
    def __init__(self, have: dict[str, Any] | None) -> None:
        self._have = have
        self.calls: list[Any] = []

    def get_paginator(self, _operation: str) -> FakePaginator:
        return FakePaginator([{"associationId": "a-1"}] if self._have else [])

    def describe_pod_identity_association(self, **_request: Any) -> dict[str, Any]:
        return {"association": dict(self._have or {})}

    def create_pod_identity_association(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request)
        return {"association": {"associationId": "a-1"}}

    def delete_pod_identity_association(self, **request: Any) -> None:
        self.calls.append(request)


def association(have: dict[str, Any] | None) -> PodIdentityAssociation:
    return PodIdentityAssociation(FakeEks(have), "arena-green", "arena", "telemetry")


@pytest.mark.parametrize(
    ("want", "changed"),
    [
        ({"role_arn": ROLE}, []),
        ({"role_arn": ROLE, "target_role_arn": "", "disable_session_tags": False}, []),
        ({"role_arn": "other"}, ["role_arn"]),
        ({"target_role_arn": ROLE, "disable_session_tags": True}, ["target_role_arn", "disable_session_tags"]),
    ],
)
def test_what_aws_leaves_out_is_none(want: dict[str, Any], changed: list[str]) -> None:
    kind = association({"associationId": "a-1", "roleArn": ROLE})
    have = kind.describe()
    assert have is not None
    assert [one.field.option for one in differences(kind.fields, want, have)] == changed


def test_its_name() -> None:
    assert PodIdentityAssociation(None, "arena", "game", "telemetry").identity() == {
        "clusterName": "arena",
        "namespace": "game",
        "serviceAccount": "telemetry",
    }


def test_an_add_on_keeps_its_own() -> None:
    kind = association({"associationId": "a-1", "roleArn": ROLE, "ownerArn": "arn:addon"})
    have = kind.describe()
    assert have is not None
    assert unchangeable(kind.fields, {"role_arn": ROLE}, have) == []
    (line,) = unchangeable(kind.fields, {"role_arn": "other"}, have)
    assert "it belongs to the add-on arn:addon; change it there" in line
    assert "eks_addon" in kind.protection(have)


def test_none_is_found_created_and_deleted_by_its_id() -> None:
    kind = association(None)
    assert kind.describe() is None
    kind.create({"roleArn": ROLE, "targetRoleArn": ""})
    assert "targetRoleArn" not in kind.client.calls[0]
    kind = association({"associationId": "a-1", "roleArn": ROLE})
    kind.describe()
    assert kind.protection({}) == ""
    kind.delete()
    assert kind.client.calls == [{"clusterName": "arena-green", "associationId": "a-1"}]
