"""The reference game server: one match of Arena, and how it keeps the drain contract.

It sees Agones only through the SDK: `observe` is what WatchGameServer (and a poll each 15 s) delivers,
`Sdk` what it may ask for. Sockets are someone else's job: a client here is anything that can be told
something and be closed.

`docs/game-servers.md` builds such a server step by step. Read `drain` first, which decides; this file
acts on it, in the order in which things happen: what the SDK delivers, what players do, the match, the drain,
the end.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from lab.game import drain
from lab.game.protocol import BadMessage, Message, Ticket
from lab.game.sdk import GameServerView, Sdk

LOG = logging.getLogger(__name__)

PLAYERS_LIST = "players"
SESSION_ANNOTATION = "arena/session"
MATCH_SECONDS_ANNOTATION = "arena/match-seconds"
# Before Shutdown(), wait this long for the closing acknowledgement to be seen.
ACKNOWLEDGEMENT_SECONDS = 2.0
# A match lasts at least until its players are in.
JOINING_SECONDS = 5.0
# A match begins with its first player, because those who are handed over come when they were told to. It waits this
# long for one.
NO_SHOW_SECONDS = 60.0


class Client(Protocol):
    """A connected player."""

    player: str

    def send(self, message: Message) -> None: ...

    def close(self) -> None:
        """Close after everything sent has gone out."""


class Timer(Protocol):
    def cancel(self) -> None: ...


CallLater = Callable[[float, Callable[[], None]], Timer]


class Refused(Exception):
    """Why a player may not come in."""


def draw_match_seconds(mean: float) -> float:
    """An exponential length after the seconds in which the players come in; `mean` is that of the whole."""
    joining = min(JOINING_SECONDS, mean / 2)
    return joining + random.expovariate(1 / (mean - joining))


class ArenaServer:
    """One game server. Its match lasts `mean_match_seconds` on average, exponentially; 0: until it is drained."""

    def __init__(
        self,
        view: GameServerView,
        sdk: Sdk,
        mean_match_seconds: float,
        *,
        domain: str = drain.DEFAULT_DOMAIN,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        call_later: CallLater | None = None,
        draw_seconds: Callable[[float], float] = draw_match_seconds,
    ) -> None:
        self._view = view
        self._sdk = sdk
        self._mean = _own_match_seconds(view, mean_match_seconds)
        self._request_annotation = drain.request_annotation(domain)
        self._now = now
        self._call_later = call_later or asyncio.get_running_loop().call_later
        self._draw_seconds = draw_seconds
        self._match: drain.Match | None = None
        self._match_seconds: float | None = None
        self._drain = drain.Drain()
        self._heard = ""
        self._clients: dict[str, Client] = {}
        self._members: tuple[str, ...] = ()
        self._match_timer: Timer | None = None
        self._drain_timer: Timer | None = None
        self._is_finishing = False
        self._acknowledging = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    # What the SDK delivers

    def start(self, view: GameServerView) -> None:
        """The process runs and its port is open. A server started again finds its match and its drain."""
        self._view = view
        self._follow_match()
        self._resume_drain()
        self.observe(view)
        if view.state == "Scheduled" and not self._drain.is_set:
            self._spawn(self._sdk.ready())
        self._write_players()

    def observe(self, view: GameServerView) -> None:
        """Take in the state of the own GameServer. Missing or repeated calls do no harm."""
        self._view = view
        if self._is_finishing or view.is_ending:
            return
        self._follow_match()
        self._hear(view.annotations.get(self._request_annotation, ""))

    def stop(self) -> None:
        """The container is killed: connections break, no one is told anything."""
        self._is_finishing = True
        for timer in (self._match_timer, self._drain_timer):
            if timer:
                timer.cancel()
        for task in self._tasks:
            task.cancel()
        for client in list(self._clients.values()):
            client.close()
        self._clients.clear()

    # What players do

    def join(self, client: Client, ticket_text: str) -> Message:
        """Let a player in; returns the welcome. Raises Refused."""
        try:
            ticket = Ticket.decode(ticket_text)
        except BadMessage as error:
            raise Refused(str(error)) from error
        if ticket.server_uid != self._view.uid:
            raise Refused("the ticket names another server")
        if client.player not in ticket.members:
            raise Refused(f"the ticket does not name {client.player}")
        own = ticket.session == self._view.annotations.get(SESSION_ANNOTATION)
        if self._is_finishing or not drain.may_join(self._drain, own_member=own):
            raise Refused("the server is closing")
        if not self._members:
            self._time_match()
        self._members = tuple(ticket.members)
        before = self._clients.get(client.player)
        self._clients[client.player] = client
        if before:  # the player came back before the broken connection was noticed
            before.close()
        self._write_players()
        return {"type": "welcome", "server": self._view.name, "uid": self._view.uid}

    def leave(self, client: Client) -> None:
        """A connection ended. An older one of a player who has come back means nothing."""
        if self._clients.get(client.player) is client:
            del self._clients[client.player]
            self._write_players()

    def tick(self) -> None:
        """A sign of life for all clients."""
        for client in self._clients.values():
            client.send({"type": "tick"})

    def _write_players(self) -> None:
        if not self._is_finishing:
            self._sdk.set_list(PLAYERS_LIST, list(self._clients))

    # The match

    def _follow_match(self) -> None:
        known = self._match.allocation if self._match else None
        if self._view.state == "Allocated" and self._view.allocation != known:
            self._begin_match()

    def _begin_match(self) -> None:
        self._match_seconds = self._draw_seconds(self._mean) if self._mean > 0 else None
        self._match = drain.Match(self._view.allocation)
        # Its players may have come before the server heard about its allocation.
        self._members = self._members if self._clients else ()
        self._drain = drain.begin_match(self._drain)
        self._time_match(0.0 if self._clients else NO_SHOW_SECONDS)
        self._set_drain_timer()

    def _time_match(self, at_least: float = 0.0) -> None:
        """The match ends that many seconds from now, or after `at_least`."""
        if self._match_timer:
            self._match_timer.cancel()
            self._match_timer = None
        if self._match and self._match_seconds is not None:
            seconds = max(self._match_seconds, at_least)
            self._match = replace(self._match, ends_at=self._now() + timedelta(seconds=seconds))
            self._match_timer = self._call_later(seconds, self._end_match)

    def _end_match(self) -> None:
        self._finish({"type": "over"})

    def _current_match(self) -> drain.Match:
        match = self._match or drain.Match(self._view.allocation)
        return drain.Match(match.allocation, len(self._clients), match.ends_at)

    # The drain

    def _hear(self, text: str) -> None:
        if not text or text == self._heard:
            return
        self._heard = text
        request = self._read_request(text)
        heard = request and drain.hear(self._drain, request, self._current_match(), self._now())
        if heard:
            LOG.info("%s: drain %s by %s", self._view.name, heard.phase, heard.request)
            self._drain = heard
            self._spawn(self._acknowledge())
            self._set_drain_timer()

    def _read_request(self, text: str) -> drain.Request | None:
        try:
            return drain.parse_request(text)
        except drain.Unreadable as error:
            LOG.warning("%s: %s", self._view.name, error)
            return None

    def _resume_drain(self) -> None:
        """Resume what the process before this one had acknowledged."""
        text = self._view.annotations.get(self._request_annotation, "")
        acknowledged = self._view.annotations.get(drain.ACKNOWLEDGEMENT_ANNOTATION)
        request = self._read_request(text) if text and acknowledged else None
        if request and acknowledged:
            self._drain = drain.resume(request, json.loads(acknowledged), self._current_match())
            self._set_drain_timer()

    def _set_drain_timer(self) -> None:
        if self._drain_timer:
            self._drain_timer.cancel()
            self._drain_timer = None
        request = self._drain.request
        if self._drain.phase is drain.Phase.CLOSING:
            self._drain_timer = self._call_later(0, self._close_by_drain)
        elif self._drain.phase is drain.Phase.ACCEPTED and request and request.mode is not drain.Mode.AT_MATCH_END:
            assert request.not_before is not None
            delay = (request.not_before - self._now()).total_seconds()
            self._drain_timer = self._call_later(max(0.0, delay), self._close_by_drain)

    def _close_by_drain(self) -> None:
        request = self._drain.request
        assert request is not None
        farewell: dict[str, Any] = {"type": "move", "retry_within_seconds": request.spread_seconds}
        if request.successor:
            farewell["successor"] = self._introduction(request.successor)
        self._finish(farewell)

    def _introduction(self, successor: drain.Successor) -> dict[str, Any]:
        """What the players need so that the server that takes over the session lets them in."""
        session = self._view.annotations.get(SESSION_ANNOTATION, "")
        ticket = Ticket(successor.uid, session, self._members)
        return {"address": successor.address, "port": successor.port, "ticket": ticket.encode()}

    def _acknowledge(self) -> Coroutine[Any, Any, None]:
        """Writes what is true now, after the writes that were begun before."""
        return self._write_acknowledgement(drain.acknowledgement(self._drain, self._current_match()))

    async def _write_acknowledgement(self, text: str) -> None:
        async with self._acknowledging:
            await self._sdk.set_annotation(drain.ACKNOWLEDGEMENT_KEY, text)

    # The end

    def _finish(self, farewell: Message) -> None:
        if not self._is_finishing:
            self._is_finishing = True
            self._spawn(self._close(farewell))

    async def _close(self, farewell: Message) -> None:
        """Acknowledge, tell the clients, and only then ask Agones to end this server."""
        if self._drain.is_set:
            self._drain = drain.begin_closing(self._drain, self._now())
            try:
                await asyncio.wait_for(self._acknowledge(), ACKNOWLEDGEMENT_SECONDS)
            except TimeoutError:
                LOG.warning("%s: the closing acknowledgement was not taken in time", self._view.name)
        for client in list(self._clients.values()):
            client.send(farewell)
            client.close()
        LOG.info("%s: %s for %d players", self._view.name, farewell["type"], len(self._clients))
        await self._sdk.shutdown()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _own_match_seconds(view: GameServerView, default: float) -> float:
    text = view.annotations.get(MATCH_SECONDS_ANNOTATION)
    try:
        return float(text) if text else default
    except ValueError:
        LOG.warning("%s: %s is %r, not a number of seconds", view.name, MATCH_SECONDS_ANNOTATION, text)
        return default
