"""IAM's answer to "may they?": identity policies with actions, resources and StringEquals conditions.

moto's own enforcement (5.2.5) matches resources for S3 alone, every other service against `*`, and treats
a condition whose value it does not know as fulfilled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

EVERYTHING = "*"
UNDERSTOOD = {"Sid", "Effect", "Action", "Resource", "Condition"}


@dataclass(frozen=True)
class Check:
    """One question to IAM: an action on a resource, in a context of condition keys."""

    action: str
    resource: str = EVERYTHING
    context: tuple[tuple[str, str], ...] = field(default=())


def is_allowed(documents: Iterable[str], check: Check) -> bool:
    """Whether policy documents (JSON) together allow it: some statement allows, none denies."""
    effects = {
        statement["Effect"]
        for document in documents
        for statement in statements_of(document)
        if _concerns(statement, check)
    }
    return effects == {"Allow"}


@cache
def statements_of(document: str) -> tuple[Mapping[str, Any], ...]:
    """The statements of a policy document; one that says more than is judged here is refused.

    Raises ValueError.
    """
    found = json.loads(document)["Statement"]
    statements = tuple(found) if isinstance(found, list) else (found,)
    for statement in statements:
        unknown = set(statement) - UNDERSTOOD | set(statement.get("Condition", {})) - {"StringEquals"}
        if unknown:
            raise ValueError(f"the lab cannot judge {', '.join(sorted(unknown))} in a policy: {json.dumps(statement)}")
    return statements


def _concerns(statement: Mapping[str, Any], check: Check) -> bool:
    return (
        any(_matches(pattern.lower(), check.action.lower()) for pattern in _listed(statement["Action"]))
        and any(_matches(pattern, check.resource) for pattern in _listed(statement["Resource"]))
        and _holds(statement.get("Condition", {}).get("StringEquals", {}), dict(check.context))
    )


def _holds(wanted: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    return all(context.get(key) in _listed(values) for key, values in wanted.items())


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _matches(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
