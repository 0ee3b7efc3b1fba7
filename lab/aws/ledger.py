"""Who asked for which permission, how often, and whether it was granted; served at /lab/calls."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lab.aws.permissions import Check


class Ledger:
    """Counts permissions by principal."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, Check, bool]] = Counter()

    def add(self, principal: str, check: Check, allowed: bool) -> None:
        self._counts[principal, check, allowed] += 1

    def table(self) -> list[dict[str, Any]]:
        return [
            {
                "principal": principal,
                "action": check.action,
                "resource": check.resource,
                "context": dict(check.context),
                "allowed": allowed,
                "count": count,
            }
            for (principal, check, allowed), count in sorted(self._counts.items(), key=repr)
        ]
