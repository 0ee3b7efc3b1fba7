"""Fargate profiles: what counts as the same, private subnets, and another one in the place of one that differs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.fargate_profile import (
    PROFILE_FIELDS,
    FargateProfile,
    ensure_profile,
    refuse_public_subnets,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import WantedResource
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import refuse_fixed
from botocore.session import Session

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._eks.fakes import FakeKeeper, FakeResource

SYSTEM = [{"namespace": "kube-system"}]
OUT = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}


class FakeEc2:
    """Subnets by whether their route table leads to an internet gateway; subnet-main has no table of its own."""

    tables = [
        {"VpcId": "vpc-1", "Associations": [{"SubnetId": "subnet-out"}], "Routes": [OUT]},
        {"VpcId": "vpc-1", "Associations": [{"SubnetId": "subnet-nat"}], "Routes": [{"NatGatewayId": "nat-1"}]},
        {"VpcId": "vpc-1", "Associations": [{"Main": True}], "Routes": [OUT]},
    ]
    subnets = {
        "subnet-out": {"Tags": [{"Key": "Name", "Value": "arena-public-a"}]},
        "subnet-nat": {},
        "subnet-main": {},
    }

    def get_paginator(self, name: str) -> Any:
        class Paginator:
            def paginate(self, **request: Any) -> list[dict[str, Any]]:
                if name == "describe_route_tables":
                    return [{"RouteTables": FakeEc2.tables[:1]}, {"RouteTables": FakeEc2.tables[1:]}]
                found = [one for one in request["Filters"][0]["Values"] if one in FakeEc2.subnets]
                return [{"Subnets": [{"SubnetId": one, "VpcId": "vpc-1", **FakeEc2.subnets[one]} for one in found]}]

        return Paginator()


class FakeProfile(FakeResource, FargateProfile):
    kind = "Fargate profile"
    fields = PROFILE_FIELDS
    needed = FargateProfile.needed
    creation = FargateProfile.creation

    def exists(self, **values: Any) -> FakeProfile:
        super().exists(podExecutionRoleArn="arn:role/f", subnets=["subnet-nat"], selectors=SYSTEM, **values)
        return self


@pytest.fixture
def profile() -> FakeProfile:
    return FakeProfile(FakeClock(), "arena/system")


def ensure(
    profile: FakeProfile, changes: Mapping[str, Any] | None = None, *, recreate: bool = False, check_mode: bool = False
) -> dict[str, Any]:
    values = {"pod_execution_role_arn": "arn:role/f", "subnet_ids": ["subnet-nat"], "selectors": SYSTEM}
    return ensure_profile(
        profile,
        WantedResource({**values, **(changes or {})}),
        ec2=FakeEc2,
        recreate=recreate,
        check_mode=check_mode,
        clock=profile.clock,
        keeper=FakeKeeper(),
    )


def test_selectors_are_compared_without_order_and_empty_labels() -> None:
    have = {"selectors": [{"namespace": "b", "labels": {"x": "1", "y": "2"}}, {"namespace": "a"}]}
    same = [{"namespace": "a", "labels": {}}, {"namespace": "b", "labels": {"y": "2", "x": "1"}}]

    refuse_fixed("Fargate profile system", PROFILE_FIELDS, {"selectors": same}, have)
    with pytest.raises(BlueGreenError, match="selectors is"):
        refuse_fixed("Fargate profile system", PROFILE_FIELDS, {"selectors": same[:1]}, have)


@pytest.mark.parametrize(
    ("subnets", "words"),
    [
        (["subnet-nat", "subnet-out"], r"route to an internet gateway: subnet-out \(arena-public-a\)\. Name subnets"),
        (["subnet-main"], r"route to an internet gateway: subnet-main\."),
        (["subnet-nat", "subnet-no"], "names subnets that do not exist here: subnet-no"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_only_private_subnets_are_taken(profile: FakeProfile, subnets: list[str], words: str, check_mode: bool) -> None:
    with pytest.raises(BlueGreenError, match=words):
        ensure(profile, {"subnet_ids": subnets}, check_mode=check_mode)
    assert profile.calls == []


def test_private_subnets_are_taken() -> None:
    refuse_public_subnets(FakeEc2(), "arena/system", ["subnet-nat"])


def test_its_name() -> None:
    assert FargateProfile(None, "arena", "system").identity() == {
        "clusterName": "arena",
        "fargateProfileName": "system",
    }


def test_created_once(profile: FakeProfile) -> None:
    assert ensure(profile)["changed"]
    assert not ensure(profile)["changed"]
    assert profile.calls == ["create"]


def test_what_creation_needs(profile: FakeProfile) -> None:
    with pytest.raises(BlueGreenError, match="cannot be created without subnet_ids, selectors"):
        ensure(profile, {"subnet_ids": None, "selectors": None})


def test_a_difference_is_refused(profile: FakeProfile) -> None:
    profile.exists()

    with pytest.raises(BlueGreenError, match="pod_execution_role_arn is 'arn:role/f', wanted 'arn:role/g'"):
        ensure(profile, {"pod_execution_role_arn": "arn:role/g"})
    assert profile.calls == []


OTHER = {"selectors": [{"namespace": "agones-system"}]}


def test_recreation_is_predicted(profile: FakeProfile) -> None:
    result = ensure(profile.exists(), OTHER, recreate=True, check_mode=True)

    assert result["changed"]
    assert (result["diff"]["before"]["selectors"], result["diff"]["after"]["selectors"]) == (SYSTEM, OTHER["selectors"])
    assert profile.calls == []


@pytest.mark.parametrize("seconds", [3.0, 40.0])
def test_recreation_deletes_and_creates_over_rounds(profile: FakeProfile, seconds: float) -> None:
    profile.seconds = seconds
    profile.exists()

    rounds = [ensure(profile, OTHER, recreate=True)]
    while not rounds[-1]["round"]["finished"]:
        assert len(rounds) < 20
        rounds.append(ensure(profile, OTHER, recreate=True))

    assert profile.calls == ["delete", "create"]
    assert rounds[0]["changed"]
    assert rounds[-1]["resource"]["selectors"] == OTHER["selectors"]
    assert not ensure(profile, OTHER, recreate=True)["changed"]


def test_nothing_is_deleted_for_subnets_that_would_be_refused(profile: FakeProfile) -> None:
    with pytest.raises(BlueGreenError, match="route to an internet gateway"):
        ensure(profile.exists(), {"subnet_ids": ["subnet-out"]}, recreate=True)
    assert profile.calls == []


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("selectors", "words"),
    [
        ([{"namespace": f"n{number}"} for number in range(6)], "has 6 selectors, but EKS takes at most five"),
        ([{"namespace": "a", "labels": {"a": 5}}], r"selectors\[0\].labels\[a\]: 5 is not a string"),
    ],
)
def test_nothing_is_deleted_for_a_request_that_would_be_refused(
    profile: FakeProfile, selectors: Any, words: str, check_mode: bool
) -> None:
    profile.check = partial(FargateProfile.check, profile)  # type: ignore[method-assign]
    profile.client = Session().create_client("eks", "eu-west-1")
    with pytest.raises(BlueGreenError, match=words):
        ensure(profile.exists(), {"selectors": selectors}, recreate=True, check_mode=check_mode)
    assert profile.calls == []


def test_recreation_gets_over_a_creation_that_failed(profile: FakeProfile) -> None:
    profile.exists(status="CREATE_FAILED")
    with pytest.raises(BlueGreenError, match="CREATE_FAILED"):
        ensure(profile)

    assert not ensure(profile, recreate=True)["round"]["finished"]
    assert ensure(profile, recreate=True)["round"]["finished"]
    assert profile.calls == ["delete", "create"]


def test_another_profile_that_is_busy_is_waited_for(profile: FakeProfile) -> None:
    profile.busy = True

    result = ensure(profile)

    assert not result["round"]["finished"]
    assert "another one is being created" in result["round"]["progress"]
