# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""A Fargate profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._ec2.api import (
    describe_route_tables,
    describe_subnets,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._ec2.subnets import (
    leads_to_internet_gateway,
    name_tag,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import NOT_FOUND, Part
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import (
    FAILED,
    WantedResource,
    absent_round,
    creation_body,
    predicted,
    present_round,
    refuse_incomplete,
    unfinished,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    FIXED,
    Field,
    same_members,
    unchangeable,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseKeeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description, Result

# https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateFargateProfile.html; not in botocore's model.
MOST_SELECTORS = 5


def _same_selectors(have: Any, want: Any) -> bool:
    return same_members(_selectors(have), _selectors(want))


def _selectors(selectors: Any) -> list[Any]:
    return [(one.get("namespace"), sorted((one.get("labels") or {}).items())) for one in selectors or []]


def _without_empty_labels(selectors: Any) -> Any:
    return [{key: value for key, value in one.items() if value} for one in selectors or []]


PROFILE_FIELDS = (
    Field("pod_execution_role_arn", "podExecutionRoleArn", FIXED),
    Field("subnet_ids", "subnets", FIXED, same_members),
    Field("selectors", "selectors", FIXED, _same_selectors, _without_empty_labels, _without_empty_labels),
)


def selectors_problem(selectors: Sequence[Any]) -> str:
    """What is wrong with a profile's selectors as such; "" if nothing is."""
    if len(selectors) <= MOST_SELECTORS:
        return ""
    return f"has {len(selectors)} selectors, but EKS takes at most five"


@aws_call("list the Fargate profiles of cluster {cluster}")
def list_fargate_profiles(client: Any, cluster: str) -> list[str]:
    pages = client.get_paginator("list_fargate_profiles").paginate(clusterName=cluster)
    return [name for page in pages for name in page["fargateProfileNames"]]


@aws_call("read Fargate profile {name} of cluster {cluster}", none_for=NOT_FOUND)
def describe_fargate_profile(client: Any, cluster: str, name: str) -> Description | None:
    answer = client.describe_fargate_profile(clusterName=cluster, fargateProfileName=name)
    found: Description = answer["fargateProfile"]
    return found


@aws_call("create Fargate profile {name} in cluster {cluster}")
def create_fargate_profile(client: Any, cluster: str, name: str, body: Mapping[str, Any]) -> Description:
    answer = client.create_fargate_profile(clusterName=cluster, fargateProfileName=name, **body)
    created: Description = answer["fargateProfile"]
    return created


@aws_call("delete Fargate profile {name} of cluster {cluster}", none_for=NOT_FOUND)
def delete_fargate_profile(client: Any, cluster: str, name: str) -> None:
    client.delete_fargate_profile(clusterName=cluster, fargateProfileName=name)


class FargateProfile(Part):
    """A Fargate profile: only its tags can change."""

    kind = "Fargate profile"
    part_key = "fargateProfileName"
    arn_key = "fargateProfileArn"
    fields = PROFILE_FIELDS
    needed = ("pod_execution_role_arn", "subnet_ids", "selectors")
    creation = "CreateFargateProfile"

    def describe(self) -> Description | None:
        return describe_fargate_profile(self.client, self.cluster, self.part)

    def check(self, body: Mapping[str, Any]) -> None:
        super().check(body)
        if problem := selectors_problem(body.get("selectors") or []):
            raise BlueGreenError(f"{self.kind} {self.name} {problem}: move some of them to another profile")

    def create(self, body: Mapping[str, Any]) -> Description:
        return create_fargate_profile(self.client, self.cluster, self.part, body)

    def delete(self) -> None:
        delete_fargate_profile(self.client, self.cluster, self.part)


def ensure_profile(
    resource: FargateProfile,
    want: WantedResource,
    *,
    ec2: Callable[[], Any],
    recreate: bool,
    check_mode: bool,
    clock: Clock,
    keeper: LeaseKeeper,
) -> Result:
    """A round of creation; with `recreate` a profile that differs, or that has failed, is deleted first.

    Every step shows in what AWS describes, so any later round goes on from there.
    """
    have = resource.describe()
    must_go = have is not None and recreate and _must_go(resource, want, have)
    if have is None or must_go:
        refuse_incomplete(resource, want)
        resource.check(creation_body(resource, want))
        refuse_public_subnets(ec2(), resource.name, want.values["subnet_ids"])
    if not must_go:
        return present_round(resource, want, check_mode=check_mode, clock=clock, keeper=keeper)
    if check_mode:
        return predicted(resource, want, have, anew=True)
    gone = absent_round(resource, check_mode=False, clock=clock, keeper=keeper)
    return (
        gone
        if not gone["round"]["finished"]
        else unfinished(gone, f"{resource.kind} {resource.name}: to be created again")
    )


def refuse_public_subnets(ec2: Any, name: str, subnet_ids: Sequence[str]) -> None:
    """Raise unless all subnets exist and none of them has a route to an internet gateway."""
    found = {one["SubnetId"]: one for one in describe_subnets(ec2, [{"Name": "subnet-id", "Values": list(subnet_ids)}])}
    absent = [subnet_id for subnet_id in subnet_ids if subnet_id not in found]
    if absent:
        raise BlueGreenError(f"Fargate profile {name} names subnets that do not exist here: {', '.join(absent)}")
    vpcs = {subnet["VpcId"] for subnet in found.values()}
    tables = [table for vpc in sorted(vpcs) for table in describe_route_tables(ec2, vpc)]
    public = [
        f"{subnet_id} ({name_tag(subnet)})" if name_tag(subnet) else subnet_id
        for subnet_id, subnet in found.items()
        if leads_to_internet_gateway(subnet_id, [table for table in tables if table["VpcId"] == subnet["VpcId"]])
    ]
    if public:
        raise BlueGreenError(
            f"Fargate profile {name} takes private subnets only, but these have a route to an internet gateway: "
            f"{', '.join(public)}. Name subnets that reach AWS through a NAT gateway or VPC endpoints"
        )


def _must_go(resource: FargateProfile, want: WantedResource, have: Description) -> bool:
    if have["status"] == "DELETING":
        return False
    return have["status"] in FAILED or bool(unchangeable(resource.fields, want.values, have))
