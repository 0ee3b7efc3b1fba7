from __future__ import annotations

import json
from typing import Any

import pytest

from lab.game.destination import BadDocument, Destination, choose_slot, parse_document

CLUSTERS = {"blue": "arena-blue", "green": "arena-green"}


def document(**changes: Any) -> str:
    fields = {"v": 1, "revision": 7, "token": "t", "weights": {"blue": 0, "green": 100}, "clusters": CLUSTERS}
    return json.dumps({name: value for name, value in {**fields, **changes}.items() if value is not None})


def test_a_document_is_read() -> None:
    assert parse_document(document()) == Destination(7, {"blue": 0, "green": 100}, CLUSTERS)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "not a destination"),
        ("[]", "not a destination"),
        (document(v=2), "version 2"),
        (document(v=None), "not a destination"),
        (document(revision="x"), "not a destination"),
        (document(weights={"blue": 0}), "no slot gets sessions"),
        (document(weights={"blue": -1, "green": 1}), "no slot gets sessions"),
        (document(clusters={"blue": "arena-blue"}), "no cluster is named for green"),
    ],
)
def test_what_cannot_be_followed_says_why(text: str, part: str) -> None:
    with pytest.raises(BadDocument, match=part):
        parse_document(text)


@pytest.mark.parametrize(
    ("weights", "roll", "slot"),
    [
        ({"blue": 0, "green": 100}, 0.0, "green"),
        ({"blue": 100, "green": 0}, 0.999, "blue"),
        ({"blue": 90, "green": 10}, 0.899, "blue"),
        ({"blue": 90, "green": 10}, 0.9, "green"),
        ({"blue": 1, "green": 2}, 0.999999, "green"),
    ],
)
def test_the_weights_choose_the_slot(weights: dict[str, int], roll: float, slot: str) -> None:
    assert choose_slot(Destination(1, weights, CLUSTERS), roll) == slot
