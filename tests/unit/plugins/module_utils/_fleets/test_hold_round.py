from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import KubeFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold_round import (
    CapacityHold,
    hold_access,
    reading_access,
    release_access,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.sizing_round import compare_slots

from tests.unit.plugins.module_utils._agones.kube import FakeKube, reviewed
from tests.unit.plugins.module_utils._drain.world import FakeKeeper, Killed
from tests.unit.plugins.module_utils._fleets.test_hold import HOLD, LIMITLESS, autoscaler, counting

Json = dict[str, Any]
NAMESPACE = "/apis/{}/v1/namespaces/arena"
FLEET = NAMESPACE.format("agones.dev") + "/fleets/arena"
SCALER = NAMESPACE.format("autoscaling.agones.dev") + "/fleetautoscalers/arena"
SHELF = f"/api/v1/namespaces/arena/configmaps/{DEFAULT_DOMAIN}.hold"


class Reviewing(FakeKube):
    """Takes nothing in namespace arena that was not asked about before."""

    def __init__(self) -> None:
        super().__init__()
        self.reviewed: set[tuple[str, str]] = set()

    def _review(self, path: str, body: Json) -> Json:
        self.reviewed.add(reviewed(body))
        return super()._review(path, body)

    def _answer(self, verb: str, path: str) -> None:
        target = path.partition("/namespaces/arena/")[2]
        if target:
            plural, *rest = target.split("/")
            reading = "get" if rest else "list"
            used = (reading if verb == "GET" else verb, "/".join([plural, *rest[1:]]))
            assert used in self.reviewed, f"{used} was not reviewed"
        super()._answer(verb, path)


def cluster(scaler: Json, replicas: int = 60, kube: FakeKube | None = None) -> FakeKube:
    kube = kube or FakeKube()
    template = {"spec": {"counters": {"rooms": {"count": 0, "capacity": 10}}, "lists": {"players": {"capacity": 5}}}}
    fleet = {"metadata": {"namespace": "arena", "name": "arena"}, "spec": {"replicas": replicas, "template": template}}
    kube.put(FLEET, fleet)
    kube.put(SCALER, scaler)
    return kube


def hold(kube: FakeKube, *, released: bool = False, check_mode: bool = False, run: str = "run-1") -> Json:
    return holding(kube, run).run(released=released, check_mode=check_mode)


def holding(kube: FakeKube, run: str = "run-1") -> CapacityHold:
    return CapacityHold(KubeFleets(kube), ["arena"], run, DEFAULT_DOMAIN, FakeKeeper())  # type: ignore[arg-type]


def spec_of(kube: FakeKube) -> Json:
    found: Json = kube.objects[SCALER]["spec"]
    return found


def detachable() -> Json:
    scaler = autoscaler(kind="Webhook")
    scaler["spec"]["policy"] = LIMITLESS["Webhook"]
    scaler["metadata"] |= {
        "labels": {"app": "arena"},
        "annotations": {"note": "kept"},
        "generation": 4,
        "managedFields": [{"manager": "helm"}],
        "creationTimestamp": "2026-11-23T12:00:00Z",
    }
    return {**scaler, "status": {"ableToScale": True}}


@pytest.mark.parametrize(
    ("scaler", "floor"),
    [
        (autoscaler(), {"bufferSize": 10, "minReplicas": 60, "maxReplicas": 150}),
        (counting("Counter"), {"key": "rooms", "bufferSize": 5, "minCapacity": 600, "maxCapacity": 600}),
        (counting("List"), {"key": "players", "bufferSize": 5, "minCapacity": 300, "maxCapacity": 500}),
    ],
)
def test_floors_on_and_off(scaler: Json, floor: Json) -> None:
    kube = cluster(scaler)
    before = spec_of(kube)
    held = hold(kube)
    policy = spec_of(kube)["policy"]
    assert held["changed"]
    assert held["autoscalers"][0]["hold"] == "floor"
    assert policy[policy["type"].lower()] == floor
    assert not hold(kube)["changed"]
    released = hold(kube, released=True)
    assert (released["changed"], released["autoscalers"][0]["hold"]) == (True, "none")
    assert spec_of(kube) == before
    assert HOLD not in kube.objects[SCALER]["metadata"]["annotations"]
    assert not hold(kube, released=True)["changed"]


@pytest.mark.parametrize("kind", sorted(LIMITLESS))
def test_a_policy_without_a_floor_is_detached_and_comes_back_as_it_was(kind: str) -> None:
    scaler = detachable()
    scaler["spec"]["policy"] = LIMITLESS[kind]
    kube = cluster(scaler)
    held = hold(kube)
    assert SCALER not in kube.objects
    assert held["autoscalers"] == [
        {"namespace": "arena", "name": "arena", "fleet": "arena", "policy": kind, "hold": "detached"}
    ]
    again = hold(kube)
    assert (again["changed"], again["autoscalers"]) == (False, held["autoscalers"])

    assert hold(kube, released=True)["changed"]
    back = kube.objects[SCALER]
    assert back["spec"] == scaler["spec"]
    assert "status" not in back
    assert back["kind"] == "FleetAutoscaler"
    metadata = back["metadata"].keys() - {"uid", "resourceVersion"}
    assert metadata == {"namespace", "name", "labels", "annotations"}
    assert back["metadata"]["annotations"] == {"note": "kept"}
    assert SHELF not in kube.objects
    assert HOLD not in kube.objects[FLEET]["metadata"]["annotations"]
    assert not hold(kube, released=True)["changed"]


def test_what_is_kept_is_there_before_the_autoscaler_goes_and_the_fleet_is_marked_after() -> None:
    kube = cluster(detachable())
    hold(kube)
    assert kube.log == [
        f"patch namespaces/arena/configmaps/{DEFAULT_DOMAIN}.hold",
        "create namespaces/arena/configmaps",
        "delete namespaces/arena/fleetautoscalers/arena",
        "patch namespaces/arena/fleets/arena",
    ]
    assert json.loads(kube.objects[FLEET]["metadata"]["annotations"][HOLD])["detached"] == "arena"


def test_a_scaling_under_way_is_refused_by_the_mark_or_taken_back() -> None:
    kube = cluster(detachable())
    version = kube.objects[FLEET]["metadata"]["resourceVersion"]

    def shrink(verb: str, path: str) -> None:
        if verb == "delete":
            kube.touch(FLEET, {"spec": {"replicas": 10}})

    kube.before_write = shrink
    hold(kube)
    assert kube.objects[FLEET]["spec"]["replicas"] == 60
    # A scaling that was decided before carries the old version.
    assert kube.objects[FLEET]["metadata"]["resourceVersion"] != version


def test_a_change_between_reading_and_deleting_is_kept_too() -> None:
    kube = cluster(detachable())
    changes = [{"spec": {"policy": {"webhook": {"url": "https://new.test"}}}}]

    def change(verb: str, path: str) -> None:
        if verb == "delete" and changes:
            kube.touch(SCALER, changes.pop())

    kube.before_write = change
    hold(kube)
    assert SCALER not in kube.objects
    hold(kube, released=True)
    assert spec_of(kube)["policy"]["webhook"]["url"] == "https://new.test"


def test_a_lost_race_for_a_floor_is_planned_again() -> None:
    kube = cluster(autoscaler())
    changes = [{"spec": {"policy": {"buffer": {"maxReplicas": 40}}}}]

    def change(verb: str, path: str) -> None:
        if changes:
            kube.touch(SCALER, changes.pop())

    kube.before_write = change
    hold(kube)
    assert spec_of(kube)["policy"]["buffer"] == {"bufferSize": 10, "minReplicas": 60, "maxReplicas": 60}
    hold(kube, released=True)
    assert spec_of(kube)["policy"]["buffer"] == {"bufferSize": 10, "minReplicas": 10, "maxReplicas": 40}


@pytest.mark.parametrize("at", ["delete", "patch"])
def test_whoever_stops_in_between_can_go_on_or_back(at: str) -> None:
    kube = cluster(detachable())

    def die(verb: str, path: str) -> None:
        if (verb, path) in (("delete", SCALER), ("patch", FLEET)) and verb == at:
            raise Killed

    for goes_on in (True, False):
        kube.before_write = die
        with pytest.raises(Killed):
            hold(kube)
        kube.before_write = lambda _verb, _path: None
        if goes_on:
            hold(kube)
            assert SCALER not in kube.objects
        hold(kube, released=True)
        assert spec_of(kube) == detachable()["spec"]
        assert SHELF not in kube.objects


def test_one_that_somebody_has_created_meanwhile_stays() -> None:
    kube = cluster(detachable())
    hold(kube)
    kube.put(SCALER, autoscaler(12))
    assert hold(kube, released=True)["changed"]
    assert spec_of(kube)["policy"]["type"] == "Buffer"
    assert SHELF not in kube.objects
    assert not hold(kube, released=True)["changed"]


def test_one_that_a_chart_has_created_again_is_detached_again() -> None:
    kube = cluster(detachable())
    hold(kube)
    newer = detachable()
    newer["spec"]["fleetName"] = "arena"
    newer["metadata"]["labels"] = {"app": "newer"}
    kube.put(SCALER, newer)
    assert hold(kube)["changed"]
    hold(kube, released=True)
    assert kube.objects[SCALER]["metadata"]["labels"] == {"app": "newer"}


def test_without_the_webhook_a_floor_becomes_a_detachment_and_a_release_says_what_stays() -> None:
    kube = cluster(autoscaler())
    before = spec_of(kube)
    kube.webhook_down = True
    holder = holding(kube)
    assert holder.run(released=False, check_mode=False)["autoscalers"][0]["hold"] == "detached"
    assert "agones-extensions does not answer" in holder.warnings[0]
    with pytest.raises(BlueGreenError, match=r"arena/arena stays held \(agones-extensions does not answer"):
        hold(kube, released=True)
    assert SHELF in kube.objects
    kube.webhook_down = False
    hold(kube, released=True)
    assert spec_of(kube) == before


@pytest.mark.parametrize("scaler", [autoscaler(), detachable()])
def test_check_mode_predicts_and_writes_nothing(scaler: Json) -> None:
    kube = cluster(scaler)
    predicted = hold(kube, check_mode=True)
    assert (predicted["changed"], kube.log) == (True, [])
    held = hold(kube)
    assert (predicted["autoscalers"], predicted["diff"]) == (held["autoscalers"], held["diff"])
    written = len(kube.log)
    predicted = hold(kube, released=True, check_mode=True)
    assert (predicted["changed"], len(kube.log)) == (True, written)
    assert predicted["autoscalers"] == hold(kube, released=True)["autoscalers"]


def test_missing_permissions_are_named_at_once_before_the_first_write() -> None:
    kube = cluster(detachable())
    kube.denied = {("delete", "fleetautoscalers"), ("create", "configmaps")}
    with pytest.raises(BlueGreenError) as caught:
        hold(kube)
    assert "delete fleetautoscalers.autoscaling.agones.dev in namespace arena" in caught.value.message
    assert "create configmaps in namespace arena" in caught.value.message
    assert kube.log == []
    kube.denied = {("list", "fleets"), ("get", "configmaps")}
    with pytest.raises(BlueGreenError, match=r"may not list fleets\.agones\.dev in namespace arena, get configmaps"):
        hold(kube, released=True)
    small = cluster(autoscaler(), replicas=5)
    small.denied = {("patch", "fleetautoscalers")}
    assert not hold(small)["changed"]


HOLDING = [
    "get fleetautoscalers.autoscaling.agones.dev in namespace arena",
    "create fleetautoscalers.autoscaling.agones.dev in namespace arena",
    "patch fleetautoscalers.autoscaling.agones.dev in namespace arena",
    "delete fleetautoscalers.autoscaling.agones.dev in namespace arena",
    "get configmaps in namespace arena",
    "create configmaps in namespace arena",
    "patch configmaps in namespace arena",
    "delete configmaps in namespace arena",
    "patch fleets.agones.dev in namespace arena",
    "patch fleets/scale.agones.dev in namespace arena",
]


def test_what_a_hold_takes() -> None:
    assert list(map(str, hold_access("arena"))) == HOLDING


@pytest.mark.parametrize(
    ("floors", "detached", "taken"),
    [
        (False, False, []),
        (True, False, [HOLDING[0], HOLDING[2]]),
        (False, True, [HOLDING[1], HOLDING[6], HOLDING[7], HOLDING[8]]),
        (True, True, [HOLDING[0], HOLDING[2], HOLDING[1], HOLDING[6], HOLDING[7], HOLDING[8]]),
    ],
)
def test_what_a_release_takes_a_hold_has_asked_for(floors: bool, detached: bool, taken: list[str]) -> None:
    release = release_access("arena", floors=floors, detached=detached)
    assert list(map(str, release)) == taken
    assert {*release} <= {*hold_access("arena"), *reading_access("arena")}


BECOMES_BUFFER = {"spec": {"policy": {"type": "Buffer", "buffer": {"bufferSize": 10, "maxReplicas": 150}}}}


@pytest.mark.parametrize("webhook_down", [False, True])
@pytest.mark.parametrize(
    ("scaler", "change"),
    [
        (autoscaler(), {}),
        (autoscaler(), {"spec": {"policy": {"buffer": {"maxReplicas": 40}}}}),
        (autoscaler(), {"spec": {"policy": LIMITLESS["Webhook"]}}),
        (detachable(), {}),
        (detachable(), {"metadata": {"labels": {"app": "newer"}}}),
        (detachable(), BECOMES_BUFFER),
    ],
)
def test_nothing_is_done_that_was_not_reviewed(scaler: Json, change: Json, webhook_down: bool) -> None:
    kube = Reviewing()
    cluster(scaler, kube=kube)
    kube.webhook_down = webhook_down
    changes = [change, {"metadata": {"labels": {"app": "newest"}}}]

    def meddle(verb: str, path: str) -> None:
        if path == SCALER and changes:
            kube.touch(SCALER, changes.pop(0))
        if verb == "delete":
            kube.touch(FLEET, {"spec": {"replicas": 10}})

    kube.before_write = meddle
    assert hold(kube)["changed"]
    kube.reviewed.clear()
    kube.webhook_down = False
    changes[:] = [{"metadata": {"labels": {"app": "last"}}}] if SCALER in kube.objects else []
    assert hold(kube, released=True)["changed"]
    assert changes == []


@pytest.mark.parametrize("scaler", [autoscaler(), detachable()])
@pytest.mark.parametrize("check_mode", [False, True])
def test_whatever_a_hold_may_come_to_is_asked_for_before_its_first_write(scaler: Json, check_mode: bool) -> None:
    kube = cluster(scaler)
    kube.webhook_down = True
    kube.denied = {("patch", "fleets")}
    with pytest.raises(BlueGreenError, match=r"may not patch fleets\.agones\.dev in namespace arena;"):
        hold(kube, check_mode=check_mode)
    kube.denied |= {(verb, "fleetautoscalers") for verb in ("get", "create", "patch", "delete")}
    kube.denied |= {(verb, "configmaps") for verb in ("create", "patch", "delete")} | {("patch", "fleets/scale")}
    with pytest.raises(BlueGreenError) as refused:
        hold(kube, check_mode=check_mode)
    assert refused.value.details["missing"] == [text for text in HOLDING if text != HOLDING[4]]
    assert (kube.log, SCALER in kube.objects) == ([], True)


def test_an_autoscaler_without_its_fleet_is_left() -> None:
    scaler = detachable()
    scaler["spec"]["fleetName"] = "gone"
    kube = cluster(scaler)
    assert not hold(kube)["changed"]
    assert SCALER in kube.objects


def test_a_broken_shelf_is_refused_by_name() -> None:
    kube = cluster(autoscaler())
    kube.put(SHELF, {"metadata": {"namespace": "arena", "name": "x"}, "data": {"arena": '{"v": 9}'}})
    with pytest.raises(BlueGreenError, match="key arena of ConfigMap"):
        hold(kube, released=True)


def test_a_detached_autoscaler_is_compared_as_if_it_were_there() -> None:
    source, target = cluster(detachable()), cluster(detachable())
    hold(source)
    slots = [KubeFleets(kube) for kube in (source, target)]  # type: ignore[arg-type]
    assert compare_slots(slots[0], slots[1], ["arena"], expected=[], domain=DEFAULT_DOMAIN) == []
