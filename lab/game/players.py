"""`python -m lab.game.players`: parties who play Arena, and an honest account of how it went.

A party's leader asks for a match through the load balancer; the members follow with the ticket. When the
match is over, or the server says `move`, the leader asks again. A connection that breaks without a word is
tried again with the same ticket; when that does not help, the session counts as lost. With
--never-return-share so many of the players who are told to move never come back.

Control, at http://127.<lab>.0.3:8090: `GET /status` (`?lists=no` leaves out the last three of the figures), and
`POST /stop`, which ends the program. The same figures are in `<state>/players.json`, written at the end and, without
those three, each second:

    {"state": "playing" | "stopped", "started_at": RFC 3339, "seconds": since then, "parties_total",
     "players": {"total", "quit": not in the total any more, "party_size", "playing",
                 "by_slot": {slot of the last session: players}, "playing_by_slot",
                 "away_by_drain": now, "longest_away_by_drain_seconds": now},
     "match_requests": {"made": answered, "failed": of them, with anything else than a server},
     "sessions": {"total", "running", "ended_alone", "moved": by the drain contract, "lost"},
     "connections": {"lost": broken without a word, "found_again": of them, on the same server},
     "parties": {"together": sessions of which all members were on one server, "apart", "incomplete"},
     "downtime_seconds": {"count", "p50", "p95", "p99", "max"}: per player moved by the drain, from
                 the message to the first message of the next server; null without any,
     "lost_downtime_seconds": the same after broken connections,
     "reconnect_seconds": the same after matches that were over, less the pause in the lobby,
     "downtimes": [{"player", "seconds", "waited": of them, as told, "from", "to": slots,
                    "at": UNIX time of playing again}],
     "reconnects": [{"at": UNIX time of playing again, "seconds"}], those of reconnect_seconds, the last 10,000,
     "series": [{"at": UNIX time, "playing": {slot: players}, "made", "failed": so far}], each second, the last hour}
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp import web

from lab.game.accounting import Accounts, End, session_end
from lab.game.protocol import LONGEST_LINE, SILENCE_SECONDS, BadMessage, Message, decode, encode
from lab.world.config import LabConfig, LabError, write_json

LOG = logging.getLogger(__name__)

CONTROL_PORT = 8090
LOAD_BALANCER = "arena"
PARTY_SIZE = 5
REQUEST_SECONDS = 10.0
# After a match players look at their results before the leader asks for the next one.
LOBBY_SECONDS = (0.2, 1.0)
# How long a player tries to get back to a server whose connection broke, and how often.
RECONNECT_SECONDS = 8.0
RECONNECT_PAUSE_SECONDS = 0.25
# When one member knows that the session has ended, the others learn it within this time.
STRAGGLER_SECONDS = 2.0
DEFAULT_RETRY_SECONDS = 1.0
# The slot of a session that a server was introduced for: it does not say where the other one is.
HANDED_OVER = "handed over"


@dataclass(frozen=True)
class Session:
    """What the matchmaker answered."""

    address: str
    port: int
    ticket: str
    slot: str
    match: str = ""


class NoMatch(Exception):
    """A match request that failed; the leader asks again after `retry_seconds`."""

    def __init__(self, reason: str, retry_seconds: float = DEFAULT_RETRY_SECONDS) -> None:
        super().__init__(reason)
        self.retry_seconds = retry_seconds


class Lost(Exception):
    """The connection to a server broke, or was never made."""


class NotAdmitted(Exception):
    """The server does not know the ticket: it is no longer the one that was named."""


@dataclass(frozen=True)
class Farewell:
    """How a session ended for a player, when to ask again at the latest, and who takes over the session, if anyone."""

    end: End
    retry_within_seconds: float = 0.0
    successor: Session | None = None


# Party, players, and the match that they were moved out of, if any.
AskForMatch = Callable[[str, Sequence[str], str], Awaitable[Session]]


class Connection:
    """A player's connection to a game server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def join(cls, session: Session, player: str) -> tuple[Connection, str]:
        """Connect and be let in; returns the server's name too. Raises Lost or NotAdmitted."""
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                reader, writer = await asyncio.open_connection(session.address, session.port, limit=LONGEST_LINE)
        except (OSError, TimeoutError) as error:
            raise Lost(str(error)) from error
        connection = cls(reader, writer)
        try:
            writer.write(encode({"type": "join", "ticket": session.ticket, "player": player}))
            answer = await connection.receive()
            if answer["type"] != "welcome":
                raise NotAdmitted(str(answer.get("reason", answer["type"])))
        except BaseException:
            connection.close()
            raise
        return connection, str(answer["server"])

    async def receive(self) -> Message:
        """The next message; raises Lost when there is none, or no sign of life for too long."""
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                line = await self._reader.readline()
            if line:
                return decode(line)
        except (OSError, TimeoutError, BadMessage) as error:
            raise Lost(repr(error)) from error
        raise Lost("the server closed the connection")

    def close(self) -> None:
        self._writer.close()


