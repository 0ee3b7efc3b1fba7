"""Both slots read in one go, and a part that cannot be read is a finding."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import LoadBalancer
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward, TargetGroup
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document import Reader, Stored
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document_provider import (
    DocumentProvider,
    DocumentSettings,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Provider
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import to_document
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.inputs import Inputs, Service
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.observe import (
    Observation,
    Places,
    Sources,
    observe,
    read_clusters,
)
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from tests.unit.plugins.module_utils._run.fakes import KEY, fake_store, record

INPUTS = Inputs(
    {"blue": "arena-blue", "green": "arena-green"},
    [Service("mm", {"blue": "mm-blue", "green": "mm-green"})],
    ["arena"],
)
DOCUMENT = {"v": 1, "revision": 3, "weights": {"blue": 100, "green": 0}, "clusters": {}}
CLUSTER = {
    "arn": "arn:blue",
    "status": "ACTIVE",
    "version": "1.35",
    "endpoint": "https://blue",
    "certificateAuthority": {"data": "Q0E="},
    "identity": {"oidc": {"issuer": "https://oidc"}},
    "resourcesVpcConfig": {"vpcId": "vpc-1"},
    "tags": {"eks-bluegreen/release": "2026-10"},
}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Call")


class Aws:
    """EKS and EC2, as far as they are read."""

    def __init__(self) -> None:
        self.clusters: dict[str, Any] = {"arena-blue": CLUSTER}
        self.error: Exception | None = None
        self.subnets = [subnet("subnet-1", "public-a"), subnet("subnet-2", "private-a")]

    def describe_cluster(self, name: str) -> dict[str, Any]:
        if self.error:
            raise self.error
        if name not in self.clusters:
            raise refused("ResourceNotFoundException")
        return {"cluster": self.clusters[name]}

    def get_paginator(self, name: str) -> Aws:
        assert name == "describe_subnets"
        return self

    def paginate(self, Filters: list[dict[str, Any]]) -> list[dict[str, Any]]:  # noqa: N803
        wanted = set(Filters[0]["Values"])
        return [{"Subnets": [one for one in self.subnets if wanted & {one["SubnetId"], one["Tags"][0]["Value"]}]}]


def subnet(subnet_id: str, name: str, vpc: str = "vpc-1") -> dict[str, Any]:
    return {"SubnetId": subnet_id, "VpcId": vpc, "Tags": [{"Key": "Name", "Value": name}]}


class Balancers:
    """A load balancer with these weights on its forwards."""

    def __init__(self, *weights: dict[str, int]) -> None:
        self.weights = weights
        self.exists = True
        self.absent: set[str] = set()
        self.unreadable: set[str] = set()

    def load_balancer(self, name: str) -> LoadBalancer | None:
        return LoadBalancer(name, "arn:lb") if self.exists else None

    def target_group(self, name: str) -> TargetGroup | None:
        if name in self.unreadable:
            raise BlueGreenError(f"find target group {name}: Throttling")
        return None if name in self.absent else TargetGroup(name, f"arn:{name}")

    def forwards(self, load_balancer: LoadBalancer) -> list[Forward]:
        return [
            Forward("rule", f"arn:{number}", "arn:l", load_balancer.name, f"rule {number}", (forward_to(weights),))
            for number, weights in enumerate(self.weights)
        ]


def forward_to(weights: dict[str, int]) -> dict[str, Any]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


class DocumentStore:
    """A store with one document."""

    where = "parameter /arena/destination"
    writes = "last_wins"

    def __init__(self) -> None:
        self.document: str | None = json.dumps(DOCUMENT)

    def read(self) -> Stored | None:
        return None if self.document is None else Stored(self.document, "1", 0.0)

    def write(self, value: str, if_version: str | None) -> None:
        pytest.fail(f"{value} was written at {if_version}")

    def readers(self) -> list[Reader]:
        return []


class World:
    def __init__(self, *weights: dict[str, int]) -> None:
        self.aws = Aws()
        self.balancers = Balancers(*(weights or ({"arn:mm-blue": 100, "arn:mm-green": 0},)))
        self.store, self.s3, self.clock = fake_store()
        self.places = Places(KEY, ["public-a"], ["subnet-2"])
        self.documents = DocumentStore()
        self.destination: Provider | None = DocumentProvider(self.documents, DocumentSettings({}, 10))

    def observe(self) -> Observation:
        return observe(Sources(self.aws, self.balancers, self.destination, self.store, self.aws), INPUTS, self.places)

    def checks(self) -> list[str]:
        return [problem.check for problem in self.observe().problems]


def test_a_sound_environment() -> None:
    world = World()
    world.store.put(KEY, to_document(record(generation=3)))
    seen = world.observe()
    assert seen.problems == []
    assert seen.slots["blue"]["release"] == "2026-10"
    assert seen.slots["blue"]["target_group_arns"] == {"mm": "arn:mm-blue"}
    assert (seen.slots["green"]["exists"], seen.slots["green"]["endpoint"]) == (False, "")
    assert [slot["readable"] for slot in seen.slots.values()] == [True, True]
    assert seen.network == {"vpc_id": "vpc-1", "public_subnet_ids": ["subnet-1"], "private_subnet_ids": ["subnet-2"]}
    data = seen.as_dict()
    assert (data["active"], data["generation"], data["run"]["run_id"]) == ("blue", 3, "run-1")
    assert data["destination"] == {
        "where": "parameter /arena/destination",
        "revision": "3",
        "weights": {"blue": 100, "green": 0},
        "clusters": {},
    }
    assert data["lease"] == {"holder": "me", "seconds_left": 11.0}
    assert json.dumps(data)


@pytest.mark.parametrize(
    ("weights", "shares"),
    [
        ({"arn:mm-blue": 9, "arn:mm-green": 1}, {"blue": 90.0, "green": 10.0}),
        ({"arn:mm-blue": 0}, {"blue": 100.0, "green": 0.0}),
        ({"arn:mm-blue": 0, "arn:mm-green": 0}, {"blue": 0.0, "green": 0.0}),
        ({"arn:mm-green": 50, "arn:other": 50}, {"blue": 0.0, "green": 50.0}),
    ],
)
def test_shares(weights: dict[str, int], shares: dict[str, float]) -> None:
    assert World(weights).observe().forwards[0]["weights"] == shares


def test_a_listener_that_forwards_to_no_pair() -> None:
    assert World({"arn:other": 1}).checks() == ["listener_forwards"]


def test_a_load_balancer_that_does_not_exist() -> None:
    world = World()
    world.balancers.exists = False
    assert world.checks() == ["load_balancer_exists"]


def test_a_target_group_that_cannot_be_read_is_a_finding_of_its_name() -> None:
    world = World({"arn:mm-green": 100})
    world.balancers.unreadable = {"mm-green"}
    seen = world.observe()
    (problem,) = [one for one in seen.problems if one.check == "target_group_readable"]
    assert (problem.resource, seen.slots["green"]["target_group_arns"]) == ("mm-green", {})


@pytest.mark.parametrize(
    ("unreadable", "unread"),
    [
        (set(), {"blue": [], "green": []}),
        ({"mm-green"}, {"blue": [], "green": ["mm"]}),
        ({"mm-blue"}, {"blue": ["mm"], "green": []}),
    ],
)
def test_a_service_is_named_whose_target_group_of_the_slot_could_not_be_read(
    unreadable: set[str], unread: dict[str, list[str]]
) -> None:
    world = World()
    world.balancers.unreadable = unreadable
    seen = world.observe()
    assert {slot: data["unread_target_groups"] for slot, data in seen.slots.items()} == unread


def test_a_cluster_that_could_not_be_read_names_no_service() -> None:
    world = World()
    world.aws.error = refused("AccessDeniedException")
    seen = world.observe()
    assert {problem.check for problem in seen.problems} == {"cluster_readable"}
    assert [data["unread_target_groups"] for data in seen.slots.values()] == [[], []]


def test_no_slot_is_active_while_a_target_group_cannot_be_read() -> None:
    world = World({"arn:mm-blue": 0, "arn:mm-green": 100})
    world.balancers.unreadable = {"mm-green"}
    assert world.observe().view().active == ""


@pytest.mark.parametrize(
    ("absent", "unreadable", "groupless"),
    [
        ({"mm-blue"}, set(), {"blue"}),
        ({"mm-blue", "mm-green"}, set(), {"blue", "green"}),
        (set(), {"mm-blue"}, set()),
        ({"mm-green"}, {"mm-blue"}, {"green"}),
        (set(), set(), set()),
    ],
)
def test_a_slot_without_target_groups(absent: set[str], unreadable: set[str], groupless: set[str]) -> None:
    world = World({"arn:mm-green": 100})
    world.balancers.absent, world.balancers.unreadable = absent, unreadable
    assert world.observe().view().groupless == groupless


def test_without_services_no_slot_lacks_target_groups() -> None:
    world = World()
    inputs = replace(INPUTS, services=[])
    seen = observe(Sources(world.aws, world.balancers, None, world.store), inputs, Places(KEY))
    assert seen.view().groupless == set()


@pytest.mark.parametrize("document", [None, "{", '{"v": 2}'])
def test_a_destination_that_cannot_be_read(document: str | None) -> None:
    world = World()
    world.documents.document = document
    seen = world.observe()
    assert [problem.check for problem in seen.problems] == ["destination_readable"]
    assert (seen.destination or {})["weights"] == {}
    assert seen.view().active == ""


def test_sessions_that_follow_the_traffic_have_no_destination() -> None:
    world = World()
    world.places, world.destination = Places(KEY), None
    seen = world.observe()
    assert (seen.destination, seen.view().active, seen.network["vpc_id"]) == (None, "blue", "")


@pytest.mark.parametrize(
    ("subnets", "checks"),
    [
        ([], ["subnet_exists"]),
        ([subnet("subnet-1", "public-a")], ["subnet_exists"]),
        ([subnet("subnet-1", "public-a"), subnet("subnet-3", "public-a"), subnet("subnet-2", "x")], ["subnet_exists"]),
        ([subnet("subnet-1", "public-a"), subnet("subnet-2", "x", "vpc-2")], ["one_vpc"]),
    ],
)
def test_subnets_that_are_not_what_they_should(subnets: list[dict[str, Any]], checks: list[str]) -> None:
    world = World()
    world.aws.subnets = subnets
    assert world.checks() == checks


def test_a_missing_bucket_is_a_finding_that_says_bootstrap() -> None:
    world = World()
    world.s3.has_bucket = False
    (problem,) = world.observe().problems
    assert (problem.check, "playbook bootstrap" in problem.finding) == ("run_record", True)


def test_a_cluster_that_cannot_be_read_hinders_nothing_else() -> None:
    world = World()
    world.aws.error = refused("AccessDeniedException")
    seen = world.observe()
    assert [problem.check for problem in seen.problems] == ["cluster_readable"] * 2
    assert seen.view().active == "blue"
    assert [slot["readable"] for slot in seen.slots.values()] == [False, False]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.9"), "AWS does not answer"),
        (NoCredentialsError(), "no AWS credentials"),
        (refused("ExpiredTokenException"), "credentials have expired"),
    ],
)
def test_an_endpoint_that_cannot_be_reached_ends_it(error: Exception, said: str) -> None:
    world = World()
    world.aws.error = error
    with pytest.raises(BlueGreenError, match=said):
        world.observe()


def test_clusters_alone() -> None:
    found = read_clusters(Aws(), {"green": "arena-blue"})
    assert (found["green"]["slot"], found["green"]["endpoint"]) == ("green", "https://blue")
    assert found["green"]["readable"]
    assert "target_group_arns" not in found["green"]
