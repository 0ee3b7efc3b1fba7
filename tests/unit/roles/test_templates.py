"""What decides is Python, with tables of tests. A template may choose in a few words; it does not judge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FILES = sorted(
    [
        *ROOT.glob("roles/*/tasks/**/*.yml"),
        *ROOT.glob("roles/*/vars/**/*.yml"),
        *ROOT.glob("roles/*/defaults/**/*.yml"),
        *ROOT.glob("playbooks/**/*.yml"),
    ]
)
LONGEST = 3
EXPRESSION = re.compile(r"{{.*?}}", re.DOTALL)
STATEMENT = re.compile(r"{%.*?%}", re.DOTALL)
# Their values are expressions without braces.
CONDITIONS = {"when", "until", "that", "failed_when", "changed_when", "break_when"}
BLOCK = re.compile(r"\A[>|][-+0-9]*\n")
TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
LOOP = re.compile(r"\bfor\s+\w+(\s*,\s*\w+)*\s+in\b")
DECIDES = re.compile(r"\b(if|elif|else|and|or|not|in|is|ternary|select|selectattr|reject|rejectattr)\b|==|!=|[<>]=?")


@dataclass(frozen=True)
class Template:
    """A template, and where it begins."""

    line: int
    text: str

    @property
    def lines(self) -> int:
        return self.text.rstrip().count("\n") + 1

    @property
    def decides(self) -> bool:
        """Whether something in it depends on a value; a loop that hands things on does not."""
        return bool(DECIDES.search(LOOP.sub(" ", TEXT.sub("''", self.text))))


def templates(source: str) -> Iterator[Template]:
    """Every expression of a file; where a value has statements, all of them together."""
    for key, node in scalars(yaml.compose(source)):
        begin, text = node.start_mark.index, source[node.start_mark.index : node.end_mark.index]
        found = [(match.start(), match.end()) for match in EXPRESSION.finditer(text)]
        statements = list(STATEMENT.finditer(text))
        if statements:
            found = [(statements[0].start(), statements[-1].end())]
        elif not found and key in CONDITIONS:
            found = [(len(text) - len(BLOCK.sub("", text)), len(text))]
        for start, end in found:
            yield Template(source.count("\n", 0, begin + start) + 1, text[start:end])


def scalars(node: yaml.Node | None, key: str = "") -> Iterator[tuple[str, yaml.ScalarNode]]:
    """Every value with the key that it is under, in a list too."""
    if isinstance(node, yaml.ScalarNode):
        yield key, node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from scalars(item, key)
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from scalars(value, str(name.value))


def judging(source: str) -> list[str]:
    """The templates of a file that decide in more than a few lines."""
    found = [one for one in templates(source) if one.decides and one.lines > LONGEST]
    return [f"line {one.line}: {one.lines} lines" for one in found]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_long_template_decides(path: Path) -> None:
    assert judging(path.read_text()) == [], "let a module, a filter or the library decide"


LONG_CHOICE = """
name: >-
  {{ 'one'
     if known
     else
     'other' }}
"""
CHAINED = """
name: >-
  {{ (['a']
      | selectattr('x'))
     + ['b']
     | list }}
"""
STATEMENTS = """
name: >-
  {%- for one in all -%}
  {%- if one -%}
  {{ one }}
  {%- endif -%}
  {%- endfor -%}
"""
CONDITION = """
- when: >-
    one
    and two
    and three
    and four
"""
HANDED_ON = """
name: >-
  {%- set found = [] -%}
  {%- for one in all -%}
  {%- set _ = found.append({'name': one.name, 'if': one.value | default(none)}) -%}
  {%- endfor -%}
  {{ found }}
tags: >-
  {{ mine | combine({
       'or': 1,
       'not': 2,
       'in': 3}) }}
text: >-
  a long text, if any, is
  told of {{ this }} and
  not decided, or
  of {{ 'that' if known else 'other' }}
"""


@pytest.mark.parametrize("source", [LONG_CHOICE, CHAINED, STATEMENTS, CONDITION])
def test_a_long_decision_is_found(source: str) -> None:
    assert len(judging(source)) == 1


def test_what_only_hands_on_is_none() -> None:
    assert judging(HANDED_ON) == []
    assert len(list(templates(HANDED_ON))) == 4
