# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The session destination document: what it holds, how the next one is planned, who has read it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

FORMAT = 1
NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Destination:
    """Where matchmaking sends sessions. `extra` holds the game's own fields, which are kept."""

    revision: int
    token: str
    weights: Mapping[str, int]
    clusters: Mapping[str, str]
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Want:
    """The destination that a caller asks for.

    `if_revision` is the revision that the caller has seen: another one, not written by `token`,
    means that somebody else moved the destination since.
    """

    weights: Mapping[str, int]
    clusters: Mapping[str, str]
    token: str
    if_revision: int | None = None


@dataclass(frozen=True)
class Reader:
    """A process that follows the document and writes back the revision it acts by."""

    id: str
    slot: str
    revision: int
    age_seconds: float


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


def parse_document(name: str, text: str) -> Destination:
    """Read the parameter's value; raise BlueGreenError if it is not a session destination of format 1."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _unusable(name, f"it is not JSON ({error})") from None
    if not isinstance(value, dict) or value.get("v") != FORMAT:
        raise _unusable(name, f'it has no "v": {FORMAT}')
    weights, clusters, revision = value.get("weights"), value.get("clusters"), value.get("revision")
    if not _is_count(revision):
        raise _unusable(name, f"its revision is {revision!r}, not a whole number")
    if not isinstance(weights, dict) or not weights or not all(_is_count(weight) for weight in weights.values()):
        raise _unusable(name, f"its weights are {weights!r}, not whole numbers by slot")
    if not isinstance(clusters, dict) or not all(isinstance(cluster, str) for cluster in clusters.values()):
        raise _unusable(name, f"its clusters are {clusters!r}, not cluster names by slot")
    known = {"v", "revision", "token", "weights", "clusters"}
    return Destination(
        revision=int(value["revision"]),
        token=str(value.get("token", "")),
        weights=weights,
        clusters=clusters,
        extra={key: value[key] for key in value if key not in known},
    )


def render_document(destination: Destination) -> str:
    """The parameter's value."""
    return json.dumps({**destination.extra, **document_of(destination)}, sort_keys=True)


def document_of(destination: Destination) -> dict[str, Any]:
    """The document as data, without the game's own fields."""
    return {
        "v": FORMAT,
        "revision": destination.revision,
        "token": destination.token,
        "weights": dict(destination.weights),
        "clusters": dict(destination.clusters),
    }


def check_name(name: str) -> None:
    """Readers live under the parameter, so its name has to be a path."""
    if not name.startswith("/") or name.endswith("/"):
        raise BlueGreenError(
            f"the session destination's parameter is {name!r}: set session_routing_document_parameter to its full "
            "name, which begins with a slash"
        )


def weights_of(values: Mapping[str, Any]) -> dict[str, int]:
    """Weights as a task gives them: numbers may arrive as text."""
    try:
        return {slot: int(str(value)) for slot, value in values.items()}
    except ValueError:
        raise BlueGreenError(f"weights are {dict(values)!r}: give a whole number to each slot") from None


def plan_write(name: str, current: Destination, want: Want) -> Destination | None:
    """The document to write, or None if the destination is already the wanted one.

    Raise BlueGreenError for a destination that cannot be, and for one that somebody else has moved.
    """
    clusters = {**current.clusters, **want.clusters}
    _check_weights(name, current, want, clusters)
    if dict(current.weights) == dict(want.weights) and dict(current.clusters) == clusters:
        return None
    if want.if_revision is not None and current.revision != want.if_revision:
        raise BlueGreenError(
            f"session destination {name} is at revision {current.revision} with weights {_listed(current.weights)}, "
            f"not at revision {want.if_revision}: somebody else moved it; look at who did, then start again",
            document=document_of(current),
        )
    return Destination(
        revision=current.revision + 1, token=want.token, weights=want.weights, clusters=clusters, extra=current.extra
    )


def _check_weights(name: str, current: Destination, want: Want, clusters: Mapping[str, str]) -> None:
    if set(want.weights) != set(current.weights):
        raise BlueGreenError(
            f"weights name the slots {_names(want.weights)}, but session destination {name} has the slots "
            f"{_names(current.weights)}: give a weight to each of them"
        )
    if any(weight < 0 for weight in want.weights.values()) or not any(want.weights.values()):
        raise BlueGreenError(
            f"weights {_listed(want.weights)} send sessions nowhere: each must be 0 or more, and one more than 0"
        )
    homeless = [slot for slot, weight in want.weights.items() if weight and not clusters.get(slot)]
    if homeless:
        raise BlueGreenError(f"no cluster is named for {_names(homeless)}: add it to clusters")


def parse_reader(name: str, text: str, age_seconds: float) -> Reader:
    """A reader from its own parameter. One that is not readable has read back nothing: revision 0."""
    reader_id = name.rsplit("/", 1)[-1]
    try:
        value = json.loads(text)
    except ValueError:
        value = {}
    fields = value if isinstance(value, dict) else {}
    revision = fields.get("revision")
    return Reader(
        id=reader_id,
        slot=str(fields.get("slot", "")),
        revision=int(revision) if isinstance(revision, int) and _is_count(revision) else 0,
        age_seconds=age_seconds,
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


def describe_readers(state: ReaderState, revision: int) -> str:
    """One line for people: how far the revision has come, and who is missing."""
    if not state.live:
        return f"revision {revision}: no live reader has read it back"
    text = f"revision {revision}: read back by {len(state.current)} of {state.live} readers"
    missing = [f"{reader.id} (at {reader.revision})" for reader in state.behind[:NAMED_AT_MOST]]
    more = len(state.behind) - len(missing)
    return text + (f", missing {', '.join(missing)}" if missing else "") + (f" and {more} more" if more > 0 else "")


def _unusable(name: str, problem: str) -> BlueGreenError:
    return BlueGreenError(
        f"parameter {name} is not a session destination of format {FORMAT}: {problem}; "
        "see the document's format in the README of role session_routing"
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _names(slots: Iterable[str]) -> str:
    return ", ".join(sorted(slots)) or "none"


def _listed(weights: Mapping[str, int]) -> str:
    return ", ".join(f"{slot} {weights[slot]}" for slot in sorted(weights))
