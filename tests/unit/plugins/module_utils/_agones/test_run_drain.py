"""Whole drains, round by round, in the small world."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import run_drain
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import AT_MATCH_END, DISCONNECT
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.drain import STATES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.memory import Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.outcome import OUTCOMES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.run_drain import (
    Cancellation,
    DrainRound,
    Settings,
    buffer_seats,
    progress_text,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LeaseLost
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.plugins.module_utils._agones.world import FLEET, NAMESPACE, FakeFeed, FakeKeeper, Habits, Killed, World

FAST = Policy(
    run="run-1",
    mode=DISCONNECT,
    notice=2.0,
    spread=1.0,
    connect_grace=5.0,
    deadline=60.0,
    close_grace=3.0,
    reconnect_timeout=20.0,
)


def drain_round(world: World, keeper: FakeKeeper, policy: Policy, reserve: int = 0, **more: Any) -> DrainRound:
    return DrainRound(
        policy=policy,
        source=world,
        source_feed=FakeFeed(world, "source"),
        target_feed=FakeFeed(world, "target"),
        keeper=keeper,
        clock=world.clock,
        reserve={(NAMESPACE, FLEET): reserve},
        settings=Settings([NAMESPACE], source_slot="blue", target_slot="green"),
        **more,
    )


def run_round(world: World, keeper: FakeKeeper, policy: Policy = FAST, **more: Any) -> dict[str, Any]:
    one = drain_round(world, keeper, policy, **more)
    return one.run(one.source_feed.relist(), one.target_feed.relist())


def run_all(
    world: World, keeper: FakeKeeper, policy: Policy = FAST, limit: float = 600.0, **more: Any
) -> dict[str, Any]:
    changed = False
    while world.clock.seconds < limit:
        result = run_round(world, keeper, policy, **more)
        changed = changed or result["changed"]
        if result["round"]["finished"]:
            return {**result, "changed": changed}
    raise AssertionError(f"not drained after {limit} seconds: {result['round']['progress']}")


def outcomes(result: dict[str, Any]) -> dict[str, str]:
    found = {one["name"]: one["outcome"] for one in result["outcomes"]}
    assert len(found) == len(result["outcomes"])
    return found


def test_disconnect_moves_everyone_and_measures_their_downtime() -> None:
    world, keeper = World(seats=5), FakeKeeper()
    for number in range(4):
        world.add_session(f"s{number}")
    result = run_all(world, keeper)
    assert outcomes(result) == world.truth == {f"s{number}": "moved" for number in range(4)}
    assert result["sessions"] == {**dict.fromkeys(OUTCOMES, 0), "total": 4, "remaining": 0, "moved": 4}
    assert result["players"]["moved"] == result["players"]["returned"] == 8
    assert result["players"]["downtime_seconds"]["max"] == pytest.approx(1.5, abs=0.11)
    assert world.clock.seconds == pytest.approx(2.5 + 5, abs=1.2)
    assert result["changed"] is True


def test_nobody_is_closed_before_the_notice_is_over() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0")
    run_all(world, keeper, replace(FAST, notice=7.0))
    assert world.truth == {"s0": "moved"}
    assert world.clock.seconds > 7 + FAST.confirm


def test_an_empty_source_takes_two_readings_and_changes_nothing() -> None:
    world, keeper = World(), FakeKeeper()
    result = run_all(world, keeper)
    assert (result["changed"], result["drained"], world.writes) == (False, True, 0)
    assert world.clock.seconds == pytest.approx(FAST.confirm, abs=0.2)


def test_batches_are_as_large_as_the_seats_less_the_reserve() -> None:
    world, keeper = World(seats=4), FakeKeeper()
    for number in range(6):
        world.add_session(f"s{number}")
    run_round(world, keeper, reserve=2, slice_seconds=1.0)
    assert world.writes == 2
    for delay in (10.0, 11.0, 12.0):
        world.later(delay, world.add_seat)
    result = run_all(world, keeper, reserve=2)
    assert result["sessions"]["moved"] == 6
    assert world.worst <= 0


def test_a_reserve_that_is_all_there_is_does_not_hold_the_drain_for_ever() -> None:
    world, keeper = World(seats=3), FakeKeeper()
    for number in range(3):
        world.add_session(f"s{number}")
    result = run_all(world, keeper, reserve=3)
    assert result["sessions"]["moved"] == 3


def test_without_a_seat_nobody_is_asked() -> None:
    world, keeper = World(seats=0), FakeKeeper()
    world.add_session("s0")
    result = run_round(world, keeper)
    assert (world.writes, result["round"]["finished"], result["states"]["idle"]) == (0, False, 1)


def test_at_match_end_all_are_asked_at_once_and_end_by_themselves() -> None:
    world, keeper = World(seats=0), FakeKeeper()
    for number in range(5):
        world.add_session(f"s{number}", Habits(ends_after=10.0 + 8 * number))
    result = run_all(world, keeper, replace(FAST, mode=AT_MATCH_END))
    assert world.writes == 5
    assert result["sessions"]["ended_alone"] == 5
    assert result["players"]["moved"] == 0


def test_a_deaf_server_is_asked_four_times_then_called_silent_and_waited_for() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0", Habits(acknowledges_after=None, ends_after=70.0))
    policy = replace(FAST, deadline=500.0)
    for _round in range(3):
        result = run_round(world, keeper, policy)
    assert (world.writes, result["states"]["silent"]) == (4, 1)
    assert outcomes(run_all(world, keeper, policy)) == {"s0": "ended_alone"}
    assert world.writes == 4


def test_a_server_that_refuses_keeps_no_seat_and_is_left_alone() -> None:
    world, keeper = World(seats=1), FakeKeeper()
    world.add_session("s0", Habits(refuses=True, ends_after=40.0), players=["a"])
    world.add_session("s1")
    result = run_all(world, keeper)
    assert outcomes(result) == {"s0": "ended_alone", "s1": "moved"}


def test_a_crash_is_a_lost_session() -> None:
    world, keeper = World(seats=0), FakeKeeper()
    world.add_session("s0", Habits(crashes_after=3.0))
    assert outcomes(run_all(world, keeper)) == {"s0": "lost"}


def test_a_session_is_there_until_its_pod_is_gone() -> None:
    world, keeper = World(pods_outlive_servers=True), FakeKeeper()
    world.add_session("s0", Habits(ends_after=1.0))
    world.later(8.0, lambda: world.pods.discard("s0"))
    run_all(world, keeper, replace(FAST, mode=AT_MATCH_END))
    assert world.clock.seconds > 8 + FAST.confirm


def test_players_who_never_return_free_their_seat_after_the_timeout() -> None:
    world, keeper = World(seats=1), FakeKeeper()
    world.add_session("s0", Habits(returns_after=None), players=["a"])
    world.add_session("s1", players=["b", "c"])
    result = run_all(world, keeper)
    assert world.clock.seconds > FAST.reconnect_timeout
    assert (result["players"]["returned"], result["players"]["away"]) == (2, 1)


def test_a_deadline_interrupts_only_when_told_to() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0")
    policy = replace(FAST, mode=AT_MATCH_END, deadline=10.0)
    for _round in range(2):
        result = run_round(world, keeper, policy)
    assert (world.truth, result["states"]["overdue"]) == ({}, 1)
    result = run_all(world, keeper, replace(policy, interrupt_at_deadline=True))
    assert outcomes(result) == {"s0": "interrupted"}
    assert world.truth == {"s0": "moved"}, "it closed by the contract, after full notice"


def test_a_server_that_does_not_go_at_its_deadline_is_shut_down_then_its_pod_deleted() -> None:
    world, keeper = World(), FakeKeeper()
    deaf = Habits(acknowledges_after=None, pod_stays=1000.0)
    world.add_session("s0", replace(deaf, pod_stays=0.5))
    world.add_session("s1", deaf)
    policy = replace(FAST, mode=AT_MATCH_END, deadline=10.0, interrupt_at_deadline=True, resignal=(3.0,))
    result = run_all(world, keeper, policy)
    assert outcomes(result) == {"s0": "interrupted", "s1": "forced"}


def test_a_stale_view_asks_nobody() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0")
    one = drain_round(world, keeper, FAST)
    one.target_feed.fresh = False  # type: ignore[misc]
    one.run(one.source_feed.relist(), one.target_feed.relist())
    assert world.writes == 0


def test_a_lost_race_is_read_again_and_decided_again() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0")
    one = drain_round(world, keeper, FAST)
    first = one.source_feed.relist()
    world.change("s0", players=["other"])
    world._events["source"].clear()
    one.run(first, one.target_feed.relist())
    assert world.conflicts == 1
    assert world.truth == {"s0": "moved"}


def test_a_lost_lease_stops_the_round_and_leaves_the_memory_alone() -> None:
    class Rival(FakeKeeper):
        def keep(self) -> None:
            super().keep()
            if self.kept > 1:
                raise LeaseLost("taken over")

    world, keeper = World(), Rival()
    world.add_session("s0", Habits(ends_after=1.0))
    with pytest.raises(LeaseLost):
        run_round(world, keeper, replace(FAST, mode=AT_MATCH_END))
    assert world.writes == 0


def test_a_killed_runner_s_request_is_issued_again_with_full_notice() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0", Habits(acknowledges_after=None))
    world.die_at_write = -1
    with pytest.raises(Killed):
        run_round(world, keeper)
    world.advance(15.0)
    world.habits["s0"].acknowledges_after = 0.1
    result = run_round(world, keeper)
    request = world.truth
    assert request == {"s0": "moved"}
    assert world.writes == 2
    assert outcomes(result) == {"s0": "moved"}


def test_what_went_while_nobody_watched_is_told_from_the_last_thing_known() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0")
    world.die_at_write = -1
    with pytest.raises(Killed):
        run_round(world, keeper)
    world.advance(30.0)
    result = run_all(world, keeper)
    assert outcomes(result) == {"s0": "moved"}
    assert result["players"]["unobserved"] == 2
    assert result["players"]["downtime_seconds"]["max"] is None


def test_a_return_during_a_gap_between_rounds_is_not_measured() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0", Habits(returns_after=5.0))
    run_round(world, keeper, slice_seconds=3.0)
    world.advance(15.0)
    result = run_all(world, keeper)
    assert (result["players"]["returned"], result["players"]["unobserved"]) == (2, 2)


def test_the_journal_tells_each_change_once() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0")
    run_all(world, keeper)
    drains = [data for kind, data in keeper.entries if kind == "drain"]
    slots = [data["slots"] for kind, data in keeper.entries if kind == "sessions"]
    assert slots[0] == {"blue": 1, "green": 0}
    assert slots[-1] == {"blue": 0, "green": 1}
    assert drains[-1]["moved"] == 1
    assert len(drains) == len(slots) < 8


def test_no_player_id_is_written_anywhere() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0", players=["alice@example.com"])
    result = run_all(world, keeper)
    assert "alice" not in str(result) + str(keeper.memory) + str(keeper.entries)


def test_the_preview_counts_and_writes_nothing() -> None:
    world, keeper = World(seats=2), FakeKeeper()
    for number in range(3):
        world.add_session(f"s{number}")
    one = drain_round(world, keeper, FAST)
    result = one.preview(one.source_feed.relist(), one.target_feed.relist())
    assert (result["changed"], result["drained"]) == (True, False)
    assert result["diff"]["after"]["signalled_at_once"] == 2
    assert (world.writes, keeper.memory, keeper.kept) == (0, {}, 0)


def test_cancelling_takes_requests_back_except_from_servers_that_close() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("waiting", Habits(acknowledges_after=None))
    world.add_session("accepted")
    world.add_session("closing", Habits(closes_for=50.0))
    one = drain_round(world, keeper, replace(FAST, notice=3.0), slice_seconds=1.0)
    one.run(one.source_feed.relist(), one.target_feed.relist())
    request = world.request_of("closing")
    assert request is not None
    world.close("closing", request)
    cancellation = Cancellation(world, FakeFeed(world, "source"), keeper, FAST.domain)
    assert cancellation.run(check_mode=True)["cancelled"] == 2
    result = cancellation.run(check_mode=False)
    assert (result["changed"], result["cancelled"], result["closing"]) == (True, 2, 1)
    assert cancellation.run(check_mode=False)["changed"] is False
    world.advance(30.0)
    assert world.truth == {"closing": "moved"}


def test_a_drain_after_a_cancelled_one_of_the_same_run_asks_anew() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0")
    run_round(world, keeper, replace(FAST, notice=3.0), slice_seconds=1.0)
    Cancellation(world, FakeFeed(world, "source"), keeper, FAST.domain).run(check_mode=False)
    world.advance(5.0)
    result = run_all(world, keeper)
    assert outcomes(result) == {"s0": "moved"}
    request = keeper.memory["drain"]["ended"][0]
    assert request["outcome"] == "moved"


@pytest.mark.parametrize(
    ("size", "allocated", "seats"), [(5, 100, 5), ("20%", 40, 10), ("10%", 0, 0), ("100%", 7, 7), (0, 3, 0)]
)
def test_buffer_seats(size: int | str, allocated: int, seats: int) -> None:
    assert buffer_seats(size, allocated) == seats


def test_progress_text() -> None:
    counts = {**dict.fromkeys(STATES, 0), **dict.fromkeys(OUTCOMES, 0)}
    counts |= {"remaining": 3, "total": 9, "idle": 1, "accepted": 2, "moved": 4, "ended_alone": 2}
    text = progress_text(counts, {"moved": 20, "returned": 18}, "blue")
    assert text == ("3 of 9 sessions left on blue (1 idle, 2 accepted); 2 ended alone, 4 moved; players back 18 of 20")


habits = st.builds(
    Habits,
    ends_after=st.sampled_from([None, 1.0, 3.0, 9.0, 25.0]),
    acknowledges_after=st.sampled_from([0.1, 0.4, 3.0, None]),
    refuses=st.sampled_from([False, False, False, True]),
    closes_for=st.sampled_from([0.2, 2.0]),
    pod_stays=st.sampled_from([0.1, 4.0]),
    crashes_after=st.sampled_from([None, None, None, 4.0]),
    returns_after=st.sampled_from([0.5, 2.0, 6.0, None]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sessions=st.lists(habits, max_size=6),
    seats=st.integers(0, 5),
    reserve=st.integers(0, 3),
    kills=st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.sampled_from([0.0, 1.0, 20.0])), max_size=4),
    mode=st.sampled_from([AT_MATCH_END, DISCONNECT, DISCONNECT]),
)
def test_in_every_history_seats_suffice_and_each_session_has_one_outcome(
    monkeypatch: pytest.MonkeyPatch,
    sessions: list[Habits],
    seats: int,
    reserve: int,
    kills: list[tuple[int, bool, float]],
    mode: str,
) -> None:
    monkeypatch.setattr(run_drain, "TICK_SECONDS", 0.4)
    world, keeper = World(seats=seats, reconnect_timeout=8.0), FakeKeeper()
    policy = replace(FAST, mode=mode, reconnect_timeout=8.0, deadline=500.0)
    for number, one in enumerate(sessions):
        # Whoever would stay for ever ends at last, so that the drain can.
        world.add_session(f"s{number}", replace(one, ends_after=one.ends_after or 60.0))
    for writes, after, gap in kills:
        world.die_at_write = world.writes + writes if not after else -(world.writes + writes)
        try:
            run_round(world, keeper, policy, reserve=reserve)
        except Killed:
            world.advance(gap)
    world.die_at_write = None
    result = run_all(world, keeper, policy, reserve=reserve)
    found = outcomes(result)
    assert found.keys() == world.truth.keys() == {f"s{number}" for number in range(len(sessions))}
    assert not world.source
    assert world.worst <= 0, "more were sent away than the target could seat"
    assert set(found.values()) <= {"ended_alone", "moved", "lost"}
    if mode == AT_MATCH_END:
        assert "moved" not in world.truth.values()
    # Of a server that does not answer in time nobody can tell whether it went by the request.
    prompt = {f"s{number}" for number, one in enumerate(sessions) if (one.acknowledges_after or 9) < policy.notice}
    if not kills:
        assert {name: found[name] for name in prompt} == {name: world.truth[name] for name in prompt}
