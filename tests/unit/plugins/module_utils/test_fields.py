"""What is wanted against what is described."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    FIXED,
    IGNORED,
    Field,
    by_call,
    changed_to,
    converges,
    differences,
    equal_to,
    missing_tags,
    refuse_fixed,
    request,
    same_members,
    shown,
    unwanted_tags,
)

FIELDS = (
    Field("version", "version", FIXED, hindrance=lambda _have, _want: "the other slot is for that"),
    Field("subnet_ids", "vpc.subnetIds", FIXED, same_members),
    Field("public", "vpc.public", converges("endpoint")),
    Field("mode", "mode", converges("access"), hindrance=lambda have, want: "never back" if want < have else ""),
    Field("private", "vpc.private", converges("endpoint"), equal_to(False)),
    Field("size", "scaling.desired", IGNORED),
    Field("logs", "logging", converges("logging"), decode=lambda have: sorted(have or {}), encode=dict.fromkeys),
)
HAVE = {
    "version": "1.36",
    "vpc": {"subnetIds": ["b", "a"], "public": True},
    "scaling": {"desired": 3},
    "mode": 1,
    "logging": {"api": None},
}


@pytest.mark.parametrize(
    ("want", "expected"),
    [
        ({"public": False}, [("public", True, False)]),
        ({"public": True}, []),
        ({"public": None}, []),
        ({"size": 9}, []),
        ({"version": "1.35"}, []),
        ({"private": False}, []),
        ({"private": True}, [("private", None, True)]),
        ({"logs": ["api"]}, []),
        ({"logs": []}, [("logs", ["api"], [])]),
        ({"mode": 2}, [("mode", 1, 2)]),
    ],
)
def test_what_converges(want: dict[str, Any], expected: list[tuple[str, Any, Any]]) -> None:
    assert [(one.field.option, one.have, one.want) for one in differences(FIELDS, want, HAVE)] == expected


def test_what_one_call_changes_goes_together_in_the_order_of_the_table() -> None:
    changes = differences(FIELDS, {"logs": ["audit"], "private": True, "mode": 2, "public": False}, HAVE)

    calls = [(call, [one.field.option for one in together]) for call, together in by_call(changes)]

    assert calls == [("endpoint", ["public", "private"]), ("access", ["mode"]), ("logging", ["logs"])]


def test_what_cannot_change_is_refused_all_at_once() -> None:
    with pytest.raises(BlueGreenError) as refused:
        refuse_fixed("cluster arena", FIELDS, {"version": "1.35", "subnet_ids": ["c"], "mode": 0}, HAVE)

    assert refused.value.message == (
        "cluster arena exists with other settings, which cannot change in place: "
        "version is '1.36', wanted '1.35' (the other slot is for that); "
        "subnet_ids is ['b', 'a'], wanted ['c']; mode is 1, wanted 0 (never back). "
        "Ask for the settings that it has, or build it anew in the other slot"
    )


@pytest.mark.parametrize(
    "want", [{"version": "1.36"}, {"subnet_ids": ["a", "b"]}, {"size": 9, "public": False}, {"mode": 2}, {}]
)
def test_what_is_not_refused(want: dict[str, Any]) -> None:
    refuse_fixed("cluster arena", FIELDS, want, HAVE)


def test_a_request_holds_what_was_given() -> None:
    want = {"version": "1.36", "subnet_ids": ["a"], "public": False, "size": None, "logs": ["api"]}
    assert request(FIELDS, want) == {
        "version": "1.36",
        "vpc": {"subnetIds": ["a"], "public": False},
        "logging": {"api": None},
    }


def test_a_description_by_options() -> None:
    assert shown(FIELDS, {"vpc": {"public": False}, "logging": {"b": None, "a": None}}) == {
        "public": False,
        "logs": ["a", "b"],
    }


def test_a_description_after_the_changes_leaves_the_one_before_alone() -> None:
    after = changed_to(HAVE, differences(FIELDS, {"public": False, "logs": ["audit"], "private": True}, HAVE))

    assert after == {
        **HAVE,
        "vpc": {"subnetIds": ["b", "a"], "public": False, "private": True},
        "logging": {"audit": None},
    }
    assert HAVE["vpc"] == {"subnetIds": ["b", "a"], "public": True}


def test_tags_that_are_missing() -> None:
    assert missing_tags({"a": "1", "b": "2", "d": 4}, {"a": "0", "b": "2", "c": "3"}) == {"a": "1", "d": "4"}
    assert missing_tags(None, {"a": "0"}) == {}


@pytest.mark.parametrize(
    ("want", "purge", "expected"),
    [({"a": "1"}, True, ["c"]), ({"a": "1"}, False, []), ({}, True, ["a", "c"]), (None, True, [])],
)
def test_tags_to_take_away(want: dict[str, str] | None, purge: bool, expected: list[str]) -> None:
    assert unwanted_tags(want, {"a": "0", "c": "3", "aws:cloudformation:stack": "x"}, purge=purge) == expected
