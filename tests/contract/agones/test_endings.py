"""Whole rounds on a real API server: every write that can end a session was asked for right before it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import may_end
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi, connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    DEFAULT_DOMAIN,
    HANDOFF,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import WatchFeed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import KubeFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import KubeSource, KubeTarget
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SteadyClock, SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import signals
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.round import DrainRound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.capacity import WantedSize
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold_round import CapacityHold
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.sizing_round import FleetCapacity
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.round import SessionProbe
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.synthetic import KubeAllocator, Synthetic
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import NullKeeper

from tests.contract.agones.cluster import Namespace, Obj, fleet_autoscaler, game_server_spec, pod_template
from tests.endings import DELETED, SMALLER, UNUSED, Guard, NotAsked, guarded, guarded_api

LABEL = "example.com/side"
PLAYERS: Obj = {"players": {"capacity": 5, "values": []}}
# The shortest that a drain can be, where no server answers.
QUICK: dict[str, Any] = {
    "notice": 0.5,
    "acknowledge": 0.2,
    "resignal": (),
    "connect_grace": 0.0,
    "close_grace": 0.5,
    "deadline": 1.0,
    "reconnect_timeout": 2.0,
    "confirm": 0.5,
    "settle": 0.5,
    "reserve": 0,
}


class MemoryKeeper(NullKeeper):
    """A run that remembers in this process."""

    def __init__(self) -> None:
        self._memory: dict[str, Any] = {}

    def load(self, name: str) -> dict[str, Any] | None:
        return self._memory.get(name)

    def save(self, name: str, value: Any) -> None:
        self._memory[name] = value


@pytest.fixture
def api(ns: Namespace) -> KubeApi:
    """The cluster as the code under test gets it."""
    return guarded_api(connect(os.environ["KUBECONFIG"]))


@pytest.fixture(autouse=True)
def guard() -> Iterator[Guard]:
    with guarded() as found:
        yield found


def drain(api: KubeApi, namespace: str, until: Callable[[], None] = lambda: None, **policy: Any) -> Obj:
    """Rounds until the sessions with our label are over; the slot is its own target. The last result."""
    keeper, end = MemoryKeeper(), time.monotonic() + 60
    while True:
        clock = SteadyClock(SystemClock())
        one = DrainRound(
            policies=Policies(Policy("run-1", **{**QUICK, **policy})),
            source=KubeSource(api),
            target=KubeTarget(api),
            source_feed=WatchFeed(api, [namespace], 10.0, clock, selector=f"{LABEL}=source"),
            target_feed=WatchFeed(api, [namespace], 10.0, clock),
            keeper=keeper,
            clock=clock,
            settings=Settings([namespace]),
            slice_seconds=3.0,
        )
        result = one.run(one.source_feed.start(), one.target_feed.start())  # type: ignore[attr-defined]
        if result["drained"]:
            return result
        assert time.monotonic() < end, result["round"]["progress"]
        until()


def session_of(ns: Namespace, name: str) -> str:
    """A session with the label of the slot that is drained."""
    found = ns.allocate(name, metadata={"labels": {LABEL: "source"}})
    return str(found.body["status"]["gameServerName"])


def test_a_synthetic_session_is_released(api: KubeApi, guard: Guard, ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 2)
    clock = SystemClock()
    synthetic = Synthetic(KubeAllocator(api), f"probe-{name}", DEFAULT_DOMAIN, clock)
    result = SessionProbe(synthetic, [ns.name], NullKeeper(), clock, connect=None).run()
    assert result["passed"], result
    assert guard.ended == [(probe["server"], UNUSED) for probe in result["probes"]]


def test_a_fleet_grows_and_its_floor_falls_to_what_it_was(api: KubeApi, guard: Guard, ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    buffer = {"bufferSize": 1, "minReplicas": 0, "maxReplicas": 9}
    assert ns.create("fleetautoscalers", fleet_autoscaler(name, name, buffer)).code == 201
    fleets, wants = KubeFleets(api), [WantedSize(ns.name, name, 3)]
    result = FleetCapacity(fleets, wants, "run-1", DEFAULT_DOMAIN, NullKeeper(), SystemClock()).run(check_mode=False)
    assert result["round"]["finished"], result
    assert guard.ended == []
    hold = CapacityHold(fleets, [ns.name], "run-1", DEFAULT_DOMAIN, NullKeeper())
    hold.run(released=True, check_mode=False)
    assert [(one.what, one.limit, one.gets) for one in guard.sent] == [(SMALLER, "minReplicas", 0)]
    ns.delete("fleetautoscalers", name)


def test_a_write_that_was_not_asked_for_is_not_sent(api: KubeApi, guard: Guard, ns: Namespace, name: str) -> None:
    (server,) = (one["metadata"]["name"] for one in ns.ready_fleet(name, 1))
    ns.allocate_many(name, 1)
    body = {"status": {"state": "Shutdown"}}
    writes: list[Callable[[], object]] = [
        lambda: KubeFleets(api).scale(ns.name, name, 0),
        lambda: KubeSource(api).patch_server(ns.name, server, body),
        lambda: KubeSource(api).delete_pod(ns.name, server),
        lambda: api.delete(ns.path("gameservers", server)),
        lambda: api.delete(ns.path("fleets", name)),
        lambda: api.delete(f"/api/v1/namespaces/{ns.name}"),
    ]
    for write in writes:
        with pytest.raises(NotAsked):
            write()
    assert len(guard.broken) == len(writes)
    guard.broken.clear()
    assert ns.get("fleets", name).body["spec"]["replicas"] == 1
    assert ns.get("gameservers", server).body["status"]["state"] == "Allocated"
    assert ns.get("pods", server).code == 200


def test_a_session_is_interrupted_at_its_deadline_and_its_pod_deleted(
    api: KubeApi, guard: Guard, ns: Namespace, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (may_end, signals):
        monkeypatch.setattr(module, "FORCE_AFTER_SECONDS", 1.0)
    template = game_server_spec(template=pod_template(terminationGracePeriodSeconds=1))
    ns.ready_fleet(name, 2, template=template)
    session = session_of(ns, name)
    # Its pod does not go by itself.
    assert ns.patch("pods", session, {"metadata": {"finalizers": ["example.com/stays"]}}).code == 200

    def let_it_go() -> None:
        if guard.ended[-1:] == [(session, DELETED)]:
            ns.patch("pods", session, {"metadata": {"finalizers": None}})

    result = drain(api, ns.name, let_it_go, mode=AT_MATCH_END, interrupt_at_deadline=True)
    assert [(one["name"], one["outcome"]) for one in result["outcomes"]] == [(session, "forced")]
    assert guard.ended[0] == (session, UNUSED)
    assert set(guard.ended[1:]) == {(session, DELETED)}


def test_a_successor_is_given_back(api: KubeApi, guard: Guard, ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 3, template=game_server_spec(lists=PLAYERS))
    session = session_of(ns, name)
    # The match is over before its players are handed over.
    ends = threading.Timer(1.0, lambda: ns.set_state(session, "Shutdown"))
    ends.start()
    result = drain(api, ns.name, mode=HANDOFF, notice=30.0, deadline=60.0, canary=0)
    ends.join()
    assert [(one["name"], one["outcome"]) for one in result["outcomes"]] == [(session, "ended_alone")]
    ((successor, what),) = guard.ended
    assert (what, successor != session) == (UNUSED, True)
    ns.await_gone([successor])
