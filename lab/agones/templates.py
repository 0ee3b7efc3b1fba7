"""Comparing a Fleet's template with a GameServerSet's: does the set still make what the Fleet wants?"""

from __future__ import annotations

from typing import Any

from lab.agones.model import Obj


def same(one: Obj, other: Obj) -> bool:
    """Equal but for what is empty, and what the schema fills in."""
    return bool(_meaning(one) == _meaning(other))


def _meaning(template: Obj) -> Any:
    spec = {key: value for key, value in (template.get("spec") or {}).items() if key != "immutableReplicas"}
    return _pruned({**template, "spec": spec})


def _pruned(value: Any) -> Any:
    """The value without nulls, empty objects and empty lists."""
    if isinstance(value, dict):
        kept = {key: _pruned(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None} or None
    if isinstance(value, list):
        return [_pruned(item) for item in value] or None
    return value
