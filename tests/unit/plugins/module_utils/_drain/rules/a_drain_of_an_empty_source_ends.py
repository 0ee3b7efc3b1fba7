"""When the last server of the source has gone, the drain says that it is finished, in less than two minutes."""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import TimeUp


def judge(seen: TimeUp) -> None:
    assert not seen.source_was_empty, "the drain does not end though its source is empty"
