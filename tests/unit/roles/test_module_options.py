"""Roles and playbooks give modules of the collection only options that these have."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
OURS = "gameops.eks_bluegreen."
FILES = sorted([*ROOT.glob("roles/*/tasks/**/*.yml"), *ROOT.glob("playbooks/**/*.yml")])
# What amazon.aws and kubernetes.core have in common for all modules.
COMMON = {"region", "profile", "endpoint_url"}


def tasks(content: Any) -> Iterator[tuple[str, Any]]:
    """Each module of ours with its arguments, in whatever play or block it is."""
    for item in content if isinstance(content, list) else []:
        for key, value in item.items():
            if key.startswith(OURS):
                yield key.removeprefix(OURS), value or {}
            elif key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks"):
                yield from tasks(value)


def options(module: str) -> set[str]:
    found = importlib.import_module(f"ansible_collections.{OURS}plugins.modules.{module}")
    if hasattr(found, "ARGUMENT_SPEC"):
        return set(found.ARGUMENT_SPEC) | COMMON
    # A module that is only the documentation of an action plugin.
    return set(yaml.safe_load(found.DOCUMENTATION)["options"]) | COMMON


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_option_exists(path: Path) -> None:
    for module, arguments in tasks(yaml.safe_load(path.read_text())):
        if isinstance(arguments, dict):
            assert not set(arguments) - options(module), f"{module} has no such options"
