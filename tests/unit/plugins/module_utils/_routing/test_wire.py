"""The JSON of endpoints and programs: what is accepted, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing import wire
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Evidence, Queue, Reading

READING: dict[str, Any] = {
    "weights": {"blue": 100, "green": 0},
    "revision": 7,
    "evidence": {"followed": False, "text": "2 of 3", "behind": ["pod-3"]},
}
CAPABILITIES: dict[str, Any] = {
    "granularity": "match",
    "weighted": True,
    "atomic": True,
    "cross_slot_allocation": False,
    "queue": "none",
    "endpoint_ttl_seconds": 30,
    "writes": "conditional",
}


def test_a_reading() -> None:
    expected = Reading(READING["weights"], "7", "", Evidence(False, "2 of 3", {"behind": ["pod-3"]}))
    assert wire.reading_of("router", READING) == expected
    assert wire.reading_of("router", {**READING, "revision": "a", "token": "t", "age_seconds": 3}).age_seconds == 3


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"weights": None}, "router: weights is None, but must be an object"),
        ({"weights": {}}, "weights is {}, but must be whole numbers of 0 or more by slot"),
        ({"weights": {"blue": 0.5}}, "whole numbers"),
        ({"weights": {"blue": True}}, "whole numbers"),
        ({"weights": {"blue": -1}}, "whole numbers"),
        ({"revision": ""}, "revision is '', but must be a string or a whole number"),
        ({"revision": True}, "revision is True"),
        ({"evidence": "yes"}, "evidence is 'yes', but must be an object"),
        ({"evidence": {"text": "yes"}}, "router, evidence: followed is missing, but must be true or false"),
        ({"age_seconds": -1}, "age_seconds is -1, but must be a number of 0 or more"),
    ],
)
def test_a_reading_that_is_none_says_what_is_wrong_where(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(BlueGreenError) as failure:
        wire.reading_of("router", {**READING, **changes})
    assert problem in failure.value.message
    assert "docs/routing-providers.md" in failure.value.message


def test_capabilities() -> None:
    able = wire.capabilities_of("router", {"capabilities": CAPABILITIES})
    assert (able.queue, able.endpoint_ttl_seconds, able.cross_slot_allocation) == ("none", 30.0, False)


@pytest.mark.parametrize("name", CAPABILITIES)
def test_no_capability_is_assumed(name: str) -> None:
    said = {key: value for key, value in CAPABILITIES.items() if key != name}
    with pytest.raises(BlueGreenError, match=f"router, capabilities: {name} is missing"):
        wire.capabilities_of("router", {"capabilities": said})


def test_a_queue() -> None:
    assert wire.read_queue("q", {"depth": 3, "oldest": 1.5, "open": False}) == Queue(3, 1.5, False)
    assert wire.read_queue("q", {"depth": None, "oldest": 0, "open": True}).depth is None
    with pytest.raises(BlueGreenError, match="q: depth is 'many'"):
        wire.read_queue("q", {"depth": "many", "oldest": 0, "open": True})
