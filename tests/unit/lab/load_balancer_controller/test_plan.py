"""Which targets a TargetGroupBinding wants."""

from __future__ import annotations

from typing import Any

import pytest

from lab.load_balancer_controller.plan import (
    FINALIZER,
    Plan,
    finalizers_with,
    finalizers_without,
    plan_targets,
    wanted_targets,
)


def pod(name: str, address: str, *, ready: bool = True, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "arena", **metadata},
        "spec": {"containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]},
        "status": {"podIP": address, "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


def binding(port: int | str) -> dict[str, Any]:
    return {"spec": {"serviceRef": {"name": "s", "port": port}}}


def service(**port: Any) -> dict[str, Any]:
    return {"spec": {"ports": [{"port": 1, "name": "other"}, {"port": 80, "name": "web", **port}]}}


A = pod("a", "127.0.0.1")


@pytest.mark.parametrize(
    ("reference", "port", "expected"),
    [
        (80, {"targetPort": 8080}, {("127.0.0.1", 8080)}),
        ("web", {"targetPort": "http"}, {("127.0.0.1", 8080)}),
        (80, {}, {("127.0.0.1", 80)}),
        (80, {"targetPort": "unknown"}, set()),
        (81, {"targetPort": 8080}, set()),
    ],
)
def test_ports(reference: int | str, port: dict[str, Any], expected: set[tuple[str, int]]) -> None:
    assert wanted_targets(binding(reference), service(**port), [A]) == expected


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([A, pod("b", "127.0.0.2")], {("127.0.0.1", 80), ("127.0.0.2", 80)}),
        ([A, pod("b", "127.0.0.2", ready=False)], {("127.0.0.1", 80)}),
        ([A, pod("b", "127.0.0.2", deletionTimestamp="2026-11-23T10:00:00Z")], {("127.0.0.1", 80)}),
        ([pod("b", "")], set()),
    ],
)
def test_only_ready_pods_that_stay_are_wanted(pods: list[Any], expected: set[tuple[str, int]]) -> None:
    assert wanted_targets(binding(80), service(), pods) == expected


def test_without_its_service_a_binding_wants_nothing() -> None:
    assert wanted_targets(binding(80), None, [A]) == set()


@pytest.mark.parametrize(
    ("wanted", "registered", "plan"),
    [
        ([], [], Plan([], [])),
        ([("a", 1)], [], Plan([("a", 1)], [])),
        ([("a", 1)], [("a", 1)], Plan([], [])),
        ([("a", 1)], [("a", 2), ("foreign", 1)], Plan([("a", 1)], [("a", 2), ("foreign", 1)])),
        ([], [("a", 1)], Plan([], [("a", 1)])),
    ],
)
def test_the_target_group_becomes_what_is_wanted(
    wanted: list[tuple[str, int]], registered: list[tuple[str, int]], plan: Plan
) -> None:
    assert plan_targets(wanted, registered) == plan


def test_finalizers_of_others_are_kept() -> None:
    assert finalizers_with({}) == [FINALIZER]
    assert finalizers_with({"finalizers": ["x"]}) == ["x", FINALIZER]
    assert finalizers_with({"finalizers": [FINALIZER]}) is None
    assert finalizers_without({"finalizers": ["x", FINALIZER]}) == ["x"]
