"""Weights of allocation policies."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.extensions.routing.kit import RoutingKit
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ALLOCATION_POLICIES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.agones_policy import (
    TOKEN_ANNOTATION,
    AgonesPolicyProvider,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Moved

from tests.unit.plugins.module_utils._routing.fakes import FakeKube

POLICIES = {"blue": "to-blue", "green": "to-green"}
PATHS = {slot: ALLOCATION_POLICIES.path("arena", name) for slot, name in POLICIES.items()}
GREEN = {"blue": 0, "green": 100}


def cluster(**priorities: int) -> FakeKube:
    kube = FakeKube()
    for slot, path in PATHS.items():
        spec = {"priority": priorities.get(slot, 1), "weight": 100 if slot == "blue" else 0}
        kube.put(path, {"spec": {**spec, "connectionInfo": {"clusterName": slot}}})
    return kube


def provider_on(kube: FakeKube) -> AgonesPolicyProvider:
    return AgonesPolicyProvider(kube, "arena", POLICIES)


class TestKit(RoutingKit):
    @pytest.fixture
    def provider(self) -> AgonesPolicyProvider:
        return provider_on(cluster())


def weights_during(kube: FakeKube) -> list[dict[str, int]]:
    """The weights after each patch."""
    weights = {"blue": 100, "green": 0}
    seen = []
    for path, body in kube.patches:
        slot = next(one for one in PATHS if PATHS[one] == path)
        weights = {**weights, **({slot: body["spec"]["weight"]} if "spec" in body else {})}
        seen.append(weights)
    return seen


def test_the_new_slot_is_raised_before_the_old_one_is_lowered() -> None:
    kube = cluster()
    provider_on(kube).set(GREEN, None, "run-1")
    assert weights_during(kube) == [{"blue": 100, "green": 0}, {"blue": 100, "green": 100}, GREEN]
    assert kube.objects[PATHS["green"]]["spec"]["connectionInfo"] == {"clusterName": "green"}
    assert kube.objects[PATHS["blue"]]["metadata"]["annotations"] == {TOKEN_ANNOTATION: "run-1"}


def test_a_policy_that_changes_meanwhile_ends_the_write_and_the_next_one_repairs_it() -> None:
    kube = cluster()
    provider = provider_on(kube)
    patch = kube.patch

    def rival_first(path: str, body: Any) -> dict[str, Any]:
        if path == PATHS["green"] and "spec" in body:
            patch(path, {"spec": {"weight": 7}})
            kube.patch = patch  # type: ignore[method-assign]
        return patch(path, body)

    kube.patch = rival_first  # type: ignore[method-assign]
    with pytest.raises(Moved, match="someone else wrote the GameServerAllocationPolicy arena/to-green of https://home"):
        provider.set(GREEN, provider.read().revision, "run-1")
    assert provider.read().weights == {"blue": 100, "green": 7}
    provider.set(GREEN, provider.read().revision, "run-1")
    assert provider.read().weights == GREEN


def test_weights_among_unequal_priorities_prove_nothing() -> None:
    evidence = provider_on(cluster(blue=1, green=2)).read().evidence
    assert not evidence.followed
    assert "arena/to-blue has priority 1, arena/to-green has priority 2: make them equal" in evidence.text


def test_a_policy_that_does_not_exist_names_slot_and_variable() -> None:
    kube = cluster()
    del kube.objects[PATHS["green"]]
    with pytest.raises(
        BlueGreenError, match=r"no .* arena/to-green for slot green .* eks_bluegreen_routing_agones_policy"
    ):
        provider_on(kube).read()


def test_the_age_is_that_of_the_last_write() -> None:
    kube = cluster()
    kube.clock.seconds = 100
    provider_on(kube).set(GREEN, None, "run-1")
    kube.clock.seconds = 130
    assert provider_on(kube).read().age_seconds == 30
