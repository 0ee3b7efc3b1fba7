from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Response
from botocore.exceptions import ClientError

from lab.game.allocation import Allocated, AllocationFailed
from lab.game.counters import POLL_SECONDS, Counter
from lab.game.destination import Destination
from lab.game.landing import NoMatch
from lab.game.matchmaker import DocumentReader, Matchmaker, desk_of
from lab.game.protocol import Ticket
from lab.game.tickets import TicketQueue

CLUSTERS = {"blue": "arena-blue", "green": "arena-green"}
BLUE = Destination(1, {"blue": 100, "green": 0}, CLUSTERS)
GREEN = Destination(2, {"blue": 0, "green": 100}, CLUSTERS)


def document(destination: Destination) -> str:
    return json.dumps(
        {
            "v": 1,
            "revision": destination.revision,
            "token": "t",
            "weights": destination.weights,
            "clusters": destination.clusters,
        }
    )


class FakeAllocator:
    def __init__(self) -> None:
        self.has_servers = True
        self.unreachable: set[str] = set()
        self.allocated_on: list[str] = []
        self.gate: asyncio.Event | None = None

    async def prepare(self, name: str) -> None:
        if name in self.unreachable:
            raise AllocationFailed(f"cluster {name} cannot be reached")

    async def allocate(self, name: str, annotations: Mapping[str, str]) -> Allocated | None:
        if self.gate:
            await self.gate.wait()
        self.allocated_on.append(name)
        self.annotations = dict(annotations)
        return Allocated("arena-x", "uid-1", "127.40.101.1", 7001) if self.has_servers else None


class FakeParameters:
    def __init__(self, **values: str) -> None:
        self.values = values
        self.is_broken = False

    def _check(self, operation: str) -> None:
        if self.is_broken:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, operation)

    def read(self, name: str) -> str:
        self._check("GetParameter")
        return self.values[name]

    def write(self, name: str, value: str) -> None:
        self._check("PutParameter")
        self.values[name] = value

    def delete(self, name: str) -> None:
        self._check("DeleteParameter")
        del self.values[name]


class Rig:
    def __init__(self) -> None:
        self.allocator = FakeAllocator()
        self.matchmaker = Matchmaker(self.allocator, roll=lambda: 0.5)  # type: ignore[arg-type]
        self.parameters = FakeParameters(document=document(BLUE))
        self.time = 100.0
        self.reader = DocumentReader(
            self.matchmaker, self.parameters, "document", "pod-1", "blue", clock=lambda: self.time
        )

    @property
    def reported(self) -> Any:
        text = self.parameters.values.get("document/readers/pod-1")
        return text and json.loads(text)

    async def match(self) -> dict[str, Any]:
        return await self.matchmaker.match("party-1", ["a", "b"])


def play(story: Callable[[Rig], Any]) -> None:
    async def run() -> None:
        await story(Rig())

    asyncio.run(run())


def test_a_match_names_server_ticket_slot_and_revision() -> None:
    async def story(rig: Rig) -> None:
        await rig.reader.read()
        found = await rig.match()
        ticket = Ticket.decode(found.pop("ticket"))
        session = found.pop("session")
        assert found == {"address": "127.40.101.1", "port": 7001, "slot": "blue", "revision": 1}
        assert ticket == Ticket("uid-1", session, ("a", "b"))
        assert rig.allocator.annotations == {"arena/session": session, "arena/party": "party-1"}

    play(story)


def test_there_is_no_match_without_a_destination_or_a_ready_server() -> None:
    async def story(rig: Rig) -> None:
        with pytest.raises(NoMatch, match="no session destination"):
            await rig.match()
        await rig.reader.read()
        rig.allocator.has_servers = False
        with pytest.raises(NoMatch, match="no Ready game server in blue"):
            await rig.match()

    play(story)


def test_a_new_revision_moves_the_allocations() -> None:
    async def story(rig: Rig) -> None:
        await rig.reader.read()
        await rig.match()
        rig.parameters.values["document"] = document(GREEN)
        await rig.reader.read()
        await rig.match()
        assert rig.allocator.allocated_on == ["arena-blue", "arena-green"]

    play(story)


@pytest.mark.parametrize("text", ["broken", document(Destination(2, {"blue": 0, "green": 0}, CLUSTERS))])
def test_a_bad_document_leaves_the_destination_before_it(text: str) -> None:
    async def story(rig: Rig) -> None:
        await rig.reader.read()
        rig.parameters.values["document"] = text
        await rig.reader.read()
        assert rig.matchmaker.current == BLUE

    play(story)


def test_a_destination_is_followed_once_its_cluster_can_be_reached() -> None:
    async def story(rig: Rig) -> None:
        await rig.reader.read()
        rig.parameters.values["document"] = document(GREEN)
        rig.allocator.unreachable = {"arena-blue", "arena-green"}
        await rig.reader.read()
        assert rig.matchmaker.current == BLUE
        rig.allocator.unreachable = {"arena-blue"}  # which no one needs any more
        await rig.reader.read()
        assert rig.matchmaker.current == GREEN

    play(story)


def test_the_report_waits_for_requests_that_use_the_revision_before() -> None:
    async def story(rig: Rig) -> None:
        await rig.reader.read()
        await rig.reader.report()
        rig.allocator.gate = asyncio.Event()
        under_way = asyncio.create_task(rig.match())
        await asyncio.sleep(0)
        rig.parameters.values["document"] = document(GREEN)
        await rig.reader.read()
        await rig.reader.report()
        assert rig.reported["revision"] == 1
        rig.allocator.gate.set()
        await under_way
        await rig.reader.report()
        assert (rig.reported["revision"], rig.reported["slot"]) == (2, "blue")

    play(story)


