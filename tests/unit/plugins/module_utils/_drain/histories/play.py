"""Plays a history of a drain, with all that goes wrong in it, by the real rounds in the small world.

`play` raises AssertionError where a rule of the drain does not hold.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import KubeSource, KubeTarget
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SteadyClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import OUTCOMES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.round import DrainRound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.take_back import (
    Cancellation,
    Letting,
    SuccessorRelease,
    may_have_successors,
    read_all,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseLost

from tests.unit.plugins.module_utils._drain.histories.draw import (
    FLEETS,
    MOST_WRITES,
    RECONNECT_SECONDS,
    Event,
    History,
    Kill,
    Party,
)
from tests.unit.plugins.module_utils._drain.histories.watched import SLOW_SECONDS, FakeKube, JudgedKeeper, JudgedWorld
from tests.unit.plugins.module_utils._drain.world import (
    NAMESPACE,
    FakeFeed,
    Killed,
)

Json = dict[str, Any]
# All that shall happen has happened by then; what is still there is ended from outside.
HORIZON_SECONDS = 240.0
LAST_SECONDS = 120.0
# The last of the events has happened, and the round in which it did is over.
LAST_TROUBLE_SECONDS = 100.0
# So often does a person run a rollback again: kills, troubles and other runners are fewer.
MOST_ROLLBACKS = 20
# Within that a write that met trouble is answered, and tried again.
TRIED_AGAIN_SECONDS = SLOW_SECONDS + 1.0


class Play:
    """One history as it is played."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.world = JudgedWorld(seats=0, reconnect_timeout=RECONNECT_SECONDS, policies=history.policies)
        self.world.pod_lag = history.pod_lag
        self.keeper = JudgedKeeper(self.world)
        self.kills = list(history.kills)
        self.rolls_back = False
        self.stops = 0
        for fleet, seats in history.seats.items():
            for _number in range(seats):
                self.world.add_seat(fleet)
        for number, party in enumerate(history.parties):
            members = [f"player-{number}-{one}" for one in range(party.players)]
            self.world.add_session(f"s{number}", party.habits, members, fleet=party.fleet)
        for event in history.events:
            self.world.later(event.at, lambda event=event: self._happen(event))  # type: ignore[misc]
        self.world.advance(0.0)

    def _happen(self, event: Event) -> None:
        world = self.world
        if event.what == "stranger":
            world.take_seat(event.fleet)
        elif event.what == "seat":
            world.add_seat(event.fleet)
        elif event.what == "reallocated":
            self._reallocate(event.fleet)
        elif event.what == "jump":
            world.clock.skew += event.amount
            world.clock_jumped = True
            world.behind = max(world.behind, -world.clock.skew)
        elif event.what == "rollback":
            self.keeper.is_taken_over = self.rolls_back = True
        elif event.what in ("conflict", "failure", "slow"):
            world.troubles[event.what] = 3
        else:
            self.keeper.memory["control"] = {"state": event.what}

    def _reallocate(self, fleet: str) -> None:
        """The server of one session, of one that was asked if there is, begins another match."""
        world = self.world
        there = [name for name in world.source if name not in world.truth and world.fleets[name] == fleet]
        for name in sorted(there, key=lambda name: not self._is_asked(name))[:1]:
            world.reallocate(name, [f"player-{name}-{world.matches[name]}"])

    def one_round(self) -> Json:
        clock = SteadyClock(self.world.clock)
        api: Any = FakeKube(self.world)
        one = DrainRound(
            policies=self.history.policies,
            source=KubeSource(api),
            target=KubeTarget(api),
            source_feed=FakeFeed(self.world, "source", clock),
            target_feed=FakeFeed(self.world, "target", clock),
            keeper=self.keeper,
            clock=clock,
            reserve={(NAMESPACE, fleet): self.history.reserve for fleet in FLEETS},
            settings=Settings([NAMESPACE]),
            slice_seconds=20.0,
        )
        return one.run(one.source_feed.relist(), one.target_feed.relist())

    def run_until(self, end: float) -> Json | None:
        """Rounds until the drain is done (its result), or time is up."""
        world = self.world
        while world.clock.seconds < end:
            kill = self._next_kill()
            try:
                result = self.one_round()
                if result["round"]["finished"]:
                    return result
                assert sum(result["states"].values()) == result["sessions"]["remaining"]
                self._judge_wait(result)
            except Killed:
                self._die(kill)
                self.rolls_back = self.rolls_back or (kill is not None and kill.rolls_back)
            except LeaseLost:
                assert self.rolls_back
            except BlueGreenError:
                # Somebody looks at it, and lets it go on.
                self.stops += 1
                world.advance(5.0)
                self.keeper.memory["control"] = {"state": "running"}
            if self.rolls_back:
                self.roll_back()
        return None

    def _next_kill(self, most: int = MOST_WRITES) -> Kill | None:
        """Let the runner that begins now die as the history says, at one of its first `most` writes."""
        kill = self.kills.pop(0) if self.kills else None
        self.world.dies_at = (self.world.count + 1 + (kill.write - 1) % most, kill.after) if kill else None
        return kill

    def _die(self, kill: Kill | None) -> None:
        assert kill
        self.world.dies_at = None
        self.world.advance(kill.gap)

    def _judge_wait(self, result: Json) -> None:
        """A drain that goes on names what holds each session that it does not ask."""
        held = sum(number for causes in result["held"].values() for number in causes.values())
        told = result["round"]["progress"]
        troubled = self.world.met_at >= self.world.clock.seconds - TRIED_AGAIN_SECONDS
        if "paused" not in told and self.world.clock.seconds > LAST_TROUBLE_SECONDS and not troubled:
            assert held >= result["states"]["idle"], f"{told}: nothing says what the idle ones wait for"

    def roll_back(self) -> None:
        """Take the requests back, as often as it takes a person to whom all this happens."""
        for _attempt in range(MOST_ROLLBACKS):
            # Another one, who has taken this rollback over, does the same.
            self.rolls_back = self.keeper.is_taken_over = False
            # A rollback writes little.
            kill = self._next_kill(4)
            try:
                self._go_back()
            except Killed:
                self._die(kill)
            except BlueGreenError:
                self.world.advance(5.0)
            else:
                return
        raise AssertionError("the rollback does not end")

    def _go_back(self) -> None:
        """What playbooks/phases/back.yml does, and what holds from then on."""
        world = self.world
        self._cancel()
        moved = self._moved()
        if self.history.target_answers:
            # The module takes the requests back each time.
            self._cancel()
            self._let_go()
        world.dies_at = None
        world.advance(15.0)
        assert moved == self._moved(), "a session closed after the rollback that was not closing"

    def _cancel(self) -> None:
        world = self.world
        source: Any = KubeSource(FakeKube(world))  # type: ignore[arg-type]
        Cancellation(source, FakeFeed(world, "source"), self.keeper, self.history.policies.default.domain).run(
            check_mode=False
        )
        standing = {name for name in world.source if name not in world.truth and self._is_asked(name)}
        assert not standing, f"{standing} are still asked to go after a rollback"

    def _moved(self) -> set[str]:
        return {name for name, outcome in self.world.truth.items() if outcome == "moved"}

    def _let_go(self) -> None:
        """Ask what a handoff has allocated in vain to go, as `release_successors` does."""
        world, default = self.world, self.history.policies.default
        source, target = FakeFeed(world, "source"), FakeFeed(world, "target")
        if not may_have_successors(read_all(source, read_server), self.keeper, default.domain):
            return
        began_at = world.clock.seconds
        letting = Letting(read_server, default.notice, default.acknowledge)
        api: Any = FakeKube(world)
        SuccessorRelease(source, target, KubeTarget(api), self.keeper, world.clock, default.domain, letting).run(
            check_mode=False
        )
        # One whose write met trouble stays.
        if world.met_at < began_at:
            left = {seat for seat in world.target if self._is_left(seat)}
            assert not left, f"{left} wait for players who do not come, after a rollback"

    def _is_left(self, seat: str) -> bool:
        """Whether a server of the target waits for the players of a session that has said that it stays."""
        world = self.world
        server, name = world.target[seat], world.session_of(seat)
        if not name or world.request_to(seat) or server["status"]["lists"]["players"]["values"]:
            return False
        return name not in world.truth and not world.may_come(name, seat)

    def _is_asked(self, name: str) -> bool:
        request = self.world.request_of(name)
        return request is not None and request.state == "requested"

    def end_what_is_left(self) -> None:
        self.kills.clear()
        self.keeper.memory["control"] = {"state": "running"}
        for name in list(self.world.source):
            self.world.end(name, "ended_alone")


