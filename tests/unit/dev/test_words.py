"""The lint of words that a reader has to read twice."""

from __future__ import annotations

import pytest

from dev import words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Nobody is asked", [(1, "nobody")]),
        ("all is well\nwhoever runs it shall wait", [(2, "whoever"), (2, "shall")]),
        ("the servers beside it", [(1, "beside")]),
        ("besides this one", []),
        ("where the run stands", [(1, "stands")]),
        ("it stands for both, and stands in for AWS", []),
        ("a stand-in", []),
        ("nobody_was_failed(beside_lines)", []),
    ],
)
def test_a_banned_word_is_found_with_its_line(text: str, found: list[tuple[int, str]]) -> None:
    assert list(words.found_in(text)) == found


def test_each_word_says_what_to_write_instead() -> None:
    for word, instead in words.BANNED.items():
        assert list(words.found_in(word)) == [(1, word)]
        assert instead