def test_the_report_is_renewed_as_a_sign_of_life() -> None:
    async def story(rig: Rig) -> None:
        await rig.reader.report()
        assert rig.reported is None
        await rig.reader.read()
        await rig.reader.report()
        for seconds, is_new in ((2.9, False), (0.2, True)):
            rig.parameters.values["document/readers/pod-1"] = '"old"'
            rig.time += seconds
            await rig.reader.report()
            assert (rig.reported != "old") is is_new

    play(story)


def test_a_parameter_store_in_trouble_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(rig: Rig) -> None:
        monkeypatch.setattr("lab.game.matchmaker.RETRY_AFTER_SECONDS", 0)
        await rig.reader.read()
        rig.parameters.is_broken = True
        await rig.reader.read()
        await rig.reader.report()
        await rig.reader.leave()
        assert (await rig.match())["slot"] == "blue"
        rig.parameters.is_broken = False
        await rig.reader.report()
        assert rig.reported["revision"] == 1
        await rig.reader.leave()
        assert rig.reported is None

    play(story)


def test_the_parties_of_a_moved_match_land_on_one_server() -> None:
    async def story(rig: Rig) -> None:
        await rig.reader.read()
        found = await asyncio.gather(*(rig.matchmaker.match(party, [party], "match-1") for party in "abc"))
        assert rig.allocator.allocated_on == ["arena-blue"]
        assert len({one["session"] for one in found}) == 1
        assert [Ticket.decode(one["ticket"]).members for one in found] == [("a",), ("b",), ("c",)]
        await rig.matchmaker.match("d", ["d"], "match-2")
        await rig.match()
        assert len(rig.allocator.allocated_on) == 3

    play(story)


def test_a_reunion_that_found_no_server_is_tried_again() -> None:
    async def story(rig: Rig) -> None:
        await rig.reader.read()
        rig.allocator.has_servers = False
        with pytest.raises(NoMatch):
            await rig.matchmaker.match("a", ["a"], "match-1")
        rig.allocator.has_servers = True
        assert (await rig.matchmaker.match("a", ["a"], "match-1"))["slot"] == "blue"

    play(story)


class Office:
    """A counter of slot blue, and the server behind it."""

    def __init__(self, rig: Rig) -> None:
        self.queue = TicketQueue("127.40.150.1")
        self.counter = Counter(rig.matchmaker.takes_tickets, self.queue, "127.40.150.1", "blue")
        self.serving = asyncio.create_task(rig.matchmaker.serve(self.queue))

    async def enter(self, party: str) -> tuple[int, Any]:
        return told(await self.counter.enter(party, [party], ""))

    async def ask(self, ticket: str) -> tuple[int, Any]:
        request = make_mocked_request("GET", f"/match/{ticket}", match_info={"ticket": ticket})
        return told(await self.counter.ask(request))


def told(response: Response) -> tuple[int, Any]:
    assert response.text
    return response.status, json.loads(response.text)


def test_a_party_waits_until_a_server_is_ready() -> None:
    async def story(rig: Rig) -> None:
        await rig.reader.read()
        rig.allocator.has_servers = False
        office = Office(rig)
        status, place = await office.enter("a")
        assert (status, place["poll_seconds"]) == (202, POLL_SECONDS)
        await asyncio.sleep(0)
        assert (await office.ask(place["waiting"]))[0] == 202
        rig.allocator.has_servers = True
        async with asyncio.timeout(2):
            while office.queue.depth:
                await asyncio.sleep(0.01)
        status, found = await office.ask(place["waiting"])
        assert (status, found["slot"]) == (200, "blue")
        assert (await office.ask(place["waiting"]))[0] == 404
        office.serving.cancel()

    play(story)


def test_a_closed_queue_takes_nobody_and_serves_those_who_wait() -> None:
    async def story(rig: Rig) -> None:
        await rig.reader.read()
        rig.allocator.has_servers = False
        office = Office(rig)
        waiting = (await office.enter("a"))[1]["waiting"]
        text = json.loads(document(GREEN))
        rig.parameters.values["document"] = json.dumps({**text, "queues": {"blue": "closed"}})
        await rig.reader.read()
        assert (await office.enter("b"))[0] == 503
        rig.allocator.has_servers = True
        async with asyncio.timeout(2):
            while office.queue.depth:
                await asyncio.sleep(0.01)
        assert (await office.ask(waiting))[1]["slot"] == "green"
        office.serving.cancel()

    play(story)


def test_who_waits_is_reported_as_soon_as_that_changes() -> None:
    async def story(rig: Rig) -> None:
        queue = TicketQueue("127.40.150.1", lambda: rig.time)
        reader = DocumentReader(rig.matchmaker, rig.parameters, "document", "pod-1", "blue", queue, lambda: rig.time)
        await reader.read()
        await reader.report()
        assert rig.reported["queue"] == {"depth": 0, "oldest": 0}
        queue.enter("a", ["a"], "")
        rig.time += 1.5
        await reader.report()
        assert rig.reported["queue"] == {"depth": 1, "oldest": 1.5}

    play(story)


def test_queues_that_the_matchmaker_has_not() -> None:
    environ = {"MATCHMAKER_SLOT": "blue", "POD_IP": "127.40.150.1"}
    allocator: Any = FakeAllocator()
    assert desk_of(environ, allocator).queue is None
    assert desk_of({**environ, "MATCHMAKER_QUEUE": "per_slot"}, allocator).queue
    with pytest.raises(SystemExit, match="MATCHMAKER_QUEUE is 'fifo'"):
        desk_of({**environ, "MATCHMAKER_QUEUE": "fifo"}, allocator)
