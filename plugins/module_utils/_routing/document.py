# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The session destination document: what it holds, how the next one is planned, who has read it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Queue

FORMAT = 1
_NAMED_AT_MOST = 5
OPEN, CLOSED = "open", "closed"


@dataclass(frozen=True)
class Destination:
    """Where matchmaking sends sessions. `queues` says by slot whether it takes tickets; a slot that is not named does.

    `extra` holds the game's own fields, which are kept.
    """

    revision: int
    token: str
    weights: Mapping[str, int]
    clusters: Mapping[str, str]
    queues: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def is_open(self, slot: str) -> bool:
        """Whether the slot's queue takes tickets."""
        return self.queues.get(slot, OPEN) == OPEN


@dataclass(frozen=True)
class Reader:
    """A process that follows the document and writes back the revision it acts on, and what waits in its queue."""

    id: str
    slot: str
    revision: int
    age_seconds: float
    depth: int | None = None
    oldest_seconds: float = 0.0


@dataclass(frozen=True)
class ReaderState:
    """The readers, seen from one revision. A reader that is silent for longer than the limit is gone."""

    current: Sequence[Reader]
    behind: Sequence[Reader]
    gone: Sequence[Reader]

    @property
    def live(self) -> int:
        return len(self.current) + len(self.behind)

    @property
    def all_current(self) -> bool:
        return bool(self.current) and not self.behind


@dataclass(frozen=True)
class Stored:
    """A stored value, the version that the store gives it, and how long ago it was written by the store's clock."""

    value: str
    version: str
    age_seconds: float


class DocumentStore(Protocol):
    """Where the document is kept, and what its readers write back."""

    @property
    def where(self) -> str:
        """For messages."""

    @property
    def writes(self) -> str:
        """conditional, or last_wins."""

    def read(self) -> Stored | None:
        """The stored value, or None."""

    def write(self, value: str, if_version: str | None) -> None:
        """Replace the value. Raises Moved when it is no longer at the version; None overwrites anything."""

    def readers(self) -> Sequence[Reader]:
        """Every reader that has ever written back and has not said goodbye."""


def parse_document(where: str, text: str) -> Destination:
    """Read the stored value; raise BlueGreenError if it is not a session destination of format 1."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _unusable(where, f"it is not JSON ({error})") from None
    if not isinstance(value, dict) or value.get("v") != FORMAT:
        raise _unusable(where, f'it has no "v": {FORMAT}')
    weights, clusters, revision = value.get("weights"), value.get("clusters"), value.get("revision")
    if not _is_count(revision):
        raise _unusable(where, f"its revision is {revision!r}, not a whole number")
    if not isinstance(weights, dict) or not weights or not all(_is_count(weight) for weight in weights.values()):
        raise _unusable(where, f"its weights are {weights!r}, not whole numbers by slot")
    if not isinstance(clusters, dict) or not all(isinstance(cluster, str) for cluster in clusters.values()):
        raise _unusable(where, f"its clusters are {clusters!r}, not cluster names by slot")
    queues = value.get("queues", {})
    if not isinstance(queues, dict) or not all(state in (OPEN, CLOSED) for state in queues.values()):
        raise _unusable(where, f"its queues are {queues!r}, not {OPEN} or {CLOSED} by slot")
    known = {"v", "revision", "token", "weights", "clusters", "queues"}
    return Destination(
        revision=int(value["revision"]),
        token=str(value.get("token", "")),
        weights=weights,
        clusters=clusters,
        queues=queues,
        extra={key: value[key] for key in value if key not in known},
    )


def render_document(destination: Destination) -> str:
    """The value to store."""
    return json.dumps({**destination.extra, **document_of(destination)}, sort_keys=True)


def document_of(destination: Destination) -> dict[str, Any]:
    """The document as data, without the game's own fields."""
    return {
        "v": FORMAT,
        "revision": destination.revision,
        "token": destination.token,
        "weights": dict(destination.weights),
        "clusters": dict(destination.clusters),
        **({"queues": dict(destination.queues)} if destination.queues else {}),
    }


