# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a prediction would change, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.health import health_of

ACTIVE = "ACTIVE"


def deviations_of(result: Mapping[str, Any]) -> list[str]:
    """A text per deviation in the result of a round in check mode.

    It names each thing that does not exist and, for each setting that differs, its value and the wanted one. A resource
    that is as wanted but not ACTIVE is a deviation too, with the reason that AWS gives.
    """
    if not result.get("changed"):
        return _ill(result)
    diff = result.get("diff") or {}
    lines = [*_changes(diff), *_ill(result)]
    # Where nothing differs, AWS is deleting it: the prediction is about the one that follows.
    return lines or [f"{_header(diff)} would be created or changed, though its settings are as wanted"]


def _header(diff: Mapping[str, Any]) -> str:
    return str(diff.get("before_header") or diff.get("after_header") or "something")


def _ill(result: Mapping[str, Any]) -> list[str]:
    """A text for a resource that exists and is not ACTIVE. The prediction of a new one has no status."""
    found: Mapping[str, Any] = result.get("resource") or {}
    status = found.get("status", ACTIVE)
    if status == ACTIVE:
        return []
    because = health_of(found)
    return [f"{_header(result.get('diff') or {})} is {status}" + (f": {because}" if because else "")]


def _changes(diff: Mapping[str, Any]) -> list[str]:
    what = _header(diff)
    before, after = diff.get("before"), diff.get("after")
    if not before:
        return [f"{what} does not exist"]
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        had = str(before).splitlines()
        return [f"{what}: {line.strip()!r} is missing" for line in str(after).splitlines() if line not in had]
    return [f"{what}: {text}" for text in _differing("", before, after)]


def _differing(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for key, want in after.items():
        have = before.get(key)
        at = f"{path}[{key}]" if path else str(key)
        if have == want:
            continue
        if isinstance(have, Mapping) and isinstance(want, Mapping):
            yield from _differing(at, have, want)
        elif have is None:
            yield f"{at} is missing, wanted {want!r}"
        else:
            yield f"{at} is {have!r}, wanted {want!r}"
    yield from (f"{path}[{key}] is {before[key]!r}, wanted none" for key in before if path and key not in after)
