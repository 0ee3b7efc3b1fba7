"""What AWS says is wrong with a resource."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.health import health_of

NO_RIGHT = {"code": "AccessDenied", "message": "no right to subnet-1"}
NO_ROOM = {"code": "EniLimitReached", "message": "no room", "resourceIds": ["subnet-1"]}


@pytest.mark.parametrize(
    ("description", "text"),
    [
        (None, ""),
        ({}, ""),
        ({"health": None}, ""),
        ({"health": {"issues": []}, "status": "DEGRADED"}, ""),
        ({"health": {"issues": [NO_RIGHT]}, "status": "ACTIVE"}, "AccessDenied: no right to subnet-1"),
        (
            {"health": {"issues": [NO_RIGHT, NO_ROOM]}},
            "AccessDenied: no right to subnet-1; EniLimitReached: no room",
        ),
    ],
)
def test_issues_are_told_whatever_the_status(description: dict[str, Any] | None, text: str) -> None:
    assert health_of(description) == text
