"""Which charts are installed, upgraded, waited for or left alone."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.plan import (
    HelmRelease,
    check_names,
    describe_waiting,
    differing_keys,
    plan_charts,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import Chart

AGONES = Chart("agones", "agones-system", "/charts/agones-1.60.0.tgz", "1.60.0", values={"replicas": 2})


def deployed(**changes: Any) -> HelmRelease:
    fields: dict[str, Any] = {
        "name": "agones",
        "namespace": "agones-system",
        "revision": 3,
        "status": "deployed",
        "version": "1.60.0",
        "values": {"replicas": 2},
        "age_seconds": 10.0,
    }
    return HelmRelease(**{**fields, **changes})


@pytest.mark.parametrize(
    ("release", "action", "reason"),
    [
        (None, "install", "is not installed"),
        (deployed(namespace="elsewhere"), "install", "is not installed"),
        (deployed(status="uninstalled"), "install", "is not installed"),
        (deployed(), "none", ""),
        (deployed(version="1.59.0"), "upgrade", "version 1.59.0 is deployed"),
        (deployed(status="failed"), "upgrade", "its last Helm operation left it failed"),
        (deployed(values={"replicas": 1, "extra": True}), "upgrade", "values differ at extra, replicas"),
        (
            deployed(version="1.59.0", values={}),
            "upgrade",
            "version 1.59.0 is deployed; values differ at replicas",
        ),
        (deployed(status="pending-install"), "wait", "a Helm operation is under way (pending-install)"),
        (
            deployed(status="pending-upgrade", age_seconds=301.0),
            "upgrade",
            "a Helm operation was interrupted (pending-upgrade)",
        ),
    ],
)
def test_a_chart_against_what_is_deployed(release: HelmRelease | None, action: str, reason: str) -> None:
    (step,) = plan_charts([AGONES], [release] if release else [], interrupted_after_seconds=300)
    assert (step.action, step.reason) == (action, reason)


def test_an_interrupted_operation_names_the_record_that_is_in_the_way() -> None:
    release = deployed(status="pending-install", age_seconds=301.0)
    (step,) = plan_charts([AGONES], [release], interrupted_after_seconds=300)
    assert step.interrupted == "sh.helm.release.v1.agones.v3"


def test_steps_keep_the_order_of_the_release() -> None:
    charts = [Chart(name, "ns", "x", "1") for name in ("c", "a", "b")]
    assert [step.chart.name for step in plan_charts(charts, [], interrupted_after_seconds=1)] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("wanted", "found", "paths"),
    [
        ({}, {}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b"]),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 0}}, ["a.c"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["a"]),
        ({"a": None}, {}, ["a"]),
        ({"a": {"b": 1}}, {"a": "text"}, ["a"]),
    ],
)
def test_where_values_differ(wanted: Any, found: Any, paths: list[str]) -> None:
    assert differing_keys(wanted, found) == paths


def test_a_name_may_stand_for_one_chart_only() -> None:
    with pytest.raises(BlueGreenError, match="names chart 'agones' twice"):
        check_names([AGONES, AGONES])


def test_who_is_waited_for() -> None:
    steps = plan_charts([AGONES], [deployed(status="pending-upgrade")], interrupted_after_seconds=300)
    assert describe_waiting(steps) == "waiting for agones (a Helm operation is under way (pending-upgrade))"
    assert describe_waiting([]) == ""
