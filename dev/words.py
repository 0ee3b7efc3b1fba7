"""Looks for words that a reader at 3 a.m. has to read twice: `python dev/words.py` lists each with its place."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# By word, what to write instead.
BANNED = {
    "beside": "besides, next to, along with",
    "nobody": "no one",
    "shall": "should, must or will",
    "stands": "is; `stands for` may stay",
    "whoever": "you, the one that, anyone who",
}
# `stands for` and `stands in for` are what one says.
PATTERN = re.compile(r"\b(beside|nobody|shall|stands(?! (?:for|in for)\b)|whoever)\b", re.IGNORECASE)
# The texts of others, and the pages that name these words.
EXEMPT = ("LICENSE", "dev/words.py", "tests/unit/dev/test_words.py")


def found_in(text: str) -> Iterator[tuple[int, str]]:
    """The number of the line, and the word, of each that should be another."""
    for number, line in enumerate(text.splitlines(), 1):
        yield from ((number, match.group(1).lower()) for match in PATTERN.finditer(line))


def tracked_files() -> Iterator[Path]:
    """Text files that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for path in (ROOT / name for name in names if name and name not in EXEMPT):
        if path.is_file() and not path.is_symlink() and b"\0" not in path.read_bytes()[:1024]:
            yield path


def main() -> int:
    """The number of words found, at most 1, as an exit code."""
    wrong = 0
    for path in tracked_files():
        for number, word in found_in(path.read_text(errors="replace")):
            print(f"{path.relative_to(ROOT)}:{number}: '{word}': write {BANNED[word]}")
            wrong += 1
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
