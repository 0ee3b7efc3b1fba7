"""What the module makes of its options."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.modules import agones_session_probe

from tests.unit.plugins.module_utils._agones.kube import FakeKube

OPTIONS = {
    **{name: spec.get("default") for name, spec in agones_session_probe.ARGUMENT_SPEC.items()},
    "kubeconfig": "green.kubeconfig",
    "namespaces": ["arena"],
    "canary": True,
    "run_id": "run-1",
    "annotation_domain": DEFAULT_DOMAIN,
}


def policies(**more: Any) -> Any:
    return agones_session_probe.policies_of({**OPTIONS, **more}, "run-1")


def test_a_fleet_may_be_drained_in_another_way() -> None:
    found = policies(
        drain_mode="disconnect",
        fleets=[{"name": "ranked", "mode": "at_match_end", "canary_sessions": 0, "on_deadline": "interrupt"}],
    )
    assert found.of(("arena", "lobby")).mode == "disconnect"
    ranked = found.of(("arena", "ranked"))
    assert (ranked.mode, ranked.interrupt_at_deadline) == ("at_match_end", True)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(BlueGreenError) as raised:
        policies(
            fleets=[{"mode": "handoff"}, {"name": "lobby", "mode": "politely"}, {"name": "x", "namespace": "moon"}],
            accepted_levels={"arena": "L9"},
            notice_seconds=0.5,
        )
    problems = raised.value.details["problems"]
    for text in ("has no name", "mode politely is not one of", "its namespace is not", "'L9'", "notice_seconds is 0.5"):
        assert [text in problem for problem in problems].count(True) == 1, text
    assert len(problems) == 5


def test_missing_verbs_are_told_before_anything_is_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    kube = FakeKube()
    kube.denied = {("watch", "gameservers"), ("create", "gameserverallocations")}
    monkeypatch.setattr(agones_session_probe, "connect", lambda _path: kube)
    module = SimpleNamespace(params=OPTIONS, check_mode=False)
    with pytest.raises(BlueGreenError) as raised:
        agones_session_probe.run(module)
    assert raised.value.details["missing"] == [
        "watch gameservers.agones.dev in namespace arena",
        "create gameserverallocations.allocation.agones.dev in namespace arena",
    ]


def test_without_a_canary_nothing_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    kube = FakeKube()
    kube.denied = {("watch", "gameservers")}
    monkeypatch.setattr(agones_session_probe, "connect", lambda _path: kube)
    result = agones_session_probe.run(SimpleNamespace(params={**OPTIONS, "canary": False}, check_mode=False))
    assert result["round"]["progress"] == "no Fleet with servers in arena"