def play(history: History) -> Json:
    """Play a history to its end; the last result."""
    one = Play(history)
    result = one.run_until(HORIZON_SECONDS)
    if result is None:
        one.end_what_is_left()
        result = one.run_until(one.world.clock.seconds + LAST_SECONDS)
    assert result is not None, "the drain does not end though its source is empty"
    _judge_end(one, result)
    return result


def _judge_end(one: Play, result: Json) -> None:
    world, history = one.world, one.history
    found = {ended["name"]: ended["outcome"] for ended in result["outcomes"]}
    told = Counter(ended["name"] for ended in result["outcomes"])
    assert all(told[name] <= 1 + world.matches[name] for name in told), "a session has two outcomes"
    assert world.truth.keys() == {f"s{number}" for number in range(len(history.parties))}
    assert found.keys() == one.keeper.known, "not every session that the drain has known has an outcome"
    assert found.keys() == world.truth.keys() or one.stops or not history.is_undisturbed
    assert not world.source
    assert not world.pods & one.keeper.known, "the drain ended before the pods of its sessions"
    assert sum(result["sessions"][name] for name in OUTCOMES) == result["sessions"]["total"] == told.total()
    # Servers that are told a time long past close at once; when the runner dies then, nobody knows that they have.
    # Such a clock is refused where real ones are read (refuse_wrong_clock).
    if not history.kills or world.behind < min(policy.notice for policy in history.policies.all):
        assert world.worst <= 0, f"{world.worst} sessions more were sent away than the target could seat"
    for name, outcome in found.items():
        _judge_session(one, name, history.parties[int(name[1:])], outcome)
    waiting = [seat for seat in world.target if _is_unused_successor(world, seat)]
    assert not waiting, f"{waiting} wait for players who do not come"
    written = json.dumps([one.keeper.memory, one.keeper.entries, result])
    assert "player-" not in written, "a player id left the process"


def _judge_session(one: Play, name: str, party: Party, found: str) -> None:
    policy, truth = one.world.policy_of(name), one.world.truth[name]
    if policy.mode == AT_MATCH_END and not policy.interrupt_at_deadline:
        assert {found, truth} <= {"ended_alone", "lost"}, f"{name}: {truth}, told as {found}"
    # Of a server that answers late nobody can tell whether it went by the request.
    if one.history.is_undisturbed and not one.stops and (party.habits.acknowledges_after or 9.0) < policy.notice:
        told = {"moved": {"moved", "interrupted"}, "lost": {"lost"}}.get(truth, {truth})
        assert found in told or name in one.world.ties, f"{name}: {truth}, told as {found}"


def _is_unused_successor(world: JudgedWorld, seat: str) -> bool:
    name, players = world.session_of(seat), world.target[seat]["status"]["lists"]["players"]["values"]
    return bool(name) and not players and world.truth.get(name) != "moved"
