"""What an entry of a list lacks."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._entries import incomplete, lacking, shortcoming


@pytest.mark.parametrize(
    ("entry", "keys", "lacks"),
    [
        ({"name": "game", "min_size": 0}, ["name", "min_size"], []),
        ({"name": "", "min_size": None}, ["name", "min_size"], ["name", "min_size"]),
        ({}, ["name"], ["name"]),
        ({"is_public": False}, ["is_public"], []),
    ],
)
def test_a_key_without_a_value_lacks_and_0_is_a_value(entry: dict[str, Any], keys: list[str], lacks: list[str]) -> None:
    assert lacking(entry, keys) == lacks


def test_an_entry_is_told_by_its_name_or_its_number() -> None:
    entries = [{"name": "game", "version": "1"}, {"name": "cni"}, {"version": "2"}, {}]
    assert list(incomplete("add-on", entries, ["name", "version"])) == [
        "its add-on cni has no version",
        "its add-on 3 has no name",
        "its add-on 4 has no name and no version",
    ]


def test_an_entry_that_lacks_nothing_has_nothing_to_tell() -> None:
    assert shortcoming("chart", 1, {"name": "agones"}, ["name"]) == ""
