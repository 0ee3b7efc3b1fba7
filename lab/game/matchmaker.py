"""`python -m lab.game.matchmaker`: answers `POST /match` with a game server of the slot that gets sessions.

It follows the session destination (an SSM parameter) and allocates on the cluster that is named there,
whichever cluster it runs in.

- `GET /healthz`: 200 with {slot, revision}, or 503 as long as no destination can be followed.
- `POST /match` {"party": id, "players": [id …], "match": id}: 200 with {session, address, port, ticket, slot,
  revision}, or 503 with Retry-After. `match` may be left out; it is the session that the players were moved out of:
  parties that name the same one within a minute get the same server.
- With MATCHMAKER_QUEUE=per_slot: 202 with {waiting, poll_seconds} instead. `GET /match/<waiting>` is then 202 until it
  is the 200 from above; any matchmaker takes the question to the one that holds the place. 503 where the destination
  has closed the slot's queue, 404 for a place that no one holds any more.
- With MATCHMAKER_QUEUE=shared: the same answers, but the places are in the DynamoDB table MATCHMAKER_TICKETS, and
  the matchmakers of both slots serve them. The servers of moved matches are noted there too.

It reports the revision that it follows in the parameter `<document>/readers/<pod>`: the oldest one that
a request under way may still use, so that what it reports is what can still happen.

Environment: POD_NAME, POD_NAMESPACE, POD_IP, AWS_REGION, MATCHMAKER_SLOT, MATCHMAKER_DOCUMENT, MATCHMAKER_FLEET,
MATCHMAKER_QUEUE (none, which is the default, per_slot or shared), MATCHMAKER_TICKETS (with shared).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import random
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from botocore.exceptions import BotoCoreError, ClientError

from lab.game.allocation import AllocationFailed, Allocator, BotoEks, Cluster
from lab.game.arena import SESSION_ANNOTATION
from lab.game.counters import POLL_SECONDS, PORT, RETRY_AFTER_SECONDS, Counter, SharedCounter, unavailable
from lab.game.destination import BadDocument, Destination, choose_slot, parse_document
from lab.game.landing import Landing, NoMatch, OwnReunions, Reunions
from lab.game.parameters import Parameters, SsmParameters
from lab.game.protocol import Ticket
from lab.game.shared_queue import BeingSeated, SharedQueue, SharedReunions
from lab.game.store import DynamoStore
from lab.game.tickets import TicketQueue

LOG = logging.getLogger(__name__)

READ_SECONDS = 0.5
REPORT_SECONDS = 3.0
REPORT_LOOK_SECONDS = 0.1
QUEUE_LOOK_SECONDS = 0.05
SHARED_LOOK_SECONDS = 0.2
NO_QUEUE, PER_SLOT, SHARED = "none", "per_slot", "shared"
# The load balancer goes on sending requests for a while after the pod was told to stop.
FAREWELL_SECONDS = 3.0


@dataclass
class Follower:
    """A destination in use, and how many requests are under way with it."""

    destination: Destination
    requests: int = 0


class Matchmaker:
    """The destination that is followed, and the sessions that it leads to."""

    def __init__(
        self, allocator: Allocator, roll: Callable[[], float] = random.random, reunions: Reunions | None = None
    ) -> None:
        self._allocator = allocator
        self._roll = roll
        self._followed: list[Follower] = []  # the last one is current
        self._reunions = reunions or OwnReunions()

    @property
    def current(self) -> Destination | None:
        return self._followed[-1].destination if self._followed else None

    @property
    def revision_in_use(self) -> int | None:
        """The oldest revision that an answer may still be based on."""
        self._followed = [one for one in self._followed[:-1] if one.requests] + self._followed[-1:]
        return self._followed[0].destination.revision if self._followed else None

    async def follow(self, destination: Destination) -> None:
        """Go over to a destination once its clusters can be reached. Raises AllocationFailed."""
        for slot in destination.slots():
            await self._allocator.prepare(destination.clusters[slot])
        self._followed.append(Follower(destination))

    @contextlib.asynccontextmanager
    async def _destination(self) -> AsyncIterator[Destination]:
        if not self._followed:
            raise NoMatch("no session destination yet")
        follower = self._followed[-1]
        follower.requests += 1
        try:
            yield follower.destination
        finally:
            follower.requests -= 1

    async def match(self, party: str, players: Sequence[str], match: str = "") -> dict[str, Any]:
        """A session for a party, that of its match if that was moved. Raises NoMatch or AllocationFailed."""

        def start() -> Coroutine[Any, Any, Landing]:
            return self._start(party)

        landing = await (self._reunions.land(match, start) if match else start())
        server = landing.server
        LOG.info("%s plays on %s in %s (revision %d)", party, server.server, landing.slot, landing.revision)
        return {
            "session": landing.session,
            "address": server.address,
            "port": server.port,
            "ticket": Ticket(server.uid, landing.session, players).encode(),
            "slot": landing.slot,
            "revision": landing.revision,
        }

    async def _start(self, party: str) -> Landing:
        async with self._destination() as destination:
            slot = choose_slot(destination, self._roll())
            session = uuid.uuid4().hex
            server = await self._allocator.allocate(
                destination.clusters[slot], {SESSION_ANNOTATION: session, "arena/party": party}
            )
        if server is None:
            raise NoMatch(f"no Ready game server in {slot}")
        return Landing(session, server, slot, destination.revision)

    def takes_tickets(self, slot: str) -> bool:
        """Whether the slot's queue is open."""
        return self.current is not None and self.current.takes_tickets(slot)

    async def serve(self, queue: TicketQueue) -> None:
        """Give those who wait a server, one after the other, for ever."""
        while True:
            waiting = queue.first()
            if waiting is None:
                await asyncio.sleep(QUEUE_LOOK_SECONDS)
                continue
            try:
                waiting.answer = await self.match(waiting.party, waiting.players, waiting.match)
            except (NoMatch, AllocationFailed) as error:
                LOG.warning("%s goes on waiting: %s", waiting.party, error)
                await asyncio.sleep(POLL_SECONDS)

    async def serve_shared(self, queue: SharedQueue) -> None:
        """Give those who wait in the shared queue a server, one after the other, for ever."""
        while True:
            try:
                await self.serve_places(queue)
            except (BotoCoreError, ClientError) as error:
                LOG.warning("the shared queue cannot be served: %s", error)
            await asyncio.sleep(SHARED_LOOK_SECONDS)

    async def serve_places(self, queue: SharedQueue) -> None:
        """Serve those who wait once, until there is no server left."""
        for place in await asyncio.to_thread(queue.places):
            if not await asyncio.to_thread(queue.take, place):
                continue
            try:
                found = await self.match(place.party, place.players, place.match)
            except (NoMatch, AllocationFailed) as error:
                LOG.warning("%s goes on waiting: %s", place.party, error)
                await asyncio.to_thread(queue.give_back, place)
                if isinstance(error, BeingSeated):
                    continue
                return
            if not await asyncio.to_thread(queue.answer, place, found):
                LOG.warning("%s has left the queue; its session %s stays empty", place.party, found["session"])


