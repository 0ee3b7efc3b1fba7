"""What is found in the clusters of a run that ends where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._abandon.effects import Effects, RunEnding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._abandon.look import (
    EffectsLook,
    EffectsScope,
    FenceOptions,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence import GRANT
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import AUTOSCALERS, GAME_SERVERS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure as Failure
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import drain_annotation as drain
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.count import DEFINITION_PATH
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import merged
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold import Detach, Floor, plan_hold

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._activation.test_fence import POLICY, READ, ROLE, fenced, policy, role
from tests.unit.plugins.module_utils._activation.test_singletons import DIRECTOR
from tests.unit.plugins.module_utils._agones.kube import FakeKube
from tests.unit.plugins.module_utils._drain.test_successors import request, session, successor
from tests.unit.plugins.module_utils._drain.world import game_server
from tests.unit.plugins.module_utils._fleets.test_hold import LIMITLESS, autoscaler

Json = dict[str, Any]
RUN = RunEnding("run-1", "blue", "green", "upgrade")
RECLAIM = replace(RUN, direction="reclaim")
SHELF = f"/api/v1/namespaces/arena/configmaps/{DEFAULT_DOMAIN}.hold"
SCALER = AUTOSCALERS.path("arena", "arena")
THERE = {slot: {"cluster_name": f"arena-{slot}", "exists": True, "readable": True} for slot in ("blue", "green")}
RBAC = FenceOptions("rbac", roles=[{"kind": "Role", "namespace": "arena", "name": "allocate"}])
BY_POLICY = FenceOptions("policy", policies=[{"namespace": "arena", "name": "blue"}])
SCOPE = EffectsScope(
    kubeconfigs={"blue": "blue.yml", "green": "green.yml"},
    slots=THERE,
    namespaces=["arena"],
    domain=DEFAULT_DOMAIN,
    singletons=[DIRECTOR],
)
NOTHING = Effects(held={"blue": [], "green": []}, closed=[], off=[], unread=[])


def cluster(*, installed: bool = True) -> FakeKube:
    kube = FakeKube()
    if installed:
        kube.put(DEFINITION_PATH, {"metadata": {"name": "gameservers.agones.dev"}})
    return kube


def found(
    scope: EffectsScope = SCOPE, run: RunEnding = RUN, clusters: Mapping[str, FakeKube] | None = None, **kubes: FakeKube
) -> Effects:
    """What a look finds; the slots' clusters by their names, others by their kubeconfigs."""
    known = {f"{slot}.yml": kubes.get(slot) or cluster() for slot in ("blue", "green")} | dict(clusters or {})

    def connect(path: str) -> Any:
        if path not in known:
            raise BlueGreenError(f"the kubeconfig {path!r} cannot be used")
        return known[path]

    look = EffectsLook(connect, scope, FakeClock())
    effects = look.at(run)
    for kube in known.values():
        assert kube.log == [], "a look wrote something"
    return effects


def servers(*objects: Json) -> FakeKube:
    kube = cluster()
    for obj in objects:
        kube.put(GAME_SERVERS.path("arena", obj["metadata"]["name"]), obj)
    return kube


def test_two_slots_without_anything() -> None:
    assert found() == NOTHING


def test_a_floor_is_a_hold_and_so_is_a_detachment() -> None:
    blue, green = cluster(), cluster()
    fleet = {"spec": {"replicas": 60}}
    floor = plan_hold(autoscaler(), fleet, 60, "run-1", DEFAULT_DOMAIN)
    assert isinstance(floor, Floor)
    blue.put(SCALER, merged(autoscaler(), floor.patch))
    webhook = autoscaler()
    webhook["spec"]["policy"] = LIMITLESS["Webhook"]
    detach = plan_hold(webhook, fleet, 60, "run-1", DEFAULT_DOMAIN)
    assert isinstance(detach, Detach)
    green.put(SHELF, {"data": {"arena": detach.kept}})
    assert found(blue=blue, green=green).held == {"blue": ["arena/arena"], "green": ["arena/arena"]}


