"""The writes that can end a session are found by what they send, and one that was not asked for fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import may_end
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import GAME_SERVERS, PODS, KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server, read_server

from tests.endings import (
    DELETED,
    EVICTED,
    SMALLER,
    UNUSED,
    Ending,
    Guard,
    NotAsked,
    endings_of,
    guarded,
    guarded_api,
    write,
)
from tests.unit.plugins.module_utils._drain.world import FakeClock, World, game_server

Json = dict[str, Any]
AGONES, CORE = "/apis/agones.dev/v1/namespaces/arena", "/api/v1/namespaces/arena"
SCALER = "/apis/autoscaling.agones.dev/v1/namespaces/arena/fleetautoscalers/lobby"
SHUTDOWN = {"metadata": {"resourceVersion": "7"}, "status": {"state": "Shutdown"}}
OBJECTS: dict[str, Json] = {
    f"{AGONES}/fleets/lobby": {"spec": {"replicas": 5, "template": {}}},
    f"{AGONES}/gameserversets/lobby-x": {"spec": {"replicas": 5}},
    SCALER: {
        "spec": {
            "fleetName": "lobby",
            "policy": {"type": "Buffer", "buffer": {"bufferSize": 2, "minReplicas": 5, "maxReplicas": 9}},
        }
    },
}


def limits(**values: int | None) -> Json:
    return {"spec": {"policy": {"buffer": values}}}


@pytest.mark.parametrize(
    ("method", "path", "body", "ending"),
    [
        ("PATCH", f"{AGONES}/gameservers/s", SHUTDOWN, Ending(UNUSED, "gameservers", "arena", "s", "7")),
        ("PATCH", f"{AGONES}/gameservers/s?a=b", SHUTDOWN, Ending(UNUSED, "gameservers", "arena", "s", "7")),
        ("PUT", f"{AGONES}/gameservers/s", SHUTDOWN, Ending(UNUSED, "gameservers", "arena", "s", "7")),
        *(
            (
                "PATCH",
                f"{AGONES}/gameservers/s",
                {"status": {"state": state}},
                Ending(UNUSED, "gameservers", "arena", "s"),
            )
            for state in ("Shutdown", "Unhealthy", "Error", "Ready")
        ),
        (
            "PATCH",
            f"{AGONES}/gameservers/s",
            [{"op": "replace", "path": "/status/state", "value": "Shutdown"}],
            Ending(UNUSED, "gameservers", "arena", "s"),
        ),
        *(
            ("DELETE", f"{root}/{plural}/x", None, Ending(DELETED, plural, "arena", "x"))
            for root, plural in (
                (CORE, "pods"),
                (AGONES, "gameservers"),
                (AGONES, "fleets"),
                (AGONES, "gameserversets"),
            )
        ),
        ("DELETE", f"{AGONES}/gameservers", None, Ending(DELETED, "gameservers", "arena", "")),
        ("DELETE", "/api/v1/namespaces/arena", None, Ending(DELETED, "namespaces", "", "arena")),
        ("DELETE", "/api/v1/nodes/game-1", None, Ending(DELETED, "nodes", "", "game-1")),
        ("POST", f"{CORE}/pods/s/eviction", {"kind": "Eviction"}, Ending(EVICTED, "pods", "arena", "s")),
        *(
            (method, f"{AGONES}/{path}", body, Ending(SMALLER, plural, "arena", name, limit="the size", gets=gets))
            for method, plural, name, path, body, gets in (
                ("PATCH", "fleets", "lobby", "fleets/lobby/scale", {"spec": {"replicas": 4}}, 4),
                ("PUT", "fleets", "lobby", "fleets/lobby/scale", {"spec": {"replicas": 0}}, 0),
                ("PATCH", "fleets", "lobby", "fleets/lobby", {"spec": {"replicas": 0}}, 0),
                ("PATCH", "fleets", "lobby", "fleets/lobby", {"spec": {"replicas": None}}, 0),
                (
                    "PATCH",
                    "fleets",
                    "lobby",
                    "fleets/lobby",
                    [{"op": "replace", "path": "/spec/replicas", "value": 1}],
                    1,
                ),
                ("PATCH", "gameserversets", "lobby-x", "gameserversets/lobby-x", {"spec": {"replicas": 4}}, 4),
            )
        ),
        *(
            (
                "PATCH",
                SCALER,
                limits(**{limit: gets}),
                Ending(SMALLER, "fleetautoscalers", "arena", "lobby", limit=limit, gets=gets or 0),
            )
            for limit, gets in (("minReplicas", 4), ("minReplicas", None), ("maxReplicas", 8))
        ),
    ],
)
def test_a_write_that_can_end_a_session_is_found(method: str, path: str, body: Any, ending: Ending) -> None:
    assert endings_of(method, path, body, OBJECTS.get) == [ending]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{AGONES}/gameservers/s", None),
        ("POST", f"{AGONES}/gameservers", SHUTDOWN),
        ("PATCH", f"{AGONES}/gameservers/s", {"metadata": {"annotations": {"a": "b"}}}),
        ("PATCH", f"{AGONES}/gameservers/s", {"status": {"state": "Reserved"}}),
        ("PATCH", f"{AGONES}/fleets/lobby/scale", {"spec": {"replicas": 5}}),
        ("PATCH", f"{AGONES}/fleets/lobby/scale", {"spec": {"replicas": 60}}),
        ("PATCH", f"{AGONES}/fleets/lobby", {"metadata": {"annotations": {"a": None}}}),
        ("PATCH", f"{AGONES}/fleets/unknown/scale", {"spec": {"replicas": 1}}),
        ("PATCH", SCALER, limits(minReplicas=60, maxReplicas=90)),
        ("DELETE", SCALER, None),
        ("DELETE", f"{CORE}/configmaps/kept", None),
        ("POST", "/apis/allocation.agones.dev/v1/namespaces/arena/gameserverallocations", {"spec": {}}),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {}}),
    ],
)
def test_any_other_write_is_not(method: str, path: str, body: Any) -> None:
    assert endings_of(method, path, body, OBJECTS.get) == []


SERVER = read_server(game_server("s", version=7))
PATH = GAME_SERVERS.path("arena", "s")
INTERRUPT = may_end.OnDeadline("run-1", "eks-bluegreen.gameops", interrupts=True, shut_down_at=0.0)
Step = Callable[[], object]


def ask(act: str = may_end.SHUT_DOWN, server: Server = SERVER) -> None:
    may_end.protects(may_end.Case(act, server.namespace, server.name, server.uid, server, INTERRUPT), 1e10)


def shut_down(body: Json = SHUTDOWN) -> None:
    write("PATCH", PATH, body)


def under_guard(*steps: Step) -> Guard:
    with guarded() as guard:
        for step in steps:
            step()
    return guard


@pytest.fixture
def _free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing protects a session."""
    monkeypatch.setattr(may_end, "FILTERS", ())


