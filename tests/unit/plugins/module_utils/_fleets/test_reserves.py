"""The seats that a drain keeps for players who arrive by themselves."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Listed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.reserves import reserves

from tests.unit.plugins.module_utils._agones.kube import FakeKube
from tests.unit.plugins.module_utils._drain.world import START, game_server
from tests.unit.plugins.module_utils._fleets.test_hold import LIMITLESS, autoscaler, counting
from tests.unit.plugins.module_utils._fleets.test_hold_round import SCALER, cluster, hold

Json = dict[str, Any]
ARENA = ("arena", "arena")


def reserve(kube: FakeKube, seats: int | None = None) -> dict[tuple[str, str], int]:
    listed = Listed("arena", [game_server(f"s{number}") for number in range(40)], START)
    return reserves(kube, ["arena"], seats, [listed], DEFAULT_DOMAIN)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scaler", "seats"),
    [(autoscaler(size=12), 12), (autoscaler(size="20%"), 10), (counting("Counter"), 1), (counting("List"), 1)],
)
def test_the_reserve_is_the_buffer(scaler: Json, seats: int) -> None:
    assert reserve(cluster(scaler)) == {ARENA: seats}
    assert reserve(cluster(scaler), 3) == {ARENA: 3}


def test_a_hold_that_detached_a_buffer_does_not_take_the_reserve_away() -> None:
    kube = cluster(autoscaler(size=12))
    kube.webhook_down = True
    hold(kube)
    assert SCALER not in kube.objects
    kube.webhook_down = False
    assert reserve(kube) == {ARENA: 12}


@pytest.mark.parametrize(("kind", "seats"), [("Schedule", 5), ("Chain", 5), ("Webhook", 0), ("Wasm", 0)])
def test_a_policy_that_is_always_detached(kind: str, seats: int) -> None:
    scaler = autoscaler()
    scaler["spec"]["policy"] = LIMITLESS[kind]
    kube = cluster(scaler)
    assert reserve(kube) == {ARENA: seats}
    hold(kube)
    assert SCALER not in kube.objects
    assert reserve(kube) == {ARENA: seats}
