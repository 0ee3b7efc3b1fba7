"""`python -m lab.game.matchmaker`: answers `POST /match` with a game server of the slot that gets sessions.

It follows the session destination (an SSM parameter) and allocates on the cluster that is named there,
whichever cluster it runs in. It has no queue: the answer is a server and a ticket, or 503 with Retry-After.

- `GET /healthz`: 200 with {slot, revision}, or 503 as long as no destination can be followed.
- `POST /match` {"party": id, "players": [id …]}: 200 with {session, address, port, ticket, slot, revision}.

It reports the revision that it follows in the parameter `<document>/readers/<pod>`: the oldest one that
a request under way may still use, so that what it reports is what can still happen.

Environment: POD_NAME, POD_NAMESPACE, POD_IP, AWS_REGION, MATCHMAKER_SLOT, MATCHMAKER_DOCUMENT, MATCHMAKER_FLEET.
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
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import boto3
from aiohttp import web
from botocore.exceptions import BotoCoreError, ClientError

from lab.game.allocation import AWS_CONFIG, AllocationFailed, Allocator, BotoEks, Cluster
from lab.game.arena import SESSION_ANNOTATION
from lab.game.destination import BadDocument, Destination, choose_slot, parse_document
from lab.game.protocol import Ticket

LOG = logging.getLogger(__name__)

PORT = 8080
READ_SECONDS = 0.5
REPORT_SECONDS = 3.0
REPORT_LOOK_SECONDS = 0.1
RETRY_AFTER_SECONDS = 1
# The load balancer goes on sending requests for a while after the pod was told to stop.
FAREWELL_SECONDS = 3.0


class NoMatch(Exception):
    """Why there is no game server for a party now."""


class Parameters(Protocol):
    """The parameter store; the calls block. They raise what boto3 raises."""

    def read(self, name: str) -> str: ...

    def write(self, name: str, value: str) -> None: ...

    def delete(self, name: str) -> None: ...


class SsmParameters:
    """Parameters of SSM."""

    def __init__(self, region: str) -> None:
        self._ssm = boto3.client("ssm", region_name=region, config=AWS_CONFIG)

    def read(self, name: str) -> str:
        return str(self._ssm.get_parameter(Name=name)["Parameter"]["Value"])

    def write(self, name: str, value: str) -> None:
        self._ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    def delete(self, name: str) -> None:
        self._ssm.delete_parameter(Name=name)


@dataclass
class Follower:
    """A destination in use, and how many requests are under way with it."""

    destination: Destination
    requests: int = 0


class Matchmaker:
    """The destination that is followed, and the sessions that it leads to."""

    def __init__(self, allocator: Allocator, roll: Callable[[], float] = random.random) -> None:
        self._allocator = allocator
        self._roll = roll
        self._followed: list[Follower] = []  # the last one is current

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

    async def match(self, party: str, players: list[str]) -> dict[str, Any]:
        """A session for a party. Raises NoMatch or AllocationFailed."""
        async with self._destination() as destination:
            slot = choose_slot(destination, self._roll())
            session = uuid.uuid4().hex
            server = await self._allocator.allocate(
                destination.clusters[slot], {SESSION_ANNOTATION: session, "arena/party": party}
            )
        if server is None:
            raise NoMatch(f"no Ready game server in {slot}")
        LOG.info("%s plays on %s in %s (revision %d)", party, server.server, slot, destination.revision)
        return {
            "session": session,
            "address": server.address,
            "port": server.port,
            "ticket": Ticket(server.uid, session, players).encode(),
            "slot": slot,
            "revision": destination.revision,
        }


class DocumentReader:
    """Keeps a matchmaker on the newest revision of the document, and reports what it follows."""

    def __init__(
        self,
        matchmaker: Matchmaker,
        parameters: Parameters,
        document: str,
        reader: str,
        slot: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._matchmaker = matchmaker
        self._parameters = parameters
        self._document = document
        self._report_name = f"{document}/readers/{reader}"
        self._slot = slot
        self._clock = clock
        self._text = ""
        self._problem = ""
        self._reported: int | None = None
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
        """Write the revision in use if it is another one than last time, or as a sign of life."""
        revision = self._matchmaker.revision_in_use
        is_due = self._clock() - self._reported_at >= REPORT_SECONDS
        if revision is None or (revision == self._reported and not is_due):
            return
        value = json.dumps(
            {"revision": revision, "slot": self._slot, "at": datetime.now(UTC).isoformat(timespec="milliseconds")}
        )
        try:
            await asyncio.to_thread(self._parameters.write, self._report_name, value)
            self._reported, self._reported_at = revision, self._clock()
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
        """The reader is gone: nobody shall wait for it."""
        try:
            await asyncio.to_thread(self._parameters.delete, self._report_name)
        except (BotoCoreError, ClientError) as error:
            LOG.warning("the report cannot be deleted: %s", error)


def application(matchmaker: Matchmaker, slot: str) -> web.Application:
    """The HTTP side."""

    async def healthz(_: web.Request) -> web.Response:
        if matchmaker.current is None:
            return web.json_response({"slot": slot, "error": "no session destination yet"}, status=503)
        return web.json_response({"slot": slot, "revision": matchmaker.current.revision})

    async def match(request: web.Request) -> web.Response:
        try:
            wish = await request.json()
            party, players = str(wish["party"]), [str(player) for player in wish["players"]]
        except (ValueError, KeyError, TypeError):
            return web.json_response({"error": 'send {"party": id, "players": [id …]}'}, status=400)
        try:
            return web.json_response(await matchmaker.match(party, players))
        except (NoMatch, AllocationFailed) as error:
            LOG.warning("%s gets no match: %s", party, error)
            return web.json_response(
                {"error": str(error)}, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}
            )

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.post("/match", match)])
    return app


async def serve(environ: Mapping[str, str]) -> None:
    """Run until SIGTERM or SIGINT."""
    region, namespace, slot = environ["AWS_REGION"], environ["POD_NAMESPACE"], environ["MATCHMAKER_SLOT"]
    eks = BotoEks(region)
    allocator = Allocator(namespace, environ["MATCHMAKER_FLEET"], lambda name: Cluster(name, eks))
    matchmaker = Matchmaker(allocator)
    reader = DocumentReader(
        matchmaker, SsmParameters(region), environ["MATCHMAKER_DOCUMENT"], environ["POD_NAME"], slot
    )
    runner = web.AppRunner(application(matchmaker, slot), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, environ["POD_IP"], PORT).start()
    following = asyncio.create_task(reader.run())
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await asyncio.wait([asyncio.ensure_future(stopped.wait()), following], return_when=asyncio.FIRST_COMPLETED)
    if not following.done():
        await asyncio.sleep(FAREWELL_SECONDS)
    await runner.cleanup()
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following  # raises what has ended it
    await reader.leave()
    await allocator.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    asyncio.run(serve(os.environ))
