"""Where parties get their place in a queue, and ask for their turn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

import aiohttp
from aiohttp import web
from botocore.exceptions import BotoCoreError, ClientError

from lab.game.shared_queue import SharedQueue
from lab.game.tickets import TicketQueue, UnknownTicket, owner_of

LOG = logging.getLogger(__name__)

PORT = 8080
RETRY_AFTER_SECONDS = 1
POLL_SECONDS = 0.2
RELAY_SECONDS = 3.0


def unavailable(problem: str) -> web.Response:
    return web.json_response({"error": problem}, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def wait(ticket: str) -> web.Response:
    return web.json_response({"waiting": ticket, "poll_seconds": POLL_SECONDS}, status=202)


def unknown(ticket: str) -> web.Response:
    return web.json_response({"error": f"no one waits with {ticket}"}, status=404)


class Counter:
    """Where parties get their place in the slot's queue, and ask for their turn."""

    def __init__(self, takes_tickets: Callable[[str], bool], queue: TicketQueue, address: str, slot: str) -> None:
        self._takes_tickets = takes_tickets
        self._queue = queue
        self._address = address
        self._slot = slot

    async def enter(self, party: str, players: Sequence[str], match: str) -> web.Response:
        if not self._takes_tickets(self._slot):
            return unavailable(f"the queue of {self._slot} is closed")
        return wait(self._queue.enter(party, players, match))

    async def ask(self, request: web.Request) -> web.Response:
        ticket = request.match_info["ticket"]
        if owner_of(ticket) != self._address:
            return await self._relay(ticket)
        try:
            answer = self._queue.ask(ticket)
        except UnknownTicket:
            return unknown(ticket)
        return wait(ticket) if answer is None else web.json_response(answer)

    async def _relay(self, ticket: str) -> web.Response:
        url = f"http://{owner_of(ticket)}:{PORT}/match/{ticket}"
        try:
            timeout = aiohttp.ClientTimeout(total=RELAY_SECONDS)
            async with aiohttp.ClientSession(timeout=timeout) as http, http.get(url) as answer:
                return web.json_response(await answer.json(), status=answer.status)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return web.json_response({"error": f"the matchmaker that held {ticket} is gone"}, status=404)


class SharedCounter:
    """Where parties get their place in the queue of both slots, and ask for their turn."""

    def __init__(self, queue: SharedQueue) -> None:
        self._queue = queue

    async def enter(self, party: str, players: Sequence[str], match: str) -> web.Response:
        try:
            return wait(await asyncio.to_thread(self._queue.enter, party, players, match))
        except (BotoCoreError, ClientError) as error:
            return unavailable(f"the shared queue takes no one: {error}")

    async def ask(self, request: web.Request) -> web.Response:
        ticket = request.match_info["ticket"]
        try:
            answer = await asyncio.to_thread(self._queue.ask, ticket)
        except UnknownTicket:
            return unknown(ticket)
        except (BotoCoreError, ClientError) as error:
            LOG.warning("the shared queue does not answer: %s", error)
            return wait(ticket)
        return wait(ticket) if answer is None else web.json_response(answer)