class Player:
    """One player of a party."""

    def __init__(self, name: str, accounts: Accounts) -> None:
        self.name = name
        self.server: str | None = None
        self._is_playing = False
        self._accounts = accounts

    async def play(self, session: Session) -> Farewell:
        """Play a session to its end, over broken connections if need be."""
        self.server = None
        while connection := await self._connect(session):
            try:
                return await self._stay(connection, session)
            except Lost as error:
                LOG.info("%s: %s:%d: %s", self.name, session.address, session.port, error)
                self._accounts.connection_lost(self.name, time.monotonic())
            finally:
                connection.close()
        return Farewell(End.LOST)

    async def _connect(self, session: Session) -> Connection | None:
        """Come in, or come back; None if that fails for too long, or if the server is a different one."""
        give_up = time.monotonic() + RECONNECT_SECONDS
        while time.monotonic() < give_up:
            try:
                connection, server = await Connection.join(session, self.name)
            except Lost as error:
                LOG.info("%s: %s:%d: %s", self.name, session.address, session.port, error)
                await asyncio.sleep(RECONNECT_PAUSE_SECONDS)
            except NotAdmitted as error:
                LOG.info("%s: %s:%d: %s", self.name, session.address, session.port, error)
                return None
            else:
                if self.server:
                    self._accounts.connection_found_again()
                self.server = server
                return connection
        return None

    async def _stay(self, connection: Connection, session: Session) -> Farewell:
        """Play until the server says farewell; raises Lost."""
        self._accounts.playing(self.name, session.slot, time.monotonic(), time.time())
        self._is_playing = True
        try:
            farewell = None
            while farewell is None:
                farewell = farewell_of(await connection.receive())
        finally:
            self._is_playing = False
        self._accounts.told(self.name, farewell.end, time.monotonic())
        return farewell

    def leave_unheard(self) -> None:
        """The others know that the session has ended; this player's connection never said so."""
        if self._is_playing:
            self._accounts.connection_lost(self.name, time.monotonic())


def farewell_of(message: Message) -> Farewell | None:
    """What a server's message says about the end of the session; None if it goes on."""
    match message["type"]:
        case "over":
            return Farewell(End.ENDED_ALONE)
        case "move":
            return Farewell(End.MOVED, float(message["retry_within_seconds"]), successor_of(message))
    return None


def successor_of(message: Message) -> Session | None:
    """The session on the server that a `move` names; None if it names none."""
    named = message.get("successor")
    return Session(str(named["address"]), int(named["port"]), str(named["ticket"]), HANDED_OVER) if named else None


