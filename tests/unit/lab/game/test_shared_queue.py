from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from lab.game.allocation import Allocated
from lab.game.landing import REUNION_SECONDS, Landing, NoMatch
from lab.game.shared_queue import HOLD_SECONDS, LANDING, BeingSeated, Place, SharedQueue, SharedReunions
from lab.game.store import Item, change
from lab.game.tickets import FORGOTTEN_SECONDS, UnknownTicket


class FakeStore:
    def __init__(self) -> None:
        self.kept: dict[str, Item] = {}

    def read(self, key: str) -> Item | None:
        return self.kept.get(key)

    def items(self) -> list[Item]:
        return list(self.kept.values())

    def write(self, item: Item) -> bool:
        if self._version(item) != item.version:
            return False
        self.kept[item.key] = Item(item.key, item.version + 1, item.body)
        return True

    def delete(self, item: Item) -> bool:
        if self._version(item) != item.version:
            return False
        del self.kept[item.key]
        return True

    def _version(self, item: Item) -> int:
        known = self.kept.get(item.key)
        return known.version if known else 0


class Rig:
    """A table, the queue as the matchmakers of both slots see it, and their reunions."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.time = 1000.0
        self.started = 0
        self.blue, self.green = (SharedQueue(self.store, name, lambda: self.time) for name in ("blue", "green"))

    def reunions(self, name: str) -> SharedReunions:
        return SharedReunions(self.store, name, lambda: self.time)

    def enter(self, party: str) -> str:
        self.time += 0.1
        return self.blue.enter(party, [f"{party}-1"], "")

    async def start(self) -> Landing:
        self.started += 1
        return Landing(f"session-{self.started}", Allocated("arena-x", "uid-1", "127.40.101.1", 7001), "green", 2)


def test_first_come_first_served_whoever_serves() -> None:
    rig = Rig()
    first, second = rig.enter("a"), rig.enter("b")
    assert [place.party for place in rig.green.places()] == ["a", "b"]
    assert rig.green.places()[0] == Place(first, "a", ["a-1"], "")
    assert rig.blue.ask(first) is None
    place = rig.green.places()[0]
    assert rig.green.take(place)
    assert not rig.blue.take(place)
    assert [place.ticket for place in rig.blue.places()] == [second]
    assert rig.green.answer(place, {"session": "s"})
    assert rig.blue.ask(first) == {"session": "s"}
    with pytest.raises(UnknownTicket):
        rig.green.ask(first)


def test_depth_and_age_are_the_same_for_both() -> None:
    rig = Rig()
    rig.enter("a")
    rig.enter("b")
    rig.time += 4.9
    for queue in (rig.blue, rig.green):
        queue.places()
        assert (queue.depth, round(queue.oldest_seconds, 1)) == (2, 5.0)


def test_a_party_that_waits_keeps_its_place() -> None:
    rig = Rig()
    ticket = rig.enter("a")
    rig.enter("b")
    assert rig.green.enter("a", ["a-1"], "") == ticket
    assert [place.party for place in rig.blue.places()] == ["a", "b"]


def test_a_party_that_comes_again_after_its_answer_waits_anew() -> None:
    rig = Rig()
    rig.enter("a")
    place = rig.blue.places()[0]
    rig.blue.take(place)
    rig.blue.answer(place, {"session": "s"})
    assert rig.blue.places() == []
    assert rig.blue.ask(rig.enter("a")) is None


def test_a_place_given_back_or_held_by_the_dead_is_free_again() -> None:
    rig = Rig()
    ticket = rig.enter("a")
    place = rig.blue.places()[0]
    rig.blue.take(place)
    rig.blue.give_back(place)
    assert rig.green.take(place)
    for _ in range(2):
        assert rig.blue.places() == []
        rig.time += HOLD_SECONDS / 2
        rig.blue.ask(ticket)
    assert rig.blue.take(place)
    assert not rig.green.answer(place, {"session": "s"})


def test_who_is_not_heard_of_any_more_is_forgotten() -> None:
    rig = Rig()
    gone, here = rig.enter("gone"), rig.enter("here")
    place = rig.blue.places()[0]
    rig.blue.take(place)
    rig.time += FORGOTTEN_SECONDS - 1
    rig.green.ask(here)
    rig.time += 2
    assert [place.party for place in rig.blue.places()] == ["here"]
    assert not rig.blue.answer(place, {"session": "s"})
    with pytest.raises(UnknownTicket):
        rig.blue.ask(gone)


def test_a_landing_is_no_ticket() -> None:
    rig = Rig()
    asyncio.run(rig.reunions("blue").land("match-1", rig.start))
    with pytest.raises(UnknownTicket):
        rig.blue.ask(f"{LANDING}match-1")
    assert rig.blue.places() == []


def test_a_moved_match_lands_on_one_server_whoever_serves_its_parties() -> None:
    rig = Rig()
    landings = [asyncio.run(rig.reunions(name).land("match-1", rig.start)) for name in ("blue", "green", "blue")]
    assert len(set(landings)) == rig.started == 1
    assert asyncio.run(rig.reunions("green").land("match-2", rig.start)).session == "session-2"
    rig.time += REUNION_SECONDS
    assert asyncio.run(rig.reunions("green").land("match-1", rig.start)).session == "session-3"


def test_the_second_matchmaker_waits_for_the_first() -> None:
    rig = Rig()

    async def story() -> None:
        gate = asyncio.Event()

        async def slow() -> Landing:
            await gate.wait()
            return await rig.start()

        first = asyncio.create_task(rig.reunions("blue").land("match-1", slow))
        async with asyncio.timeout(2):
            while not rig.store.kept:
                await asyncio.sleep(0)
        with pytest.raises(BeingSeated, match="blue is looking for the server of match match-1"):
            await rig.reunions("green").land("match-1", rig.start)
        gate.set()
        landing = await first
        assert await rig.reunions("green").land("match-1", rig.start) == landing

    asyncio.run(story())
    assert rig.started == 1


def test_a_landing_that_failed_or_whose_matchmaker_died_is_begun_anew() -> None:
    rig = Rig()

    async def none() -> Landing:
        raise NoMatch("no Ready game server in green")

    async def dies() -> Landing:
        raise RuntimeError

    def land(name: str, start: Any) -> Landing:
        story: Coroutine[Any, Any, Landing] = rig.reunions(name).land("match-1", start)
        return asyncio.run(story)

    with pytest.raises(NoMatch):
        land("blue", none)
    with pytest.raises(RuntimeError):
        land("green", dies)
    with pytest.raises(BeingSeated):
        land("blue", rig.start)
    rig.time += HOLD_SECONDS
    assert land("blue", rig.start).session == "session-1"


def test_a_change_is_made_of_the_newest() -> None:
    store = FakeStore()
    steps = []

    def step(known: dict[str, Any] | None) -> dict[str, Any]:
        steps.append(known)
        if len(steps) == 1:
            store.write(Item("x", 0, {"other": 1}))
        return {**(known or {}), "mine": 1}

    assert change(store, "x", step)
    assert steps == [None, {"other": 1}]
    assert store.kept["x"].body == {"other": 1, "mine": 1}
    assert not change(store, "x", lambda _: None)
