"""What is wanted against what is described."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    Field,
    Rule,
    differences,
    missing_tags,
    refuse_fixed,
    request,
    same_members,
    shown,
)

FIELDS = (
    Field("version", "version", Rule.FIXED),
    Field("subnet_ids", "vpc.subnetIds", Rule.FIXED, same_members),
    Field("public", "vpc.public", Rule.CONVERGES),
    Field("size", "scaling.desired", Rule.IGNORED),
)
HAVE = {"version": "1.36", "vpc": {"subnetIds": ["b", "a"], "public": True}, "scaling": {"desired": 3}}


@pytest.mark.parametrize(
    ("want", "expected"),
    [
        ({"public": False}, [("public", True, False)]),
        ({"public": True}, []),
        ({"public": None}, []),
        ({"size": 9}, []),
        ({"version": "1.35"}, []),
    ],
)
def test_what_converges(want: dict[str, Any], expected: list[tuple[str, Any, Any]]) -> None:
    assert [(one.field.option, one.have, one.want) for one in differences(FIELDS, want, HAVE)] == expected


def test_fixed_fields_are_refused_all_at_once() -> None:
    with pytest.raises(BlueGreenError, match=r"version is '1.36', wanted '1.35'; subnet_ids is .* wanted \['c'\]"):
        refuse_fixed("cluster arena", FIELDS, {"version": "1.35", "subnet_ids": ["c"]}, HAVE)


@pytest.mark.parametrize("want", [{"version": "1.36"}, {"subnet_ids": ["a", "b"]}, {"size": 9, "public": False}, {}])
def test_what_is_not_refused(want: dict[str, Any]) -> None:
    refuse_fixed("cluster arena", FIELDS, want, HAVE)


def test_a_request_holds_what_was_given() -> None:
    want = {"version": "1.36", "subnet_ids": ["a"], "public": False, "size": None}
    assert request(FIELDS, want) == {"version": "1.36", "vpc": {"subnetIds": ["a"], "public": False}}


def test_a_description_by_options() -> None:
    assert shown(FIELDS, {"vpc": {"public": False}}) == {"public": False}


def test_tags_of_others_stay() -> None:
    assert missing_tags({"a": "1", "b": "2"}, {"a": "0", "b": "2", "c": "3"}) == {"a": "1"}
