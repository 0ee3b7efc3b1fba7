"""Both slots are looked at before a drain writes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.look import review_slots
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._drain.test_preview import POLICIES, FakeApi
from tests.unit.plugins.module_utils._drain.world import FakeClock


def test_both_slots_are_reviewed_and_all_that_is_wrong_is_told_at_once() -> None:
    source: Any = FakeApi(fleets=("arena", "lobby"))
    target: Any = FakeApi()
    policies = Policies(POLICIES.default, {("", "casino"): POLICIES.default})
    settings = Settings(["arena", "moon"], source_slot="blue", target_slot="green")
    with pytest.raises(BlueGreenError) as refused:
        review_slots(source, target, policies, settings, FakeClock(), begins=True)
    problems = refused.value.details["problems"]
    assert [problem.split(":")[0] for problem in problems] == [
        "blue",
        "green",
        "Fleet casino",
        "Fleet arena/lobby",
        "Fleet moon/lobby",
    ]
    assert "list fleetautoscalers" in target.asked
