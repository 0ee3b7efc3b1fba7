"""docs/release.md names each field of a release, with its type and its default, and its example is a sound release."""

from __future__ import annotations

import re
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import (
    Chart,
    NodeImage,
    Release,
    ReleaseAddon,
    read_release,
)

PAGE = (Path(__file__).parents[3] / "docs" / "release.md").read_text()
SECTIONS = {"The release": Release, "`node_image`": NodeImage, "`addons`": ReleaseAddon, "`charts`": Chart}
# The page's words for types, by how the type's annotation begins.
WORDS = {"str": "text", "bool": "true or false", "NodeImage": "dictionary", "Mapping": "dictionary", "Sequence": "list"}


def rows(title: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| `.*$", section, re.MULTILINE)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]


def default_of(field: Field[Any]) -> str:
    if field.default_factory is not MISSING:
        return f"`{field.default_factory()}`"
    if field.default is MISSING:
        return "required"
    if field.default is None:
        return "none"
    shown = {False: "false", "": '""', (): "[]"}
    return f"`{shown[field.default]}`"


def type_of(field: Field[Any]) -> str:
    word = str(field.type).removesuffix(" | None")
    return next((known for start, known in WORDS.items() if word.startswith(start)), "anything")


@pytest.mark.parametrize(("title", "owner"), SECTIONS.items())
def test_the_page_names_each_field_with_its_type_and_default(title: str, owner: Any) -> None:
    assert [(row[0], row[1], row[2]) for row in rows(title)] == [
        (f"`{field.name}`", type_of(field), default_of(field)) for field in fields(owner)
    ]


@pytest.mark.parametrize("title", SECTIONS)
def test_the_page_says_what_each_field_is_for_with_an_example(title: str) -> None:
    for name, kind, _default, purpose, example in rows(title):
        assert purpose, name
        # Those that another section describes have their examples there.
        assert example or (kind in ("list", "dictionary") and f"## {name}\n" in PAGE), name


def test_the_page_s_example_is_a_sound_release() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    release, problems = read_release(yaml.safe_load(example))
    assert problems == []
    assert [addon.before_nodes for addon in release.addons] == [True]
