"""What is written first, what is dropped, and what came of the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    REQUESTED,
    Request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.acts import Acts
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import Signal
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.writes import Writes

from tests.unit.plugins.module_utils._drain.world import NAMESPACE, World

NAMES = ("a", "b", "c")


def world_of(*names: str) -> World:
    world = World(seats=0)
    for name in names:
        world.add_session(name)
    return world


def acts(world: World) -> Acts:
    return Acts(world, world, Policies(Policy("run-1")), world.clock, read_server)


def writes(world: World) -> Writes:
    return Writes(acts(world), world.clock)


def signal(world: World, name: str, seq: int = 1) -> Signal:
    metadata = world.source[name]["metadata"] if name in world.source else {"uid": "u", "resourceVersion": "1"}
    request = Request("run-1", seq, REQUESTED, AT_MATCH_END, "*", world.now, world.now + 60, 1.0)
    return Signal(metadata["uid"], NAMESPACE, name, metadata["resourceVersion"], request, "arena", 0.0)


def answered(one: Writes, seconds: float = 60.0) -> list[tuple[str, bool | None]]:
    return [(action.name, answer and answer[0]) for action, answer in one.answers(seconds)]


def test_new_work_comes_first_and_repetitions_last() -> None:
    world = world_of(*NAMES, "again")
    with writes(world) as one:
        one.put([signal(world, "again", seq=2), signal(world, "a"), signal(world, "b")], {})
        one.put([signal(world, "c")], {})
        assert one.busy
        assert answered(one) == [(name, True) for name in ("c", "a", "b", "again")]
        assert not one.busy


def test_what_came_of_each_is_told() -> None:
    world = world_of("a", "stale")
    with writes(world) as one:
        one.put([signal(world, "a"), replace(signal(world, "stale"), version="1"), signal(world, "gone")], {})
        assert answered(one) == [("a", True), ("stale", False), ("gone", None)]


def test_time_is_given_back_while_there_is_more_to_write() -> None:
    world = world_of(*NAMES)
    world.before_write = lambda _name: world.advance(1.0)
    with writes(world) as one:
        one.put([signal(world, name) for name in NAMES], {})
        assert answered(one, 1.5) == [("a", True), ("b", True)]
        assert [action.name for action in one.drop()] == ["c"]
        assert (one.busy, world.writes, answered(one)) == (False, 2, [])


def test_a_failure_is_raised_and_ends_the_rest() -> None:
    def refuse(_name: str) -> None:
        raise ApiFailure("no", 403)

    world = world_of(*NAMES)
    world.before_write = refuse
    one = writes(world)
    one.put([signal(world, name) for name in NAMES], {})
    with one, pytest.raises(ApiFailure):
        answered(one)
    assert (one.drop(), world.writes) == ([], 0)
