# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The entries of a list that a user has written: what each lacks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data


def lacking(entry: Data, keys: Sequence[str]) -> list[str]:
    """Which keys an entry has no value for; 0 is a value."""
    return [key for key in keys if entry.get(key) in (None, "")]


def shortcoming(kind: str, number: int, entry: Data, keys: Sequence[str]) -> str:
    """What an entry lacks, by its name or, if it has none, its number; "" if it lacks nothing."""
    missing = lacking(entry, keys)
    return f"its {kind} {entry.get('name') or number} has no {' and no '.join(missing)}" if missing else ""


def incomplete(kind: str, entries: Sequence[Data], keys: Sequence[str]) -> Iterator[str]:
    """What is lacking in a list, entry by entry."""
    for number, entry in enumerate(entries, start=1):
        if found := shortcoming(kind, number, entry, keys):
            yield found
