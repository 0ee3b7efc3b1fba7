# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a module needs to write under the run's lease.

Call `keep()` once a round, before the round's writes. Check mode makes no call here.
"""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Mapping, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock, SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import (
    LeaseLost,
    Record,
    Seen,
    check_lease,
    record_of,
    to_document,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import (
    S3Store,
    Store,
    StoreConflict,
    s3_client,
)

__all__ = ["LEASE_ARGUMENT", "Keeper", "LeaseLost", "NullKeeper", "RunKeeper", "keeper_of"]

# The option `lease` of every leased module; described by the doc fragment gameops.eks_bluegreen.lease.
LEASE_ARGUMENT: dict[str, Any] = {
    "type": "dict",
    "options": {
        "bucket": {"type": "str", "required": True},
        "key": {"type": "str", "required": True, "no_log": False},
        "run_id": {"type": "str", "required": True},
        "generation": {"type": "int", "required": True},
        "holder": {"type": "str", "required": True},
        "seconds": {"type": "float", "required": True},
        "region": {"type": "str"},
    },
}
RENEW_AFTER = 0.25
KEEP_ATTEMPTS = 5
_READS_IN_PARALLEL = 10


class LeaseKeeper(Protocol):
    """The lease of a run, if there is one."""

    def keep(self) -> None:
        """Check that the lease is ours and renew it. Raises LeaseLost."""


class JournalKeeper(LeaseKeeper, Protocol):
    """The lease and the journal of a run."""

    def journal(self, kind: str, **data: Any) -> None:
        """Append an entry to the run's journal, which the report reads."""


class Keeper(JournalKeeper, Protocol):
    """The lease, the journal and the memory of a run."""

    def load(self, name: str) -> dict[str, Any] | None:
        """A memory object of the run, for example "drain"; None when there is none."""

    def save(self, name: str, value: Mapping[str, Any]) -> None:
        """Replace a memory object of the run."""


class NullKeeper:
    """No run: nothing to lose, nothing to remember."""

    def keep(self) -> None:
        """No lease."""

    def journal(self, kind: str, **data: Any) -> None:
        """No journal."""

    def load(self, name: str) -> dict[str, Any] | None:
        """No memory."""

    def save(self, name: str, value: Mapping[str, Any]) -> None:
        """No memory."""


class RunKeeper:
    """The keeper of one lease of one run."""

    def __init__(self, store: Store, lease: Mapping[str, Any], clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._key = str(lease["key"])
        self._run_id = str(lease["run_id"])
        self._generation = int(lease["generation"])
        self._holder = str(lease["holder"])
        self._seconds = float(lease["seconds"])

    @property
    def folder(self) -> str:
        """Where the run's journal and memory are in the bucket."""
        return run_folder(self._key, self._run_id)

    def keep(self) -> None:
        self.update()

    def update(self, change: Mapping[str, Any] | None = None) -> Record:
        """Check the lease, renew it, and put other values into the record in the same write."""
        for attempt in range(KEEP_ATTEMPTS):
            seen = read_record(self._store, self._key)
            record = check_lease(seen, run_id=self._run_id, generation=self._generation, holder=self._holder)
            etag, age = (seen.etag, seen.age_seconds) if seen else (None, 0.0)
            if not change and age < self._seconds * RENEW_AFTER:
                return record
            changed = record_of({**to_document(record), **(change or {})}, self._key)
            try:
                self._store.put_if(self._key, to_document(changed), etag)
                return changed
            except StoreConflict:
                self._clock.sleep(0.05 * (attempt + 1))
        raise LeaseLost(
            f"the record of run {self._run_id} was written {KEEP_ATTEMPTS} times by others while this runner "
            "renewed its lease: look for a second runner, then run again"
        )

    def journal(self, kind: str, **data: Any) -> None:
        now = self._clock.now()
        name = f"{int(now.timestamp() * 1000):013d}-{uuid.uuid4().hex[:8]}"
        at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        entry = {"at": at, "kind": kind, "generation": self._generation, **data}
        self._store.put(f"{self.folder}/journal/{name}.json", entry)

    def load(self, name: str) -> dict[str, Any] | None:
        stored = self._store.get(f"{self.folder}/{name}.json")
        return stored.body if stored else None

    def save(self, name: str, value: Mapping[str, Any]) -> None:
        self._store.put(f"{self.folder}/{name}.json", value)


def keeper_of(lease: Mapping[str, Any] | None, store: Store | None = None, clock: Clock | None = None) -> Keeper:
    """The keeper that a module's option `lease` stands for; a null one when it is None."""
    if lease is None:
        return NullKeeper()
    return RunKeeper(
        store or S3Store(s3_client(lease.get("region")), str(lease["bucket"])), lease, clock or SystemClock()
    )


def record_key(prefix: str, environment: str) -> str:
    """Where an environment's run record is in the bucket."""
    return f"{prefix.strip('/')}/{environment}/run.json"


def run_folder(key: str, run_id: str) -> str:
    """Where a run's journal and memory are, given the record's key."""
    return f"{key.rsplit('/', 1)[0]}/runs/{run_id}"


def read_record(store: Store, key: str) -> Seen | None:
    """The run record as it is, or None."""
    stored = store.get(key)
    if stored is None:
        return None
    return Seen(record_of(stored.body, key), stored.etag, stored.age_seconds)


def read_journal(store: Store, key: str, run_id: str) -> list[dict[str, Any]]:
    """Every entry of a run's journal, oldest first."""
    names = store.keys(f"{run_folder(key, run_id)}/journal/")
    with ThreadPoolExecutor(max_workers=_READS_IN_PARALLEL) as pool:
        return [entry.body for entry in pool.map(store.get, names) if entry is not None]
