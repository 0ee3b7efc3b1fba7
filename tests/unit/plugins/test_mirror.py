"""The unit tests mirror the library file for file: what a file decides is tested at the same place, under its name."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LIBRARY, TESTS = ROOT / "plugins", ROOT / "tests" / "unit" / "plugins"
FOLDERS = ("action", "filter", "module_utils", "plugin_utils")

# Files without a test of their own. They have no function, or the reason names the test that holds them.
UNTESTED: Mapping[str, str] = {
    "module_utils/_drain/settings.py": "it only names fields",
    "module_utils/_drain/state.py": "it only names fields",
    "module_utils/_types.py": "it only names types",
    "module_utils/_eks/arguments.py": "it only lists options: tests/unit/roles/test_module_options.py and ansible-test",
}
# Tests that are of no single file.
ACROSS: Mapping[str, str] = {
    "module_utils/test_folders.py": "the order of the folders, and names that mean one thing",
    "module_utils/_drain/test_diagram.py": "how the histories of whole drains are drawn",
    "module_utils/_drain/test_histories.py": "whole drains in histories that chance makes",
    "module_utils/_drain/test_protection.py": "who ends a session of a drain asks first, over planning and writing",
    "module_utils/_drain/test_rules.py": "what a session may expect of a whole drain",
    "module_utils/_drain/test_session_predicate.py": "whole drains of what the game itself calls a session",
    "module_utils/_eks/test_pages.py": "the lists of all kinds go over pages",
    "module_utils/_elbv2/test_swap_property.py": "properties of a swap, over planning, writing and reading back",
    "module_utils/_fleets/test_protection.py": "no Fleet gets smaller, over sizing and holding",
    "module_utils/_probe/test_protection.py": "a probe asks before it ends its own sessions, over release and canary",
    "module_utils/_run/test_lease_property.py": "properties of a lease, over several runners",
}


def mirror_of(file: str) -> str:
    """Where the test of a file of the library belongs."""
    folder, _slash, name = file.rpartition("/")
    return f"{folder}/test_{name.lstrip('_')}"


def without_mirror(files: Collection[str], tests: Collection[str], untested: Collection[str]) -> list[str]:
    """What is wrong with the files that have no test, and with those that are said to need none."""
    due = sorted(set(files) - set(untested))
    lacking = [f"{file} has no test {mirror_of(file)}" for file in due if mirror_of(file) not in tests]
    stale = [f"{file} does not exist: take it out of UNTESTED" for file in sorted(untested) if file not in files]
    tested = [f"{file} has a test: take it out of UNTESTED" for file in sorted(untested) if mirror_of(file) in tests]
    return [*lacking, *stale, *tested]


def without_file(tests: Collection[str], files: Iterable[str], across: Collection[str]) -> list[str]:
    """What is wrong with the tests that are of no file, and with those that are said to be of several."""
    mirrors = {mirror_of(file) for file in files}
    alone = [f"{test} is the test of no file" for test in sorted(tests) if test not in mirrors and test not in across]
    stale = [f"{test} does not exist: take it out of ACROSS" for test in sorted(across) if test not in tests]
    single = [f"{test} is the test of one file: take it out of ACROSS" for test in sorted(across) if test in mirrors]
    return [*alone, *stale, *single]


def found(root: Path, folders: Iterable[str], pattern: str = "*.py") -> set[str]:
    """The files in some folders, by their place under the root. A link is no file: what it leads to is one."""
    paths = [path for folder in folders for path in (root / folder).rglob(pattern) if not path.is_symlink()]
    return {path.relative_to(root).as_posix() for path in paths if path.name != "__init__.py"}


FILES, MODULES = found(LIBRARY, FOLDERS), found(LIBRARY, ["modules"])
TEST_FILES = found(TESTS, [*FOLDERS, "modules"], "test_*.py")


def test_every_file_has_a_test_of_its_name() -> None:
    assert len(FILES) > 100, "the library is not read"
    assert without_mirror(FILES, TEST_FILES, UNTESTED) == []


def test_every_test_is_of_one_file_or_says_over_which_it_goes() -> None:
    # A module need not have a test: it hands its options on. One that has is mirrored too.
    assert without_file(TEST_FILES, FILES | MODULES, ACROSS) == []
    assert all(ACROSS.values())


def has_function(tree: ast.AST) -> bool:
    return any(isinstance(node, (ast.FunctionDef, ast.Lambda)) for node in ast.walk(tree))


@pytest.mark.parametrize("file", sorted(UNTESTED))
def test_what_has_no_test_decides_nothing_or_is_held_by_another_test(file: str) -> None:
    named = re.findall(r"tests/[\w/]+\.py", UNTESTED[file])
    assert all((ROOT / test).is_file() for test in named)
    assert named or not has_function(ast.parse((LIBRARY / file).read_text()))


@pytest.mark.parametrize(
    ("text", "decides"),
    [
        ("X = 1", False),
        ("class A:\n    b: int = 2", False),
        ("X = lambda: 1", True),
        ("class A:\n    def b(): ...", True),
    ],
)
def test_a_file_with_a_function_decides_something(text: str, decides: bool) -> None:
    assert has_function(ast.parse(text)) is decides


@pytest.mark.parametrize(
    ("files", "tests", "untested", "wrong"),
    [
        ({"filter/a.py"}, {"filter/test_a.py"}, (), []),
        ({"module_utils/_a/b.py"}, {"module_utils/_a/test_b.py"}, (), []),
        ({"module_utils/_b.py"}, {"module_utils/test_b.py"}, (), []),
        ({"module_utils/_b.py"}, set(), ["module_utils/_b.py"], []),
        ({"filter/a.py"}, {"action/test_a.py"}, (), ["filter/a.py has no test filter/test_a.py"]),
        (set(), set(), ["filter/a.py"], ["filter/a.py does not exist: take it out of UNTESTED"]),
        ({"filter/a.py"}, {"filter/test_a.py"}, ["filter/a.py"], ["filter/a.py has a test: take it out of UNTESTED"]),
    ],
)
def test_a_file_without_a_test_is_seen(
    files: set[str], tests: set[str], untested: Collection[str], wrong: list[str]
) -> None:
    assert without_mirror(files, tests, untested) == wrong


@pytest.mark.parametrize(
    ("tests", "across", "wrong"),
    [
        ({"filter/test_a.py"}, (), []),
        ({"filter/test_b.py"}, ["filter/test_b.py"], []),
        ({"filter/test_b.py"}, (), ["filter/test_b.py is the test of no file"]),
        (set(), ["filter/test_b.py"], ["filter/test_b.py does not exist: take it out of ACROSS"]),
        (
            {"filter/test_a.py"},
            ["filter/test_a.py"],
            ["filter/test_a.py is the test of one file: take it out of ACROSS"],
        ),
    ],
)
def test_a_test_without_a_file_is_seen(tests: set[str], across: Collection[str], wrong: list[str]) -> None:
    assert without_file(tests, ["filter/a.py"], across) == wrong
