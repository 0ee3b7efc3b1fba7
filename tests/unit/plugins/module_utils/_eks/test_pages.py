"""What EKS lists in a cluster goes over pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.addon import list_addons
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster import list_capabilities
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.fargate_profile import list_fargate_profiles
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.nodegroup import list_nodegroups
from botocore.stub import Stubber


@pytest.mark.parametrize(
    ("listed", "operation", "key"),
    [
        (list_nodegroups, "list_nodegroups", "nodegroups"),
        (list_fargate_profiles, "list_fargate_profiles", "fargateProfileNames"),
        (list_addons, "list_addons", "addons"),
    ],
)
def test_two_pages(listed: Callable[[Any, str], list[str]], operation: str, key: str) -> None:
    client = boto3.client("eks", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        stub.add_response(operation, {key: ["a", "b"], "nextToken": "page 2"}, {"clusterName": "arena"})
        stub.add_response(operation, {key: ["c"]}, {"clusterName": "arena", "nextToken": "page 2"})

        assert listed(client, "arena") == ["a", "b", "c"]
        stub.assert_no_pending_responses()


def test_two_pages_of_capabilities() -> None:
    client = boto3.client("eks", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    first, second = ({"capabilityName": name, "type": "KRO", "status": "ACTIVE"} for name in ("a", "b"))
    with Stubber(client) as stub:
        page = {"capabilities": [first], "nextToken": "page 2"}
        stub.add_response("list_capabilities", page, {"clusterName": "arena"})
        stub.add_response(
            "list_capabilities", {"capabilities": [second]}, {"clusterName": "arena", "nextToken": "page 2"}
        )

        assert list_capabilities(client, "arena") == [first, second]
        stub.assert_no_pending_responses()
