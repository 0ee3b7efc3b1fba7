"""The queue of one matchmaker: parties wait with a ticket, first come, first served. No I/O.

A ticket's first part is the address of the matchmaker that holds it, so that any other knows whom to ask.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

# A party that has not asked for this long has gone; no one allocates for it.
FORGOTTEN_SECONDS = 10.0


class UnknownTicket(Exception):
    """No one waits with this ticket, or no longer."""


@dataclass
class Waiting:
    """A party in the queue; `answer` is there once it has a server. `asked_at` is when it was last heard of."""

    ticket: str
    party: str
    players: Sequence[str]
    match: str
    since: float
    asked_at: float
    answer: dict[str, Any] | None = field(default=None)


def owner_of(ticket: str) -> str:
    """The address of the matchmaker that holds a ticket."""
    return ticket.partition("-")[0]


class TicketQueue:
    """Who waits."""

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._clock = clock
        self._tickets: dict[str, Waiting] = {}

    @property
    def depth(self) -> int:
        """How many parties wait for a server."""
        return sum(1 for one in self._tickets.values() if one.answer is None)

    @property
    def oldest_seconds(self) -> float:
        """How long the first of them has waited."""
        since = min((one.since for one in self._tickets.values() if one.answer is None), default=self._clock())
        return self._clock() - since

    def enter(self, party: str, players: Sequence[str], match: str) -> str:
        """A ticket; a party that waits already keeps its own."""
        self._drop_forgotten()
        now = self._clock()
        for one in self._tickets.values():
            if one.party == party and one.answer is None:
                one.asked_at = now
                return one.ticket
        ticket = f"{self._address}-{uuid.uuid4().hex}"
        self._tickets[ticket] = Waiting(ticket, party, players, match, now, now)
        return ticket

    def ask(self, ticket: str) -> dict[str, Any] | None:
        """The party's server, once; None while it waits. Raises UnknownTicket."""
        if ticket not in self._tickets:
            raise UnknownTicket(ticket)
        one = self._tickets[ticket]
        one.asked_at = self._clock()
        if one.answer is not None:
            del self._tickets[ticket]
        return one.answer

    def first(self) -> Waiting | None:
        """Who is next."""
        self._drop_forgotten()
        return next((one for one in self._tickets.values() if one.answer is None), None)

    def _drop_forgotten(self) -> None:
        earliest = self._clock() - FORGOTTEN_SECONDS
        self._tickets = {ticket: one for ticket, one in self._tickets.items() if one.asked_at >= earliest}
