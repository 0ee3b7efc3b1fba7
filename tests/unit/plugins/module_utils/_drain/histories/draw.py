"""What a history of a drain is, and the strategies of hypothesis that draw one: `histories()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    DISCONNECT,
    HANDOFF,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from hypothesis import strategies as st

from tests.unit.plugins.module_utils._drain.world import Habits

FLEETS = ("arena", "lobby")
RUN = "run-1"
RECONNECT_SECONDS = 8.0
# A runner dies at one of so many first writes.
MOST_WRITES = 12


@dataclass(frozen=True)
class Party:
    """One session of the source."""

    habits: Habits
    fleet: str = "arena"
    players: int = 2


@dataclass(frozen=True)
class Kill:
    """The runner dies before or after its n-th write from now on; another one comes `gap` seconds later."""

    write: int
    after: bool
    gap: float
    rolls_back: bool = False


@dataclass(frozen=True)
class Event:
    """Something happens at a moment: see `_happen`."""

    at: float
    what: str
    fleet: str = "arena"
    amount: float = 0.0


@dataclass(frozen=True)
class History:
    parties: tuple[Party, ...]
    policies: Policies
    seats: Mapping[str, int]
    reserve: int = 0
    pod_lag: float = 0.0
    # Whether a rollback reaches it.
    target_answers: bool = True
    kills: tuple[Kill, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def is_undisturbed(self) -> bool:
        """Nothing keeps the runner from seeing what happens."""
        return not self.kills and not {event.what for event in self.events} & {"jump", "rollback", "aborted", "slow"}


habits = st.builds(
    Habits,
    ends_after=st.sampled_from([None, None, 1.0, 3.0, 9.0, 25.0, 60.0]),
    acknowledges_after=st.sampled_from([0.1, 0.4, 0.4, 3.0, None]),
    refuses=st.sampled_from([False, False, False, True]),
    closes_for=st.sampled_from([0.2, 0.2, 2.0, 30.0]),
    pod_stays=st.sampled_from([0.1, 4.0]),
    crashes_after=st.sampled_from([None, None, None, None, 4.0]),
    returns_after=st.sampled_from([0.5, 2.0, 6.0, 12.0, None]),
)
parties = st.builds(Party, habits, st.sampled_from(["arena", "arena", "lobby"]), st.integers(0, 4))
kills = st.builds(
    Kill,
    st.integers(1, MOST_WRITES),
    st.booleans(),
    st.sampled_from([0.0, 1.0, 20.0]),
    st.sampled_from([False, False, False, True]),
)
events = st.builds(
    Event,
    st.floats(0, 60).map(lambda at: round(at, 1)),
    st.sampled_from(
        [
            "stranger",
            "stranger",
            "seat",
            "seat",
            "conflict",
            "failure",
            "slow",
            "jump",
            "rollback",
            "paused",
            "running",
            "aborted",
            "reallocated",
        ]
    ),
    st.sampled_from(FLEETS),
    st.sampled_from([-600.0, -5.0, 5.0, 600.0]),
)


def policies_of(mode: str, more: Mapping[str, Any], notice: float = 2.0) -> Policy:
    return Policy(
        run=RUN,
        mode=mode,
        notice=notice,
        spread=1.0,
        connect_grace=5.0,
        close_grace=3.0,
        reconnect_timeout=RECONNECT_SECONDS,
        resignal=(5.0, 10.0),
        acknowledge=2.0,
        confirm=3.0,
        settle=6.0,
        **more,
    )


limits = st.fixed_dictionaries(
    {
        "interrupt_at_deadline": st.sampled_from([False, False, True]),
        "deadline": st.sampled_from([12.0, 60.0, 500.0]),
        "canary": st.integers(0, 2),
        "most_at_once": st.sampled_from([None, None, 1, 3]),
        "players_per_second": st.sampled_from([None, None, 1.0]),
    }
)
policy = st.builds(policies_of, st.sampled_from([AT_MATCH_END, DISCONNECT, DISCONNECT, HANDOFF]), limits)


def any_history() -> st.SearchStrategy[History]:
    return st.builds(
        History,
        parties=st.lists(parties, max_size=7).map(tuple),
        policies=st.builds(
            lambda default, lobby: Policies(default, {} if lobby is None else {("", "lobby"): lobby}),
            policy,
            st.none() | policy,
        ),
        seats=st.fixed_dictionaries({fleet: st.integers(0, 4) for fleet in FLEETS}),
        reserve=st.integers(0, 2),
        pod_lag=st.sampled_from([0.0, 0.0, 12.0]),
        target_answers=st.sampled_from([True, True, False]),
        kills=st.lists(kills, max_size=4).map(tuple),
        events=st.lists(events, max_size=5).map(tuple),
    )


def early_rollback() -> st.SearchStrategy[History]:
    """A rollback while many are asked to go and no one has closed yet: seldom met by chance."""
    at = st.floats(0, 7).map(lambda at: round(at, 1))
    return st.builds(
        History,
        parties=st.lists(parties, min_size=1, max_size=7).map(tuple),
        policies=st.builds(
            lambda one: Policies(one),
            st.builds(policies_of, st.sampled_from([HANDOFF, HANDOFF, DISCONNECT]), limits, st.just(6.0)),
        ),
        seats=st.fixed_dictionaries({fleet: st.integers(1, 6) for fleet in FLEETS}),
        target_answers=st.sampled_from([True, True, True, False]),
        kills=st.lists(kills, max_size=4).map(tuple),
        events=st.lists(
            st.builds(Event, at, st.sampled_from(["conflict", "failure", "slow", "rollback"])), max_size=3
        ).map(lambda more: (Event(5.0, "rollback"), *more)),
    )


def pods_that_stay() -> st.SearchStrategy[History]:
    """Sessions that are shut down at the deadline, and whose pods outlast their grace period: never met by chance."""
    slow = st.builds(
        Habits,
        acknowledges_after=st.sampled_from([0.1, None]),
        closes_for=st.sampled_from([0.2, 30.0]),
        pod_stays=st.sampled_from([4.0, 75.0, 75.0]),
    )
    party = st.builds(Party, slow, st.just("arena"), st.integers(0, 4))
    interrupting = limits.map(lambda more: {**more, "interrupt_at_deadline": True, "deadline": 12.0})
    policy = st.builds(policies_of, st.sampled_from([AT_MATCH_END, DISCONNECT]), interrupting)
    return st.builds(
        History,
        parties=st.lists(party, min_size=1, max_size=4).map(tuple),
        policies=st.builds(lambda one: Policies(one), policy),
        seats=st.fixed_dictionaries({fleet: st.integers(0, 4) for fleet in FLEETS}),
        kills=st.lists(kills, max_size=2).map(tuple),
        events=st.lists(events, max_size=2).map(tuple),
    )


def histories() -> st.SearchStrategy[History]:
    """One in five is an early rollback, one in twenty has pods that stay; one that fails shrinks to the plain kind."""
    return st.integers(0, 19).flatmap(_of_kind)


def _of_kind(kind: int) -> st.SearchStrategy[History]:
    if kind < 15:
        return any_history()
    return early_rollback() if kind < 19 else pods_that_stay()
