from __future__ import annotations

import pytest

from lab.game.tickets import FORGOTTEN_SECONDS, TicketQueue, UnknownTicket, owner_of


class Rig:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.queue = TicketQueue("127.40.150.1", lambda: self.seconds)

    def enter(self, party: str) -> str:
        return self.queue.enter(party, [f"{party}-1"], "")


def test_first_come_first_served() -> None:
    rig = Rig()
    first, second = rig.enter("a"), rig.enter("b")
    assert rig.queue.depth == 2
    assert rig.queue.ask(first) is None
    for ticket in (first, second):
        waiting = rig.queue.first()
        assert waiting
        assert waiting.ticket == ticket
        waiting.answer = {"party": waiting.party}
    assert rig.queue.first() is None
    assert rig.queue.ask(second) == {"party": "b"}
    with pytest.raises(UnknownTicket):
        rig.queue.ask(second)


def test_a_ticket_names_its_owner() -> None:
    assert owner_of(Rig().enter("a")) == "127.40.150.1"


def test_a_party_that_waits_keeps_its_ticket() -> None:
    rig = Rig()
    assert rig.enter("a") == rig.enter("a")
    assert rig.queue.depth == 1


def test_the_oldest_is_told_in_seconds() -> None:
    rig = Rig()
    assert rig.queue.oldest_seconds == 0
    rig.enter("a")
    rig.seconds = 5
    rig.enter("b")
    rig.seconds = 8
    assert rig.queue.oldest_seconds == 8


def test_a_party_that_is_not_heard_of_any_more_is_forgotten() -> None:
    rig = Rig()
    gone, here = rig.enter("gone"), rig.enter("here")
    rig.seconds = FORGOTTEN_SECONDS - 1
    rig.queue.ask(here)
    rig.seconds = FORGOTTEN_SECONDS + 1
    waiting = rig.queue.first()
    assert waiting
    assert waiting.party == "here"
    with pytest.raises(UnknownTicket):
        rig.queue.ask(gone)
