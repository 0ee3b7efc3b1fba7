"""No Fleet is made smaller, and a floor falls to what its owner had set and no further."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets import hold_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold import plan_hold_release

from tests.endings import SMALLER, Guard
from tests.unit.plugins.module_utils._fleets.test_hold import autoscaler
from tests.unit.plugins.module_utils._fleets.test_hold_round import SCALER, cluster, hold, spec_of
from tests.unit.plugins.module_utils._fleets.test_sizing_round import Cluster as Fleet
from tests.unit.plugins.module_utils._fleets.test_sizing_round import capacity

Json = dict[str, Any]


def test_a_fleet_that_has_grown_meanwhile_is_not_made_smaller(guard: Guard) -> None:
    fleet = Fleet()
    fleets, reads = fleet.fleets, []

    def grown(namespace: str) -> list[Json]:
        reads.append(namespace)
        # Somebody scales it after it was found to be short.
        if len(reads) == 3:
            fleet.replicas = 80
        return fleets(namespace)

    fleet.fleets = grown  # type: ignore[method-assign]
    result = capacity(fleet).run(check_mode=False)
    assert (fleet.replicas, fleet.log) == (80, ["limits (60, 150)"])
    assert (result["round"]["finished"], guard.ended) == (True, [])


def test_a_floor_falls_to_what_its_owner_had_set(guard: Guard) -> None:
    kube = cluster(autoscaler())
    before = spec_of(kube)["policy"]["buffer"]
    hold(kube)
    assert guard.ended == []
    hold(kube, released=True)
    assert spec_of(kube)["policy"]["buffer"] == before
    assert [(one.limit, one.gets) for one in guard.sent if one.what == SMALLER] == [
        ("minReplicas", before["minReplicas"])
    ]


def test_a_floor_does_not_fall_below_that(monkeypatch: pytest.MonkeyPatch, guard: Guard) -> None:
    kube = cluster(autoscaler())
    hold(kube)
    held, release = spec_of(kube), plan_hold_release

    def too_low(one: Json, domain: str) -> Json | None:
        patch = release(one, domain)
        if patch:
            patch["spec"]["policy"]["buffer"]["minReplicas"] = 1
        return patch

    monkeypatch.setattr(hold_round, "plan_hold_release", too_low)
    with pytest.raises(BlueGreenError, match=r"stays held .*minReplicas of arena/arena is not set to 1: it is 60"):
        hold(kube, released=True)
    assert (spec_of(kube), guard.ended) == (held, [])
    assert SCALER in kube.objects
