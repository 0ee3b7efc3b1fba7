from __future__ import annotations

import pytest

from lab.game.protocol import BadMessage, Ticket, decode, encode


def test_a_message_is_one_line() -> None:
    line = encode({"type": "join", "player": "a\nb"})
    assert line.count(b"\n") == 1
    assert decode(line) == {"type": "join", "player": "a\nb"}


@pytest.mark.parametrize("line", [b"", b"x\n", b"[]\n", b"{}\n", b'{"type": 1}\n'])
def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(BadMessage):
        decode(line)


def test_a_ticket_survives_the_way() -> None:
    ticket = Ticket("uid-1", "session-1", ("a", "b"))
    assert Ticket.decode(ticket.encode()) == ticket


@pytest.mark.parametrize("text", ["", "None", "%%%", "e30=", "W10="])
def test_what_is_no_ticket_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        Ticket.decode(text)
