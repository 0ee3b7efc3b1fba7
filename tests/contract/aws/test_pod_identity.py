"""The lab's EKS: pod identity associations."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.aws.world import ROLE, World, refused


def associate(world: World, cluster: str, account: str = "", **more: Any) -> Any:
    request = {
        "clusterName": cluster,
        "namespace": "arena",
        "serviceAccount": account or f"sa-{uuid.uuid4().hex[:8]}",
        "roleArn": ROLE.format("matchmaker"),
        **more,
    }
    return world.eks.create_pod_identity_association(**request)["association"]


def listed(world: World, cluster: str, **more: Any) -> list[str]:
    pages = world.eks.get_paginator("list_pod_identity_associations").paginate(clusterName=cluster, **more)
    return [one["associationId"] for page in pages for one in page["associations"]]


def test_an_association_is_created_updated_and_deleted(world: World, cluster: str) -> None:
    created = associate(world, cluster, "matchmaker", tags={"slot": "blue"})
    assert created["associationArn"].endswith(f"podidentityassociation/{cluster}/{created['associationId']}")
    assert (created["tags"], created["disableSessionTags"]) == ({"slot": "blue"}, False)
    known = {"clusterName": cluster, "associationId": created["associationId"]}
    target = "arn:aws:iam::210987654321:role/other-account"
    updated = world.eks.update_pod_identity_association(**known, targetRoleArn=target)["association"]
    assert updated["targetRoleArn"] == target
    assert updated["externalId"] == f"eu-west-1/123456789012/{cluster}/arena/matchmaker"
    cleared = world.eks.update_pod_identity_association(**known, targetRoleArn="", roleArn=ROLE.format("node"))
    assert "targetRoleArn" not in cleared["association"]
    assert world.eks.describe_pod_identity_association(**known)["association"]["roleArn"] == ROLE.format("node")
    world.eks.tag_resource(resourceArn=created["associationArn"], tags={"more": "x"})
    world.eks.untag_resource(resourceArn=created["associationArn"], tagKeys=["slot"])
    assert world.eks.describe_pod_identity_association(**known)["association"]["tags"] == {"more": "x"}
    world.eks.delete_pod_identity_association(**known)
    with refused("ResourceNotFoundException", created["associationId"]):
        world.eks.describe_pod_identity_association(**known)


def test_a_service_account_has_one_association(world: World, cluster: str) -> None:
    created = associate(world, cluster, "taken")
    with refused("ResourceInUseException", created["associationId"]):
        associate(world, cluster, "taken")
    associate(world, cluster, "taken", namespace="elsewhere")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"roleArn": "no-arn"}, ["Invalid Role Arn"]),
        ({"roleArn": ROLE.format("missing")}, ["does not exist"]),
        ({"targetRoleArn": "no-arn"}, ["Invalid Role Arn"]),
        ({"policy": "{}"}, ["disableSessionTags"]),
    ],
)
def test_a_bad_association_is_refused(world: World, cluster: str, change: dict[str, Any], words: list[str]) -> None:
    with refused("InvalidParameterException", *words):
        associate(world, cluster, "bad", **change)
    assert listed(world, cluster, serviceAccount="bad") == []


def test_the_same_request_may_come_again(world: World, cluster: str) -> None:
    token = uuid.uuid4().hex
    first = associate(world, cluster, "again", clientRequestToken=token)
    assert associate(world, cluster, "again", clientRequestToken=token)["associationId"] == first["associationId"]


def test_lists_are_filtered_and_paged(world: World) -> None:
    cluster = world.create_cluster("paged")
    made = [associate(world, cluster, namespace=f"n{number % 2}")["associationId"] for number in range(7)]
    assert sorted(made) == listed(world, cluster)
    assert len(listed(world, cluster, namespace="n0")) == 4
    first = world.eks.list_pod_identity_associations(clusterName=cluster)
    assert len(first["associations"]) < 7, "seven do not fit on one page"
    assert first["nextToken"]


def test_associations_go_with_their_cluster_and_need_one(world: World) -> None:
    with pytest.raises(ClientError, match="No cluster found"):
        associate(world, "missing")
