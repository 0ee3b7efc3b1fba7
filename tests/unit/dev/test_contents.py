"""README lists what the collection has, in the words of each part's own documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev.contents import BEGIN, END, README, ContentsError, Section, first_sentence, put, render, sections

TABLE = "### Filters\n\n| Filter | Gives |\n| --- | --- |\n| `one` | A thing |\n"


def test_readme_is_what_the_generator_gives() -> None:
    written = README.read_text()
    assert written == put(written, render(sections())), "run: python -m dev.contents"


def test_what_is_between_the_marks_is_replaced_and_nothing_else() -> None:
    found = render([Section("Filters", ("Filter", "Gives"), [("`one`", "A thing")])])
    assert put(f"before\n{BEGIN}old\n{END}after\n", found) == f"before\n{BEGIN}\n{TABLE}\n{END}after\n"


@pytest.mark.parametrize(("readme", "missing"), [("", BEGIN), (END, BEGIN), (BEGIN, END), (END + BEGIN, END)])
def test_a_readme_without_a_mark_is_refused(readme: str, missing: str) -> None:
    with pytest.raises(ContentsError) as refused:
        put(readme, TABLE)
    assert missing.strip() in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("---\n# Move it. And more.\n- name: Play\n", "Move it"),
        ("---\n# Move it: over two\n# lines. And more.\n#   command\n- name: Play\n", "Move it: over two lines"),
        ("---\n# Move to 1.2 of it.\n- name: Play\n", "Move to 1.2 of it"),
    ],
)
def test_a_playbook_is_told_by_the_first_sentence_of_its_header(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "one.yml"
    path.write_text(text)
    assert first_sentence(path) == sentence


@pytest.mark.parametrize("text", ["---\n- name: Play\n  # Not the header.\n", "---\n# No sentence\n- name: Play\n"])
def test_a_playbook_without_a_sentence_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "one.yml"
    path.write_text(text)
    with pytest.raises(ContentsError, match=r"one\.yml does not begin with a comment"):
        first_sentence(path)


@pytest.mark.parametrize(
    ("title", "pattern"),
    [
        ("Playbooks", "playbooks/*.yml"),
        ("Roles", "roles/*/meta"),
        ("Modules", "plugins/modules/*.py"),
        ("Filters", "plugins/filter/*.py"),
    ],
)
def test_nothing_is_left_out(title: str, pattern: str) -> None:
    (section,) = [one for one in sections() if one.title == title]
    paths = README.parent.glob(pattern)
    names = sorted(path.parent.name if path.is_dir() else path.stem for path in paths)
    assert [name.split("`")[1] for name, _words in section.rows] == names
