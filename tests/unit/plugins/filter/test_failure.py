"""Why a task failed, also one with a loop."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.filter.failure import FilterModule, failure

LOOP = "One or more items failed"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"failed": True, "msg": "no such cluster"}, "no such cluster"),
        ({"failed": True}, "failed"),
        (
            {"failed": True, "msg": LOOP, "results": [{"failed": True, "msg": "blue: 403"}, {"changed": True}]},
            "blue: 403",
        ),
        (
            {"failed": True, "msg": LOOP, "results": [{"failed": True, "msg": "a"}, {"failed": True, "msg": "b"}]},
            "a; b",
        ),
        ({"failed": True, "msg": LOOP, "results": [{"failed": True, "msg": "a"}] * 3}, "a"),
        # A loop over a module whose result has a list of that name.
        ({"failed": True, "msg": "none matched", "results": []}, "none matched"),
    ],
)
def test_the_reason(result: dict[str, Any], said: str) -> None:
    assert failure(result) == said


def test_it_is_offered() -> None:
    assert FilterModule().filters() == {"failure": failure}
