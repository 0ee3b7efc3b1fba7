"""The session destination: a document with a revision that says which slot's cluster gets new sessions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

VERSION = 1


class BadDocument(ValueError):
    """The document cannot be followed; the message says why."""


@dataclass(frozen=True)
class Destination:
    """One revision of the document. `clusters` names a cluster for each slot with a weight above 0.

    `queues` says `closed` for a slot whose queue takes no more tickets.
    """

    revision: int
    weights: Mapping[str, int]
    clusters: Mapping[str, str]
    queues: Mapping[str, str] = field(default_factory=dict)

    def slots(self) -> list[str]:
        """The slots that get sessions."""
        return [slot for slot, weight in self.weights.items() if weight > 0]

    def takes_tickets(self, slot: str) -> bool:
        return self.queues.get(slot) != "closed"


def parse_document(text: str) -> Destination:
    """Read the document; raises BadDocument."""
    try:
        data = json.loads(text)
        if data["v"] != VERSION:
            raise BadDocument(f"version {data['v']!r}; this matchmaker reads version {VERSION}")
        weights = {str(slot): int(weight) for slot, weight in data["weights"].items()}
        queues = dict(data.get("queues", {}))
        destination = Destination(int(data["revision"]), weights, dict(data["clusters"]), queues)
    except BadDocument:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadDocument(f"not a destination ({error!r}): {text[:200]!r}") from error
    if any(weight < 0 for weight in weights.values()) or not destination.slots():
        raise BadDocument(f"no slot gets sessions with the weights {weights}")
    missing = [slot for slot in destination.slots() if not destination.clusters.get(slot)]
    if missing:
        raise BadDocument(f"no cluster is named for {', '.join(missing)}")
    return destination


def choose_slot(destination: Destination, roll: float) -> str:
    """The slot of one session; `roll` is a random number from 0 up to, not including, 1."""
    point = roll * sum(destination.weights.values())
    for slot in destination.slots():
        point -= destination.weights[slot]
        if point < 0:
            return slot
    return destination.slots()[-1]
