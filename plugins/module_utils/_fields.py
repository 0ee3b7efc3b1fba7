# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What is wanted against what AWS describes, by a table of fields.

An option that is not given (None) is not compared. A FIXED field cannot change after creation: a difference
is refused. A CONVERGES field is changed in place. An IGNORED field counts at creation only.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError


class Rule(Enum):
    FIXED = "fixed"
    CONVERGES = "converges"
    IGNORED = "ignored"


def same_members(one: Any, other: Any) -> bool:
    """Equal lists but for the order; nothing and an empty list are the same."""
    return sorted(map(repr, one or [])) == sorted(map(repr, other or []))


@dataclass(frozen=True)
class Field:
    """An option of a module and where requests and descriptions hold its value (dots between levels)."""

    option: str
    path: str
    rule: Rule
    same: Callable[[Any, Any], bool] = operator.eq


@dataclass(frozen=True)
class Difference:
    """One field that is not as wanted."""

    field: Field
    have: Any
    want: Any


def differences(fields: Sequence[Field], want: Mapping[str, Any], have: Mapping[str, Any]) -> list[Difference]:
    """The fields that can be changed in place and are not as wanted, in the order of the table."""
    return _differing(fields, want, have, Rule.CONVERGES)


def refuse_fixed(what: str, fields: Sequence[Field], want: Mapping[str, Any], have: Mapping[str, Any]) -> None:
    """Raise if a field that cannot change after creation is not as wanted; names all such fields."""
    fixed = _differing(fields, want, have, Rule.FIXED)
    if fixed:
        listed = "; ".join(f"{one.field.option} is {one.have!r}, wanted {one.want!r}" for one in fixed)
        raise BlueGreenError(
            f"{what} exists with other settings, which cannot change in place: {listed}. "
            "Ask for what it has, or build it anew in the other slot"
        )


def request(fields: Sequence[Field], want: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a create call: every option that was given, at its path."""
    body: dict[str, Any] = {}
    for field in fields:
        if want.get(field.option) is not None:
            put(body, field.path, want[field.option])
    return body


def shown(fields: Sequence[Field], have: Mapping[str, Any]) -> dict[str, Any]:
    """A description by the names of the options, for a diff."""
    return {field.option: value for field in fields if (value := at(have, field.path)) is not None}


def at(value: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where a level is missing."""
    found: Any = value
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path and make the levels above it."""
    *levels, last = path.split(".")
    for level in levels:
        body = body.setdefault(level, {})
    body[last] = value


def _differing(
    fields: Sequence[Field], want: Mapping[str, Any], have: Mapping[str, Any], rule: Rule
) -> list[Difference]:
    found = []
    for field in fields:
        wanted, present = want.get(field.option), at(have, field.path)
        if field.rule is rule and wanted is not None and not field.same(present, wanted):
            found.append(Difference(field, present, wanted))
    return found


def missing_tags(want: Mapping[str, str], have: Mapping[str, str]) -> dict[str, str]:
    """The wanted tags that are absent or have another value; tags of others are left alone."""
    wanted = {key: str(value) for key, value in want.items()}
    return {key: value for key, value in wanted.items() if have.get(key) != value}
