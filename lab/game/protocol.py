"""What players and game servers say to each other: one JSON object a line, over TCP.

Client: join {ticket, player}, or ping. Server: welcome {server, uid}, tick (each 5 s), pong,
over (the match has ended), refused {reason}, move {retry_within_seconds[, successor {address, port, ticket}]}
(the server is drained; the party connects to the successor if one is named, else asks for a match).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Message = Mapping[str, Any]

LONGEST_LINE = 16 * 1024
# Seconds between two signs of life from a server, and how long a client waits for one.
TICK_SECONDS = 5.0
SILENCE_SECONDS = 20.0


class BadMessage(ValueError):
    """What came over the wire does not belong to this protocol."""


def encode(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Message:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise BadMessage(f"not JSON: {line[:80]!r}") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise BadMessage(f"not an object with a type: {line[:80]!r}")
    return message


@dataclass(frozen=True)
class Ticket:
    """Who may join which server. Not signed, because no one cheats in the lab; a real game's must be."""

    server_uid: str
    session: str
    members: Sequence[str]

    def encode(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def decode(cls, text: str) -> Ticket:
        """Raises BadMessage if the text is not a ticket."""
        try:
            data = json.loads(base64.urlsafe_b64decode(text))
            return cls(str(data["server_uid"]), str(data["session"]), tuple(map(str, data["members"])))
        except (ValueError, KeyError, TypeError) as error:
            raise BadMessage(f"not a ticket: {text[:80]!r}") from error
