"""Holds what is seen in a history against the rules: the files of the folder `_drain/rules`, all of them.

A rule is a module with a function `judge(seen)`, which raises AssertionError where the rule is broken. The type of
`seen` says which kinds of things the rule judges.
"""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import get_args, get_type_hints

from tests.unit.plugins.module_utils._drain import rules
from tests.unit.plugins.module_utils._drain.histories.seen import Seen

RULES = tuple(import_module(f"{rules.__name__}.{found.name}") for found in iter_modules(rules.__path__))


def name_of(rule: ModuleType) -> str:
    """The name of a rule in words."""
    return rule.__name__.rpartition(".")[2].replace("_", " ")


def kinds_of(rule: ModuleType) -> tuple[type[Seen], ...]:
    """What a rule judges."""
    kind = get_type_hints(rule.judge)["seen"]
    return get_args(kind) or (kind,)


def judge(seen: Seen) -> None:
    """Raise AssertionError with the first rule that does not hold."""
    for rule in _RULES_OF[type(seen)]:
        try:
            rule.judge(seen)
        except AssertionError as broken:
            broken.add_note(f"Broken rule: {name_of(rule)} ({rule.__file__})")
            raise


_RULES_OF: dict[type[Seen], list[ModuleType]] = defaultdict(list)
for _rule in RULES:
    for _kind in kinds_of(_rule):
        _RULES_OF[_kind].append(_rule)
