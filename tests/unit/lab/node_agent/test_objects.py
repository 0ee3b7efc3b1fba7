"""The status that a pod shows, and its node."""

from __future__ import annotations

from typing import Any

import pytest

from lab.node_agent.objects import (
    Container,
    node,
    node_address,
    node_name,
    pod_status,
    running,
    terminated,
    waiting,
)

ADDRESS = "127.43.151.7"
NOW = "2026-11-23T10:00:05Z"
EARLIER = "2026-11-23T10:00:00Z"


def pod(conditions: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "namespace": "arena"},
        "spec": {"containers": [{"name": "main", "image": "repo/app:1"}]},
        "status": {"conditions": conditions or [], "startTime": EARLIER, "qosClass": "Burstable"},
    }


def conditions(status: dict[str, Any]) -> dict[str, str]:
    return {one["type"]: one["status"] for one in status["conditions"]}


@pytest.mark.parametrize(
    ("container", "started_at", "phase", "ready"),
    [
        (Container(), "", "Pending", "False"),
        (Container(state=waiting("ErrImagePull", "no program")), "", "Pending", "False"),
        (Container(state=running(NOW)), NOW, "Running", "False"),
        (Container(state=running(NOW), ready=True), NOW, "Running", "True"),
        (Container(state=waiting("CrashLoopBackOff"), restarts=3), EARLIER, "Running", "False"),
        (Container(state=terminated(0, EARLIER, NOW)), EARLIER, "Succeeded", "False"),
        (Container(state=terminated(1, EARLIER, NOW)), EARLIER, "Failed", "False"),
    ],
)
def test_phase_and_readiness_follow_the_program(container: Container, started_at: str, phase: str, ready: str) -> None:
    status = pod_status(pod(), container, ADDRESS, started_at, NOW)
    assert status["phase"] == phase
    assert conditions(status)["Ready"] == ready
    assert conditions(status)["ContainersReady"] == ready
    assert conditions(status)["PodScheduled"] == "True"
    assert status["podIP"] == status["hostIP"] == ADDRESS
    assert status["startTime"] == EARLIER
    assert status["containerStatuses"][0]["restartCount"] == container.restarts


def test_a_condition_keeps_its_time_while_it_lasts_and_those_of_others_are_kept() -> None:
    before = [
        {"type": "Ready", "status": "False", "lastTransitionTime": EARLIER},
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER},
        {"type": "target-health.elbv2.k8s.aws/x", "status": "True", "lastTransitionTime": EARLIER},
    ]
    status = pod_status(pod(before), Container(state=running(NOW), ready=True), ADDRESS, NOW, NOW)
    times = {one["type"]: one["lastTransitionTime"] for one in status["conditions"]}
    assert times["Ready"] == NOW
    assert times["PodScheduled"] == EARLIER
    assert times["target-health.elbv2.k8s.aws/x"] == EARLIER


def test_the_nodes_name_tells_its_address() -> None:
    assert node_name(ADDRESS) == "fargate-127-43-151-7"
    assert node_address(node_name(ADDRESS)) == ADDRESS


def test_a_node_is_fargates_and_not_kwoks() -> None:
    new = node(ADDRESS, "eu-west-1", "1.35", NOW)
    assert new["metadata"]["labels"]["eks.amazonaws.com/compute-type"] == "fargate"
    assert "annotations" not in new["metadata"]
    assert new["spec"]["taints"] == [
        {"key": "eks.amazonaws.com/compute-type", "value": "fargate", "effect": "NoSchedule"}
    ]
    assert {"type": "InternalIP", "address": ADDRESS} in new["status"]["addresses"]
