"""Which node groups and add-ons are still waited for, and what a launch template's own image leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLE = Path(__file__).parents[3] / "roles" / "eks_nodegroups"
OMIT = "__omitted__"


def templated(text_of: Any, **variables: Any) -> Any:
    loader = DataLoader()
    known = {
        **loader.load_from_file(str(ROLE / "vars" / "main.yml"), trusted_as_template=True),
        "ansible_check_mode": False,
        "omit": OMIT,
        **variables,
    }
    return Templar(loader, variables=known).template(text_of(loader, known))


def unfinished(kind: str, *statuses: str | None, check_mode: bool = False) -> list[str]:
    """The names that are waited for when these statuses were seen of one, the last one last."""
    key = "nodegroup" if kind == "nodegroups" else "addon"
    seen = [{"item": {"name": "one"}, key: {"status": status} if status else None} for status in statuses]
    name = "__eks_nodegroups_unfinished" + ("" if kind == "nodegroups" else "_addons")
    found = templated(
        lambda _loader, known: known[name],
        ansible_check_mode=check_mode,
        eks_bluegreen_nodegroups=[{"name": "one"}] if kind == "nodegroups" else [],
        eks_bluegreen_addons=[{"name": "one"}] if kind == "addons" else [],
        eks_nodegroups_seen=seen if kind == "nodegroups" else [],
        eks_nodegroups_seen_addons=seen if kind == "addons" else [],
    )
    return [one["name"] for one in found]


@pytest.mark.parametrize("kind", ["nodegroups", "addons"])
@pytest.mark.parametrize(
    ("statuses", "is_waited_for"),
    [
        pytest.param(["ACTIVE"], False, id="nothing to change"),
        pytest.param(["CREATING"], True, id="created"),
        pytest.param(["UPDATING"], True, id="changed without waiting"),
        pytest.param([None], True, id="not shown yet"),
        pytest.param(["UPDATING", "ACTIVE"], False, id="waited for"),
    ],
)
def test_what_was_changed_is_waited_for(kind: str, statuses: list[str | None], is_waited_for: bool) -> None:
    assert unfinished(kind, *statuses) == (["one"] if is_waited_for else [])
    assert unfinished(kind, *statuses, check_mode=True) == []


@pytest.mark.parametrize(
    ("group", "image"),
    [
        ({}, ("BOTTLEROCKET_x86_64", "1.36.1")),
        ({"ami_type": "AL2023_x86_64_STANDARD", "release_version": "1.36.2"}, ("AL2023_x86_64_STANDARD", "1.36.2")),
        ({"ami_type": "", "release_version": ""}, (OMIT, OMIT)),
    ],
)
def test_a_node_group_without_an_image_leaves_it_to_its_launch_template(
    group: dict[str, str], image: tuple[str, str]
) -> None:
    def options(loader: DataLoader, _known: Any) -> Any:
        (create, _remember) = loader.load_from_file(str(ROLE / "tasks" / "nodegroups.yml"), trusted_as_template=True)
        arguments = create["gameops.eks_bluegreen.eks_nodegroup"]
        return [arguments["ami_type"], arguments["release_version"]]

    node_image = {"ami_type": "BOTTLEROCKET_x86_64", "release_version": "1.36.1"}
    assert tuple(templated(options, item=group, eks_bluegreen_node_image=node_image)) == image
