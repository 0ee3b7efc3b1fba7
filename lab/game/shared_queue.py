"""The queue that the matchmakers of both slots share: its tickets, and where moved matches land, are in one table.

Any matchmaker takes a ticket and any answers for it. The matchmaker that serves a party holds its ticket for a while,
so that it is served once; if that matchmaker dies, the ticket is free again after that.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lab.game.allocation import Allocated, AllocationFailed
from lab.game.landing import REUNION_SECONDS, Landing, NoMatch, Start
from lab.game.store import Body, Item, Store, change
from lab.game.tickets import FORGOTTEN_SECONDS, UnknownTicket

LOG = logging.getLogger(__name__)

TICKET, LANDING = "ticket-", "landing-"
# Longer than an allocation with all its attempts.
HOLD_SECONDS = 15.0
# How often a party's asking is noted.
NOTE_SECONDS = 2.0


class BeingSeated(NoMatch):
    """Another matchmaker is looking for the server of this match."""


@dataclass(frozen=True)
class Place:
    """A party that waits and that no one is serving at the moment."""

    ticket: str
    party: str
    players: Sequence[str]
    match: str


class SharedQueue:
    """Who waits, as one matchmaker sees it. The calls block, and raise what the store raises.

    `depth` and `oldest_seconds` are as `places` saw them last.
    """

    def __init__(self, store: Store, matchmaker: str, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._matchmaker = matchmaker
        self._clock = clock
        self.depth = 0
        self.oldest_seconds = 0.0

    def enter(self, party: str, players: Sequence[str], match: str) -> str:
        """A ticket; a party that waits already keeps its own."""
        ticket = TICKET + hashlib.sha256(party.encode()).hexdigest()[:32]
        now = self._clock()

        def step(known: Body | None) -> Body:
            if known and "answer" not in known and not _is_stale(known, now):
                return {**known, "heard_at": now}
            place = {"party": party, "players": list(players), "match": match}
            return {**place, "since": now, "heard_at": now, "keep_seconds": FORGOTTEN_SECONDS}

        change(self._store, ticket, step)
        return ticket

    def ask(self, ticket: str) -> Body | None:
        """The party's server, once; None while it waits. Raises UnknownTicket."""
        known = self._store.read(ticket) if ticket.startswith(TICKET) else None
        if known is None:
            raise UnknownTicket(ticket)
        if "answer" in known.body:
            if not self._store.delete(known):
                raise UnknownTicket(ticket)
            answer: Body = known.body["answer"]
            return answer
        now = self._clock()
        if now - known.body["heard_at"] >= NOTE_SECONDS:
            change(self._store, ticket, lambda body: {**body, "heard_at": now} if body else None)
        return None

    def places(self) -> list[Place]:
        """Who must be served, first come first; tickets that no one asks for any more are removed from the table."""
        now, waiting = self._clock(), []
        for item in self._store.items():
            if _is_stale(item.body, now):
                self._store.delete(item)
            elif item.key.startswith(TICKET) and "answer" not in item.body:
                waiting.append(item)
        waiting.sort(key=lambda item: float(item.body["since"]))
        self.depth = len(waiting)
        self.oldest_seconds = now - waiting[0].body["since"] if waiting else 0.0
        return [
            Place(item.key, item.body["party"], item.body["players"], item.body["match"])
            for item in waiting
            if not _is_held(item.body, now)
        ]

    def take(self, place: Place) -> bool:
        """Serve this party, if no one else does and it still waits."""
        now = self._clock()

        def step(known: Body | None) -> Body | None:
            if known is None or "answer" in known or _is_held(known, now):
                return None
            return {**known, "holder": self._matchmaker, "held_until": now + HOLD_SECONDS}

        return change(self._store, place.ticket, step)

    def give_back(self, place: Place) -> None:
        """Let the party go on waiting."""
        self._change_own(place, held_until=0.0)

    def answer(self, place: Place, found: Body) -> bool:
        """Tell the party its server; False if it has gone meanwhile."""
        return self._change_own(place, answer=found)

    def _change_own(self, place: Place, **news: Any) -> bool:
        def step(known: Body | None) -> Body | None:
            return {**known, **news} if known and known.get("holder") == self._matchmaker else None

        return change(self._store, place.ticket, step)


class SharedReunions:
    """The landings of all matchmakers of a store."""

    def __init__(self, store: Store, matchmaker: str, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._matchmaker = matchmaker
        self._clock = clock

    async def land(self, match: str, start: Start) -> Landing:
        """The landing of a match: begun by the first who asks; a failure is forgotten.

        Raises BeingSeated while another matchmaker begins it, NoMatch or AllocationFailed, and what the store raises.
        """
        known = await asyncio.to_thread(self._find_or_take, match)
        if known:
            return known
        try:
            landing = await start()
        except (NoMatch, AllocationFailed):
            await asyncio.to_thread(self._note, match, held_until=0.0)
            raise
        await asyncio.to_thread(self._note, match, landing=asdict(landing))
        return landing

    def _find_or_take(self, match: str) -> Landing | None:
        """The landing, or None once it is this matchmaker's to begin."""
        known, now = self._store.read(LANDING + match), self._clock()
        if known and not _is_stale(known.body, now):
            if "landing" in known.body:
                kept = known.body["landing"]
                return Landing(**{**kept, "server": Allocated(**kept["server"])})
            if _is_held(known.body, now):
                raise BeingSeated(f"{known.body['holder']} is looking for the server of match {match}")
        held = {"holder": self._matchmaker, "held_until": now + HOLD_SECONDS}
        body = {**held, "heard_at": now, "keep_seconds": REUNION_SECONDS}
        if not self._store.write(Item(LANDING + match, known.version if known else 0, body)):
            raise BeingSeated(f"another matchmaker is looking for the server of match {match}")
        return None

    def _note(self, match: str, **news: Any) -> None:
        def step(known: Body | None) -> Body | None:
            return {**known, **news} if known and known.get("holder") == self._matchmaker else None

        change(self._store, LANDING + match, step)


def _is_stale(body: Body, now: float) -> bool:
    return bool(now - body["heard_at"] >= body["keep_seconds"])


def _is_held(body: Body, now: float) -> bool:
    return bool(body.get("held_until", 0.0) > now)
