from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    AUTOSCALERS,
    FLEETS,
    Conflict,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import KubeFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import Access
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    Key,
    Predicate,
    Server,
    read_server,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.capacity import (
    Size,
    Sizing,
    Sizings,
    WantedSize,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.sizing_round import (
    FleetCapacity,
    compare_slots,
    has_fleets,
    predict_capacity,
    size_fleets,
)

from tests import endings
from tests.unit.plugins.module_utils._agones.kube import FakeKube
from tests.unit.plugins.module_utils._drain.world import FakeClock, FakeKeeper, game_server
from tests.unit.plugins.module_utils._fleets.test_hold import autoscaler, limits, patched
from tests.unit.plugins.module_utils._fleets.test_hold_round import FLEET, HOLDING, Reviewing, detachable
from tests.unit.plugins.module_utils._fleets.test_hold_round import cluster as kube_cluster

Json = dict[str, Any]


class Cluster:
    """One Fleet, its autoscaler and its servers; a server more each second, up to the Fleet's size."""

    def __init__(self, replicas: int = 10, scaler: Json | None = None, up: int | None = None) -> None:
        self.clock = FakeClock()
        self.clock.on_sleep = self.pass_time
        self.replicas = replicas
        self.scaler = autoscaler() if scaler is None else scaler
        self.up = float(replicas if up is None else up)
        self.log: list[str] = []
        self.conflicts = 0
        self.shrinks_at: float | None = None
        self.no_node_for: dict[str, str] = {}

    def pass_time(self, seconds: float) -> None:
        self.clock.seconds += seconds
        if self.shrinks_at is not None and self.clock.seconds >= self.shrinks_at:
            self.replicas, self.up, self.shrinks_at = 10, 10.0, None
        self.up = min(self.up + seconds * 5, float(self.replicas))

    def fleets(self, namespace: str) -> list[Json]:
        status = {"readyReplicas": int(self.up)}
        metadata = {"namespace": namespace, "name": "arena"}
        return [{"metadata": metadata, "spec": {"replicas": self.replicas, "template": {}}, "status": status}]

    def autoscalers(self, namespace: str) -> list[Json]:
        return [self.scaler] if self.scaler else []

    def autoscaler(self, namespace: str, name: str) -> Json | None:
        return self.scaler

    def kept(self, namespace: str, shelf: str) -> dict[str, str]:
        return {}

    def policies(self, namespace: str) -> list[Json]:
        return []

    def servers(self, namespace: str) -> list[Server]:
        states = ["Ready"] * int(self.up) + ["Starting"] * (self.replicas - int(self.up))
        return [read_server(game_server(f"s{n}", state, addressed=state == "Ready")) for n, state in enumerate(states)]

    def pending(self, namespace: str, name: str) -> str:
        return self.no_node_for.get(name, "")

    def scale(self, namespace: str, name: str, replicas: int) -> None:
        path, body = FLEETS.path(namespace, name, "scale"), {"spec": {"replicas": replicas}}
        endings.write("PATCH", path, body, lambda _path: self.fleets(namespace)[0])
        self.log.append(f"scale {replicas}")
        self.replicas = replicas

    def create_autoscaler(self, namespace: str, body: Mapping[str, Any]) -> Json:
        raise NotImplementedError

    def delete_autoscaler(self, autoscaler: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def keep(self, namespace: str, shelf: str, name: str, text: str) -> None:
        raise NotImplementedError

    def forget(self, namespace: str, shelf: str, name: str) -> None:
        raise NotImplementedError

    def annotate_fleet(self, namespace: str, name: str, annotation: str, value: str | None) -> Json:
        raise NotImplementedError

    def missing(self, needed: Sequence[Access]) -> list[Access]:
        return []

    def patch_autoscaler(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        endings.write("PATCH", AUTOSCALERS.path(namespace, name), body, lambda _path: self.scaler)
        if self.conflicts:
            self.conflicts -= 1
            raise Conflict("changed", 409)
        self.scaler = patched(self.scaler, dict(body))
        self.log.append(f"limits {limits(self.scaler)}")
        return self.scaler


def capacity(cluster: Cluster, replicas: int = 60, **more: Any) -> FleetCapacity:
    wants = [WantedSize("arena", "arena", replicas)]
    return FleetCapacity(cluster, wants, "run-1", DEFAULT_DOMAIN, FakeKeeper(), cluster.clock, **more)


def test_the_floor_comes_before_the_size_and_the_wait_is_for_servers_that_are_up() -> None:
    cluster = Cluster()
    result = capacity(cluster).run(check_mode=False)
    assert cluster.log == ["limits (60, 150)", "scale 60"]
    assert result["changed"]
    assert result["round"]["finished"]
    assert result["fleets"] == [{"namespace": "arena", "name": "arena", "wanted": 60, "replicas": 60, "up": 60}]
    assert capacity(cluster).run(check_mode=False)["changed"] is False


def test_a_fleet_that_its_autoscaler_shrank_meanwhile_is_scaled_again() -> None:
    cluster = Cluster()
    cluster.shrinks_at = 2.0
    result = capacity(cluster).run(check_mode=False)
    assert cluster.log == ["limits (60, 150)", "scale 60", "scale 60"]
    assert result["round"]["finished"]


def test_a_slice_ends_unfinished_with_progress() -> None:
    cluster = Cluster()
    result = capacity(cluster, 500, slice_seconds=10.0).run(check_mode=False)
    assert result["round"]["finished"] is False
    assert result["round"]["progress"].startswith("game servers ready and addressed: arena: 6")
    assert result["round"]["progress"].endswith(" Starting)")


def test_progress_tells_why_a_server_has_no_node() -> None:
    cluster = Cluster(replicas=3, up=2)
    cluster.no_node_for["s2"] = "0/11 nodes are available: 5 Insufficient cpu"
    cluster.clock.on_sleep = lambda seconds: setattr(cluster.clock, "seconds", cluster.clock.seconds + seconds)
    told = capacity(cluster, 3, slice_seconds=1.0).run(check_mode=False)["round"]["progress"]
    assert told == (
        "game servers ready and addressed: arena: 2 of 3 (1 Starting; 0/11 nodes are available: 5 Insufficient cpu)"
    )


def test_without_waiting_one_look_is_enough() -> None:
    cluster = Cluster()
    assert capacity(cluster, 500, wait=False).run(check_mode=False)["round"]["finished"]
    assert cluster.clock.seconds == 0


def test_a_larger_fleet_is_left_so() -> None:
    cluster = Cluster(replicas=80)
    result = capacity(cluster).run(check_mode=False)
    assert (cluster.replicas, result["fleets"][0]["replicas"]) == (80, 80)


def test_check_mode_predicts_and_writes_nothing() -> None:
    cluster = Cluster()
    result = capacity(cluster).run(check_mode=True)
    assert (result["changed"], cluster.log) == (True, [])
    assert result["diff"]["before"] == {"arena/arena": {"replicas": 10}}
    assert result["diff"]["after"] == {"arena/arena": {"replicas": 60}}


def test_a_fleet_that_is_missing_is_named() -> None:
    cluster = Cluster()
    other = FleetCapacity(cluster, [WantedSize("arena", "b", 1)], "r", DEFAULT_DOMAIN, FakeKeeper(), cluster.clock)
    with pytest.raises(BlueGreenError, match="no Fleet arena/b"):
        other.run(check_mode=False)


def test_a_cluster_that_is_not_there_yet_is_predicted() -> None:
    result = predict_capacity([WantedSize("arena", "arena", 60)])
    assert result["changed"]
    assert result["fleets"][0]["up"] == 60


def test_a_fleet_counts_only_when_its_servers_have_addresses() -> None:
    cluster = Cluster(replicas=60, up=60)
    cluster.servers = lambda _namespace: [  # type: ignore[method-assign, assignment]
        read_server(game_server(f"s{n}", "Ready", addressed=n < 40)) for n in range(60)
    ]
    result = capacity(cluster, slice_seconds=2.0).run(check_mode=False)
    assert (result["round"]["finished"], result["fleets"][0]["up"]) == (False, 40)


def run_on(kube: FakeKube, *, check_mode: bool = False) -> Json:
    fleets = KubeFleets(kube)  # type: ignore[arg-type]
    wants = [WantedSize("arena", "arena", 60)]
    run = FleetCapacity(fleets, wants, "run-1", DEFAULT_DOMAIN, FakeKeeper(), FakeClock(), wait=False)
    return run.run(check_mode=check_mode)


@pytest.mark.parametrize("webhook_down", [False, True])
@pytest.mark.parametrize("scaler", [autoscaler(), autoscaler(60), detachable()])
def test_nothing_is_done_that_was_not_reviewed(scaler: Json, webhook_down: bool) -> None:
    kube = kube_cluster(scaler, 10, Reviewing())
    kube.webhook_down = webhook_down
    kube.objects[FLEET]["status"] = {"readyReplicas": 60}
    assert run_on(kube)["changed"]
    assert kube.objects[FLEET]["spec"]["replicas"] == 60


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("scaler", [autoscaler(), detachable()])
def test_missing_permissions_are_named_at_once_before_the_first_write(scaler: Json, check_mode: bool) -> None:
    kube = kube_cluster(scaler, 10)
    kube.denied = {(verb, "fleetautoscalers") for verb in ("get", "create", "patch", "delete")}
    kube.denied |= {(verb, "configmaps") for verb in ("get", "create", "patch", "delete")}
    kube.denied |= {("patch", "fleets"), ("patch", "fleets/scale")}
    with pytest.raises(BlueGreenError, match="Nothing was written") as refused:
        run_on(kube, check_mode=check_mode)
    assert (refused.value.details["missing"], kube.log) == (HOLDING, [])


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_may_not_be_read_is_named_at_once(check_mode: bool) -> None:
    kube = kube_cluster(autoscaler(), 10)
    kube.denied = {("list", "fleets"), ("list", "gameservers"), ("list", "fleetautoscalers")}
    with pytest.raises(BlueGreenError) as refused:
        run_on(kube, check_mode=check_mode)
    kinds = ("fleets.agones.dev", "gameservers.agones.dev", "fleetautoscalers.autoscaling.agones.dev")
    assert refused.value.details["missing"] == [f"list {kind} in namespace arena" for kind in kinds]


def test_where_no_floor_is_due_only_the_scaling_is_asked_for() -> None:
    kube = kube_cluster(autoscaler(60), 10)
    kube.denied = {("patch", "fleetautoscalers"), ("delete", "fleetautoscalers"), ("patch", "fleets")}
    assert run_on(kube)["changed"]
    kube.denied.add(("patch", "fleets/scale"))
    with pytest.raises(BlueGreenError) as refused:
        run_on(kube)
    assert refused.value.details["missing"] == ["patch fleets/scale.agones.dev in namespace arena"]


def test_has_fleets() -> None:
    assert has_fleets(Cluster(), ["arena"])
    bare = Cluster()
    bare.fleets = lambda _namespace: []  # type: ignore[method-assign, assignment]
    assert not has_fleets(bare, ["arena"])


def sized(cluster: Cluster, sizings: Sizings | None = None, **more: Any) -> list[Size]:
    return size_fleets(cluster, ["arena"], sizings or Sizings(), DEFAULT_DOMAIN, **more)


def test_slots_are_compared_and_sized() -> None:
    source, target = Cluster(60), Cluster(10, scaler=autoscaler(12))
    differences = compare_slots(source, target, ["arena"], expected=[], domain=DEFAULT_DOMAIN)
    assert [difference.path for difference in differences] == ["spec.policy.buffer.minReplicas"]
    assert compare_slots(source, None, ["arena"], expected=[], domain=DEFAULT_DOMAIN) == []
    assert [(one.replicas, one.sessions, one.peak_sessions) for one in sized(source)] == [(60, 0, None)]


def test_a_size_is_for_the_peak_and_the_buffer() -> None:
    asked: list[Sequence[Key]] = []

    def read_peaks(fleets: Sequence[Key]) -> dict[Key, int]:
        asked.append(fleets)
        return dict.fromkeys(fleets, 80)

    (size,) = sized(Cluster(60), read_peaks=read_peaks)
    assert (size.replicas, size.peak_sessions, size.buffer_seats, asked) == (90, 80, 10, [[("arena", "arena")]])
    said = Sizings(Sizing(reserve_seats=3), {("", "arena"): Sizing(1.5, 4, 50)})
    (size,) = sized(Cluster(60), said, read_peaks=read_peaks)
    assert (size.replicas, size.peak_sessions, len(asked)) == (75 + 10 + 4, 50, 1)


def test_without_the_peak_that_was_asked_for_nothing_is_sized() -> None:
    def read_peaks(_fleets: Sequence[Key]) -> dict[Key, int]:
        raise BlueGreenError("peak_query: no answer")

    with pytest.raises(BlueGreenError, match="no answer"):
        sized(Cluster(60), read_peaks=read_peaks)


def test_sizings_that_make_no_sense_are_refused_before_anybody_is_asked() -> None:
    def read_peaks(_fleets: Sequence[Key]) -> dict[Key, int]:
        raise AssertionError

    wrong = Sizings(Sizing(fragmentation=0.5), {("", "moon"): Sizing()})
    with pytest.raises(BlueGreenError, match="cannot be sized") as refused:
        sized(Cluster(60), wrong, read_peaks=read_peaks)
    assert len(refused.value.details["problems"]) == 2


def test_a_predicate_that_no_fleet_knows_is_refused() -> None:
    with pytest.raises(BlueGreenError, match="session_predicate names Counter guests"):
        sized(Cluster(60), predicate=Predicate(counter="guests"))
