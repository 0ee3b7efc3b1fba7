"""Weights that may be set, and those that are refused before anything is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    Capabilities,
    Evidence,
    Moved,
    Reading,
    needs_write,
    queues_of,
    weights_of,
)

ABLE = Capabilities("match", True, True, True, "none", 0.0, "conditional")
BLUE = Reading({"blue": 100, "green": 0}, "6", "seed", Evidence(True, "yes"))


def asked(weights: dict[str, int], able: Capabilities = ABLE, if_revision: str | None = None) -> bool:
    return needs_write("the switchboard", able, BLUE, weights, if_revision)


def test_only_a_difference_is_written() -> None:
    assert asked({"blue": 0, "green": 100})
    assert asked({"blue": 50, "green": 50}, if_revision="6")
    assert not asked({"blue": 100, "green": 0})
    assert not asked({"blue": 100, "green": 0}, if_revision="1")


@pytest.mark.parametrize(
    ("weights", "able", "problem"),
    [
        ({"green": 100}, ABLE, "slots green, but the switchboard has the slots blue, green"),
        ({}, ABLE, "slots none"),
        ({"blue": 0, "green": 0}, ABLE, "send sessions nowhere"),
        ({"blue": -1, "green": 101}, ABLE, "send sessions nowhere"),
        (
            {"blue": 1, "green": 99},
            replace(ABLE, weighted=False),
            "the switchboard cannot divide sessions between slots",
        ),
        ({"blue": 1, "green": 99}, replace(ABLE, queue="per_slot"), "a queue for each slot, which shares would split"),
    ],
)
def test_weights_that_cannot_be_are_refused(weights: dict[str, int], able: Capabilities, problem: str) -> None:
    with pytest.raises(BlueGreenError, match=problem):
        asked(weights, able)


def test_a_stale_revision_tells_what_is_there_and_whose_it_is() -> None:
    text = "the switchboard is at revision 6 with weights blue 100, green 0, set by seed, not at revision 5"
    with pytest.raises(Moved, match=text) as refusal:
        asked({"blue": 0, "green": 100}, if_revision="5")
    assert refusal.value.details == {"weights": {"blue": 100, "green": 0}, "revision": "6"}


def test_weights_may_arrive_as_text() -> None:
    assert weights_of({"blue": "0", "green": 100}) == {"blue": 0, "green": 100}
    with pytest.raises(BlueGreenError, match="whole number"):
        weights_of({"blue": "half"})


@pytest.mark.parametrize("state", ["shut", True, None])
def test_queues_are_open_or_closed(state: Any) -> None:
    assert queues_of({"blue": "open", "green": "closed"}) == {"blue": True, "green": False}
    with pytest.raises(BlueGreenError, match="say open or closed"):
        queues_of({"blue": state})
