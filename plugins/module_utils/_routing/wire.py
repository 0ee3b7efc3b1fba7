# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The JSON that endpoints (provider `http`) and programs (`command`) speak; docs/routing-providers.md. Pure."""

from __future__ import annotations

import json
from typing import Any, Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    CONDITIONAL,
    LAST_WINS,
    MATCH,
    NO_QUEUE,
    NOTHING,
    PER_SLOT,
    REQUEST,
    SHARED,
    Capabilities,
    Evidence,
    Queue,
    Reading,
)

GRANULARITIES = (MATCH, REQUEST)
QUEUES = (NO_QUEUE, SHARED, PER_SLOT)
WRITES = (CONDITIONAL, LAST_WINS, NOTHING)
SHOWN_CHARACTERS = 200
DEFAULT_TIMEOUT_SECONDS = 10.0


def decode(where: str, text: str) -> dict[str, Any]:
    """A JSON object; raises with the beginning of what was there instead."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise BlueGreenError(
            f"{where} answered {text[:SHOWN_CHARACTERS]!r}, which is not a JSON object: docs/routing-providers.md says "
            "what it must be"
        )
    return value


def reading_of(where: str, answer: Mapping[str, Any]) -> Reading:
    """What `read` answers."""
    at = _At(where, answer)
    evidence = _At(f"{where}, evidence", at.mapping("evidence"))
    weights = at.mapping("weights")
    if not weights or not all(_is_whole(weight) and weight >= 0 for weight in weights.values()):
        raise at.wrong("weights", "whole numbers of 0 or more by slot")
    age = answer.get("age_seconds")
    return Reading(
        weights={str(slot): int(weight) for slot, weight in weights.items()},
        revision=revision_of(where, answer),
        token=str(answer.get("token") or ""),
        evidence=Evidence(
            followed=evidence.boolean("followed"),
            text=str(evidence.values.get("text") or "no evidence in words"),
            details={key: value for key, value in evidence.values.items() if key not in ("followed", "text")},
        ),
        age_seconds=None if age is None else at.number("age_seconds"),
    )


def revision_of(where: str, answer: Mapping[str, Any]) -> str:
    """The revision, which may be a number or a string."""
    revision = answer.get("revision")
    if isinstance(revision, str) and revision:
        return revision
    if _is_whole(revision):
        return str(revision)
    raise _At(where, answer).wrong("revision", "a string or a whole number")


def capabilities_of(where: str, answer: Mapping[str, Any]) -> Capabilities:
    """What `read` answers under `capabilities`; nothing is assumed that is not said."""
    at = _At(f"{where}, capabilities", _At(where, answer).mapping("capabilities"))
    return Capabilities(
        granularity=at.one_of("granularity", GRANULARITIES),
        weighted=at.boolean("weighted"),
        atomic=at.boolean("atomic"),
        cross_slot_allocation=at.boolean("cross_slot_allocation"),
        queue=at.one_of("queue", QUEUES),
        endpoint_ttl_seconds=at.number("endpoint_ttl_seconds"),
        writes=at.one_of("writes", WRITES),
    )


def read_queue(where: str, answer: Mapping[str, Any]) -> Queue:
    """What `queue` answers."""
    at = _At(where, answer)
    depth = answer.get("depth")
    if depth is not None and not (_is_whole(depth) and depth >= 0):
        raise at.wrong("depth", "a whole number of 0 or more, or null if no one knows")
    return Queue(depth, at.number("oldest"), at.boolean("open"))


class _At:
    """An object of the answer, and where it is."""

    def __init__(self, where: str, values: Mapping[str, Any]) -> None:
        self._where = where
        self.values = values

    def wrong(self, name: str, wanted: str) -> BlueGreenError:
        found = repr(self.values[name])[:SHOWN_CHARACTERS] if name in self.values else "missing"
        return BlueGreenError(f"{self._where}: {name} is {found}, but must be {wanted}; see docs/routing-providers.md")

    def mapping(self, name: str) -> Mapping[str, Any]:
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return value

    def boolean(self, name: str) -> bool:
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def number(self, name: str) -> float:
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise self.wrong(name, "a number of 0 or more")
        return float(value)

    def one_of(self, name: str, allowed: Sequence[str]) -> str:
        value = self.values.get(name)
        if value not in allowed:
            raise self.wrong(name, f"one of {', '.join(allowed)}")
        return str(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
