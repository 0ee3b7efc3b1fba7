"""Whole drains, round by round, in the small world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure, Conflict, NotFound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    DISCONNECT,
    HANDOFF,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Predicate
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import round as rounds
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.flag import CONTROL_SECONDS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import OUTCOMES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.review import refuse_drain
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.round import (
    DrainRound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.take_back import Cancellation
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseLost

from tests.unit.plugins.module_utils._drain.world import FLEET, NAMESPACE, FakeFeed, FakeKeeper, Habits, Killed, World

FAST = Policy(
    run="run-1",
    mode=DISCONNECT,
    canary=0,
    notice=2.0,
    spread=1.0,
    connect_grace=5.0,
    deadline=60.0,
    close_grace=3.0,
    reconnect_timeout=20.0,
)


def drain_round(world: World, keeper: FakeKeeper, policy: Policy, reserve: int = 0, **more: Any) -> DrainRound:
    return DrainRound(
        policies=Policies(policy),
        source=world,
        target=world,
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
    assert result["held"] == {"arena/arena": {"seats": 1}}
    assert result["round"]["progress"].endswith("(1 idle); arena/arena: 1 wait for a free seat on the target")


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
    result = one.run(one.source_feed.relist(), one.target_feed.relist())
    assert world.writes == 0
    assert result["round"]["progress"].endswith("; no one is asked while the API server of green does not answer")


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


def test_the_first_session_is_a_canary_and_the_others_wait_for_its_players() -> None:
    world, keeper = World(seats=9), FakeKeeper()
    for number in range(6):
        world.add_session(f"s{number}", Habits(returns_after=3.0))
    policy = replace(FAST, canary=1)
    run_round(world, keeper, policy, slice_seconds=4.0)
    assert (world.writes, list(world.truth.values())) == (1, ["moved"])
    result = run_all(world, keeper, policy)
    assert result["sessions"]["moved"] == 6
    assert world.clock.seconds == pytest.approx(2.0 + 3.0 + 2.5 + 5.0, abs=1.0)


def test_an_empty_server_is_no_canary_and_waits_for_none() -> None:
    world, keeper = World(seats=9), FakeKeeper()
    for number in range(3):
        world.add_session(f"empty-{number}", players=[])
    world.add_session("full", players=["a"])
    run_round(world, keeper, replace(FAST, canary=1), slice_seconds=0.5)
    assert world.writes == 4


def test_a_canary_whose_players_do_not_come_back_stops_the_drain() -> None:
    world, keeper = World(seats=9), FakeKeeper()
    for number in range(3):
        world.add_session(f"s{number}", Habits(returns_after=None if number == 2 else 1.0))
    world.change("s2", players=["lonely"])
    policy = replace(FAST, canary=1)
    with pytest.raises(BlueGreenError, match="only 0 of 1 of the players of the canary batch came back") as stopped:
        run_all(world, keeper, policy)
    assert world.writes == 1
    assert stopped.value.details["sessions"]["moved"] == 1
    assert run_all(world, keeper, policy)["sessions"]["moved"] == 3


def test_without_a_measurement_it_stops_after_the_canary_batch_and_says_so() -> None:
    world, keeper = World(seats=9), FakeKeeper()
    for number in range(3):
        world.add_session(f"s{number}")
        del world.source[f"s{number}"]["status"]["lists"]
    with pytest.raises(BlueGreenError, match="nothing tells whether its players came back"):
        run_all(world, keeper, replace(FAST, canary=1))
    assert world.writes == 1


def test_a_metric_of_the_game_stands_in_for_player_ids() -> None:
    world, keeper = World(seats=9), FakeKeeper()
    for number in range(3):
        world.add_session(f"s{number}")
        del world.source[f"s{number}"]["status"]["lists"]
        world.source[f"s{number}"]["status"]["counters"] = {"players": {"count": 5, "capacity": 5}}
    left: list[float] = []

    def online() -> float:
        left.extend([world.now] * (sum(one == "moved" for one in world.truth.values()) - len(left)))
        return 15 - 5 * sum(world.now - moment < 2.0 for moment in left)

    result = run_all(world, keeper, replace(FAST, canary=1), online=online)
    assert result["sessions"]["moved"] == 3
    assert result["players"]["sessions_without_ids"] == 3
    assert result["players"]["aggregate"]["left"] == 15
    assert result["players"]["aggregate"]["mean_downtime_seconds"] == pytest.approx(2.0, abs=1.1)


def test_fleets_have_policies_of_their_own() -> None:
    world, keeper = World(seats=9), FakeKeeper()
    world.add_session("casual")
    world.add_session("ranked", Habits(ends_after=20.0), fleet="ranked")
    ranked = replace(FAST, mode=AT_MATCH_END)
    one = drain_round(world, keeper, FAST)
    one.policies = Policies(FAST, {("", "ranked"): ranked})
    for _round in range(3):
        result = one.run(one.source_feed.relist(), one.target_feed.relist())
    assert outcomes(result) == world.truth == {"casual": "moved", "ranked": "ended_alone"}


def test_players_per_second_stagger_the_requests() -> None:
    world, keeper = World(seats=20), FakeKeeper()
    for number in range(8):
        world.add_session(f"s{number}")
    run_round(world, keeper, replace(FAST, players_per_second=2.0, notice=60.0), slice_seconds=3.55)
    assert world.writes == pytest.approx(4, abs=1)


def test_a_paused_drain_asks_nobody_and_goes_on_within_a_round() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0")
    keeper.memory["control"] = {"state": "paused", "by": "jo", "reason": "lunch"}
    result = run_round(world, keeper, slice_seconds=5.0)
    assert world.writes == 0
    assert result["round"]["progress"].startswith("paused by jo: lunch; 1 of 1 sessions left on blue")
    keeper.memory["control"] = {"state": "running"}
    assert outcomes(run_all(world, keeper)) == {"s0": "moved"}
    assert [data["control"] for kind, data in keeper.entries if "control" in data] == ["paused"]


def test_a_drain_is_paused_in_the_middle_of_a_round() -> None:
    world, keeper = World(seats=1), FakeKeeper()
    world.add_session("s0")
    world.add_session("s1")
    world.later(1.0, lambda: keeper.memory.update(control={"state": "paused"}))
    for delay in (2.5, 3.0):
        world.later(delay, world.add_seat)
    result = run_round(world, keeper)
    assert world.writes == 1
    assert result["sessions"]["remaining"] == 1


def test_an_aborted_drain_takes_its_requests_back_and_fails() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0")
    world.later(1.0, lambda: keeper.memory.update(control={"state": "aborted", "by": "jo"}))
    policy = replace(FAST, notice=30.0)
    with pytest.raises(BlueGreenError, match=r"was aborted by jo; 1 requests were taken back") as stopped:
        run_round(world, keeper, policy)
    assert stopped.value.details["changed"] is True
    assert (world.request_of("s0").state, world.truth) == ("cancelled", {})  # type: ignore[union-attr]
    with pytest.raises(BlueGreenError, match="0 requests were taken back"):
        run_round(world, keeper, policy)


def test_handoff_names_a_server_that_was_allocated_for_the_session() -> None:
    world, keeper = World(seats=3), FakeKeeper()
    world.add_session("s0", players=["a", "b"])
    world.add_session("s1", Habits(ends_after=1.0), players=["c"])
    result = run_all(world, keeper, replace(FAST, mode=HANDOFF))
    assert outcomes(result) == {"s0": "moved", "s1": "ended_alone"}
    used = [one for one in world.target.values() if one["status"]["state"] == "Allocated"]
    assert [one["status"]["lists"]["players"]["values"] for one in used] == [["a", "b"]]
    assert used[0]["metadata"]["annotations"]["eks-bluegreen.gameops/successor-of"] == "uid-s0/run-1"
    assert len(world.target) == 2, "the server that no one came to was given back"


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (ApiFailure("error trying to reach service", 503), "error trying to reach service"),
        (NotFound("no such resource", 404), "its allocation API was not found"),
        (None, "none is free"),
    ],
)
def test_why_a_handoff_gets_no_server_is_told(
    monkeypatch: pytest.MonkeyPatch, failure: ApiFailure | None, why: str
) -> None:
    world, keeper = World(seats=5), FakeKeeper()
    world.add_session("s0")

    def allocate(_fleet: tuple[str, str], _annotations: Mapping[str, str]) -> str:
        if failure:
            raise failure
        return ""

    monkeypatch.setattr(world, "allocate", allocate)
    result = run_round(world, keeper, replace(FAST, mode=HANDOFF))
    told = f"; arena/arena: green gives no server for a handoff: {why}"
    assert result["round"]["progress"].endswith(told)
    monkeypatch.undo()
    assert told not in run_round(world, keeper, replace(FAST, mode=HANDOFF))["round"]["progress"]


def test_a_review_that_refuses_lets_nothing_be_written() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0")
    one = drain_round(world, keeper, FAST)
    asked: list[bool] = []

    def review(begins: bool) -> None:
        asked.append(begins)
        if len(asked) == 1:
            refuse_drain(["a", "b"])

    with pytest.raises(BlueGreenError, match="nothing was written: a; b"):
        one.review(review)
    assert (world.writes, keeper.memory, keeper.entries, keeper.kept) == (0, {}, [], 0)
    one.review(review)
    one.run(one.source_feed.relist(), one.target_feed.relist())
    one.review(review)
    assert asked == [True, True]
    for changed in ({"runner": "another one"}, {"predicate": Predicate(counter="sesions")}):
        del asked[2:]
        one.settings = replace(one.settings, **changed)
        one.review(review)
        assert asked[2:] == [False], changed
        one.run(one.source_feed.relist(), one.target_feed.relist())


def test_no_notice_is_shortened_by_the_time_that_many_writes_take() -> None:
    world, keeper = World(seats=9), FakeKeeper()
    for number in range(4):
        world.add_session(f"s{number}")
    asked: dict[str, float] = {}

    def take_time(name: str) -> None:
        asked[name] = world.now
        world.clock.seconds += 1.0

    world.before_write = take_time
    run_round(world, keeper, replace(FAST, notice=30.0), slice_seconds=5.0)
    notices = []
    for name in world.source:
        request = world.request_of(name)
        assert request is not None
        notices.append(round(request.not_before - asked[name], 3))
    assert min(notices) >= 30.0


class SlowWrites:
    """Each write takes a twentieth of a second; notes when each session was first asked."""

    def __init__(self, world: World, sessions: int) -> None:
        self.world = world
        self.asked: dict[str, float] = {}
        for number in range(sessions):
            world.add_session(f"s{number}", Habits(acknowledges_after=None))
        world.before_write = self.write

    def write(self, name: str) -> None:
        self.asked.setdefault(name, self.world.clock.seconds)
        self.world.advance(0.05)


class TimedKeeper(FakeKeeper):
    """Notes when the lease was kept, and the memory saved."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.kept_at: list[float] = []
        self.saves = 0

    def keep(self) -> None:
        super().keep()
        self.kept_at.append(self._world.clock.seconds)

    def save(self, name: str, value: Mapping[str, Any]) -> None:
        super().save(name, value)
        self.saves += 1