class Party:
    """Players who stay together; of those who are told to move, `never_return_share` leave for good."""

    def __init__(
        self,
        name: str,
        players: Sequence[Player],
        accounts: Accounts,
        ask: AskForMatch,
        never_return_share: float = 0.0,
    ) -> None:
        self._name = name
        self._players = list(players)
        self._accounts = accounts
        self._ask = ask
        self._never_return_share = never_return_share

    async def run(self) -> None:
        """Play one session after the other until cancelled, or until no one is left."""
        moved_from, successor = "", None
        while self._players:
            session = successor or await self._find_session(moved_from)
            farewell = await self._play(session)
            successor = farewell.successor
            moved_from = session.match if farewell.end is End.MOVED else ""
            if farewell.end is End.ENDED_ALONE:
                await self._wait(random.uniform(*LOBBY_SECONDS))
            else:
                await self._wait(random.uniform(0, farewell.retry_within_seconds))
            if farewell.end is End.MOVED:
                self._say_goodbye()

    async def _wait(self, seconds: float) -> None:
        for player in self._players:
            self._accounts.waits(player.name, seconds)
        await asyncio.sleep(seconds)

    def _say_goodbye(self) -> None:
        """Some of those who were told to move never come back."""
        for player in [one for one in self._players if random.random() < self._never_return_share]:
            self._players.remove(player)
            self._accounts.quit(player.name)

    async def _find_session(self, moved_from: str) -> Session:
        while True:
            try:
                session = await self._ask(self._name, [player.name for player in self._players], moved_from)
                self._accounts.request_answered(failed=False)
                return session
            except NoMatch as error:
                self._accounts.request_answered(failed=True)
                LOG.warning("%s gets no match: %s", self._name, error)
                await asyncio.sleep(error.retry_seconds)

    async def _play(self, session: Session) -> Farewell:
        self._accounts.session_started()
        tasks = [asyncio.create_task(player.play(session)) for player in self._players]
        try:
            farewells = await _gather_farewells(tasks)
            for player, task in zip(self._players, tasks, strict=True):
                if not task.done():
                    player.leave_unheard()
        finally:
            for task in tasks:
                task.cancel()
        self._accounts.party_landed([player.server for player in self._players])
        end = session_end(farewell.end for farewell in farewells)
        self._accounts.session_ended(end)
        successor = next((farewell.successor for farewell in farewells if farewell.successor), None)
        return Farewell(end, max(farewell.retry_within_seconds for farewell in farewells), successor)


async def _gather_farewells(tasks: Sequence[asyncio.Task[Farewell]]) -> list[Farewell]:
    """What the members heard. Once one knows that the session has ended, the others have little time left."""
    waiting = set(tasks)
    farewells: list[Farewell] = []
    timeout = None
    while waiting:
        done, waiting = await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            break
        farewells += [task.result() for task in done]
        if any(farewell.end is not End.LOST for farewell in farewells):
            timeout = STRAGGLER_SECONDS
    return farewells


class MatchClient:
    """The leader's way to the matchmaker. A new connection for each request, as different machines would make."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
        )

    async def ask(self, party: str, players: Sequence[str], moved_from: str = "") -> Session:
        """A server, waited for in the matchmaker's queue if it has one. Raises NoMatch on any other answer."""
        wish = {"party": party, "players": list(players), **({"match": moved_from} if moved_from else {})}
        try:
            status, found = await self._answer("POST", self._url, json=wish)
            while status == HTTPStatus.ACCEPTED:
                await asyncio.sleep(float(found["poll_seconds"]))
                status, found = await self._answer("GET", f"{self._url}/{found['waiting']}")
            place = str(found["address"]), int(found["port"])
            return Session(*place, str(found["ticket"]), str(found["slot"]), str(found["session"]))
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            raise NoMatch(repr(error)) from error

    async def _answer(self, method: str, url: str, **more: Any) -> tuple[int, Any]:
        async with self._http.request(method, url, **more) as answer:
            if answer.status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
                raise NoMatch(
                    f"HTTP {answer.status}: {(await answer.text())[:200]}",
                    retry_after(answer.headers.get("Retry-After")),
                )
            return answer.status, await answer.json()

    async def close(self) -> None:
        await self._http.close()


def retry_after(text: str | None) -> float:
    """Seconds of a Retry-After header, or the default."""
    return float(text) if text and text.isdigit() else DEFAULT_RETRY_SECONDS


