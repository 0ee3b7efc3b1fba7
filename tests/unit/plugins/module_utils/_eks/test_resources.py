"""Updates of node groups, and what counts as a difference."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resources import (
    FARGATE_PROFILE_FIELDS,
    NODEGROUP_FIELDS,
    nodegroup_update,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import differences, refuse_fixed

SLOW = {"key": "slow", "value": "yes", "effect": "NO_SCHEDULE"}
HAVE = {
    "scalingConfig": {"minSize": 3, "maxSize": 6, "desiredSize": 4},
    "labels": {"role": "game", "old": "x"},
    "taints": [SLOW],
}


@pytest.mark.parametrize(
    ("want", "expected"),
    [
        pytest.param({"min_size": 3, "labels": {"role": "game", "old": "x"}, "taints": [SLOW]}, {}, id="nothing"),
        pytest.param(
            {"max_size": 8}, {"scalingConfig": {"minSize": 3, "maxSize": 8, "desiredSize": 4}}, id="size is left alone"
        ),
        pytest.param(
            {"min_size": 5}, {"scalingConfig": {"minSize": 5, "maxSize": 6, "desiredSize": 5}}, id="unless below"
        ),
        pytest.param(
            {"min_size": 1, "max_size": 2},
            {"scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 2}},
            id="or above",
        ),
        pytest.param({"desired_size": 9}, {}, id="the number of nodes is the autoscaler's"),
        pytest.param(
            {"labels": {"role": "web"}},
            {"labels": {"addOrUpdateLabels": {"role": "web"}, "removeLabels": ["old"]}},
            id="labels",
        ),
        pytest.param({"taints": []}, {"taints": {"addOrUpdateTaints": [], "removeTaints": [SLOW]}}, id="no taints"),
        pytest.param(
            {"taints": [{**SLOW, "value": "no"}]},
            {"taints": {"addOrUpdateTaints": [{**SLOW, "value": "no"}], "removeTaints": []}},
            id="another value of a taint",
        ),
    ],
)
def test_update_of_a_node_group(want: dict[str, Any], expected: dict[str, Any]) -> None:
    assert nodegroup_update(differences(NODEGROUP_FIELDS, want, HAVE), HAVE) == expected


def test_selectors_are_compared_without_order_and_empty_labels() -> None:
    have = {"selectors": [{"namespace": "b", "labels": {"x": "1", "y": "2"}}, {"namespace": "a"}]}
    same = [{"namespace": "a", "labels": {}}, {"namespace": "b", "labels": {"y": "2", "x": "1"}}]

    refuse_fixed("Fargate profile system", FARGATE_PROFILE_FIELDS, {"selectors": same}, have)
    with pytest.raises(BlueGreenError, match="selectors is"):
        refuse_fixed("Fargate profile system", FARGATE_PROFILE_FIELDS, {"selectors": same[:1]}, have)
