"""Matchmakers of both slots over real sockets, with one table between them; its servers are the test's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import boto3
import pytest
from aiohttp import web
from moto import mock_aws

from lab.game.allocation import Allocated
from lab.game.counters import SharedCounter
from lab.game.destination import Destination
from lab.game.matchmaker import Matchmaker, application
from lab.game.protocol import Ticket
from lab.game.shared_queue import SharedQueue, SharedReunions
from lab.game.store import DynamoStore
from lab.world import seed


class Servers:
    """An allocator that always has a server, and notes who has asked it for one."""

    def __init__(self) -> None:
        self.sessions = 0

    async def prepare(self, _cluster: str) -> None: ...

    async def allocate(self, _cluster: str, _annotations: Mapping[str, str]) -> Allocated:
        self.sessions += 1
        return Allocated(f"arena-{self.sessions}", f"uid-{self.sessions}", "127.0.0.1", 7000 + self.sessions)


@contextlib.asynccontextmanager
async def open_matchmaker(slot: str, servers: Servers, store: DynamoStore) -> AsyncIterator[str]:
    """A matchmaker of the shared queue on a port of its own: where it is asked for a match."""
    queue = SharedQueue(store, slot)
    matchmaker = Matchmaker(servers, reunions=SharedReunions(store, slot))  # type: ignore[arg-type]
    await matchmaker.follow(Destination(2, {"blue": 0, "green": 100}, {"blue": "arena-blue", "green": "arena-green"}))
    runner = web.AppRunner(application(matchmaker, slot, SharedCounter(queue)))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    serving = asyncio.create_task(matchmaker.serve_shared(queue))
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/match"
    serving.cancel()
    await runner.cleanup()


async def await_server(http: aiohttp.ClientSession, url: str, ticket: str) -> Any:
    async with asyncio.timeout(10):
        while True:
            async with http.get(f"{url}/{ticket}") as answer:
                if answer.status != 202:
                    assert answer.status == 200, await answer.text()
                    return await answer.json()
            await asyncio.sleep(0.05)


def test_two_matchmakers_serve_one_queue_and_a_moved_match_lands_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")

    async def story(store: DynamoStore) -> None:
        servers, tickets = Servers(), []
        async with (
            open_matchmaker("blue", servers, store) as blue,
            open_matchmaker("green", servers, store) as green,
            aiohttp.ClientSession() as http,
        ):
            for number, party in enumerate(("a", "b", "c", "d", "alone")):
                wish = {"party": party, "players": [party], "match": "" if party == "alone" else "match-1"}
                async with http.post((blue, green)[number % 2], json=wish) as answer:
                    assert answer.status == 202
                    tickets.append((await answer.json())["waiting"])
            # Each is asked after at the matchmaker that did not give the ticket.
            asked = [((green, blue)[number % 2], ticket) for number, ticket in enumerate(tickets)]
            found = await asyncio.gather(*(await_server(http, url, ticket) for url, ticket in asked))
            async with http.get(f"{blue}/{tickets[0]}") as answer:
                assert answer.status == 404
        sessions = [one["session"] for one in found]
        assert len(set(sessions[:4])) == 1
        assert sessions[4] not in sessions[:4]
        assert servers.sessions == 2
        assert [Ticket.decode(one["ticket"]).members for one in found[:2]] == [("a",), ("b",)]
        assert {one["slot"] for one in found} == {"green"}

    with mock_aws():
        seed.seed_tickets(boto3.client("dynamodb", region_name="eu-west-1"))
        asyncio.run(story(DynamoStore("eu-west-1", seed.TICKETS)))
