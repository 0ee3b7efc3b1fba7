# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Compares what is wanted with what AWS describes, by a table of fields.

An option that is not given (None) is not compared. A FIXED field cannot change after creation: a difference is
refused. One that converges is changed in place by the call that its rule names. An IGNORED field counts at creation
only.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError


@dataclass(frozen=True)
class Rule:
    """What a difference leads to. `call` names the call by which a field converges."""

    name: str
    call: str = ""


FIXED = Rule("fixed")
IGNORED = Rule("ignored")


def converges(call: str) -> Rule:
    """The rule of fields that one kind of call changes; the resource knows the call by this name."""
    return Rule("converges", call)


def same_members(one: Any, other: Any) -> bool:
    """Equal lists but for the order; nothing and an empty list are the same."""
    return sorted(map(repr, one or [])) == sorted(map(repr, other or []))


def equal_to(default: Any) -> Callable[[Any, Any], bool]:
    """Equality for a value that AWS leaves out if no one has set it, and that then means `default`."""
    return lambda have, want: (default if have is None else have) == want


def as_it_is(value: Any) -> Any:
    """The value, unchanged."""
    return value


def always(_have: Any, _want: Any) -> str:
    """No change of this field is refused."""
    return ""


@dataclass(frozen=True)
class Field:
    """An option of a module and where requests and descriptions hold its value (dots between levels).

    `decode` turns AWS's value into the option's, `encode` the other way round. `hindrance` says why one value of a
    field that converges cannot become another; "" if it can.
    """

    option: str
    path: str
    rule: Rule
    same: Callable[[Any, Any], bool] = operator.eq
    decode: Callable[[Any], Any] = as_it_is
    encode: Callable[[Any], Any] = as_it_is
    hindrance: Callable[[Any, Any], str] = always


@dataclass(frozen=True)
class Difference:
    """One field that is not as wanted; `have` and `want` are values of the option."""

    field: Field
    have: Any
    want: Any

    @property
    def body(self) -> Any:
        """The wanted value as requests hold it."""
        return self.field.encode(self.want)


def differences(fields: Sequence[Field], want: Mapping[str, Any], have: Mapping[str, Any]) -> list[Difference]:
    """The fields that can be changed in place and are not as wanted, in the order of the table."""
    return [one for one in _differing(fields, want, have) if one.field.rule.call]


def by_call(changes: Sequence[Difference]) -> list[tuple[str, list[Difference]]]:
    """The changes that one call makes together, call by call, in the order of the table."""
    calls: dict[str, list[Difference]] = {}
    for change in changes:
        calls.setdefault(change.field.rule.call, []).append(change)
    return list(calls.items())


def unchangeable(fields: Sequence[Field], want: Mapping[str, Any], have: Mapping[str, Any]) -> list[str]:
    """A line for each field that is not as wanted and cannot become so: name, value, wanted value, reason."""
    lines = []
    for one in _differing(fields, want, have):
        reason = one.field.hindrance(one.have, one.want)
        if one.field.rule == FIXED or reason:
            because = f" ({reason})" if reason else ""
            lines.append(f"{one.field.option} is {one.have!r}, wanted {one.want!r}{because}")
    return lines


def refuse_fixed(what: str, fields: Sequence[Field], want: Mapping[str, Any], have: Mapping[str, Any]) -> None:
    """Raise if a field is not as wanted and cannot become so; names all such fields."""
    lines = unchangeable(fields, want, have)
    if lines:
        raise BlueGreenError(
            f"{what} exists with other settings, which cannot change in place: {'; '.join(lines)}. "
            "Ask for the settings that it has, or build it anew in the other slot"
        )


def request(fields: Sequence[Field], want: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a create call: every option that was given, at its path."""
    body: dict[str, Any] = {}
    for field in fields:
        if want.get(field.option) is not None:
            put(body, field.path, field.encode(want[field.option]))
    return body


def shown(fields: Sequence[Field], have: Mapping[str, Any]) -> dict[str, Any]:
    """A description by the names of the options, for a diff."""
    return {field.option: value for field in fields if (value := field.decode(at(have, field.path))) is not None}


def changed_to(have: Mapping[str, Any], changes: Sequence[Difference]) -> dict[str, Any]:
    """A description as it will be after the changes."""
    after = dict(have)
    for change in changes:
        _put_in_copy(after, change.field.path.split("."), change.body)
    return after


def at(value: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None if a level is missing."""
    found: Any = value
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path and create the levels above it."""
    *levels, last = path.split(".")
    for level in levels:
        body = body.setdefault(level, {})
    body[last] = value


def _put_in_copy(body: dict[str, Any], levels: Sequence[str], value: Any) -> None:
    first, *rest = levels
    if rest:
        body[first] = dict(body.get(first) or {})
        _put_in_copy(body[first], rest, value)
    else:
        body[first] = value


def _differing(fields: Sequence[Field], want: Mapping[str, Any], have: Mapping[str, Any]) -> list[Difference]:
    found = []
    for field in fields:
        wanted, present = want.get(field.option), field.decode(at(have, field.path))
        if field.rule != IGNORED and wanted is not None and not field.same(present, wanted):
            found.append(Difference(field, present, wanted))
    return found


def missing_tags(want: Mapping[str, Any] | None, have: Mapping[str, str]) -> dict[str, str]:
    """The wanted tags that are absent or have another value."""
    wanted = {key: str(value) for key, value in (want or {}).items()}
    return {key: value for key, value in wanted.items() if have.get(key) != value}


def unwanted_tags(want: Mapping[str, Any] | None, have: Mapping[str, str], *, purge: bool) -> list[str]:
    """The keys to remove: with `purge` all that are not wanted, but never AWS's own (aws:...)."""
    if not purge or want is None:
        return []
    return sorted(key for key in have if key not in want and not key.startswith("aws:"))