GENTLE = replace(FAST, mode=AT_MATCH_END, resignal=())


def test_a_change_is_acted_upon_within_a_second_while_hundreds_of_writes_wait() -> None:
    world = World()
    keeper, slow = TimedKeeper(world), SlowWrites(world, 300)
    allocated = [2.01, 5.02, 9.13]

    def allocate(name: str) -> None:
        world.add_session(name)
        world._tell("source", name)

    for at in allocated:
        world.later(at, lambda at=at: allocate(f"late-{at}"))  # type: ignore[misc]
    run_round(world, keeper, GENTLE)
    assert len(slow.asked) == 303
    assert max(slow.asked[f"late-{at}"] - at for at in allocated) < 0.5
    gaps = [after - before for before, after in zip(keeper.kept_at, keeper.kept_at[1:], strict=False)]
    assert max(gaps) < 2.5
    assert keeper.saves < 22 + len(allocated)


@pytest.mark.parametrize(("sessions", "asked"), [(120, 120), (620, 600)])
def test_a_round_goes_on_while_there_is_more_to_write_but_not_for_ever(sessions: int, asked: int) -> None:
    world = World()
    slow = SlowWrites(world, sessions)
    run_round(world, FakeKeeper(), GENTLE, slice_seconds=5.0)
    assert len(slow.asked) == pytest.approx(asked, abs=5)
    assert world.clock.seconds < 5.0 + rounds.MORE_SECONDS + 1.0


