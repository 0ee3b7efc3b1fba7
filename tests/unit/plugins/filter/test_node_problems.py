"""Which nodes players could not reach."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.filter.node_problems import node_problems


def node(ready: str | None = "True", *addresses: str) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready, "reason": "KubeletNotReady"}] if ready else []
    listed = [{"type": kind, "address": "127.0.0.1"} for kind in addresses]
    return {"metadata": {"name": "n1"}, "status": {"conditions": conditions, "addresses": listed}}


@pytest.mark.parametrize(
    ("nodes", "expected", "problems"),
    [
        ([node("True", "InternalIP", "ExternalIP")], 1, []),
        ([node("True", "ExternalIP")], 2, ["1 of 2 nodes have joined"]),
        ([], 0, []),
        ([node("False", "ExternalIP")], 1, ["node n1 is not Ready (KubeletNotReady)"]),
        ([node(None, "ExternalIP")], 1, ["node n1 is not Ready (not yet reported)"]),
        (
            [node("True", "InternalIP")],
            1,
            ["node n1 has no ExternalIP: its subnet must be public and give instances a public address"],
        ),
        ([{"metadata": {"name": "n1"}}], 1, 2),
    ],
)
def test_problems(nodes: list[dict[str, Any]], expected: int, problems: list[str] | int) -> None:
    found = node_problems(nodes, expected)
    assert len(found) == problems if isinstance(problems, int) else found == problems
