"""What is done to one game server, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import HANDOFF
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server, read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.acts import NOT_NOW, Acts, WriteAnswer
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import DrainAction, Signal

from tests.unit.plugins.module_utils._drain.test_writes import acts, signal, world_of
from tests.unit.plugins.module_utils._drain.world import NAMESPACE, World


def carried_out(one: Acts, action: DrainAction, reserved: Mapping[str, Server] | None = None) -> WriteAnswer:
    answer = one.carry_out(action, reserved or {})
    assert answer is not None
    return answer


def handoff(world: World, name: str) -> Signal:
    wanted = signal(world, name)
    return replace(wanted, request=replace(wanted.request, mode=HANDOFF))


@pytest.mark.parametrize("has_one", [False, True])
def test_whoever_has_a_server_reserved_is_told_of_it(has_one: bool) -> None:
    world = World(seats=1)
    world.add_session("a")
    wanted = handoff(world, "a")
    reserved = {wanted.uid: read_server(world.target["seat-0"])} if has_one else {}
    if has_one:
        world.take_seat()
    accepted, _server = carried_out(acts(world), wanted, reserved)
    assert accepted
    request = world.request_of("a")
    assert request is not None
    assert (request.successor or {}).get("uid") == "uid-seat-0"


def test_a_server_that_people_play_in_is_nobodys_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(seats=2)
    world.add_session("a")
    allocate = world.allocate

    def allocate_busy(fleet: tuple[str, str], annotations: Mapping[str, str]) -> str:
        name = allocate(fleet, annotations)
        world.target[name]["status"]["lists"]["players"]["values"] = ["b"] if name == "seat-0" else []
        return name

    monkeypatch.setattr(world, "allocate", allocate_busy)
    wanted = handoff(world, "a")
    fleet = (NAMESPACE, "arena")
    one = acts(world)
    assert carried_out(one, wanted) == NOT_NOW
    assert one.refusals == {fleet: "the server that it chose is in use"}
    accepted, _server = carried_out(one, wanted)
    assert (accepted, one.refusals) == (True, {})
    request = world.request_of("a")
    assert request is not None
    assert (request.successor or {}).get("uid") == "uid-seat-1"


def test_a_busy_api_server_is_asked_another_time() -> None:
    def fail(_name: str) -> None:
        raise ApiFailure("busy", 503)

    world = world_of("a")
    world.before_write = fail
    assert carried_out(acts(world), signal(world, "a")) == NOT_NOW


def test_a_server_that_has_changed_is_shown_as_it_is_and_one_that_is_gone_is_told_so() -> None:
    world = world_of("a")
    one, stale = acts(world), replace(signal(world, "a"), version="1")
    assert carried_out(one, stale) == (False, world.source["a"])
    assert one.carry_out(signal(world, "gone"), {}) is None
