"""The order of what is read about clusters."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster_info import newest_first, worst_first


def test_versions_are_compared_as_numbers() -> None:
    listed = [{"clusterVersion": version} for version in ("1.9", "1.36", "1.10")]
    assert [one["clusterVersion"] for one in newest_first(listed)] == ["1.36", "1.10", "1.9"]


def test_the_worst_insights_come_first() -> None:
    listed = [
        {"name": name, "insightStatus": {"status": status}}
        for name, status in (("b", "PASSING"), ("a", "PASSING"), ("c", "WARNING"), ("d", "ERROR"))
    ]
    listed.append({"name": "e"})
    assert [one["name"] for one in worst_first(listed)] == ["d", "c", "e", "a", "b"]
