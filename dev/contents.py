"""Writes README's list of playbooks, roles, modules and filters, each with a line from its own documentation.

python -m dev.contents
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from dev.iam_policies import ROOT, documentation

README = ROOT / "README.md"
BEGIN = "<!-- Written by `python -m dev.contents`, up to the next such mark. -->\n"
END = "<!-- End of what `python -m dev.contents` has written. -->\n"
# The comment between `---` and the first play, without its marks.
HEADER = re.compile(r"\A---\n((?:#.*\n)+)")
SENTENCE = re.compile(r"(.+?)\.(?:\s|$)")


class ContentsError(Exception):
    """What is wrong, where, and what to do."""


@dataclass(frozen=True)
class Section:
    """A table of the list: its title, the heads of its columns, and its rows."""

    title: str
    heads: tuple[str, str]
    rows: Sequence[tuple[str, str]]


def sections(root: Path = ROOT) -> list[Section]:
    """All of the list, in the order in which a reader needs it."""
    return [
        Section("Playbooks", ("Playbook", "Does"), list(_playbooks(root / "playbooks"))),
        Section("Roles", ("Role", "Outcome"), list(_roles(root / "roles"))),
        Section("Modules", ("Module", "Does"), list(_plugins(root / "plugins" / "modules"))),
        Section("Filters", ("Filter", "Gives"), list(_plugins(root / "plugins" / "filter"))),
    ]


def _playbooks(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.yml")):
        yield f"`{path.stem}`", first_sentence(path)


def first_sentence(playbook: Path) -> str:
    """The first sentence of the comment at the head of a playbook."""
    header = HEADER.match(playbook.read_text())
    text = re.sub(r"\n?^# *", " ", header[1], flags=re.MULTILINE).strip() if header else ""
    sentence = SENTENCE.match(text)
    if not sentence:
        raise ContentsError(f"{playbook.name} does not begin with a comment: say in its first sentence what it does")
    return sentence[1]


def _roles(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*/meta/main.yml")):
        role = path.parent.parent.name
        yield f"[`{role}`](roles/{role}/README.md)", yaml.safe_load(path.read_text())["galaxy_info"]["description"]


def _plugins(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.py")):
        words = documentation(path).get("short_description")
        if not words:
            raise ContentsError(f"{folder.name}/{path.name} has no short_description in its DOCUMENTATION")
        yield f"`{path.stem}`", words


def render(found: Sequence[Section]) -> str:
    return "\n".join(_table(section) for section in found)


def _table(section: Section) -> str:
    rows = [section.heads, ("---", "---"), *section.rows]
    return f"### {section.title}\n\n" + "".join(f"| {name} | {words} |\n" for name, words in rows)


def put(readme: str, contents: str) -> str:
    """A README with the contents between its marks."""
    before, begin, rest = readme.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not (begin and end):
        raise ContentsError(f"{README.name} lacks a mark: {(END if begin else BEGIN).strip()}")
    return f"{before}{begin}\n{contents}\n{end}{after}"


def main() -> int:
    try:
        README.write_text(put(README.read_text(), render(sections())))
    except ContentsError as error:
        print(f"contents: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
