"""Reading what the collection keeps in annotations."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import read_kept_in
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError


def read(text: str | None) -> Any:
    annotations = {} if text is None else {"x/kept": text}
    obj = {"metadata": {"annotations": annotations}}
    return read_kept_in(obj, "x/kept", "Role a/b", "set it by hand", lambda document: document["original"])


def test_nothing_is_kept_where_there_is_no_annotation() -> None:
    assert read(None) is None
    assert read_kept_in({"metadata": {}}, "x/kept", "Role a/b", "-", dict) is None


def test_what_is_kept_is_read() -> None:
    assert read('{"v": 1, "original": 3}') == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", r"Expecting property name.*"),
        ('{"original": 3}', "'v'"),
        ('{"v": 2, "original": 3}', "version 2"),
        ('{"v": 1}', "'original'"),
        ("[]", "list indices.*"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_remedy(text: str, why: str) -> None:
    wanted = rf"the annotation x/kept of Role a/b cannot be read \({why}\): set it by hand and remove the annotation"
    with pytest.raises(BlueGreenError, match=wanted):
        read(text)
