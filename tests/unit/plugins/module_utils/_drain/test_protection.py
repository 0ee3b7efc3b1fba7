"""A drain asks before it ends a session, does not end it where there is a reason, and tells the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import may_end
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    DEFAULT_DOMAIN,
    HANDOFF,
    successor_annotation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.may_end import Protected
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import plan, seats
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import DeletePod, ShutDown

from tests.endings import DELETED, UNUSED, Guard, Protect
from tests.unit.plugins.module_utils._drain.test_round import FAST, run_all, run_round
from tests.unit.plugins.module_utils._drain.test_successors import request, session, successor
from tests.unit.plugins.module_utils._drain.test_take_back import Slot, letting_go
from tests.unit.plugins.module_utils._drain.world import FakeKeeper, Habits, World

Json = dict[str, Any]
DEAF = Habits(acknowledges_after=None, pod_stays=1000.0)
INTERRUPT = replace(FAST, mode=AT_MATCH_END, deadline=10.0, interrupt_at_deadline=True, resignal=(3.0,))


def world_of(*names: str) -> World:
    world = World()
    for name in names:
        world.add_session(name, DEAF)
    return world


def test_a_drain_that_interrupts_asks_before_each_write(guard: Guard) -> None:
    world, keeper = world_of("s0", "s1"), FakeKeeper()
    result = run_all(world, keeper, INTERRUPT)
    assert result["sessions"]["forced"] == 2
    assert guard.ended == [(name, what) for what in (UNUSED, DELETED) for name in ("s0", "s1")]


def rounds_until(world: World, keeper: FakeKeeper, word: str) -> Json:
    """Rounds until one tells of something; its result."""
    while world.clock.seconds < 200:
        result = run_round(world, keeper, INTERRUPT)
        if word in result["round"]["progress"]:
            return result
    raise AssertionError(result["round"]["progress"])


def test_a_session_that_is_protected_is_not_shut_down_and_the_progress_says_why(protect: Protect, guard: Guard) -> None:
    world, keeper, asked = world_of("s0"), FakeKeeper(), protect(may_end.SHUT_DOWN)
    for number in (1, 2):
        result = rounds_until(world, keeper, "sacred")
        assert result["round"]["progress"].endswith("; arena/s0 is not shut down: it is sacred")
        assert (result["states"]["overdue"], result["sessions"]["interrupted"]) == (1, 0)
        assert [case.name for case in asked] == ["s0"] * number, "once a round is enough"
    assert (world.truth, guard.ended) == ({}, [])


def test_a_pod_that_is_protected_is_not_deleted(protect: Protect, guard: Guard) -> None:
    world, keeper = world_of("s0"), FakeKeeper()
    protect(may_end.DELETE_POD)
    progress = rounds_until(world, keeper, "sacred")["round"]["progress"]
    assert progress.endswith("; arena/s0 is not ended by deleting its pod: it is sacred")
    assert guard.ended == [("s0", UNUSED)]
    world.vanish("s0")
    assert run_all(world, keeper, INTERRUPT)["sessions"]["interrupted"] == 1


def test_a_server_that_has_changed_since_it_was_planned_is_decided_again(guard: Guard) -> None:
    world, keeper = world_of("s0"), FakeKeeper()
    find, looks = world.find_server, []

    def find_later(namespace: str, name: str) -> Json | None:
        looks.append(name)
        if len(looks) == 1:
            world.change(name, players=["late"])
        return find(namespace, name)

    world.find_server = find_later  # type: ignore[method-assign]
    run_all(world, keeper, INTERRUPT)
    assert (world.conflicts, guard.ended[0]) == (0, ("s0", UNUSED)), "it was not written in vain"
    assert looks[:2] == ["s0", "s0"]


def handed_over_in_vain() -> World:
    world = World(seats=2)
    world.add_session("s0", Habits(ends_after=1.0))
    return world


def test_a_successor_is_given_back_after_it_was_asked_for(guard: Guard) -> None:
    run_all(handed_over_in_vain(), FakeKeeper(), replace(FAST, mode=HANDOFF))
    assert guard.ended == [("seat-0", UNUSED)]


def test_a_successor_that_is_protected_stays_and_the_progress_says_why(protect: Protect, guard: Guard) -> None:
    world = handed_over_in_vain()
    protect(may_end.SHUT_DOWN)
    result = run_round(world, FakeKeeper(), replace(FAST, mode=HANDOFF))
    assert (len(world.target), result["drained"], guard.ended) == (2, False, [])
    assert result["round"]["progress"].endswith("; arena/seat-0 is not shut down: it is sacred")


def test_after_a_rollback_a_successor_that_is_protected_is_not_asked_to_go(protect: Protect) -> None:
    target = Slot(successor())
    release, _clock = letting_go(Slot(session(request(), "cancelled")), target)
    asked = protect(may_end.ASK)
    with pytest.raises(Protected, match="game server arena/t0 is not asked to go: it is sacred"):
        release.run(check_mode=False)
    assert target.patches == []
    assert [(one.act, one.uid) for one in asked] == [(may_end.ASK, "uid-t0")]


def test_after_a_rollback_the_memory_of_the_drain_protects_a_successor() -> None:
    target = Slot(successor(annotations={successor_annotation(DEFAULT_DOMAIN): "uid-s0/run-1"}))
    release, _clock = letting_go(Slot(session(request(), "cancelled")), target)
    (server,) = [release.letting.read(one) for one in target.servers.values()]
    with pytest.raises(Protected, match="it was played on, or allocated again"):
        release._let_go(server, {"uid-t0/uid-s0": "played"})
    assert target.patches == []


@pytest.mark.parametrize("policy", [FAST, replace(INTERRUPT, interrupt_at_deadline=False), INTERRUPT])
@pytest.mark.parametrize("act", ["shut down", "delete the pod"])
def test_a_planner_that_is_wrong_ends_no_match(
    monkeypatch: pytest.MonkeyPatch, guard: Guard, policy: Policy, act: str
) -> None:
    def escalate(session: Session, _policy: Policy, _now: float) -> ShutDown | DeletePod:
        which = session.uid, session.namespace, session.name
        if act == "shut down":
            return ShutDown(*which, session.version, session.fleet)
        return DeletePod(*which, session.fleet, shut_down_at=0.0, grace_seconds=0.0)

    monkeypatch.setattr(plan, "escalation", escalate)
    world, keeper = world_of("s0", "s1"), FakeKeeper()
    told = run_round(world, keeper, policy, slice_seconds=3.0)["round"]["progress"]
    assert (world.truth, guard.ended) == ({}, [])
    assert told.count("; arena/s") == 2


def test_a_planner_that_is_wrong_gives_no_successor_back(monkeypatch: pytest.MonkeyPatch, guard: Guard) -> None:
    world = World(seats=3)
    world.occupy("seat-0", ["a"])
    world.occupy("seat-1", [], {successor_annotation(DEFAULT_DOMAIN): "uid-s0/run-1"})
    world.occupy("seat-2", ["b"], {successor_annotation(DEFAULT_DOMAIN): "uid-s0/run-1"})
    everyone = [(read_server(one), "uid-s0") for one in world.target.values()]
    monkeypatch.setattr(seats.Seats, "empty_successors", lambda _self: everyone)
    told = run_round(world, FakeKeeper(), replace(FAST, connect_grace=0.0), slice_seconds=1.0)["round"]["progress"]
    assert guard.ended == [("seat-1", UNUSED)]
    assert "; arena/seat-0 is not shut down: no handoff allocated it" in told
    assert "; arena/seat-2 is not shut down: it was played on" in told