@pytest.mark.usefixtures("_free")
def test_a_write_that_was_asked_for_is_sent() -> None:
    guard = under_guard(
        ask,
        shut_down,
        lambda: ask(may_end.DELETE_POD),
        lambda: write("DELETE", PODS.path("arena", "s")),
        lambda: may_end.protects_size(may_end.Resize("the size", "arena", "lobby", 5, 4, is_owners=True)),
        lambda: write("PATCH", f"{AGONES}/fleets/lobby/scale", {"spec": {"replicas": 4}}, OBJECTS.get),
    )
    assert [(one.plural, one.what) for one in guard.sent] == [
        ("gameservers", UNUSED),
        ("pods", DELETED),
        ("fleets", SMALLER),
    ]


def ask_in_another_thread() -> None:
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()


@pytest.mark.usefixtures("_free")
@pytest.mark.parametrize(
    "steps",
    [
        [],
        [lambda: ask(may_end.ASK)],
        [lambda: ask(may_end.DELETE_POD)],
        [lambda: ask(server=read_server(game_server("another", version=7)))],
        [lambda: ask(server=read_server(game_server("s", version=6)))],
        [lambda: may_end.protects_size(may_end.Resize("the size", "arena", "s", 5, 9))],
        [ask_in_another_thread],
        # One answer is for one write, and for the next one.
        [ask, shut_down],
        [ask, lambda: shut_down({"metadata": {"annotations": {}}})],
    ],
)
def test_a_write_that_was_not_asked_for_right_before_fails(steps: list[Step]) -> None:
    with pytest.raises(NotAsked, match="gameservers arena/s taken out of use, but may_end was asked: "):
        under_guard(*steps, shut_down)


