"""Sessions that follow the traffic."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.extensions.routing.kit import RoutingKit, Weights
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.follows_traffic import (
    FollowsTrafficProvider,
)


def shares(**slots: tuple[float, float]) -> dict[str, Any]:
    return {slot: {"lowest": lowest, "highest": highest} for slot, (lowest, highest) in slots.items()}


class Traffic:
    """What the load balancers would be read as."""

    def __init__(self, **slots: tuple[float, float]) -> None:
        self.forwards = ["HTTP:8080 default", "HTTP:8080 rule 10"]
        self.shares = shares(**slots)

    def __call__(self) -> dict[str, Any]:
        return {"forwards": self.forwards, "shares": self.shares}


class TestKit(RoutingKit):
    @pytest.fixture
    def provider(self) -> FollowsTrafficProvider:
        self.traffic = Traffic()
        return FollowsTrafficProvider(self.traffic)

    def move(self, weights: Weights) -> None:
        self.traffic.shares = shares(**{slot: (float(weight), float(weight)) for slot, weight in weights.items()})


def test_listeners_that_differ_are_no_evidence() -> None:
    reading = FollowsTrafficProvider(Traffic(blue=(0.0, 90.0), green=(10.0, 100.0))).read()
    assert reading.weights == {"blue": 0, "green": 10}
    assert not reading.evidence.followed
    assert reading.evidence.text == "weights of 2 listener actions and rules, which differ for blue, green"


def test_no_listener_at_all_is_no_evidence() -> None:
    traffic = Traffic(blue=(0.0, 0.0), green=(0.0, 0.0))
    traffic.forwards = []
    assert not FollowsTrafficProvider(traffic).read().evidence.followed


def test_what_is_not_there_names_the_role_that_moves_it() -> None:
    provider = FollowsTrafficProvider(Traffic(blue=(100.0, 100.0), green=(0.0, 0.0)))
    with pytest.raises(BlueGreenError, match="blue 100, green 0 in percent, not blue 0, green 100: let role traffic"):
        provider.set({"blue": 0, "green": 100}, None, "run-1")
