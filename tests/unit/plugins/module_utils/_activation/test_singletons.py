from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.singletons import (
    Singleton,
    jobs_left,
    missing_replicas,
    plan_off,
    plan_on,
    pods_left,
    selector_of,
    singleton_access,
    singleton_annotation,
    state_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import merged
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

Json = dict[str, Any]
DIRECTOR = Singleton("Deployment", "arena", "director", 2)
LEDGER = Singleton("StatefulSet", "arena", "ledger")
REWARDS = Singleton("CronJob", "arena", "rewards")
MARK = singleton_annotation(DEFAULT_DOMAIN)


def obj(spec: Json, status: Json | None = None, **metadata: Any) -> Json:
    return {"metadata": {"resourceVersion": "7", **metadata}, "spec": spec, "status": status or {}}


def switched(one: Singleton, found: Json, state: str) -> Json:
    patch = plan_on(one, found, DEFAULT_DOMAIN) if state == "on" else plan_off(one, found, "run-1", DEFAULT_DOMAIN)
    return merged(found, patch or {})


@pytest.mark.parametrize(
    ("one", "spec", "off"),
    [
        (DIRECTOR, {"replicas": 3}, {"replicas": 0}),
        (LEDGER, {}, {"replicas": 0}),
        (REWARDS, {"suspend": False}, {"suspend": True}),
        (REWARDS, {}, {"suspend": True}),
    ],
)
def test_off_and_on_again(one: Singleton, spec: Json, off: Json) -> None:
    was_off = switched(one, obj(spec), "off")
    assert was_off["spec"] == off
    assert type(was_off["spec"][one.field]) is type(off[one.field])
    assert state_of(one, was_off) == "off"
    assert plan_off(one, was_off, "run-1", DEFAULT_DOMAIN) is None
    back = switched(one, was_off, "on")
    default = {"replicas": 1} if one.kind != "CronJob" else {"suspend": False}
    assert back["spec"] == (spec or default)
    assert MARK not in back["metadata"]["annotations"]
    assert plan_on(one, back, DEFAULT_DOMAIN) is None


@pytest.mark.parametrize(
    ("one", "spec", "on"),
    [(DIRECTOR, {"replicas": 0}, {"replicas": 2}), (REWARDS, {"suspend": True}, {"suspend": False})],
)
def test_one_that_its_chart_has_installed_switched_off(one: Singleton, spec: Json, on: Json) -> None:
    assert plan_off(one, obj(spec), "run-1", DEFAULT_DOMAIN) is None
    assert switched(one, obj(spec), "on")["spec"] == on


def test_one_that_somebody_else_has_switched_on_keeps_what_he_gave_it() -> None:
    found = switched(DIRECTOR, obj({"replicas": 3}), "off")
    found["spec"]["replicas"] = 5
    back = switched(DIRECTOR, found, "on")
    assert (back["spec"], back["metadata"]["annotations"]) == ({"replicas": 5}, {})
    again = switched(DIRECTOR, switched(DIRECTOR, found, "off"), "on")
    assert again["spec"] == {"replicas": 5}


def test_writes_are_conditional() -> None:
    patch = plan_off(DIRECTOR, obj({"replicas": 3}), "run-1", DEFAULT_DOMAIN)
    assert patch is not None
    assert patch["metadata"]["resourceVersion"] == "7"


def test_an_annotation_that_is_not_ours_is_refused_by_name() -> None:
    broken = obj({"replicas": 0}, annotations={MARK: '{"v": 9}'})
    with pytest.raises(BlueGreenError, match="of Deployment arena/director cannot be read"):
        plan_on(DIRECTOR, broken, DEFAULT_DOMAIN)


@pytest.mark.parametrize(
    ("status", "generation", "phases", "left"),
    [
        ({"replicas": 0, "observedGeneration": 2}, 2, [], 0),
        ({"replicas": 0, "observedGeneration": 1}, 2, [], 1),
        ({"replicas": 1, "observedGeneration": 2}, 2, [], 1),
        ({"observedGeneration": 2}, 2, ["Running", "Pending"], 2),
        ({"observedGeneration": 2}, 2, ["Failed", "Succeeded"], 0),
    ],
)
def test_pods_that_are_left(status: Json, generation: int, phases: list[str], left: int) -> None:
    pods = [{"status": {"phase": phase}} for phase in phases]
    assert pods_left(obj({"replicas": 0}, status, generation=generation), pods) == left


def job(uid: str, status: Json, **spec: Any) -> Json:
    return {"metadata": {"ownerReferences": [{"uid": uid}]}, "spec": spec, "status": status}


@pytest.mark.parametrize(
    ("status", "jobs", "left"),
    [
        ({}, [], 0),
        ({"active": [{"name": "a"}]}, [], 1),
        ({}, [job("rewards", {"active": 1})], 1),
        ({}, [job("rewards", {})], 1),
        ({}, [job("rewards", {"conditions": [{"type": "Complete", "status": "True"}]})], 0),
        ({}, [job("rewards", {"conditions": [{"type": "FailureTarget", "status": "True"}]})], 1),
        ({}, [job("rewards", {}, suspend=True)], 0),
        ({}, [job("rewards", {"active": 1}, suspend=True)], 1),
        ({}, [job("other", {"active": 1}), {"metadata": {}}], 0),
    ],
)
def test_jobs_that_are_left(status: Json, jobs: list[Json], left: int) -> None:
    assert jobs_left(obj({"suspend": True}, status, uid="rewards"), jobs) == left


@pytest.mark.parametrize(
    ("one", "spec", "status", "missing"),
    [
        (DIRECTOR, {"replicas": 3}, {"readyReplicas": 2}, 1),
        (DIRECTOR, {"replicas": 3}, {"readyReplicas": 3}, 0),
        (REWARDS, {"suspend": False}, {}, 0),
    ],
)
def test_replicas_that_are_missing(one: Singleton, spec: Json, status: Json, missing: int) -> None:
    assert missing_replicas(one, obj(spec, status)) == missing
    lagging = obj(spec, {**status, "observedGeneration": 1}, generation=2)
    assert missing_replicas(one, lagging) == (0 if one is REWARDS else 3)


def test_a_selector_as_a_query() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
        {"key": "new", "operator": "Exists"},
        {"key": "zone", "operator": "NotIn", "values": ["c"]},
    ]
    found = obj({"selector": {"matchLabels": {"app": "director"}, "matchExpressions": expressions}})
    assert selector_of(found) == "app=director,tier in (a,b),!old,new,zone notin (c)"


def test_needed_access() -> None:
    texts = [str(access) for access in singleton_access([DIRECTOR, DIRECTOR, REWARDS], proves_off=True)]
    assert texts == [
        "get deployments.apps in namespace arena",
        "patch deployments.apps in namespace arena",
        "list pods in namespace arena",
        "get cronjobs.batch in namespace arena",
        "patch cronjobs.batch in namespace arena",
        "list jobs.batch in namespace arena",
    ]
    assert len(singleton_access([DIRECTOR], proves_off=False)) == 2
