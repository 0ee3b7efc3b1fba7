"""A role reads what is its own and what the collection shares; what is shared has one default, in one place."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from tests.unit.roles.variables import (
    HOLDER,
    PLAYBOOKS,
    ROLES,
    ROOT,
    SHARED,
    files_of,
    is_of,
    names_read,
    own_defaults,
    read_by_file,
    read_by_role,
    shared_defaults,
    templates,
    templates_of,
)

README = ROOT / "roles" / HOLDER / "README.md"
OTHER_FILES = [
    path for role in ROLES if role != HOLDER for path in files_of(role, "tasks", "vars", "defaults", "templates")
]
each_playbook = pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: str(path.relative_to(ROOT)))


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_nothing_of_another(role: str) -> None:
    foreign = {name for name in read_by_role(role) if not is_of(role, name) and not name.startswith(SHARED)}
    assert foreign == set()


@each_playbook
def test_a_playbook_reads_what_is_shared_alone(path: Path) -> None:
    assert {name for name in read_by_file(path) if not name.startswith(SHARED)} == set()


@pytest.mark.parametrize("path", [*PLAYBOOKS, *OTHER_FILES], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_file_gives_a_shared_option_a_default(path: Path) -> None:
    given = set[str]().union(*map(own_defaults, templates_of(path)))
    assert given & set(shared_defaults()) == set()


def test_what_is_shared_is_of_a_subject_that_has_more_than_one_reader() -> None:
    """The options of one subject are named alike, also where one of them has a single reader."""
    readers: dict[str, set[str]] = defaultdict(set)
    for role in ROLES:
        for name in read_by_role(role) if role != HOLDER else ():
            readers[_subject(name)].add(role)
    for name in set[str]().union(*map(read_by_file, PLAYBOOKS)):
        readers[_subject(name)].add("playbooks")
    assert {name for name in shared_defaults() if len(readers[_subject(name)]) < 2} == set()


def _subject(name: str) -> str:
    return name.removeprefix(SHARED).partition("_")[0]


def test_the_readme_tells_each_option_and_its_default() -> None:
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in README.read_text().splitlines()]
    told = {row[0]: row[1] for row in rows if row[0].startswith(SHARED)}
    assert told == {name: _shown(default) for name, default in shared_defaults().items()}


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, str) and "{{" in default:
        return ", ".join(names_read(default))
    return '""' if default == "" else str(default)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("plain eks_bluegreen_cluster_tags", set()),
        ("{{ a.b | default(c) }} {% for x in d %}{{ x }}{% endfor %}", {"a", "c", "d"}),
        ("{% set e = f %}{{ e }}", {"f"}),
    ],
)
def test_what_a_template_reads(text: str, read: set[str]) -> None:
    assert names_read(text) == read


def test_an_expression_without_braces_is_read_too() -> None:
    task = {"name": "x", "when": ["a == b"], "vars": {"own": "{{ c }}"}, "debug": {"msg": "{{ d }}"}}
    assert set[str]().union(*map(names_read, templates([task]))) == {"a", "b", "c", "d"}


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("{{ a | default('x') }}", {"a"}),
        ("{{ a | default(omit, true) }}", set()),
        ("{{ a.b | default('x') }}", set()),
        ("{{ (a | d).b }}", {"a"}),
    ],
)
def test_what_a_template_gives_a_default(text: str, given: set[str]) -> None:
    assert own_defaults(text) == given
