"""What the source cluster's own API tells of charts and Fargate."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import Fargate, Inside
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_cluster import (
    FARGATE_LABEL,
    LiveCluster,
    fargate_of,
    look_inside,
)

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._agones.kube import FakeKube
from tests.unit.plugins.module_utils._preflight.account import Cluster, pod


def test_pods_that_do_not_say_their_size_have_the_smallest() -> None:
    assert fargate_of([pod("1vCPU 2GB"), pod("much"), pod("")]) == Fargate(3, 1.5)


def test_nothing_runs_on_fargate() -> None:
    assert fargate_of([]) == Fargate(0, 0)
    assert fargate_of([{"metadata": {"annotations": None}}]) == Fargate(1, 0.25)


def test_only_charts_that_are_deployed_count() -> None:
    reads = Reads()
    assert look_inside(Cluster, reads) == Inside(charts={"agones": "1.59.0"}, fargate=Fargate(2, 0.75))
    assert reads.problems == []


def test_a_source_without_a_kubeconfig_is_unreachable() -> None:
    assert look_inside(None, Reads()) == Inside(unreachable="there is no kubeconfig for it")


@pytest.mark.parametrize("connects", [False, True])
def test_a_source_that_does_not_answer_is_unreachable_and_no_finding(connects: bool) -> None:
    def connect() -> Any:
        if connects:
            return Cluster(BlueGreenError("no answer"))
        raise BlueGreenError("no answer")

    reads = Reads()
    assert look_inside(connect, reads) == Inside(unreachable="no answer")
    assert reads.problems == []


def test_the_pods_of_fargate_are_asked_for_by_their_label() -> None:
    asked: list[Any] = []

    class Api(FakeKube):
        def list(self, path: str, **more: Any) -> Any:
            asked.append((path, more))
            return [pod("1vCPU 2GB")], "1"

    api: Any = Api()
    assert LiveCluster(api, FakeClock()).fargate_pods() == [pod("1vCPU 2GB")]
    assert asked == [("/api/v1/pods", {"selector": FARGATE_LABEL, "metadata_only": True})]
