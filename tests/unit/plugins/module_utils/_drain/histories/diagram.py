"""Draws what was seen in a history: time runs down; runner, source and target are side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tests.unit.plugins.module_utils._drain.histories.seen import Seen

HEAD = ("seconds", "runner", "source", "target", "free seats")
Row = tuple[str, ...]


def diagram(story: Sequence[Seen], broken: str = "") -> str:
    """The lines of the diagram; the last one says what is broken, if anything is."""
    rows = [HEAD, *_rows(story)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    head, *lines = [_line(row, widths) for row in rows]
    if broken:
        lines.append(f"{story[-1].at:{widths[0]}.2f} | BROKEN: {broken}")
    return "\n".join([head, "-+-".join("-" * width for width in widths), *lines])


def _rows(story: Sequence[Seen]) -> Iterator[Row]:
    """What has nothing to say is left out, and so is what says the same again if once is enough."""
    said: dict[str, str] = {}
    free = ""
    for seen in story:
        text, seats = str(seen), _seats(seen.free) or free
        if not text or (seen.is_told_once and said.get(seen.column) == text):
            continue
        said[seen.column] = text
        columns = [text if name == seen.column else "" for name in HEAD[1:4]]
        yield (f"{seen.at:.2f}", *columns, seats if seats != free else "")
        free = seats


def _line(row: Row, widths: Sequence[int]) -> str:
    first, *others = row
    cells = [first.rjust(widths[0]), *(cell.ljust(width) for cell, width in zip(others, widths[1:], strict=True))]
    return " | ".join(cells).rstrip()


def _seats(free: Mapping[str, int] | None) -> str:
    return ", ".join(f"{fleet} {seats}" for fleet, seats in (free or {}).items())