def test_an_autoscaler_that_no_one_holds_is_none() -> None:
    blue = cluster()
    blue.put(SCALER, autoscaler())
    assert found(blue=blue).held == {"blue": [], "green": []}


def test_a_cluster_without_agones_holds_nothing() -> None:
    green = cluster(installed=False)
    green.put(SHELF, {"data": {"arena": "what no one reads"}})
    assert found(green=green).held["green"] == []


def test_a_hold_that_cannot_be_read_is_told() -> None:
    green = cluster()
    green.put(SHELF, {"data": {"arena": "no JSON"}})
    effects = found(green=green)
    (line,) = effects.unread
    assert line.startswith("whether FleetAutoscalers of green are held, since it could not be read: key arena")
    assert effects.held == {"blue": [], "green": []}


def test_requests_that_stand_on_the_source_are_counted() -> None:
    asked = {drain(DEFAULT_DOMAIN): request("requested")}
    blue = servers(
        game_server("a", annotations=asked),
        game_server("b", annotations=asked),
        game_server("c", annotations={drain(DEFAULT_DOMAIN): request("cancelled")}),
        game_server("d"),
    )
    green = servers(game_server("e", annotations=asked))
    assert found(blue=blue, green=green).asked == 2


def test_servers_that_a_handoff_has_allocated_are_counted() -> None:
    blue, green = servers(session(request())), servers(successor(players=[]))
    assert found(blue=blue, green=green).allocated == 1
    assert found(green=green).allocated == 0


def test_the_target_is_not_asked_for_them_where_it_cannot_be_reached() -> None:
    gone = {**THERE, "green": {"cluster_name": "arena-green", "exists": False, "readable": True}}
    scope = replace(SCOPE, kubeconfigs={"blue": "blue.yml", "green": ""}, slots=gone)
    effects = found(scope, blue=servers(session(request())))
    assert (effects.allocated, effects.unread) == (0, [])


@pytest.mark.parametrize("run", [RUN, RECLAIM])
def test_a_role_that_was_fenced_is_closed(run: RunEnding) -> None:
    blue = cluster()
    blue.put(ROLE.path, fenced(ROLE, role(READ, GRANT)))
    assert found(replace(SCOPE, fence=RBAC), run, blue=blue).closed == ["Role arena/allocate"]
    assert found(SCOPE, run, blue=blue).closed == []


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(role(READ, GRANT), id="open"),
        pytest.param(role(READ), id="closed by others"),
        pytest.param(merged(fenced(ROLE, role(READ, GRANT)), {"rules": [GRANT]}), id="opened by others"),
    ],
)
def test_another_role_is_not(rules: Json) -> None:
    blue = cluster()
    blue.put(ROLE.path, rules)
    assert found(replace(SCOPE, fence=RBAC), blue=blue).closed == []


def test_a_role_that_is_not_there_is_not_closed() -> None:
    effects = found(replace(SCOPE, fence=RBAC))
    assert (effects.closed, effects.unread) == ([], [])


def test_policies_are_read_where_they_are() -> None:
    home, blue = cluster(), cluster()
    home.put(POLICY.path, fenced(POLICY, policy(100)))
    own, elsewhere = replace(SCOPE, fence=BY_POLICY), replace(SCOPE, fence=replace(BY_POLICY, kubeconfig="home.yml"))
    assert found(elsewhere, clusters={"home.yml": home}).closed == ["GameServerAllocationPolicy arena/blue"]
    assert found(own, blue=home).closed == ["GameServerAllocationPolicy arena/blue"]
    assert found(own, blue=blue).closed == []


def test_policies_elsewhere_are_read_though_the_source_is_dead() -> None:
    home, blue = cluster(), cluster()
    home.put(POLICY.path, fenced(POLICY, policy(100)))
    blue.is_dead = True
    scope = replace(SCOPE, fence=replace(BY_POLICY, kubeconfig="home.yml"))
    assert found(scope, clusters={"home.yml": home}, blue=blue).closed == ["GameServerAllocationPolicy arena/blue"]


