# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The flag by which a person pauses or aborts the drain of an open run, from any machine and without its lease.

It is an object of the run, next to its memory. The runner that drains reads it every few seconds; the next run does
not inherit it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Mapping, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import read_record, run_folder
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import Store

CONTROL = "control"
RUNNING, PAUSED, ABORTED = "running", "paused", "aborted"
CONTROL_STATES = (RUNNING, PAUSED, ABORTED)


@dataclass(frozen=True)
class Control:
    """What was asked of the drain, by whom and when."""

    state: str = RUNNING
    reason: str = ""
    by: str = ""
    at: str = ""

    def __str__(self) -> str:
        text = f"{self.state} by {self.by or 'someone'}" + (f" at {self.at}" if self.at else "")
        return text + (f": {self.reason}" if self.reason else "")


class MemoryReader(Protocol):
    """The part of a Keeper that is needed here."""

    def load(self, name: str) -> dict[str, Any] | None:
        """A memory object of the run, or None."""


def read_control(keeper: MemoryReader) -> Control:
    """The flag of a keeper's run. One that says something unknown pauses."""
    document = keeper.load(CONTROL)
    return Control() if document is None else control_of(document)


def control_of(document: Mapping[str, Any]) -> Control:
    state = str(document.get("state"))
    if state not in CONTROL_STATES:
        return Control(PAUSED, f"the flag says {state!r}, which is not one of {', '.join(CONTROL_STATES)}")
    return Control(state, *(str(document.get(name) or "") for name in ("reason", "by", "at")))


def ensure_control(store: Store, key: str, wanted: Control, *, check_mode: bool) -> dict[str, Any]:
    """Set the flag of the environment's open run; one that says so already stays. Returns a module's result."""
    seen = read_record(store, key)
    if seen is None or seen.record.state != "open":
        raise BlueGreenError(f"{key}: no run is open in this environment, so there is nothing to pause or abort")
    path = f"{run_folder(key, seen.record.run_id)}/{CONTROL}.json"
    stored = store.get(path)
    before = control_of(stored.body) if stored else Control()
    changed = before.state != wanted.state
    if changed and not check_mode:
        store.put(path, asdict(wanted))
    after = wanted if changed else before
    return {
        "changed": changed,
        "run_id": seen.record.run_id,
        "control": asdict(after),
        "diff": {"before": asdict(before), "after": asdict(after)},
    }
