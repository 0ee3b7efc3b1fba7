"""What a cluster leaves behind is found in an account as AWS answers of it."""

from __future__ import annotations

import uuid

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.leftovers import find
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.leftovers_api import AwsAccount

from tests.contract.aws.world import World

PAGE = 25


def account(world: World) -> AwsAccount:
    return AwsAccount({name: world.client(name) for name in ("eks", "ec2", "elbv2", "elb", "iam", "logs")})


def tagged(resource: str, **tags: str) -> list[dict[str, object]]:
    return [{"ResourceType": resource, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def leave_behind(world: World, cluster: str) -> dict[str, list[str]]:
    """One orphan of most kinds, among others that have no owner; ids by kind."""
    ec2, elbv2 = world.client("ec2"), world.client("elbv2")
    owned = {f"kubernetes.io/cluster/{cluster}": "owned"}
    group = ec2.create_security_group(
        GroupName=f"{cluster}-nodes",
        Description="nodes",
        VpcId=world.subnets["vpc"][0],
        TagSpecifications=tagged("security-group", **owned),
    )["GroupId"]
    interfaces = [
        ec2.create_network_interface(
            SubnetId=world.subnets["private"][0], Description=f"Amazon EKS {cluster}", Groups=[group]
        ),
        ec2.create_network_interface(
            SubnetId=world.subnets["private"][0],
            Description="aws-K8S-i-0123456789abcdef0",
            TagSpecifications=tagged("network-interface", **{"cluster.k8s.amazonaws.com/name": cluster}),
        ),
    ]
    volume = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=8, TagSpecifications=tagged("volume", **owned))[
        "VolumeId"
    ]
    # More than DescribeTags takes at a time; the last one is the cluster's, the first the slot's.
    groups = [
        elbv2.create_target_group(
            Name=f"k8s-{number}-{uuid.uuid4().hex[:8]}", Protocol="HTTP", Port=80, VpcId=world.subnets["vpc"][0]
        )["TargetGroups"][0]["TargetGroupArn"]
        for number in range(PAGE)
    ]
    mark = [{"Key": "elbv2.k8s.aws/cluster", "Value": cluster}]
    elbv2.add_tags(ResourceArns=groups[-1:], Tags=mark)
    elbv2.add_tags(ResourceArns=groups[:1], Tags=[{"Key": "slot", "Value": cluster}])
    balancer = elbv2.create_load_balancer(Name=cluster[:32], Subnets=world.subnets["public"], Tags=mark)
    issuer = f"https://oidc.eks.eu-west-1.amazonaws.com/id/{uuid.uuid4().hex.upper()}"
    provider = world.client("iam").create_open_id_connect_provider(
        Url=issuer, ClientIDList=["sts.amazonaws.com"], Tags=[{"Key": "slot", "Value": cluster}]
    )["OpenIDConnectProviderArn"]
    world.client("logs").create_log_group(logGroupName=f"/aws/eks/{cluster}/cluster")
    world.client("logs").create_log_group(logGroupName=f"/aws/eks/{cluster}/cluster-of-others")
    return {
        "security group": [group],
        "network interface": [one["NetworkInterface"]["NetworkInterfaceId"] for one in interfaces],
        "volume": [volume],
        "target group": [groups[0], groups[-1]],
        "load balancer": [balancer["LoadBalancers"][0]["LoadBalancerArn"]],
        "OIDC provider": [provider],
    }


def test_every_kind_is_found_and_nothing_else(world: World) -> None:
    cluster = f"gone-{uuid.uuid4().hex[:8]}"
    left = leave_behind(world, cluster)

    found = find(account(world), cluster, owner_tags={"slot": cluster})

    seen: dict[str, list[str]] = {}
    for one in found["orphans"]:
        seen.setdefault(one["kind"], []).append(one["id"])
    assert {kind: sorted(ids) for kind, ids in seen.items()} == {kind: sorted(ids) for kind, ids in left.items()}
    assert [one["id"] for one in found["kept"]] == [f"/aws/eks/{cluster}/cluster"]
    assert found["unread"] == []
    assert not found["cluster_exists"]
    assert find(account(world), f"{cluster}-other")["orphans"] == []
