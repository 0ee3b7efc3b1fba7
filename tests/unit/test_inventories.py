"""The example inventory shows every variable that the lab's inventory sets; both can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

REPOSITORY = Path(__file__).parents[2]
LAB = REPOSITORY / "inventories" / "lab" / "group_vars" / "eks_bluegreen.yml"
EXAMPLE = REPOSITORY / "inventories" / "example"
RELEASES = REPOSITORY / "inventories" / "example-releases"


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


@pytest.mark.parametrize("host", ["arena-eu", "arena-us"])
def test_the_example_has_the_surface_of_the_lab(host: str) -> None:
    shown = {**load(EXAMPLE / "group_vars" / "eks_bluegreen.yml"), **load(EXAMPLE / "host_vars" / f"{host}.yml")}
    needed = {name for name in load(LAB) if not name.startswith("lab_")}
    assert not needed - set(shown)


def test_the_example_is_an_inventory() -> None:
    inventory = InventoryManager(loader=DataLoader(), sources=[str(EXAMPLE)])
    assert [host.name for host in inventory.groups["eks_bluegreen"].get_hosts()] == ["arena-eu", "arena-us"]


@pytest.mark.parametrize("release", sorted(RELEASES.glob("*.yml")), ids=lambda path: path.stem)
def test_a_release_is_named_as_its_file(release: Path) -> None:
    assert load(release)["name"] == release.stem
