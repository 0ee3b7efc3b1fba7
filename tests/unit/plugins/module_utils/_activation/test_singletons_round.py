from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.singletons_round import (
    Activation,
    predict_activation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._activation.test_singletons import DIRECTOR, REWARDS
from tests.unit.plugins.module_utils._agones.kube import FakeKube, TickingClock
from tests.unit.plugins.module_utils._drain.world import FakeKeeper

Json = dict[str, Any]
POD = "/api/v1/namespaces/arena/pods/director-1"
JOB = "/apis/batch/v1/namespaces/arena/jobs/rewards-1"
LABELS = {"app": "director"}


def cluster(*, pods: bool = True) -> FakeKube:
    kube = FakeKube()
    selector = {"matchLabels": LABELS}
    kube.put(DIRECTOR.path, {"metadata": {"name": "director"}, "spec": {"replicas": 1, "selector": selector}})
    kube.put(REWARDS.path, {"metadata": {"name": "rewards", "uid": "rewards"}, "spec": {"schedule": "@daily"}})
    if pods:
        kube.put(POD, {"metadata": {"labels": LABELS}, "status": {"phase": "Running"}})
        kube.put(JOB, {"metadata": {"ownerReferences": [{"uid": "rewards"}]}, "status": {"active": 1}})
    return kube


def activation(kube: FakeKube, clock: TickingClock | None = None, **more: Any) -> Activation:
    singletons, keeper = [DIRECTOR, REWARDS], FakeKeeper()
    return Activation(kube, singletons, "run-1", DEFAULT_DOMAIN, keeper, clock or TickingClock(), **more)  # type: ignore[arg-type]


def states(result: Json) -> list[str]:
    return [one["state"] for one in result["singletons"]]


def test_off_is_proven_when_pods_and_jobs_have_ended() -> None:
    kube, clock = cluster(), TickingClock()

    def end(_seconds: float) -> None:
        if clock.seconds >= 3:
            kube.objects.pop(POD, None)
        if clock.seconds >= 5:
            kube.objects.pop(JOB, None)

    clock.on_sleep = end
    result = activation(kube, clock=clock).run("off", check_mode=False)
    assert (result["changed"], result["round"]["finished"], states(result)) == (True, True, ["off", "off"])
    # Two looks, a second apart.
    assert clock.seconds == 6
    again = activation(kube).run("off", check_mode=False)
    assert (again["changed"], again["round"]["finished"]) == (False, True)


def test_a_pod_between_two_looks_is_seen() -> None:
    kube, clock = cluster(pods=False), TickingClock()

    def appear(_seconds: float) -> None:
        if clock.seconds == 1:
            kube.put(POD, {"metadata": {"labels": LABELS}, "status": {"phase": "Running"}})

    clock.on_sleep = appear
    result = activation(kube, clock=clock, slice_seconds=5.0).run("off", check_mode=False)
    assert not result["round"]["finished"]


def test_a_slice_ends_with_the_names_of_what_is_left() -> None:
    result = activation(cluster(), slice_seconds=2.0).run("off", check_mode=False)
    assert not result["round"]["finished"]
    assert result["round"]["progress"] == (
        "singletons not yet off: Deployment arena/director (1 pods or jobs left), "
        "CronJob arena/rewards (1 pods or jobs left)"
    )


def test_on_waits_for_replicas() -> None:
    kube, clock = cluster(pods=False), TickingClock()
    activation(kube).run("off", check_mode=False)

    def start(_seconds: float) -> None:
        if clock.seconds == 4:
            kube.touch(DIRECTOR.path, {"status": {"readyReplicas": 1}})

    clock.on_sleep = start
    result = activation(kube, clock=clock).run("on", check_mode=False)
    assert (result["changed"], states(result), clock.seconds) == (True, ["on", "on"], 4)
    assert kube.objects[REWARDS.path]["spec"]["suspend"] is False


def test_without_waiting_nothing_is_looked_at_again() -> None:
    clock = TickingClock()
    result = activation(cluster(), clock=clock, wait=False).run("off", check_mode=False)
    assert (result["round"]["finished"], states(result), clock.seconds) == (True, ["off", "off"], 0)


def test_a_dead_cluster_is_an_error_at_once_without_waiting() -> None:
    kube = cluster()
    kube.is_dead = True
    with pytest.raises(ApiFailure, match="no answer"):
        activation(kube, wait=False).run("off", check_mode=False)


def test_a_lost_race_is_planned_again() -> None:
    kube = cluster(pods=False)
    changes = [{"spec": {"replicas": 4}}]

    def change(_verb: str, path: str) -> None:
        if path == DIRECTOR.path and changes:
            kube.touch(path, changes.pop())

    kube.before_write = change
    activation(kube).run("off", check_mode=False)
    activation(kube, wait=False).run("on", check_mode=False)
    assert kube.objects[DIRECTOR.path]["spec"]["replicas"] == 4


def test_what_is_not_there_is_off_and_cannot_be_switched_on() -> None:
    kube = FakeKube()
    result = activation(kube).run("off", check_mode=False)
    assert (result["changed"], states(result)) == (False, ["absent", "absent"])
    with pytest.raises(BlueGreenError, match="Deployment arena/director, CronJob arena/rewards cannot be switched on"):
        activation(kube).run("on", check_mode=False)
    assert states(activation(kube, ignore_missing=True).run("on", check_mode=False)) == ["absent", "absent"]


def test_missing_permissions_are_named_at_once_before_the_first_write() -> None:
    kube = cluster()
    kube.denied = {("patch", "deployments"), ("list", "jobs")}
    with pytest.raises(BlueGreenError) as caught:
        activation(kube).run("off", check_mode=False)
    assert "patch deployments.apps in namespace arena, list jobs.batch in namespace arena" in caught.value.message
    assert kube.log == []


def test_check_mode_predicts_and_writes_nothing() -> None:
    kube = cluster()
    result = activation(kube).run("off", check_mode=True)
    assert (result["changed"], states(result), kube.log) == (True, ["off", "off"], [])
    assert result["diff"]["after"] == {"Deployment arena/director": "off", "CronJob arena/rewards": "off"}


def test_a_cluster_that_is_not_there_yet_is_predicted() -> None:
    assert predict_activation([DIRECTOR], "on")["changed"]
    assert not predict_activation([DIRECTOR], "off")["changed"]