def test_a_pause_stops_the_requests_that_wait_to_be_written() -> None:
    world = World()
    keeper, slow = FakeKeeper(), SlowWrites(world, 300)
    world.later(3.0, lambda: keeper.memory.update(control={"state": "paused"}))
    result = run_round(world, keeper, GENTLE)
    assert len(slow.asked) < 20 * (3.0 + CONTROL_SECONDS + 0.5)
    assert result["states"]["idle"] == 300 - len(slow.asked)
    keeper.memory["control"] = {"state": "running"}
    run_round(world, keeper, GENTLE)
    assert len(slow.asked) == 300


def test_a_view_that_grows_stale_stops_the_requests_that_wait_to_be_written() -> None:
    world = World()
    keeper, slow = FakeKeeper(), SlowWrites(world, 300)
    one = drain_round(world, keeper, GENTLE)
    world.later(3.0, lambda: setattr(one.target_feed, "fresh", False))
    one.run(one.source_feed.relist(), one.target_feed.relist())
    assert len(slow.asked) < 70


def test_requests_wait_when_seats_are_lost_before_they_are_written() -> None:
    world = World(seats=40)
    keeper, slow = FakeKeeper(), SlowWrites(world, 40)
    for _number in range(30):
        world.later(0.51, world.take_seat)
    run_round(world, keeper, replace(FAST, notice=60.0))
    assert len(slow.asked) < 20
    assert world.worst <= len(slow.asked)


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


def test_cancelling_survives_an_api_server_that_is_busy() -> None:
    world, keeper = World(), FakeKeeper()
    world.add_session("s0", Habits(acknowledges_after=None))
    run_round(world, keeper, slice_seconds=0.5)
    troubles = [ApiFailure("busy", 503), Conflict("changed", 409)]

    def trouble(_name: str) -> None:
        if troubles:
            raise troubles.pop()

    world.before_write = trouble
    result = Cancellation(world, FakeFeed(world, "source"), keeper, FAST.domain).run(check_mode=False)
    assert (result["cancelled"], troubles) == (1, [])
    request = world.request_of("s0")
    assert request is not None
    assert (request.state, request.seq) == ("cancelled", 2)


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
