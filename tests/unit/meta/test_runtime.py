"""Action groups name modules that exist and take the group's options."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
GROUPS: dict[str, list[Any]] = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py") if path.stem != "__init__")


def members(group: str) -> list[str]:
    return [one for one in GROUPS[group] if isinstance(one, str)]


def options(module: str) -> dict[str, Any]:
    name = f"ansible_collections.gameops.eks_bluegreen.plugins.modules.{module}"
    # A module that is only the documentation of an action plugin has no specification.
    spec: dict[str, Any] = getattr(importlib.import_module(name), "ARGUMENT_SPEC", {})
    return spec


def is_aws(module: str) -> bool:
    return "AnsibleAWSModule(" in (ROOT / f"plugins/modules/{module}.py").read_text()


def test_all_names_every_module() -> None:
    assert members("all") == MODULES


def test_aws_names_the_modules_of_aws() -> None:
    assert members("aws") == [module for module in MODULES if is_aws(module)]


@pytest.mark.parametrize(
    ("group", "option"), [("leased", "lease"), ("k8s", "kubeconfig"), ("agones", "annotation_domain")]
)
def test_a_group_is_all_that_takes_its_option(group: str, option: str) -> None:
    # run_record hands the lease out; its tasks name it themselves.
    assert members(group) == [module for module in MODULES if option in options(module) and module != "run_record"]


@pytest.mark.parametrize("playbook", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_a_playbook_that_has_defaults_has_one_annotation_domain(playbook: Path) -> None:
    for play in yaml.safe_load(playbook.read_text()):
        defaults = play.get("module_defaults")
        if defaults:
            domain = defaults["group/gameops.eks_bluegreen.agones"]["annotation_domain"]
            assert domain == "{{ eks_bluegreen_annotation_domain | default(omit) }}"
