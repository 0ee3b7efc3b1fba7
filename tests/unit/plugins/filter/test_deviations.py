"""What tasks in check mode would change, in sentences."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.filter.deviations import deviations


def changed(before: Any, after: Any) -> dict[str, Any]:
    diff = {"before_header": "cluster arena-green", "before": before, "after": after}
    return {"changed": True, "failed": False, "diff": diff}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"changed": False, "diff": {"before": {"a": 1}, "after": {"a": 1}}}, []),
        ({"skipped": True, "changed": False, "msg": "skipped"}, []),
        ({"changed": False, "failed": False, "results": [], "msg": "All items completed"}, []),
        ({"failed": True, "msg": "version is '1.35', wanted '1.36'"}, ["version is '1.35', wanted '1.36'"]),
        (changed({}, {"version": "1.36"}), ["cluster arena-green does not exist"]),
        (
            changed({"labels": {"a": "1", "c": "3"}, "x": 1}, {"labels": {"a": "2", "b": "1"}, "x": 1}),
            [
                "cluster arena-green: labels[a] is '1', wanted '2'",
                "cluster arena-green: labels[b] is missing, wanted '1'",
                "cluster arena-green: labels[c] is '3', wanted none",
            ],
        ),
        (
            changed({"max_size": 3, "more": 1}, {"max_size": 4, "deletion_protection": True}),
            [
                "cluster arena-green: max_size is 3, wanted 4",
                "cluster arena-green: deletion_protection is missing, wanted True",
            ],
        ),
        (changed("a\nb\n", "a\n  c\n"), ["cluster arena-green: missing is 'c'"]),
    ],
)
def test_a_result_in_sentences(result: dict[str, Any], said: list[str]) -> None:
    assert deviations([result]) == said


def test_every_item_of_every_loop_counts() -> None:
    loop = {
        "changed": True,
        "msg": "All items completed",
        "results": [changed({}, {"a": 1}), changed({"a": 1}, {"a": 2})],
    }
    assert deviations([loop, {"failed": True, "msg": "denied"}]) == [
        "cluster arena-green does not exist",
        "cluster arena-green: a is 1, wanted 2",
        "denied",
    ]
