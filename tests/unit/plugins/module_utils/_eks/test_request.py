"""Requests against botocore's model, before anything is sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.nodegroup import NODEGROUP_FIELDS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.request import check_request, request_problems
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError


@pytest.fixture(scope="module")
def client() -> Any:
    return SimpleNamespace(meta=SimpleNamespace(service_model=botocore.session.get_session().get_service_model("eks")))


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({"amiType": "AL2023_x86_64_STANDARD", "labels": {"a": "b"}, "instanceTypes": ["m7i.large"]}, []),
        ({"amiType": "BOTTLEROCKET_ARM_64", "warmPoolConfig": {"enabled": True, "minSize": 0}}, []),
        ({"sizes": 3}, [("sizes", "unknown to the installed botocore")]),
        ({"scalingConfig": {"minimum": 3}}, [("scalingConfig.minimum", "unknown to the installed botocore")]),
        ({"labels": {"a": 5}}, [("labels[a]", "5 is not a string")]),
        ({"labels": ["a"]}, [("labels", "['a'] is not a dictionary")]),
        ({"scalingConfig": 3}, [("scalingConfig", "3 is not a dictionary")]),
        ({"subnets": "subnet-1"}, [("subnets", "'subnet-1' is not a list")]),
        ({"diskSize": "big"}, [("diskSize", "'big' is not a whole number")]),
        ({"nodeRepairConfig": {"enabled": "x"}}, [("nodeRepairConfig.enabled", "'x' is neither true nor false")]),
        (
            {"scalingConfig": {"maxSize": 0}, "updateConfig": {"maxUnavailablePercentage": 101}},
            [
                ("scalingConfig.maxSize", "0 is below the minimum that AWS takes, 1"),
                ("updateConfig.maxUnavailablePercentage", "101 is above the maximum that AWS takes, 100"),
            ],
        ),
        (
            {"taints": [{"key": "k" * 64, "effect": "NEVER"}]},
            [
                ("taints[0].key", f"{'k' * 64!r} is above the maximum that AWS takes, 63 characters"),
                ("taints[0].effect", "'NEVER' is not one of NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE"),
            ],
        ),
    ],
)
def test_values_that_the_model_does_not_allow(
    client: Any, body: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    shape = client.meta.service_model.operation_model("CreateNodegroup").input_shape
    assert list(request_problems(body, shape)) == problems


def test_what_a_structure_needs(client: Any) -> None:
    shape = client.meta.service_model.operation_model("CreateCluster").input_shape
    assert list(request_problems({"outpostConfig": {"outpostArns": []}}, shape)) == [
        ("outpostConfig.controlPlaneInstanceType", "is missing")
    ]


def test_an_error_names_the_options(client: Any) -> None:
    body = {"amiType": "AL3", "scalingConfig": {"minSize": -1}, "taints": [{"key": "", "effect": "NO_SCHEDULE"}]}

    with pytest.raises(BlueGreenError) as refused:
        check_request(client, "CreateNodegroup", "node group arena/game", body, NODEGROUP_FIELDS)

    message = refused.value.message
    assert message.startswith(
        "node group arena/game has options that AWS would refuse: ami_type: 'AL3' is not one of AL2_x86_64, "
    )
    assert "; min_size: -1 is below the minimum that AWS takes, 0; taints[0].key: '' is below" in message
    assert message.endswith("if a value is newer than the installed botocore, install a newer one")
