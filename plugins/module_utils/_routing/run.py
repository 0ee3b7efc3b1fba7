# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One round of the session destination: read, write if need be, look who has read it back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.api import Stored
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document import (
    Destination,
    Reader,
    ReaderState,
    Want,
    describe_readers,
    document_of,
    parse_document,
    plan_write,
    render_document,
    sort_readers,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import Keeper

# Short enough for a lease of ten seconds to be renewed in time.
SLICE_SECONDS = 4.0
POLL_SECONDS = 0.5

Result = dict[str, Any]


class DocumentStore(Protocol):
    """Where the document is kept."""

    def read(self) -> Stored | None:
        """The stored value, or None."""

    def write(self, value: str) -> int:
        """Replace the value; returns the new version."""

    def readers(self) -> Sequence[Reader]:
        """Everybody who ever wrote back, and has not said goodbye."""


@dataclass(frozen=True)
class Waiting:
    """Whether to wait for the readers, and which of them count."""

    wait: bool
    reader_ttl_seconds: float


class SessionDocument:
    """The session destination in a store, by its name."""

    def __init__(self, store: DocumentStore, name: str, waiting: Waiting, clock: Clock) -> None:
        self._store = store
        self._name = name
        self._waiting = waiting
        self._clock = clock

    def read(self) -> Result:
        """The destination and its readers; changes nothing."""
        destination = self._read()[1]
        return self._result(destination, self._look(destination), changed=False)

    def ensure(self, want: Want, keeper: Keeper, *, check_mode: bool) -> Result:
        """One round: the destination is the wanted one, and (if asked) its readers follow it.

        In check mode the answer holds the predicted document, and nothing is written or waited for.
        """
        stored, current = self._read()
        planned = plan_write(self._name, current, want)
        if check_mode:
            return self._compared(current, planned or current, self._look(current), finished=True)
        keeper.keep()
        if planned:
            self._write(stored, planned)
            keeper.journal("routing", weights=dict(planned.weights), revision=planned.revision)
        destination = planned or current
        readers = self._await_readers(destination)
        finished = readers.all_current or not self._waiting.wait
        if finished:
            self._verify(destination)
        return self._compared(current, destination, readers, finished=finished)

    def _read(self) -> tuple[Stored, Destination]:
        stored = self._store.read()
        if stored is None:
            raise BlueGreenError(
                f"there is no parameter {self._name} in this region: correct session_routing_document_parameter, or "
                "create it as the README of role session_routing shows"
            )
        return stored, parse_document(self._name, stored.value)

    def _write(self, stored: Stored, planned: Destination) -> None:
        version = self._store.write(render_document(planned))
        # Parameter Store knows no conditional write: a version that jumped tells of a write in between.
        if self._waiting.wait and version != stored.version + 1:
            raise BlueGreenError(
                f"somebody else wrote session destination {self._name} while this run did (version {version} "
                f"after {stored.version}): look at who did, then start again",
                document=document_of(planned),
            )

    def _verify(self, destination: Destination) -> None:
        found = self._read()[1]
        if found != destination:
            raise BlueGreenError(
                f"session destination {self._name} was moved to revision {found.revision} by somebody else after this "
                f"run had set revision {destination.revision}: look at who did, then start again",
                document=document_of(found),
            )

    def _look(self, destination: Destination) -> ReaderState:
        return sort_readers(
            self._store.readers(), revision=destination.revision, ttl_seconds=self._waiting.reader_ttl_seconds
        )

    def _await_readers(self, destination: Destination) -> ReaderState:
        if not self._waiting.wait:
            return ReaderState((), (), ())
        until = self._clock.monotonic() + SLICE_SECONDS
        readers = self._look(destination)
        while not readers.all_current and self._clock.monotonic() < until:
            self._clock.sleep(POLL_SECONDS)
            readers = self._look(destination)
        return readers

    def _compared(self, before: Destination, after: Destination, readers: ReaderState, *, finished: bool) -> Result:
        result = self._result(after, readers, changed=before != after)
        return {
            **result,
            "diff": {"before": _shown(before), "after": _shown(after)},
            "round": {
                "finished": finished,
                "progress": describe_readers(readers, after.revision),
                "retry_after_seconds": POLL_SECONDS,
            },
        }

    def _result(self, destination: Destination, readers: ReaderState, *, changed: bool) -> Result:
        document = document_of(destination)
        return {
            "changed": changed,
            "document": document,
            "revision": destination.revision,
            "weights": document["weights"],
            "readers": {
                "current": [_rounded(reader) for reader in readers.current],
                "behind": [_rounded(reader) for reader in readers.behind],
                "gone": [_rounded(reader) for reader in readers.gone],
            },
            "evidence": describe_readers(readers, destination.revision)
            if self._waiting.wait
            else f"set to revision {destination.revision}; readers were not asked",
        }


def _rounded(reader: Reader) -> dict[str, Any]:
    return {**asdict(reader), "age_seconds": round(reader.age_seconds, 1)}


def _shown(destination: Destination) -> str:
    # The token is noise to a person who reads a diff.
    shown = {key: value for key, value in document_of(destination).items() if key != "token"}
    return json.dumps(shown, indent=2, sort_keys=True) + "\n"
