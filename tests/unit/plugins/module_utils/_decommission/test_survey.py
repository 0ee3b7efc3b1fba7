"""What is read of a slot whose cluster is to go; a read that fails gives its reason and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    FLEETS,
    GAME_SERVERS,
    ApiFailure,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.count import DEFINITION_PATH
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import NO_PREDICATE, Predicate
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.facts import (
    Candidate,
    Sessions,
    Unread,
    Use,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.judge import reasons_to_stay
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.survey import (
    Readers,
    UseScope,
    attempt,
    look_at_use,
    share_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from botocore.exceptions import ClientError, NoCredentialsError

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._agones.kube import FakeKube
from tests.unit.plugins.module_utils._decommission.slots import GONE, GREEN
from tests.unit.plugins.module_utils._drain.world import game_server
from tests.unit.plugins.module_utils._elbv2.fakes import FakeApi, rule

SERVICE = {"name": "mm", "target_groups": {"blue": "blue", "green": "green"}}
SCOPE = UseScope(load_balancers=["arena"], services=[SERVICE], namespaces=["arena"], predicate=NO_PREDICATE)
FLEET = {"metadata": {"namespace": "arena", "name": "arena"}, "spec": {"replicas": 4}}

PROTECTION = "players may be in it; it ends by itself or by the drain contract"


def refused(code: str, operation: str) -> AnsibleAWSError:
    error = ClientError({"Error": {"Code": code, "Message": code}}, operation)
    return AnsibleAWSError(message=f"Failed to {operation}", exception=error)


def forward_to(**weights: int) -> dict[str, Any]:
    groups = [{"TargetGroupArn": f"arn:tg/{name}/1", "Weight": weight} for name, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


def arena(*names: str, installed: bool = True) -> FakeKube:
    """A cluster with Agones, a Fleet, and allocated game servers of these names."""
    kube = FakeKube()
    if installed:
        kube.put(DEFINITION_PATH, {"metadata": {"name": "gameservers.agones.dev"}})
        kube.put(FLEETS.path("arena", "arena"), FLEET)
    for name in names:
        kube.put(GAME_SERVERS.path("arena", name), game_server(name))
    return kube


class FakeEks:
    """A cluster with a node group, and perhaps with capabilities. It refuses whatever is not a read."""

    list_capabilities = None

    def __init__(self, *capabilities: str, protected: bool = False) -> None:
        self.protected = protected
        self.pages: dict[str, dict[str, list[Any]]] = {
            "list_nodegroups": {"nodegroups": ["game"]},
            "list_fargate_profiles": {"fargateProfileNames": []},
            "list_capabilities": {
                "capabilities": [
                    {"capabilityName": name, "type": "ARGOCD", "status": "ACTIVE"} for name in capabilities
                ]
            },
        }

    def get_paginator(self, name: str) -> Any:
        return SimpleNamespace(paginate=lambda **_request: [self.pages[name]])

    def describe_cluster(self, name: str) -> Any:
        return {"cluster": {"name": name, "status": "ACTIVE", "deletionProtection": self.protected}}


@dataclass
class Destination:
    """A provider of which only the reading counts."""

    weights: Mapping[str, int] = field(default_factory=lambda: {"blue": 100, "green": 0})
    error: Exception | None = None
    where = "parameter /arena/destination"

    def read(self) -> Any:
        if self.error:
            raise self.error
        return self


@dataclass
class World:
    """All that is read; each part may be exchanged."""

    listeners: Any = None
    destination: Any = field(default_factory=Destination)
    kube: FakeKube = field(default_factory=arena)
    connect: Callable[[str], Any] | None = None
    eks: Any = field(default_factory=FakeEks)
    scope: UseScope = SCOPE
    candidate: Candidate = GREEN
    problems: list[Finding] = field(default_factory=list)

    def look(self) -> tuple[Use, Any]:
        api = self.listeners or FakeApi([rule(1, forward_to(blue=100, green=0))])
        readers: Any = Readers(
            listeners=api,
            destination=None if self.destination is None else lambda: self.destination,
            connect=self.connect or (lambda _path: self.kube),  # type: ignore[arg-type]
            eks=self.eks,
            clock=FakeClock(),
        )
        return look_at_use(readers, self.scope, self.candidate, "arena", "", self.problems)

    def use(self) -> Use:
        return self.look()[0]


def test_a_slot_that_no_one_uses() -> None:
    use, services = World().look()
    assert (use.share, use.weight, use.sessions, use.hindrance) == (0.0, 0, Sessions(0), "")
    assert reasons_to_stay(use) == []
    assert services == [SERVICE]


def test_everything_that_is_there_is_found() -> None:
    world = World(
        listeners=FakeApi([rule(1, forward_to(blue=95, green=5)), rule(2, forward_to(blue=50, green=50))]),
        destination=Destination({"blue": 0, "green": 100}),
        kube=arena("a", "b"),
        eks=FakeEks("argo"),
    )
    use = world.use()
    assert (use.share, use.weight, use.sessions) == (50.0, 100, Sessions(2, PROTECTION))
    assert str(use.hindrance).startswith("cluster arena-green is not deleted: it has the EKS capabilities argo")
    assert [one.check for one in reasons_to_stay(use)] == ["traffic", "destination", "sessions", "deletion"]


class Broken:
    """Answers nothing that it is asked."""

    region = "eu-west-1"

    def __getattr__(self, name: str) -> Any:
        def call(*_arguments: Any, **_options: Any) -> Any:
            raise refused("Throttling", name)

        return call


def test_nothing_that_cannot_be_read_hides_another_or_counts_as_none() -> None:
    kube = FakeKube()
    kube.is_dead = True
    error = BlueGreenError("the parameter is no destination.")
    use, services = World(listeners=Broken(), destination=Destination(error=error), kube=kube, eks=Broken()).look()
    for part in (use.share, use.weight, use.sessions, use.hindrance):
        assert isinstance(part, Unread)
    assert isinstance(use.weight, Unread)
    assert use.weight.why == "the parameter is no destination"
    assert services == []
    assert [one.check for one in reasons_to_stay(use)] == ["traffic", "destination", "sessions", "deletion"]


def test_a_load_balancer_that_is_not_found_leaves_the_traffic_unknown() -> None:
    use = World(scope=replace(SCOPE, load_balancers=["other"])).use()
    assert use.share == Unread("load_balancers: other not found in this account and region: correct the names")


@pytest.mark.parametrize(
    ("forward", "share"),
    [
        (forward_to(blue=100, green=0), 0.0),
        (forward_to(blue=999, green=1), 0.1),
        (forward_to(blue=999, green=1, other=3000), 0.025),
        (forward_to(blue=100), 0.0),
        (forward_to(green=100), 100.0),
        # A target group that is alone gets every request, whatever its weight says.
        (forward_to(green=0), 100.0),
        (forward_to(blue=0, green=0), 0.0),
    ],
)
def test_the_share_of_a_target_group(forward: dict[str, Any], share: float) -> None:
    assert share_of(rule(1, forward), "arn:tg/green/1") == pytest.approx(share)


def test_only_services_whose_target_group_exists_are_left() -> None:
    voice = {"name": "voice", "target_groups": {"blue": "voice-blue", "green": "voice-green"}}
    api = FakeApi([rule(1, forward_to(blue=100, green=0))], groups=["blue", "green", "voice-blue"])
    use, services = World(listeners=api, scope=replace(SCOPE, services=[SERVICE, voice])).look()
    assert (use.share, services) == (0.0, [SERVICE])


def test_without_services_no_load_balancer_is_asked() -> None:
    use, services = World(listeners=Broken(), scope=replace(SCOPE, services=[], load_balancers=[])).look()
    assert (use.share, services) == (0.0, [])


def test_sessions_that_follow_the_traffic_have_no_destination_of_their_own() -> None:
    assert World(destination=None).use().weight is None


def test_a_destination_that_does_not_name_the_slot_says_nothing_about_it() -> None:
    weight = World(destination=Destination({"blue": 100})).use().weight
    assert weight == Unread(
        "parameter /arena/destination has the weights blue 100, and none for green: give each slot a weight"
    )


def test_what_cannot_be_connected_to_is_not_known() -> None:
    def connect(path: str) -> Any:
        raise BlueGreenError(f"the kubeconfig {path!r} cannot be used")

    assert World(connect=connect).use().sessions == Unread("the kubeconfig 'green.yml' cannot be used")


def test_a_cluster_without_agones_has_no_sessions() -> None:
    kube = arena("a", installed=False)
    assert World(kube=kube).use().sessions == Sessions(0)


@pytest.mark.parametrize(
    "error",
    [
        NotFound("GET https://green failed (404): 404 page not found", 404),
        ApiFailure("GET https://green failed (403): forbidden", 403),
        ApiFailure("GET https://green failed (no answer): connection refused", 0),
    ],
)
def test_any_other_answer_about_agones_leaves_the_sessions_unknown(error: ApiFailure) -> None:
    class Answering(FakeKube):
        def get(self, path: str) -> Any:
            raise error

    assert World(kube=Answering()).use().sessions == Unread(error.message)


def test_an_agones_whose_game_servers_cannot_be_listed_leaves_them_unknown() -> None:
    class Listless(FakeKube):
        def list(self, path: str, **_options: Any) -> Any:
            raise NotFound(f"GET {path} failed (404): 404 page not found", 404)

    kube = Listless()
    kube.put(DEFINITION_PATH, {"metadata": {"name": "gameservers.agones.dev"}})
    assert isinstance(World(kube=kube).use().sessions, Unread)


def test_the_game_s_own_sessions_count_and_a_wrong_name_for_them_is_not_none() -> None:
    kube = arena()
    server = game_server("waiting", "Ready")
    server["spec"] = {"lists": {"players": {}}}
    server["status"]["lists"] = {"players": {"values": ["one"]}}
    kube.put(GAME_SERVERS.path("arena", "waiting"), server)
    assert World(kube=kube).use().sessions == Sessions(0)
    named = replace(SCOPE, predicate=Predicate(list_name="players"))
    assert World(kube=kube, scope=named).use().sessions == Sessions(1, PROTECTION)
    wrong = replace(SCOPE, predicate=Predicate(list_name="guests"))
    assert isinstance(World(kube=kube, scope=wrong).use().sessions, Unread)


def test_without_namespaces_no_one_has_looked() -> None:
    sessions = World(scope=replace(SCOPE, namespaces=[])).use().sessions
    assert sessions == Unread("there is no namespace to look in: set eks_bluegreen_game_namespaces")


@pytest.mark.parametrize("candidate", [GONE, replace(GREEN, kubeconfig=""), replace(GREEN, status="DELETING")])
def test_where_there_is_no_one_to_ask_no_one_is_asked(candidate: Candidate) -> None:
    def connect(_path: str) -> Any:
        pytest.fail("was connected to")

    assert World(connect=connect, candidate=candidate).use().sessions is None


def test_what_eks_would_refuse_is_known_before_anything_is_written() -> None:
    hindrance = World(eks=FakeEks("argo")).use().hindrance
    assert str(hindrance).endswith("--cluster-name arena-green --capability-name <name>")


def test_a_protection_that_is_lifted_later_is_no_hindrance() -> None:
    assert World(eks=FakeEks(protected=True)).use().hindrance == ""


def test_where_another_tool_deletes_the_cluster_eks_is_not_asked() -> None:
    assert World(eks=None).use().hindrance == ""


def test_without_credentials_nothing_is_judged() -> None:
    def read() -> None:
        raise AnsibleAWSError(message="Failed to read", exception=NoCredentialsError())

    def read_further_down() -> None:
        raise BlueGreenError("the parameter could not be read") from NoCredentialsError()

    with pytest.raises(AnsibleAWSError):
        attempt(read)
    with pytest.raises(BlueGreenError):
        attempt(read_further_down)
