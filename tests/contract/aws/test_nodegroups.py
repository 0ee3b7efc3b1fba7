"""The lab's EKS: managed node groups and their nodes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.aws.world import ROLE, World, refused, wait_gone, wait_until


@pytest.fixture
def group(world: World, cluster: str, request: pytest.FixtureRequest) -> str:
    """A node group of two nodes in the shared cluster, named after the test; gone after it."""
    name = f"g-{abs(hash(request.node.name)) % 10**8}"
    world.create_nodegroup(cluster, name, labels={"arena/role": "game"})
    wait_until(lambda: world.nodegroup(cluster, name)["status"], "ACTIVE")
    return name


def nodes_of(world: World, cluster: str, group: str) -> list[Any]:
    nodes = world.fake_nodes(cluster).values()
    return [node for node in nodes if node["metadata"]["labels"]["eks.amazonaws.com/nodegroup"] == group]


def test_a_node_group_makes_nodes_with_public_addresses_in_its_subnets(world: World, cluster: str) -> None:
    created = world.create_nodegroup(
        cluster,
        "described",
        instanceTypes=["c7i.xlarge"],
        labels={"arena/role": "game"},
        taints=[{"key": "arena", "value": "yes", "effect": "NO_SCHEDULE"}],
        tags={"slot": "blue"},
    )
    assert created["status"] == "CREATING"
    wait_until(lambda: world.nodegroup(cluster, "described")["status"], "ACTIVE")
    group = world.nodegroup(cluster, "described")
    assert (group["version"], group["releaseVersion"]) == ("1.35", "1.35.2-20261001")
    assert group["amiType"] == "AL2023_x86_64_STANDARD"
    assert group["scalingConfig"] == {"minSize": 1, "maxSize": 4, "desiredSize": 2}
    assert group["health"]["issues"] == []
    assert group["tags"] == {"slot": "blue"}
    nodes = nodes_of(world, cluster, "described")
    assert len(nodes) == 2
    for node in nodes:
        addresses = {address["type"]: address["address"] for address in node["status"]["addresses"]}
        assert addresses["ExternalIP"].startswith(f"127.{world.config.number}.")
        assert addresses["InternalIP"].startswith("10.40.")
        assert node["metadata"]["labels"]["arena/role"] == "game"
        assert node["metadata"]["annotations"] == {"kwok.x-k8s.io/node": "fake"}
        assert node["spec"]["taints"] == [{"key": "arena", "value": "yes", "effect": "NoSchedule"}]
        assert node["status"]["allocatable"]["pods"] == "250"
        assert "ephemeral-storage" in node["status"]["allocatable"]
    zones = {node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes}
    assert zones == {"eu-west-1a", "eu-west-1b"}


def test_addresses_are_unique_across_clusters_and_groups(world: World, cluster: str, group: str) -> None:
    other = world.create_cluster()
    world.create_nodegroup(other)
    wait_until(lambda: world.nodegroup(other)["status"], "ACTIVE")
    nodes = [*world.fake_nodes(cluster).values(), *world.fake_nodes(other).values()]
    addresses = [address["address"] for node in nodes for address in node["status"]["addresses"]]
    assert len(addresses) == len(set(addresses))


@pytest.mark.parametrize("kind", ["private", "without public addresses"])
def test_a_subnet_that_is_not_public_fails_the_node_group(world: World, cluster: str, kind: str) -> None:
    subnets = world.subnets["private"]
    if kind != "private":
        subnets = [_routed_subnet(world)]
    name = f"in-{kind.split()[0]}"
    world.create_nodegroup(cluster, name, subnets=subnets)
    wait_until(lambda: world.nodegroup(cluster, name)["status"], "CREATE_FAILED")
    issue = world.nodegroup(cluster, name)["health"]["issues"][0]
    assert issue["code"] == "Ec2SubnetInvalidConfiguration"
    assert subnets[0] in issue["message"]
    assert nodes_of(world, cluster, name) == []
    world.eks.delete_nodegroup(clusterName=cluster, nodegroupName=name)
    wait_gone(lambda: world.nodegroup(cluster, name))


def _routed_subnet(world: World) -> str:
    """A subnet with a way to the internet gateway whose instances get no public address."""
    ec2 = world.client("ec2")
    public = world.subnets["public"][0]
    filters = [{"Name": "association.subnet-id", "Values": [public]}]
    table = ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]
    subnet = ec2.create_subnet(VpcId=world.subnets["vpc"][0], CidrBlock="10.40.200.0/24")["Subnet"]["SubnetId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    return str(subnet)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"subnets": ["subnet-1"]}, ["subnet-1", "does not exist"]),
        ({"nodeRole": ROLE.format("missing")}, ["arena-missing", "cannot be found"]),
        ({"version": "1.36"}, ["1.36", "1.35"]),
        ({"releaseVersion": "1.34.1-20261001"}, ["not valid for kubernetes version 1.35"]),
        ({"scalingConfig": {"minSize": 3, "maxSize": 2, "desiredSize": 2}}, ["Minimum capacity 3"]),
        ({"scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 5}}, ["desired capacity 5"]),
        ({"labels": {"kubernetes.io/x": "y"}}, ["reserved"]),
    ],
)
def test_a_bad_node_group_is_refused(world: World, cluster: str, change: dict[str, Any], words: list[str]) -> None:
    with refused("InvalidParameterException", *words):
        world.create_nodegroup(cluster, "bad", **change)


def test_a_name_is_taken_once(world: World, cluster: str, group: str) -> None:
    with refused("ResourceInUseException", "already exists"):
        world.create_nodegroup(cluster, group)


def test_the_size_follows_both_ways_and_the_newest_nodes_go_first(world: World, cluster: str, group: str) -> None:
    before = {node["metadata"]["name"] for node in nodes_of(world, cluster, group)}
    _scale(world, cluster, group, 4)
    grown = {node["metadata"]["name"] for node in nodes_of(world, cluster, group)}
    assert len(grown) == 4
    assert before < grown
    _scale(world, cluster, group, 1)
    left = {node["metadata"]["name"] for node in nodes_of(world, cluster, group)}
    assert len(left) == 1
    assert left < before


def _scale(world: World, cluster: str, group: str, size: int) -> None:
    with world.held():
        update = world.eks.update_nodegroup_config(
            clusterName=cluster, nodegroupName=group, scalingConfig={"desiredSize": size}
        )["update"]
        assert update["type"] == "ConfigUpdate"
        assert world.nodegroup(cluster, group)["status"] == "UPDATING"

    def status() -> str:
        found = world.eks.describe_update(name=cluster, nodegroupName=group, updateId=update["id"])
        return str(found["update"]["status"])

    wait_until(status, "Successful")
    assert world.nodegroup(cluster, group)["status"] == "ACTIVE"
    assert world.nodegroup(cluster, group)["scalingConfig"]["desiredSize"] == size


def test_labels_and_taints_reach_nodes_that_are_there(world: World, cluster: str, group: str) -> None:
    world.eks.update_nodegroup_config(
        clusterName=cluster,
        nodegroupName=group,
        labels={"addOrUpdateLabels": {"tier": "gold"}, "removeLabels": ["arena/role"]},
        taints={"addOrUpdateTaints": [{"key": "k", "value": "v", "effect": "NO_EXECUTE"}]},
    )
    wait_until(lambda: world.nodegroup(cluster, group)["status"], "ACTIVE")
    for node in nodes_of(world, cluster, group):
        assert node["metadata"]["labels"]["tier"] == "gold"
        assert "arena/role" not in node["metadata"]["labels"]
        assert node["spec"]["taints"] == [{"key": "k", "value": "v", "effect": "NoExecute"}]
    assert world.nodegroup(cluster, group)["labels"] == {"tier": "gold"}
    world.eks.update_nodegroup_config(
        clusterName=cluster, nodegroupName=group, taints={"removeTaints": [{"key": "k", "effect": "NO_EXECUTE"}]}
    )
    wait_until(lambda: world.nodegroup(cluster, group)["status"], "ACTIVE")
    assert world.nodegroup(cluster, group).get("taints", []) == []


def test_a_bad_update_changes_nothing(world: World, cluster: str, group: str) -> None:
    with refused("InvalidParameterException", "Minimum capacity 9"):
        world.eks.update_nodegroup_config(
            clusterName=cluster,
            nodegroupName=group,
            labels={"addOrUpdateLabels": {"new": "label"}},
            scalingConfig={"minSize": 9},
        )
    assert world.nodegroup(cluster, group)["status"] == "ACTIVE"
    assert world.nodegroup(cluster, group)["labels"] == {"arena/role": "game"}


def test_deletion_takes_the_nodes_along(world: World, cluster: str, group: str) -> None:
    deleted = world.eks.delete_nodegroup(clusterName=cluster, nodegroupName=group)["nodegroup"]
    assert deleted["status"] == "DELETING"
    wait_gone(lambda: world.nodegroup(cluster, group))
    assert nodes_of(world, cluster, group) == []


def test_nodes_that_cannot_join_fail_the_node_group(world: World) -> None:
    name = world.create_cluster("full")
    world.create_nodegroup(name)
    wait_until(lambda: world.nodegroup(name)["status"], "CREATE_FAILED")
    assert world.nodegroup(name)["health"]["issues"][0]["code"] == "NodeCreationFailure"


def test_pages_and_what_is_not_there(world: World, cluster: str, group: str) -> None:
    page = world.eks.list_nodegroups(clusterName=cluster, maxResults=1)
    assert len(page["nodegroups"]) == 1
    with refused("ResourceNotFoundException", "No node group found for name: missing"):
        world.nodegroup(cluster, "missing")
