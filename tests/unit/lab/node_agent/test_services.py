"""Where Services of type ExternalName point."""

from __future__ import annotations

from typing import Any

import pytest

from lab.node_agent.services import NOT_READY, choose_address


def service(current: str = NOT_READY, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "s", "namespace": "arena"},
        "spec": {"type": "ExternalName", "externalName": current, "selector": {"app": "m"}, **spec},
    }


def pod(name: str, address: str, *, ready: bool = True, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "arena", "labels": {"app": "m", "x": "y"}, **metadata},
        "status": {"podIP": address, "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


A, B = pod("a", "127.0.0.1"), pod("b", "127.0.0.2")


@pytest.mark.parametrize(
    ("current", "pods", "expected"),
    [
        (NOT_READY, [B, A], "127.0.0.1"),
        ("127.0.0.2", [A, B], "127.0.0.2"),
        ("127.0.0.2", [A, pod("b", "127.0.0.2", ready=False)], "127.0.0.1"),
        ("127.0.0.2", [A, pod("b", "127.0.0.2", deletionTimestamp="2026-11-23T10:00:00Z")], "127.0.0.1"),
        ("127.0.0.2", [], NOT_READY),
        (NOT_READY, [pod("a", "127.0.0.1", namespace="other")], NOT_READY),
        (NOT_READY, [pod("a", "127.0.0.1", labels={"app": "n"})], NOT_READY),
        (NOT_READY, [pod("a", "")], NOT_READY),
    ],
)
def test_it_points_to_a_ready_pod_and_stays_with_it(current: str, pods: list[Any], expected: str) -> None:
    assert choose_address(service(current), pods) == expected


@pytest.mark.parametrize("spec", [{"type": "ClusterIP"}, {"selector": {}}, {"selector": None}])
def test_other_services_are_left_alone(spec: dict[str, Any]) -> None:
    assert choose_address(service(**spec), [A]) is None
