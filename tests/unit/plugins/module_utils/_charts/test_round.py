"""One round of the chart plan."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.plan import HelmRelease
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.round import plan_helm_release
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import Chart

CHARTS = [Chart("agones", "agones-system", "agones/agones", "1.60.0"), Chart("arena", "arena", "game/arena", "1.11.0")]


class FakeCluster:
    def __init__(self, *releases: HelmRelease) -> None:
        self.releases = releases

    def newest(self) -> tuple[HelmRelease, ...]:
        return self.releases


def agones(status: str = "deployed", version: str = "1.60.0", age: float = 1.0) -> HelmRelease:
    return HelmRelease("agones", "agones-system", 1, status, version, {}, age)


def test_a_cluster_that_does_not_exist_gets_everything() -> None:
    result = plan_helm_release(CHARTS, None, interrupted_after_seconds=300, check_mode=True)
    assert result["predicted"]
    assert result["changed"]
    assert result["deploy"] == ["agones", "arena"]
    assert result["diff"] == {"before": "", "after": "agones-system/agones 1.60.0\narena/arena 1.11.0\n"}


def test_only_what_differs_is_deployed() -> None:
    result = plan_helm_release(CHARTS, FakeCluster(agones()), interrupted_after_seconds=300, check_mode=False)
    assert result["deploy"] == ["arena"]
    assert not result["changed"]
    assert result["round"]["finished"]


def test_an_operation_under_way_takes_another_round() -> None:
    cluster = FakeCluster(agones("pending-install"))
    result = plan_helm_release(CHARTS, cluster, interrupted_after_seconds=300, check_mode=False)
    assert not result["round"]["finished"]
    assert result["round"]["progress"].startswith("waiting for agones")


def test_an_interrupted_operation_is_reported_with_its_record() -> None:
    cluster = FakeCluster(agones("pending-install", age=301))
    result = plan_helm_release(CHARTS, cluster, interrupted_after_seconds=300, check_mode=False)
    assert result["interrupted"] == [{"name": "sh.helm.release.v1.agones.v1", "namespace": "agones-system"}]
    assert result["deploy"] == ["agones", "arena"]


def test_the_diff_says_why() -> None:
    cluster = FakeCluster(agones(version="1.59.0"))
    result = plan_helm_release(CHARTS[:1], cluster, interrupted_after_seconds=300, check_mode=True)
    assert result["diff"]["before"] == "agones-system/agones 1.59.0\n"
    assert result["diff"]["after"] == "agones-system/agones 1.60.0  # version 1.59.0 is deployed\n"
