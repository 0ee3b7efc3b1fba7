"""How an account is searched for what a cluster left behind; test_leftovers.py tells what is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.leftovers_api import (
    LIVE_STATES,
    TAGS_AT_A_TIME,
    AwsAccount,
)
from botocore.exceptions import ClientError

CLUSTER = "arena-blue"
OWNED = {"Name": "tag-key", "Values": [f"kubernetes.io/cluster/{CLUSTER}"]}


def tagged(key: str, value: str = CLUSTER) -> dict[str, Any]:
    return {"Name": f"tag:{key}", "Values": [value]}


class FakeClient:
    """Any service: pages of what it has by operation and by the filter asked for; notes what was asked."""

    meta = SimpleNamespace(region_name="eu-west-1")

    def __init__(self, **pages: Any) -> None:
        self.pages = pages
        self.asked: list[tuple[str, Any]] = []

    def get_paginator(self, operation: str) -> Any:
        def paginate(**request: Any) -> Any:
            self.asked.append((operation, request))
            found = self.pages.get(operation, [])
            return found(request) if callable(found) else found

        return SimpleNamespace(paginate=paginate)

    def describe_tags(self, **request: Any) -> dict[str, Any]:
        self.asked.append(("describe_tags", request))
        named = request.get("ResourceArns") or request["LoadBalancerNames"]
        key = "ResourceArn" if "ResourceArns" in request else "LoadBalancerName"
        return {"TagDescriptions": [{key: name, "Tags": [{"Key": "of", "Value": name}]} for name in named]}


def account(**clients: Any) -> AwsAccount:
    return AwsAccount({name: clients.get(name, FakeClient()) for name in ("eks", "ec2", "elbv2", "elb", "iam", "logs")})


def by_filter(key: str, id_key: str) -> Any:
    """A resource that carries every mark, and one for each mark alone."""

    def pages(request: Mapping[str, Any]) -> list[dict[str, Any]]:
        mark = request["Filters"][0]["Name"]
        found = [{id_key: "all"}, {id_key: mark}]
        return [{key: found[:1]}, {key: found[1:]}]

    return pages


def reservations(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    mark = request["Filters"][0]["Name"]
    return [{"Reservations": [{"Instances": [{"InstanceId": "all"}]}, {"Instances": [{"InstanceId": mark}]}]}]


@pytest.mark.parametrize(
    ("read", "operation", "pages", "id_key", "marks", "more"),
    [
        (
            "security_groups",
            "describe_security_groups",
            by_filter("SecurityGroups", "GroupId"),
            "GroupId",
            [OWNED, tagged("aws:eks:cluster-name"), tagged("elbv2.k8s.aws/cluster")],
            [],
        ),
        (
            "network_interfaces",
            "describe_network_interfaces",
            by_filter("NetworkInterfaces", "NetworkInterfaceId"),
            "NetworkInterfaceId",
            [
                {"Name": "description", "Values": [f"Amazon EKS {CLUSTER}"]},
                tagged("cluster.k8s.amazonaws.com/name"),
                OWNED,
            ],
            [],
        ),
        (
            "instances",
            "describe_instances",
            reservations,
            "InstanceId",
            [OWNED, tagged("aws:eks:cluster-name")],
            # Not those that are terminated, which AWS lists for an hour.
            [{"Name": "instance-state-name", "Values": LIVE_STATES}],
        ),
        (
            "volumes",
            "describe_volumes",
            by_filter("Volumes", "VolumeId"),
            "VolumeId",
            [OWNED, tagged("KubernetesCluster")],
            [],
        ),
    ],
)
def test_what_carries_any_mark_of_the_cluster_is_found_once(
    read: str, operation: str, pages: Any, id_key: str, marks: list[Any], more: list[Any]
) -> None:
    client = FakeClient(**{operation: pages})
    found = getattr(account(ec2=client), read)(CLUSTER)
    assert client.asked == [(operation, {"Filters": [mark, *more]}) for mark in marks]
    assert [one[id_key] for one in found] == ["all", *(mark["Name"] for mark in marks)]


@pytest.mark.parametrize(
    ("read", "operation", "key", "name_key", "arn_key"),
    [
        ("load_balancers", "describe_load_balancers", "LoadBalancers", "LoadBalancerName", "LoadBalancerArn"),
        ("target_groups", "describe_target_groups", "TargetGroups", "TargetGroupName", "TargetGroupArn"),
    ],
)
def test_tags_are_asked_for_as_many_at_a_time_as_aws_takes(
    read: str, operation: str, key: str, name_key: str, arn_key: str
) -> None:
    count = TAGS_AT_A_TIME + 5
    described = [{arn_key: f"arn:{number}", name_key: f"n{number}"} for number in range(count)]
    client = FakeClient(**{operation: [{key: described[:7]}, {key: described[7:]}]})

    found = getattr(account(elbv2=client), read)()

    assert found == [(f"arn:{number}", f"n{number}", {"of": f"arn:{number}"}) for number in range(count)]
    sizes = [len(request["ResourceArns"]) for name, request in client.asked if name == "describe_tags"]
    assert sizes == [TAGS_AT_A_TIME, 5]


def test_classic_load_balancers_have_tags_by_name() -> None:
    listed = [{"LoadBalancerDescriptions": [{"LoadBalancerName": f"n{number}"}]} for number in range(21)]
    client = FakeClient(describe_load_balancers=listed)
    found = account(elb=client).classic_load_balancers()
    assert found == [(f"n{number}", {"of": f"n{number}"}) for number in range(21)]


def test_where_nothing_is_no_tags_are_asked_for() -> None:
    client = FakeClient()
    assert account(elbv2=client).load_balancers() == []
    assert account(elb=client).classic_load_balancers() == []
    assert {name for name, _request in client.asked} == {"describe_load_balancers"}


def test_a_log_group_is_known_by_its_whole_name() -> None:
    names = ["/aws/eks/arena-blue/cluster-of-others", "/aws/eks/arena-blue/cluster"]
    client = FakeClient(describe_log_groups=[{"logGroups": [{"logGroupName": name}]} for name in names])
    found = account(logs=client)
    assert found.log_group("/aws/eks/arena-blue/cluster") == {"logGroupName": names[1]}
    assert found.log_group("/aws/eks/arena") is None


def test_a_cluster_exists_or_is_not_found() -> None:
    class Eks(FakeClient):
        def describe_cluster(self, name: str) -> dict[str, Any]:
            if name != CLUSTER:
                raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "DescribeCluster")
            return {"cluster": {"name": name}}

    found = account(eks=Eks())
    assert (found.cluster_exists(CLUSTER), found.cluster_exists("arena-green")) == (True, False)
    assert found.region == "eu-west-1"


def test_a_provider_that_is_gone_has_no_tags() -> None:
    class Iam(FakeClient):
        def list_open_id_connect_providers(self) -> dict[str, Any]:
            return {"OpenIDConnectProviderList": [{"Arn": "arn:1"}]}

        def get_open_id_connect_provider(self, **request: str) -> dict[str, Any]:
            if request["OpenIDConnectProviderArn"] != "arn:1":
                raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "no"}}, "GetOpenIDConnectProvider")
            return {"Tags": [{"Key": "slot", "Value": "blue"}]}

    found = account(iam=Iam())
    assert found.oidc_providers() == ["arn:1"]
    assert (found.oidc_provider_tags("arn:1"), found.oidc_provider_tags("arn:2")) == ({"slot": "blue"}, {})