class DocumentReader:
    """Keeps a matchmaker on the newest revision of the document, and reports what it follows."""

    def __init__(
        self,
        matchmaker: Matchmaker,
        parameters: Parameters,
        document: str,
        reader: str,
        slot: str,
        queue: TicketQueue | SharedQueue | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._matchmaker = matchmaker
        self._parameters = parameters
        self._document = document
        self._report_name = f"{document}/readers/{reader}"
        self._slot = slot
        self._queue = queue
        self._clock = clock
        self._text = ""
        self._problem = ""
        self._reported: tuple[int, bool] | None = None
        self._reported_at = 0.0

    async def read(self) -> None:
        """Read the document once and follow it if it is new. Faults are logged: the next read may be better."""
        try:
            text = await asyncio.to_thread(self._parameters.read, self._document)
            if text != self._text:
                destination = parse_document(text)
                await self._matchmaker.follow(destination)
                self._text = text
                LOG.info("following revision %d: %s", destination.revision, dict(destination.weights))
            self._problem = ""
        except (BotoCoreError, ClientError, BadDocument, AllocationFailed) as error:
            if str(error) != self._problem:
                LOG.warning("%s is not followed: %s", self._document, error)
            self._problem = str(error)

    async def report(self) -> None:
        """Write the revision in use if it is news, or that the queue has emptied or filled, or as a sign of life."""
        revision = self._matchmaker.revision_in_use
        is_due = self._clock() - self._reported_at >= REPORT_SECONDS
        if revision is None:
            return
        news = (revision, bool(self._queue and self._queue.depth))
        if news == self._reported and not is_due:
            return
        value = {"revision": revision, "slot": self._slot, "at": datetime.now(UTC).isoformat(timespec="milliseconds")}
        if self._queue:
            value["queue"] = {"depth": self._queue.depth, "oldest": round(self._queue.oldest_seconds, 1)}
        try:
            await asyncio.to_thread(self._parameters.write, self._report_name, json.dumps(value))
            self._reported, self._reported_at = news, self._clock()
        except (BotoCoreError, ClientError) as error:
            LOG.warning("the revision cannot be reported: %s", error)
            await asyncio.sleep(RETRY_AFTER_SECONDS)

    async def run(self) -> None:
        await asyncio.gather(self._each(READ_SECONDS, self.read), self._each(REPORT_LOOK_SECONDS, self.report))

    async def _each(self, seconds: float, work: Callable[[], Any]) -> None:
        while True:
            await work()
            await asyncio.sleep(seconds)

    async def leave(self) -> None:
        """The reader is gone: no one should wait for it."""
        try:
            await asyncio.to_thread(self._parameters.delete, self._report_name)
        except (BotoCoreError, ClientError) as error:
            LOG.warning("the report cannot be deleted: %s", error)


def application(matchmaker: Matchmaker, slot: str, counter: Counter | SharedCounter | None = None) -> web.Application:
    """The HTTP side. With a counter, parties wait in its queue."""

    async def healthz(_: web.Request) -> web.Response:
        if matchmaker.current is None:
            return web.json_response({"slot": slot, "error": "no session destination yet"}, status=503)
        return web.json_response({"slot": slot, "revision": matchmaker.current.revision})

    async def match(request: web.Request) -> web.Response:
        try:
            wish = await request.json()
            party, players = str(wish["party"]), [str(player) for player in wish["players"]]
            before = str(wish.get("match", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            return web.json_response({"error": 'send {"party": id, "players": [id …]}'}, status=400)
        if counter:
            return await counter.enter(party, players, before)
        try:
            return web.json_response(await matchmaker.match(party, players, before))
        except (NoMatch, AllocationFailed) as error:
            LOG.warning("%s gets no match: %s", party, error)
            return unavailable(str(error))

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.post("/match", match)])
    if counter:
        app.add_routes([web.get("/match/{ticket}", counter.ask)])
    return app


@dataclass(frozen=True)
class Desk:
    """A matchmaker with its queue: who waits where, and who serves them."""

    matchmaker: Matchmaker
    queue: TicketQueue | SharedQueue | None = None
    counter: Counter | SharedCounter | None = None

    async def serve(self) -> None:
        if isinstance(self.queue, SharedQueue):
            await self.matchmaker.serve_shared(self.queue)
        elif self.queue:
            await self.matchmaker.serve(self.queue)


def desk_of(environ: Mapping[str, str], allocator: Allocator) -> Desk:
    """The matchmaker and the queue that the environment asks for. Raises SystemExit for a queue that does not exist."""
    kind, slot, address = environ.get("MATCHMAKER_QUEUE", NO_QUEUE), environ["MATCHMAKER_SLOT"], environ["POD_IP"]
    if kind == NO_QUEUE:
        return Desk(Matchmaker(allocator))
    if kind == PER_SLOT:
        matchmaker, queue = Matchmaker(allocator), TicketQueue(address)
        return Desk(matchmaker, queue, Counter(matchmaker.takes_tickets, queue, address, slot))
    if kind == SHARED:
        store, name = DynamoStore(environ["AWS_REGION"], environ["MATCHMAKER_TICKETS"]), environ["POD_NAME"]
        shared = SharedQueue(store, name)
        return Desk(Matchmaker(allocator, reunions=SharedReunions(store, name)), shared, SharedCounter(shared))
    raise SystemExit(f"MATCHMAKER_QUEUE is {kind!r}; this matchmaker has {NO_QUEUE}, {PER_SLOT} or {SHARED}")


async def follow_and_serve(reader: DocumentReader, desk: Desk) -> None:
    await asyncio.gather(reader.run(), desk.serve())


async def serve(environ: Mapping[str, str]) -> None:
    """Run until SIGTERM or SIGINT."""
    region, namespace, slot = environ["AWS_REGION"], environ["POD_NAMESPACE"], environ["MATCHMAKER_SLOT"]
    eks = BotoEks(region)
    allocator = Allocator(namespace, environ["MATCHMAKER_FLEET"], lambda name: Cluster(name, eks))
    desk = desk_of(environ, allocator)
    reader = DocumentReader(
        desk.matchmaker, SsmParameters(region), environ["MATCHMAKER_DOCUMENT"], environ["POD_NAME"], slot, desk.queue
    )
    runner = web.AppRunner(application(desk.matchmaker, slot, desk.counter), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, environ["POD_IP"], PORT).start()
    following = asyncio.create_task(follow_and_serve(reader, desk))
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await asyncio.wait([asyncio.ensure_future(stopped.wait()), following], return_when=asyncio.FIRST_COMPLETED)
    if not following.done():
        await asyncio.sleep(FAREWELL_SECONDS)
    await runner.cleanup()
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following  # raises the error that ended it
    await reader.leave()
    await allocator.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    asyncio.run(serve(os.environ))