def plan_weights(
    current: Destination, weights: Mapping[str, int], clusters: Mapping[str, str], token: str
) -> Destination:
    """The document with other weights; raise BlueGreenError if a slot with weight has no cluster."""
    named = {**current.clusters, **clusters}
    homeless = sorted(slot for slot, weight in weights.items() if weight and not named.get(slot))
    if homeless:
        raise BlueGreenError(f"no cluster is named for {', '.join(homeless)}: add it to clusters")
    return replace(current, revision=current.revision + 1, token=token, weights=weights, clusters=named)


def plan_queue(where: str, current: Destination, slot: str, state: str) -> Destination | None:
    """The document with a slot's queue open or closed; None if it is."""
    if slot not in current.weights:
        raise BlueGreenError(
            f"{where} has the slots {', '.join(sorted(current.weights))}, but no {slot} whose queue could be {state}"
        )
    if current.is_open(slot) == (state == OPEN):
        return None
    return replace(current, revision=current.revision + 1, queues={**current.queues, slot: state})


def parse_reader(name: str, text: str, age_seconds: float) -> Reader:
    """A reader from what it wrote back. One that cannot be read has read back nothing: revision 0."""
    try:
        value = json.loads(text)
    except ValueError:
        value = {}
    fields = value if isinstance(value, dict) else {}
    revision = fields.get("revision")
    queue = fields.get("queue")
    depth = queue.get("depth") if isinstance(queue, dict) else None
    oldest = queue.get("oldest") if isinstance(queue, dict) else None
    return Reader(
        id=name,
        slot=str(fields.get("slot", "")),
        revision=int(revision) if isinstance(revision, int) and _is_count(revision) else 0,
        age_seconds=age_seconds,
        depth=int(depth) if isinstance(depth, int) and _is_count(depth) else None,
        oldest_seconds=float(oldest) if isinstance(oldest, (int, float)) else 0.0,
    )


def sort_readers(readers: Iterable[Reader], *, revision: int, ttl_seconds: float) -> ReaderState:
    """Split the readers into those at the revision (or later), those behind it, and those that are gone."""
    current: list[Reader] = []
    behind: list[Reader] = []
    gone: list[Reader] = []
    for reader in sorted(readers, key=lambda one: one.id):
        if reader.age_seconds > ttl_seconds:
            gone.append(reader)
        elif reader.revision >= revision:
            current.append(reader)
        else:
            behind.append(reader)
    return ReaderState(current, behind, gone)


def queue_of(destination: Destination, state: ReaderState, slot: str, *, per_slot: bool) -> Queue:
    """What waits, summed over the live readers that serve the slot's queue (all of them serve a shared one)."""
    readers = [one for one in [*state.current, *state.behind] if one.slot == slot or not per_slot]
    depths = [reader.depth for reader in readers if reader.depth is not None]
    is_known = bool(readers) and len(depths) == len(readers)
    # Readers of a shared queue all see the same tickets.
    depth = sum(depths) if per_slot else max(depths, default=0)
    oldest = max((reader.oldest_seconds for reader in readers), default=0.0)
    return Queue(depth if is_known else None, oldest, destination.is_open(slot))


def describe_readers(state: ReaderState, revision: int) -> str:
    """One line for people: how far the revision has come, and who is missing."""
    if not state.live:
        return f"revision {revision}: no live reader has read it back"
    text = f"revision {revision}: read back by {len(state.current)} of {state.live} readers"
    missing = [f"{reader.id} (at {reader.revision})" for reader in state.behind[:_NAMED_AT_MOST]]
    more = len(state.behind) - len(missing)
    return text + (f", missing {', '.join(missing)}" if missing else "") + (f" and {more} more" if more > 0 else "")


def _unusable(where: str, problem: str) -> BlueGreenError:
    return BlueGreenError(
        f"{where} is not a session destination of format {FORMAT}: {problem}; "
        "see the document's format in the README of role session_routing"
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
