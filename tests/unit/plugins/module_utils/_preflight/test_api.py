"""The calls that only preflight makes: what is asked, and what an empty answer means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.api import (
    describe_account_limits,
    get_default_service_quota,
    get_fargate_vcpus,
    get_service_quota,
    list_addon_versions,
    list_clusters,
)
from botocore.exceptions import ClientError

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Client:
    """Answers every call in the same way, and notes what was asked; a code is an error."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            self.asked.append((operation, request))
            if isinstance(self.answer, str):
                raise ClientError({"Error": {"Code": self.answer, "Message": "no"}}, operation)
            return self.answer

        return call

    def get_paginator(self, operation: str) -> Any:
        class Paginator:
            paginate = staticmethod(getattr(self, operation))

        return Paginator


@pytest.mark.parametrize(
    ("get", "operation"),
    [(get_service_quota, "get_service_quota"), (get_default_service_quota, "get_aws_default_service_quota")],
)
def test_a_quota_is_a_number_or_was_never_raised(get: Any, operation: str) -> None:
    client = Client({"Quota": {"Value": 7}})
    assert get(client, "ec2", "L-1") == 7.0
    assert client.asked == [(operation, {"ServiceCode": "ec2", "QuotaCode": "L-1"})]
    assert get(Client("NoSuchResourceException"), "ec2", "L-1") is None
    with pytest.raises(AnsibleAWSError, match="quotas"):
        get(Client("AccessDeniedException"), "ec2", "L-1")


@pytest.mark.parametrize(
    ("points", "vcpus"),
    [
        ([], 0.0),
        ([{"Timestamp": NOW, "Maximum": 3}], 3.0),
        ([{"Timestamp": NOW, "Maximum": 3}, {"Timestamp": NOW.replace(year=2025), "Maximum": 9}], 3.0),
    ],
)
def test_the_newest_figure_counts_and_none_is_nothing(points: list[Any], vcpus: float) -> None:
    client = Client({"Datapoints": points})
    assert get_fargate_vcpus(client, NOW) == vcpus
    ((_operation, request),) = client.asked
    assert (request["EndTime"], request["StartTime"]) == (NOW, datetime(2026, 11, 22, 23, 40, tzinfo=UTC))
    assert {"Name": "Resource", "Value": "vCPU"} in request["Dimensions"]


@pytest.mark.parametrize(
    ("call", "pages", "found"),
    [
        (
            describe_account_limits,
            [{"Limits": [{"Name": "a", "Max": "3"}]}, {"Limits": [{"Name": "b", "Max": "4"}]}],
            {"a": 3.0, "b": 4.0},
        ),
        (list_clusters, [{"clusters": ["a"]}, {"clusters": []}, {"clusters": ["b"]}], ["a", "b"]),
        (
            lambda client: list_addon_versions(client, "vpc-cni", "1.36"),
            [{"addons": [{"addonVersions": [{"addonVersion": "v2"}, {"addonVersion": "v1"}]}]}, {"addons": []}],
            ["v2", "v1"],
        ),
    ],
)
def test_all_pages_are_read(call: Any, pages: list[Any], found: Any) -> None:
    assert call(Client(pages)) == found


def test_versions_are_those_for_the_release_s_kubernetes() -> None:
    client = Client([])
    assert list_addon_versions(client, "vpc-cni", "1.36") == []
    assert client.asked == [("describe_addon_versions", {"addonName": "vpc-cni", "kubernetesVersion": "1.36"})]
