from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import format_time
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.order import is_idle, sort_key

from tests.unit.plugins.module_utils._drain.world import START

GRACE = 60.0


def session(name: str, age: float, players: int | None, counted: int | None = None) -> Session:
    known = Session("arena", name, name, "arena", format_time(START - age), START)
    return replace(known, players=None if players is None else ["p"] * players, counted=counted)


SESSIONS = [
    session("empty", 300, 0),
    session("connecting", 5, 0),
    session("young-pair", 100, 2),
    session("old-pair", 900, 2),
    session("full", 200, 5),
    session("unknown", 400, None),
    session("counted", 500, None, 1),
    session("counted-empty", 700, None, 0),
]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (
            ("idle", "fewest_players", "youngest"),
            "empty counted-empty counted young-pair old-pair full connecting unknown",
        ),
        (("idle", "oldest"), "counted-empty empty old-pair counted unknown full young-pair connecting"),
        (("most_players", "youngest"), "full young-pair old-pair counted connecting empty unknown counted-empty"),
        (("youngest",), "connecting young-pair full empty unknown counted counted-empty old-pair"),
    ],
)
def test_orders(order: tuple[str, ...], names: str) -> None:
    found = sorted(SESSIONS, key=lambda one: sort_key(one, order, GRACE, START))
    assert " ".join(one.name for one in found) == names


def test_idle_is_known_to_be_empty_and_not_about_to_fill() -> None:
    assert [one.name for one in SESSIONS if is_idle(one, GRACE, START)] == ["empty", "counted-empty"]
