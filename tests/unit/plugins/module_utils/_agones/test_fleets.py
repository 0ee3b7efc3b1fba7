"""A cluster's Fleets, autoscalers and game servers, as they are read and written."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure, Conflict, NotFound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import KubeFleets, NoFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import NO_PREDICATE, Predicate

from tests.unit.plugins.module_utils._agones.kube import FakeKube
from tests.unit.plugins.module_utils._agones.test_sessions import ROOMS, hosting
from tests.unit.plugins.module_utils._drain.world import game_server

Json = dict[str, Any]
SERVERS = "/apis/agones.dev/v1/namespaces/arena/gameservers"
SCALER = "/apis/autoscaling.agones.dev/v1/namespaces/arena/fleetautoscalers/arena"
SHELF = "/api/v1/namespaces/arena/configmaps/shelf"


def fleets(kube: FakeKube, predicate: Predicate = NO_PREDICATE) -> KubeFleets:
    return KubeFleets(kube, predicate)  # type: ignore[arg-type]


class Unknown(FakeKube):
    """An API server that has none of these kinds."""

    def list(self, path: str, **_more: Any) -> tuple[list[Json], str]:
        raise NotFound("the server could not find the requested resource", 404)


def test_a_cluster_without_agones_says_what_to_install() -> None:
    with pytest.raises(
        NoFleets, match=r"https://blue\.test does not know the kind Fleet: install the release's Agones chart"
    ):
        fleets(Unknown()).fleets("arena")


def test_a_cluster_without_allocation_policies_has_none() -> None:
    assert fleets(Unknown()).policies("arena") == []


def test_sessions_are_counted_over_namespaces_by_state_and_by_what_the_game_says() -> None:
    kube = FakeKube()
    for name, obj in (("a", game_server("a")), ("b", game_server("b", "Ready")), ("c", hosting("Ready", 2, "c"))):
        kube.put(f"{SERVERS}/{name}", obj)
    kube.put(f"{SERVERS.replace('/arena/', '/lobby/')}/d", game_server("d"))
    assert fleets(kube).sessions(["arena"]) == 1
    assert fleets(kube).sessions(["arena", "lobby", "moon"]) == 2
    assert fleets(kube, ROOMS).sessions(["arena", "lobby"]) == 3
    assert [one.name for one in fleets(kube).servers("arena")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "no node"}]}}, "no node"),
        ({"status": {"conditions": [{"type": "PodScheduled", "status": "True"}]}}, ""),
        ({"status": {}}, ""),
        (None, ""),
        (ApiFailure("forbidden", 403), ""),
    ],
)
def test_why_a_pod_has_no_node(answer: Json | ApiFailure | None, said: str) -> None:
    class Api:
        server = "https://green"

        def find(self, path: str) -> Json | None:
            assert path == "/api/v1/namespaces/arena/pods/s2"
            if isinstance(answer, ApiFailure):
                raise answer
            return answer

    api: Any = Api()
    assert KubeFleets(api).pending("arena", "s2") == said


def test_an_autoscaler_goes_only_as_it_was_read() -> None:
    kube = FakeKube()
    kube.put(SCALER, {"metadata": {"namespace": "arena", "name": "arena"}})
    read = fleets(kube).autoscaler("arena", "arena")
    assert read is not None
    kube.touch(SCALER, {"spec": {"fleetName": "other"}})
    with pytest.raises(Conflict):
        fleets(kube).delete_autoscaler(read)
    assert SCALER in kube.objects
    newest = fleets(kube).autoscaler("arena", "arena")
    assert newest is not None
    fleets(kube).delete_autoscaler(newest)
    assert fleets(kube).autoscaler("arena", "arena") is None


def test_what_is_kept_makes_its_shelf_and_takes_it_away_with_the_last() -> None:
    kube = FakeKube()
    one = fleets(kube)
    assert one.kept("arena", "shelf") == {}
    one.keep("arena", "shelf", "a", "1")
    one.keep("arena", "shelf", "b", "2")
    one.keep("arena", "shelf", "a", "3")
    assert one.kept("arena", "shelf") == {"a": "3", "b": "2"}
    one.forget("arena", "shelf", "a")
    assert one.kept("arena", "shelf") == {"b": "2"}
    one.forget("arena", "shelf", "b")
    assert SHELF not in kube.objects


def test_what_is_put_on_the_shelf_meanwhile_stays() -> None:
    kube = FakeKube()
    one = fleets(kube)
    one.keep("arena", "shelf", "a", "1")

    def before_write(verb: str, path: str) -> None:
        if verb == "delete":
            kube.touch(SHELF, {"data": {"b": "2"}})

    kube.before_write = before_write
    one.forget("arena", "shelf", "a")
    assert one.kept("arena", "shelf") == {"b": "2"}


def test_forgetting_what_is_gone_is_no_error() -> None:
    fleets(FakeKube()).forget("arena", "shelf", "a")


def test_a_fleet_is_scaled_and_annotated_where_it_is() -> None:
    kube = FakeKube()
    path = "/apis/agones.dev/v1/namespaces/arena/fleets/arena"
    kube.put(path, {"metadata": {"name": "arena", "annotations": {"x": "1"}}, "spec": {"replicas": 3}})
    fleets(kube).scale("arena", "arena", 9)
    fleets(kube).annotate_fleet("arena", "arena", "x", None)
    assert kube.objects[path]["spec"]["replicas"] == 9
    assert not kube.objects[path]["metadata"]["annotations"]
    assert kube.log[0] == "patch namespaces/arena/fleets/arena/scale"