def test_roles_are_read_in_the_slot_itself_whatever_else_allocates() -> None:
    blue = cluster()
    blue.put(ROLE.path, fenced(ROLE, role(READ, GRANT)))
    scope = replace(SCOPE, fence=replace(RBAC, kubeconfig="home.yml"))
    assert found(scope, blue=blue).closed == ["Role arena/allocate"]


@pytest.mark.parametrize(
    ("fence", "why"),
    [
        (FenceOptions("rbac"), "method rbac needs roles"),
        (FenceOptions("policy"), "method policy needs policies"),
        (FenceOptions("rbac", roles=[{"kind": "Role", "name": "allocate"}]), "Role allocate has no namespace"),
        (replace(BY_POLICY, kubeconfig="none.yml"), "the kubeconfig 'none.yml' cannot be used"),
    ],
)
def test_a_fence_that_cannot_be_looked_for_is_told(fence: FenceOptions, why: str) -> None:
    effects = found(replace(SCOPE, fence=fence))
    assert effects.unread == [f"whether blue is fenced, since it could not be read: {why}"]


def test_a_singleton_that_is_switched_off_is_found() -> None:
    blue = cluster()
    blue.put(DIRECTOR.path, {"metadata": {"name": "director"}, "spec": {"replicas": 0}})
    assert found(blue=blue).off == ["Deployment arena/director"]
    assert found(run=RECLAIM, blue=blue).off == []
    blue.put(DIRECTOR.path, {"metadata": {"name": "director"}, "spec": {"replicas": 2}})
    assert found(blue=blue).off == []


def test_a_dead_cluster_is_told_once_and_hides_nothing_of_the_other() -> None:
    blue, green = cluster(), cluster()
    blue.is_dead = True
    floor = plan_hold(autoscaler(), {"spec": {"replicas": 60}}, 60, "run-1", DEFAULT_DOMAIN)
    assert isinstance(floor, Floor)
    green.put(SCALER, merged(autoscaler(), floor.patch))
    effects = found(replace(SCOPE, fence=RBAC), blue=blue, green=green)
    (line,) = effects.unread
    assert line.startswith("what is left in blue, since its cluster arena-blue could not be read: ")
    assert line.endswith("connection refused")
    assert effects.held == {"green": ["arena/arena"]}


def test_a_server_that_refuses_is_alive_and_each_refusal_is_told() -> None:
    class Refusing(FakeKube):
        def _answer(self, verb: str, path: str) -> None:
            raise Failure(f"{verb} {path} failed (403): forbidden", 403)

    effects = found(replace(SCOPE, fence=RBAC), blue=Refusing())
    assert [line.partition(", since")[0] for line in effects.unread] == [
        "whether FleetAutoscalers of blue are held",
        "whether game servers of blue are asked to go",
        "whether a handoff has allocated game servers of green",
        "whether blue is fenced",
        "whether singletons of blue are switched off",
    ]


@pytest.mark.parametrize(
    ("seen", "unread"),
    [
        ({"exists": False, "readable": True}, []),
        (
            {"exists": False, "readable": False},
            ["what is left in green, since its cluster arena-green could not be read"],
        ),
        (
            {"exists": True, "readable": True},
            ["what is left in green, since there is no way into its cluster arena-green"],
        ),
    ],
)
def test_a_slot_without_a_way_in_holds_nothing_only_where_it_has_no_cluster(
    seen: dict[str, bool], unread: list[str]
) -> None:
    slots = {**THERE, "green": {"cluster_name": "arena-green", **seen}}
    scope = replace(SCOPE, kubeconfigs={"blue": "blue.yml", "green": ""}, slots=slots)
    effects = found(scope)
    assert (effects.held, effects.unread) == ({"blue": []}, unread)


def test_a_source_without_a_cluster_has_nothing_of_a_run() -> None:
    slots = {**THERE, "blue": {"cluster_name": "arena-blue", "exists": False, "readable": True}}
    scope = replace(SCOPE, kubeconfigs={"blue": "", "green": "green.yml"}, slots=slots, fence=RBAC)
    assert found(scope) == replace(NOTHING, held={"green": []})
