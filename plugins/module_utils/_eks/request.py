# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Checks a request against botocore's model of the API, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import Field

LISTED_VALUES = 30


def check_request(
    client: Any, operation: str, what: str, body: Mapping[str, Any], fields: Sequence[Field] = ()
) -> None:
    """Raise if a body has a value that the operation's model does not know; all such values at once.

    `fields` gives the names of the options. What AWS requires beyond the body (a name in the path) is not checked.
    """
    shape = client.meta.service_model.operation_model(operation).input_shape
    problems = list(request_problems(body, shape))
    if problems:
        names = {field.path: field.option for field in fields}
        listed = "; ".join(f"{_option(path, names)}: {text}" for path, text in problems)
        raise BlueGreenError(
            f"{what} has options that AWS would refuse: {listed}. Correct them; if a value is newer than the installed "
            "botocore, install a newer one"
        )


def known_values(client: Any, operation: str, name: str) -> Sequence[str]:
    """The values that the operation's model knows for a parameter."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    return tuple(shape.members[name].enum)


def request_problems(body: Mapping[str, Any], shape: Any) -> Iterator[tuple[str, str]]:
    """The values of a body that its shape does not allow, with their paths."""
    for name, value in body.items():
        if name not in shape.members:
            yield name, "unknown to the installed botocore"
        else:
            yield from _problems(name, value, shape.members[name])


def _option(path: str, names: Mapping[str, str]) -> str:
    """The option that a path belongs to, and what is left of the path."""
    for known in sorted(names, key=len, reverse=True):
        if path == known or path.startswith((f"{known}.", f"{known}[")):
            return names[known] + path[len(known) :]
    return path


def _problems(path: str, value: Any, shape: Any) -> Iterator[tuple[str, str]]:
    check = _CHECKS.get(shape.type_name)
    if check is not None:
        yield from check(path, value, shape)


def _structure(path: str, value: Any, shape: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping):
        yield path, f"{value!r} is not a dictionary"
        return
    for name in shape.required_members:
        if name not in value:
            yield f"{path}.{name}", "is missing"
    for name, text in request_problems(value, shape):
        yield f"{path}.{name}", text


def _list(path: str, value: Any, shape: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, (list, tuple)):
        yield path, f"{value!r} is not a list"
        return
    yield from _length(path, value, shape, "members")
    for number, member in enumerate(value):
        yield from _problems(f"{path}[{number}]", member, shape.member)


def _map(path: str, value: Any, shape: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping):
        yield path, f"{value!r} is not a dictionary"
        return
    yield from _length(path, value, shape, "entries")
    for key, member in value.items():
        yield from _problems(f"{path}[{key}]", member, shape.value)


def _string(path: str, value: Any, shape: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, str):
        yield path, f"{value!r} is not a string"
    elif shape.enum and value not in shape.enum:
        yield path, f"{value!r} is not one of {', '.join(shape.enum[:LISTED_VALUES])}"
    else:
        yield from _length(path, value, shape, "characters")


def _integer(path: str, value: Any, shape: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield path, f"{value!r} is not a whole number"
    else:
        yield from _range(path, value, value, shape, "")


def _boolean(path: str, value: Any, _shape: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, bool):
        yield path, f"{value!r} is neither true nor false"


def _length(path: str, value: Any, shape: Any, unit: str) -> Iterator[tuple[str, str]]:
    yield from _range(path, value, len(value), shape, f" {unit}")


def _range(path: str, value: Any, size: int, shape: Any, unit: str) -> Iterator[tuple[str, str]]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield path, f"{value!r} is below the minimum that AWS takes, {least}{unit}"
    if most is not None and size > most:
        yield path, f"{value!r} is above the maximum that AWS takes, {most}{unit}"


_CHECKS = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "boolean": _boolean,
}
