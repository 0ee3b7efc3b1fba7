"""What a cluster holds: game servers, sessions and players."""

from __future__ import annotations

from typing import Any

import pytest
import urllib3
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import PODS, ApiFailure
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.count import (
    DEFINITION_PATH,
    count_sessions,
    has_agones,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Predicate
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._agones.kube import FakeKube
from tests.unit.plugins.module_utils._agones.test_api import Answer, api
from tests.unit.plugins.module_utils._agones.test_sessions import ROOMS, hosting
from tests.unit.plugins.module_utils._drain.world import FakeClock, game_server
from tests.unit.plugins.module_utils._fleets.test_hold_round import FLEET as FLEET_PATH


def test_counting_a_cluster() -> None:
    gone = game_server("gone", "Shutdown", players=["x"])
    fleet = {"metadata": {"namespace": "arena", "name": "arena"}, "spec": {"replicas": 4}, "status": {"allocations": 7}}
    servers = {"items": [game_server("a", players=["x", "y"]), game_server("b", "Ready"), gone], "metadata": {}}
    pods = {"items": [{"metadata": {"name": "gone"}}], "metadata": {}}
    kube, server = api(Answer(200, servers), Answer(200, pods), Answer(200, {"items": [fleet], "metadata": {}}))
    result = count_sessions(kube, ["arena"], "players", FakeClock())
    assert (result["sessions"], result["players"]) == (2, 3)
    assert result["fleets"][0]["states"] == {"Allocated": 1, "Ready": 1, "Shutdown": 1}
    assert result["fleets"][0]["allocations"] == 7
    assert server.asked[1][1].startswith(PODS.path("arena"))
    assert server.sent[1][1]["Accept"].startswith("application/json;as=PartialObjectMetadataList")


def test_a_cluster_that_is_not_there_yet_has_nothing() -> None:
    assert count_sessions(None, ["arena"], "players", FakeClock())["sessions"] == 0


def test_a_cluster_is_counted_by_it() -> None:
    kube = FakeKube()
    servers, pods = FLEET_PATH.replace("fleets/arena", "gameservers/"), "/api/v1/namespaces/arena/pods/"
    template = {"spec": {"counters": {"rooms": {"count": 0}}}}
    kube.put(FLEET_PATH, {"metadata": {"namespace": "arena", "name": "arena"}, "spec": {"template": template}})
    for name, obj in {
        "busy": hosting("Ready", 2, "busy"),
        "ending": hosting("Shutdown", 1, "ending"),
        "ended": hosting("Shutdown", 1, "ended"),
        "free": hosting("Ready", 0, "free"),
    }.items():
        kube.put(servers + name, obj)
    kube.put(pods + "ending", {"metadata": {"name": "ending", "labels": {"agones.dev/role": "gameserver"}}})
    api: Any = kube
    counted = count_sessions(api, ["arena"], "players", FakeClock(), ROOMS)
    assert (counted["sessions"], counted["fleets"][0]["sessions"]) == (2, 2)
    assert count_sessions(api, ["arena"], "players", FakeClock())["sessions"] == 0
    with pytest.raises(BlueGreenError, match="names List guests"):
        count_sessions(api, ["arena"], "players", FakeClock(), Predicate(list_name="guests"))


NO_SUCH_KIND = {
    "kind": "Status",
    "message": 'customresourcedefinitions.apiextensions.k8s.io "gameservers.agones.dev" not found',
    "reason": "NotFound",
}


def test_agones_is_there_where_its_kind_is() -> None:
    kube, server = api(Answer(200, {"metadata": {"name": "gameservers.agones.dev"}}))
    assert has_agones(kube)
    assert server.asked == [("GET", DEFINITION_PATH)]


def test_there_is_no_agones_where_the_api_server_says_so() -> None:
    kube, _server = api(Answer(404, NO_SUCH_KIND))
    assert not has_agones(kube)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, b"404 page not found"),
        Answer(404, {"message": "the server could not find the requested resource"}),
        Answer(403, {"message": "forbidden"}),
        Answer(401, {"message": "Unauthorized"}),
    ],
)
def test_any_other_answer_does_not_say_that_there_is_no_agones(answer: Answer) -> None:
    kube, _server = api(answer)
    with pytest.raises(ApiFailure):
        has_agones(kube)


def test_no_answer_does_not_say_so_either() -> None:
    kube, _server = api(*[urllib3.exceptions.NewConnectionError(None, "refused")] * 5)  # type: ignore[arg-type]
    with pytest.raises(ApiFailure, match="no answer"):
        has_agones(kube)
