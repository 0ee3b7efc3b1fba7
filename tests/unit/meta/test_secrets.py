"""No task is given a credential, and an option that takes one is never shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from dev.iam_policies import ROOT, task_file, tasks_of

TASKS = sorted(path for folder in ("roles/*/tasks", "playbooks") for path in ROOT.glob(f"{folder}/**/*.yml"))
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
# What amazon.aws and kubernetes.core call options by which credentials are given.
CREDENTIALS = {
    *("access_key", "aws_access_key", "aws_access_key_id", "secret_key", "aws_secret_key", "aws_secret_access_key"),
    *("session_token", "aws_session_token", "security_token", "api_key", "client_key", "password"),
    *("proxy_headers", "impersonate_user"),
}
# Names under which something secret may be given to this collection's own modules.
SECRET = {"authorization", "headers", "password", "secret", "api_key", "private_key"}


@pytest.mark.parametrize("path", TASKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_task_is_given_credentials(path: Path) -> None:
    for task in tasks_of(task_file(path)):
        defaults = task.get("module_defaults", {}).values()
        given = [arguments for arguments in (*task.values(), *defaults) if isinstance(arguments, Mapping)]
        assert [sorted(CREDENTIALS & set(arguments)) for arguments in given if CREDENTIALS & set(arguments)] == []


def options(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All options of a specification, those in others too."""
    for name, fields in spec.items():
        yield name, fields
        yield from options(fields.get("options") or {})


def specification(module: str) -> dict[str, Any]:
    name = f"ansible_collections.gameops.eks_bluegreen.plugins.modules.{module}"
    # A module that is only the documentation of an action plugin has none.
    found: dict[str, Any] = getattr(import_module(name), "ARGUMENT_SPEC", {})
    return found


def test_an_option_that_may_hold_a_secret_is_never_shown() -> None:
    secret = {
        (module, name): fields.get("no_log")
        for module in MODULES
        for name, fields in options(specification(module))
        if name in SECRET
    }
    assert ("session_destination", "headers") in secret
    assert set(secret.values()) == {True}