def test_what_is_protected_and_written_all_the_same_fails() -> None:
    with pytest.raises(NotAsked, match="taken out of use, but may_end was asked: the run has not asked this match"):
        under_guard(ask, shut_down)


@pytest.mark.usefixtures("_free")
def test_a_write_without_the_version_that_was_looked_at_fails() -> None:
    with pytest.raises(NotAsked):
        under_guard(ask, lambda: shut_down({"status": {"state": "Shutdown"}}))


@pytest.mark.usefixtures("_free")
@pytest.mark.parametrize(
    "path", [f"{AGONES}/gameservers/s", f"{AGONES}/fleets/s", f"{AGONES}/gameserversets/s", "/api/v1/namespaces/arena"]
)
def test_nothing_allows_to_delete_what_game_servers_live_in(path: str) -> None:
    acts = (may_end.SHUT_DOWN, may_end.DELETE_POD, may_end.REMOVE)
    with pytest.raises(NotAsked):
        under_guard(*(partial(ask, act) for act in acts), lambda: write("DELETE", path))


def test_a_failure_that_was_swallowed_shows_at_the_end() -> None:
    def swallow() -> None:
        with suppress(NotAsked):
            shut_down()

    with pytest.raises(AssertionError, match="may_end was asked: nothing"):
        under_guard(swallow)


def test_the_stand_ins_of_the_unit_tests_are_held_against_it() -> None:
    world = World(seats=0)
    world.add_session("s")
    body = {"metadata": {"resourceVersion": world.source["s"]["metadata"]["resourceVersion"]}, **SHUTDOWN}
    with pytest.raises(NotAsked):
        under_guard(lambda: world.patch_server("arena", "s", body))
    with pytest.raises(NotAsked):
        under_guard(lambda: world.delete_pod("arena", "s"))
    assert (world.truth, world.writes) == ({}, 0)


class Transport:
    """An API server that answers every request with a Fleet."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.configuration = SimpleNamespace(host="https://blue")
        self.rest_client = SimpleNamespace(pool_manager=SimpleNamespace(request=self.request))

    def update_params_for_auth(self, *_more: Any) -> None:
        """No credentials."""

    def request(self, method: str, url: str, **_more: Any) -> Any:
        self.sent.append(f"{method} {url.removeprefix('https://blue')}")
        return SimpleNamespace(status=200, data=b'{"spec": {"replicas": 5}}')


def test_a_real_client_is_held_against_it_before_it_sends() -> None:
    transport, scale = Transport(), f"{AGONES}/fleets/lobby/scale"
    api = guarded_api(KubeApi(transport, FakeClock()))
    with pytest.raises(NotAsked):
        under_guard(lambda: api.delete(PODS.path("arena", "s"), grace_seconds=0))
    with pytest.raises(NotAsked):
        under_guard(lambda: api.patch(PATH, SHUTDOWN))
    assert transport.sent == []
    with pytest.raises(NotAsked):
        under_guard(lambda: api.patch(scale, {"spec": {"replicas": 4}}))
    assert transport.sent == [f"GET {AGONES}/fleets/lobby"]
    assert under_guard(lambda: api.patch(scale, {"spec": {"replicas": 6}})).sent == []
    assert transport.sent[-1] == f"PATCH {scale}"
