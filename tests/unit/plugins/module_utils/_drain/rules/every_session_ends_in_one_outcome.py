"""Every session that the drain has known has one outcome in its result, and no other session has any.

A server that is allocated again plays another session: it may have one outcome for each match. The drain knows every
session of the source if nothing kept it from looking; one that came and went while no runner was there is not known.
"""

from __future__ import annotations

from collections import Counter

from tests.unit.plugins.module_utils._drain.histories.seen import DrainOver


def judge(seen: DrainOver) -> None:
    outcomes = Counter(name for name, _outcome in seen.told)
    twice = sorted(name for name, number in outcomes.items() if number > 1 + seen.earlier_matches.get(name, 0))
    assert not twice, f"{twice} have two outcomes"
    without = sorted(outcomes.keys() ^ seen.known)
    assert not without, f"{without}: known without an outcome, or the other way round"
    if seen.undisturbed:
        unseen = sorted(outcomes.keys() ^ seen.ended.keys())
        assert not unseen, f"{unseen} have ended without an outcome, or the other way round"
