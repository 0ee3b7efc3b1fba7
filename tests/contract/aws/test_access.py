"""The lab's EKS: access entries and policies, and tags."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from lab.world import seed
from tests.contract.aws.world import ROLE, World, refused, wait_until

CREATOR = "arn:aws:iam::123456789012:user/administrator"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


@pytest.fixture
def cluster(world: World) -> str:
    return world.create_cluster("access")


def entries(world: World, cluster: str, **more: Any) -> list[str]:
    return list(world.eks.list_access_entries(clusterName=cluster, **more)["accessEntries"])


def test_the_creator_is_admitted_as_administrator(world: World, cluster: str) -> None:
    assert entries(world, cluster) == [CREATOR]
    entry = world.eks.describe_access_entry(clusterName=cluster, principalArn=CREATOR)["accessEntry"]
    assert (entry["username"], entry["type"]) == (CREATOR, "STANDARD")
    found = world.eks.list_associated_access_policies(clusterName=cluster, principalArn=CREATOR)
    assert [one["policyArn"] for one in found["associatedAccessPolicies"]] == [ADMIN]


def test_the_creator_stays_out_when_that_was_asked_for(world: World) -> None:
    access = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    assert entries(world, world.create_cluster(accessConfig=access)) == []


def test_a_role_that_creates_is_admitted_itself_not_its_session(world: World) -> None:
    iam, role = world.client("iam"), f"ci-{uuid.uuid4().hex[:8]}"
    may = {"Effect": "Allow", "Action": ["eks:*", "iam:PassRole"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=seed.TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName=role, PolicyName="eks", PolicyDocument=policy)
    credentials = world.client("sts").assume_role(RoleArn=arn, RoleSessionName="ci")["Credentials"]
    eks = world.client_with(
        "eks", credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
    )
    name = f"access-{uuid.uuid4().hex[:8]}"
    eks.create_cluster(**world.cluster_request(name))
    wait_until(lambda: world.cluster(name)["status"], "ACTIVE")
    assert entries(world, name) == [arn]


def test_an_entry_is_created_updated_and_deleted(world: World, cluster: str) -> None:
    role = ROLE.format("matchmaker")
    created = world.eks.create_access_entry(
        clusterName=cluster, principalArn=role, kubernetesGroups=["arena-matchmakers"], tags={"slot": "blue"}
    )["accessEntry"]
    assert created["username"] == "arn:aws:sts::123456789012:assumed-role/arena-matchmaker/{{SessionName}}"
    assert created["kubernetesGroups"] == ["arena-matchmakers"]
    assert created["tags"] == {"slot": "blue"}
    assert role in [one["principal_arn"] for one in world.facts(cluster)["access_entries"]]
    with refused("ResourceInUseException", "already in use"):
        world.eks.create_access_entry(clusterName=cluster, principalArn=role)
    updated = world.eks.update_access_entry(clusterName=cluster, principalArn=role, kubernetesGroups=["others"])
    assert updated["accessEntry"]["kubernetesGroups"] == ["others"]
    world.eks.delete_access_entry(clusterName=cluster, principalArn=role)
    with refused("ResourceNotFoundException", role):
        world.eks.describe_access_entry(clusterName=cluster, principalArn=role)
    assert entries(world, cluster) == [CREATOR]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"principalArn": "arn:aws:sts::123456789012:assumed-role/arena-node/s"}, ["IAM role or user"]),
        ({"kubernetesGroups": ["system:masters"]}, ["system:masters", "cannot start with system:"]),
        ({"type": "EC2_LINUX", "kubernetesGroups": ["a"]}, ["cannot have kubernetesGroups"]),
        ({"type": "ROBOT"}, ["ROBOT"]),
    ],
)
def test_a_bad_entry_is_refused(world: World, cluster: str, change: dict[str, Any], words: list[str]) -> None:
    request = {"clusterName": cluster, "principalArn": ROLE.format("matchmaker"), **change}
    with refused("InvalidParameterException", *words):
        world.eks.create_access_entry(**request)


def test_policies_are_associated_listed_and_taken_away(world: World, cluster: str) -> None:
    role = ROLE.format("matchmaker")
    world.eks.create_access_entry(clusterName=cluster, principalArn=role)
    arguments = {"clusterName": cluster, "principalArn": role, "policyArn": VIEW}
    associated = world.eks.associate_access_policy(**arguments, accessScope={"type": "cluster"})
    assert associated["associatedAccessPolicy"]["policyArn"] == VIEW
    assert entries(world, cluster, associatedPolicyArn=VIEW) == [role]
    world.eks.disassociate_access_policy(**arguments)
    assert entries(world, cluster, associatedPolicyArn=VIEW) == []
    with refused("ResourceNotFoundException", "not associated"):
        world.eks.disassociate_access_policy(**arguments)
    with refused("InvalidParameterException", "NoPolicy", "AmazonEKSViewPolicy"):
        world.eks.associate_access_policy(
            clusterName=cluster, principalArn=role, policyArn="NoPolicy", accessScope={"type": "cluster"}
        )


def test_a_policy_may_be_for_some_namespaces(world: World, cluster: str) -> None:
    role = ROLE.format("matchmaker")
    world.eks.create_access_entry(clusterName=cluster, principalArn=role)
    arguments = {"clusterName": cluster, "principalArn": role, "policyArn": VIEW}
    for scope in ({"type": "cluster"}, {"type": "namespace", "namespaces": ["a", "b"]}):
        world.eks.associate_access_policy(**arguments, accessScope=scope)
        found = world.eks.list_associated_access_policies(clusterName=cluster, principalArn=role)
        assert [one["accessScope"] for one in found["associatedAccessPolicies"]] == [{"namespaces": [], **scope}]
    for scope, words in (
        ({"type": "namespace"}, "needs namespaces"),
        ({"type": "cluster", "namespaces": ["a"]}, "takes no namespaces"),
        ({"type": "planet"}, "planet"),
    ):
        with refused("InvalidParameterException", words):
            world.eks.associate_access_policy(**arguments, accessScope=scope)


def test_policies_are_for_people_not_for_nodes(world: World, cluster: str) -> None:
    world.create_nodegroup(cluster)
    with refused("InvalidRequestException", "EC2_LINUX"):
        world.eks.associate_access_policy(
            clusterName=cluster, principalArn=ROLE.format("node"), policyArn=VIEW, accessScope={"type": "cluster"}
        )


def test_the_groups_of_nodes_are_not_changed(world: World, cluster: str) -> None:
    world.create_nodegroup(cluster)
    node = {"clusterName": cluster, "principalArn": ROLE.format("node")}
    for groups in ([], ["others"]):
        with refused("InvalidParameterException", "EC2_LINUX", "kubernetesGroups"):
            world.eks.update_access_entry(**node, kubernetesGroups=groups)
    assert world.eks.describe_access_entry(**node)["accessEntry"]["kubernetesGroups"] == ["system:nodes"]


def test_policies_on_offer(world: World) -> None:
    arns = [policy["arn"] for policy in world.eks.list_access_policies()["accessPolicies"]]
    assert ADMIN in arns


def test_the_config_map_mode_has_no_entries(world: World) -> None:
    name = world.create_cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})
    with refused("InvalidRequestException", "authentication mode"):
        entries(world, name)


def test_nodes_and_fargate_pods_are_admitted_with_their_groups(world: World, cluster: str) -> None:
    world.create_nodegroup(cluster)
    world.create_profile(cluster)
    assert entries(world, cluster) == [ROLE.format("fargate"), ROLE.format("node"), CREATOR]
    entry = world.eks.describe_access_entry(clusterName=cluster, principalArn=ROLE.format("node"))["accessEntry"]
    assert entry["type"] == "EC2_LINUX"


def test_pages(world: World, cluster: str) -> None:
    world.create_nodegroup(cluster)
    paginator = world.eks.get_paginator("list_access_entries")
    pages = list(paginator.paginate(clusterName=cluster, PaginationConfig={"PageSize": 1}))
    assert [page["accessEntries"] for page in pages] == [[ROLE.format("node")], [CREATOR]]


def test_everything_that_has_an_arn_has_tags(world: World, cluster: str) -> None:
    role = ROLE.format("matchmaker")
    arns = [
        world.cluster(cluster)["arn"],
        world.create_nodegroup(cluster)["nodegroupArn"],
        world.create_profile(cluster)["fargateProfileArn"],
        world.eks.create_addon(clusterName=cluster, addonName="coredns")["addon"]["addonArn"],
        world.eks.create_access_entry(clusterName=cluster, principalArn=role)["accessEntry"]["accessEntryArn"],
        world.eks.create_pod_identity_association(
            clusterName=cluster, namespace="arena", serviceAccount="matchmaker", roleArn=role
        )["association"]["associationArn"],
    ]
    for arn in arns:
        world.eks.tag_resource(resourceArn=arn, tags={"slot": "blue", "other": "x"})
        world.eks.untag_resource(resourceArn=arn, tagKeys=["other", "absent"])
        assert world.eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"slot": "blue"}
    assert world.cluster(cluster)["tags"] == {"slot": "blue"}
    for tags, words in (({"aws:x": "y"}, "aws:"), ({f"k{number}": "v" for number in range(50)}, "50 tags")):
        with refused("InvalidParameterException", words):
            world.eks.tag_resource(resourceArn=arns[0], tags=tags)
    with refused("ResourceNotFoundException", "arn:aws:eks:nowhere"):
        world.eks.list_tags_for_resource(resourceArn="arn:aws:eks:nowhere")


def test_the_key_of_the_tests_is_the_administrator_s(world: World) -> None:
    sts = world.client_with("sts", seed.ACCESS_KEY, seed.SECRET_KEY)
    assert sts.get_caller_identity()["Arn"] == CREATOR
