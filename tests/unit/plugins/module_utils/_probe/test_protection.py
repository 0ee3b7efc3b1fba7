"""A probe asks before it ends its own sessions, and leaves one that is protected."""

from __future__ import annotations

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import may_end
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.may_end import Protected

from tests.endings import UNUSED, Guard, Protect
from tests.unit.plugins.module_utils._probe.cluster import Cluster
from tests.unit.plugins.module_utils._probe.test_canary_round import Rig
from tests.unit.plugins.module_utils._probe.test_round import probe


def test_a_synthetic_session_is_released_after_it_was_asked_for(guard: Guard) -> None:
    assert probe(Cluster()).run()["passed"]
    assert guard.ended == [("s0", UNUSED)]


def test_a_synthetic_session_that_is_protected_stays(protect: Protect, guard: Guard) -> None:
    cluster = Cluster()
    protect(may_end.SHUT_DOWN)
    with pytest.raises(Protected, match="game server arena/s0 is not shut down: it is sacred"):
        probe(cluster).run()
    assert (cluster.states(), guard.ended) == (["Allocated", "Ready"], [])


def test_a_canary_is_asked_to_go_and_released_by_its_mark(protect: Protect, guard: Guard) -> None:
    asked = protect()
    cluster = Cluster(ready=3)
    assert Rig(cluster, "handoff").run()["passed"]
    assert {(case.act, case.name) for case in asked} == {(may_end.ASK, "s0"), (may_end.SHUT_DOWN, "s1")}
    assert guard.ended == [("s1", UNUSED)], "s0 has gone by the contract"


def test_a_canary_that_is_protected_is_not_asked_to_go(protect: Protect) -> None:
    cluster = Cluster(ready=3)
    protect(may_end.ASK)
    with pytest.raises(Protected, match="game server arena/s0 is not asked to go: it is sacred"):
        Rig(cluster, "handoff").run()
    assert cluster.requests == []
    assert "Allocated" not in cluster.states(), "what the probe allocated is released"