class Crowd:
    """All parties, and their figures."""

    def __init__(
        self,
        config: LabConfig,
        parties: int,
        ask: AskForMatch,
        *,
        party_size: int = PARTY_SIZE,
        never_return_share: float = 0.0,
    ) -> None:
        self._path = config.state / "players.json"
        self._party_size = party_size
        names = {
            f"party-{party:02d}": [f"party-{party:02d}-{member}" for member in range(1, party_size + 1)]
            for party in range(1, parties + 1)
        }
        self._accounts = Accounts(player for players in names.values() for player in players)
        self._parties = [
            Party(name, [Player(player, self._accounts) for player in players], self._accounts, ask, never_return_share)
            for name, players in names.items()
        ]
        self._state = "playing"
        self._started = time.monotonic()
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")

    def status(self, *, lists: bool = True) -> dict[str, Any]:
        now = time.monotonic()
        figures = self._accounts.status(now)
        figures["players"]["party_size"] = self._party_size
        return {
            "state": self._state,
            "started_at": self._started_at,
            "seconds": round(now - self._started, 1),
            "parties_total": len(self._parties),
            **figures,
            **(self._accounts.lists() if lists else {}),
        }

    async def play(self, ramp_seconds: float) -> None:
        """Play until cancelled; the parties come one after the other within the ramp."""
        pause = ramp_seconds / len(self._parties)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_books())
                for party in self._parties:
                    group.create_task(party.run())
                    await asyncio.sleep(pause)
        finally:
            self._state = "stopped"
            write_json(self._path, self.status())

    async def _keep_books(self) -> None:
        while True:
            self._accounts.sample(time.time())
            write_json(self._path, self.status(lists=False))
            await asyncio.sleep(1)


def find_url(config: LabConfig) -> str:
    """Where match requests go: the load balancer's first listener. Raises LabError."""
    path = config.state / "alb.json"
    try:
        balancer = json.loads(path.read_text())[LOAD_BALANCER]
        return f"http://{balancer['address']}:{balancer['listeners'][0]}/match"
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise LabError(
            f"{path} names no listener of the load balancer {LOAD_BALANCER} ({error!r}); "
            "is the lab up? `python -m lab up` starts it"
        ) from error


async def serve_control(config: LabConfig, crowd: Crowd, stop: Callable[[], object]) -> web.AppRunner:
    async def status(request: web.Request) -> web.Response:
        return web.json_response(crowd.status(lists=request.query.get("lists") != "no"))

    async def stop_all(_: web.Request) -> web.Response:
        stop()
        return web.json_response({"state": "stopping"})

    app = web.Application()
    app.add_routes([web.get("/status", status), web.post("/stop", stop_all)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, config.players_address, CONTROL_PORT).start()
    except OSError as error:
        await runner.cleanup()
        address = f"{config.players_address}:{CONTROL_PORT}"
        raise LabError(f"{address} is taken ({error.strerror}); are players already in this lab?") from error
    return runner


async def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Parties who play Arena.")
    parser.add_argument("--parties", type=int, default=50)
    parser.add_argument("--party-size", type=int, default=PARTY_SIZE, help="at most the seats of one game server")
    parser.add_argument("--never-return-share", type=float, default=0.0, help="of the players who are told to move")
    parser.add_argument("--url", help="where to ask for a match (default: the lab's load balancer)")
    parser.add_argument("--ramp-seconds", type=float, default=20.0, help="how long until all parties have come")
    options = parser.parse_args(arguments)
    for name, least in (("parties", 1), ("party_size", 1), ("never_return_share", 0)):
        if getattr(options, name) < least:
            raise LabError(f"--{name.replace('_', '-')} is {getattr(options, name)}; it takes at least {least}")
    config = LabConfig.from_environment()
    client = MatchClient(options.url or find_url(config))
    crowd = Crowd(
        config,
        options.parties,
        client.ask,
        party_size=options.party_size,
        never_return_share=options.never_return_share,
    )
    work = asyncio.create_task(crowd.play(options.ramp_seconds))
    try:
        control = await serve_control(config, crowd, work.cancel)
    except LabError:
        work.cancel()
        await client.close()
        raise
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work
    await control.cleanup()
    await client.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(main())
    except LabError as error:
        sys.exit(f"players: {error}")
