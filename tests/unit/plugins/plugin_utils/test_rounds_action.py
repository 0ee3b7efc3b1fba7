"""Every module that works in rounds is repeated by the action plugin of its name, all but a few by the same one."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.plugin_utils._rounds import RoundsAction

PLUGINS = Path(__file__).resolve().parents[4] / "plugins"
PACKAGE = "ansible_collections.gameops.eks_bluegreen.plugins"
SHARED = PLUGINS / "plugin_utils/_rounds_action.py"
# What these do besides, or instead.
OF_THEIR_OWN = {"elbv2_target_group_swap", "slot_kubeconfig"}


def names(folder: str) -> set[str]:
    return {path.stem for path in (PLUGINS / folder).glob("*.py")}


def works_in_rounds(module: str) -> bool:
    return "wait_timeout" in getattr(importlib.import_module(f"{PACKAGE}.modules.{module}"), "ARGUMENT_SPEC", {})


def test_every_module_with_a_timeout_has_an_action() -> None:
    assert {name for name in names("modules") if works_in_rounds(name)} == names("action") - {"slot_kubeconfig"}


@pytest.mark.parametrize("name", sorted(names("action") - OF_THEIR_OWN))
def test_an_action_is_a_link_to_the_shared_one_inside_the_collection(name: str) -> None:
    path = PLUGINS / "action" / f"{name}.py"
    assert path.is_symlink()
    assert not path.readlink().is_absolute()
    assert path.resolve() == SHARED
    action = importlib.import_module(f"{PACKAGE}.action.{name}").ActionModule
    assert issubclass(action, RoundsAction)


@pytest.mark.parametrize("name", sorted(OF_THEIR_OWN))
def test_an_action_of_its_own_is_a_file(name: str) -> None:
    assert not (PLUGINS / "action" / f"{name}.py").is_symlink()
