"""Plays a history of a drain, with all that goes wrong in it, by the real rounds in the small world.

`play` raises AssertionError where a rule of the drain does not hold.
"""

from __future__ import annotations

import json
from itertools import count
from typing import Any

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

from tests.unit.plugins.module_utils._drain.histories.diagram import diagram
from tests.unit.plugins.module_utils._drain.histories.draw import (
    FLEETS,
    MOST_WRITES,
    RECONNECT_SECONDS,
    Event,
    History,
    Kill,
)
from tests.unit.plugins.module_utils._drain.histories.seen import (
    DrainOver,
    Happened,
    RequestsTakenBack,
    RollbackBegun,
    RollbackOver,
    RoundOver,
    SessionTold,
    SuccessorsLetGo,
    TimeUp,
)
from tests.unit.plugins.module_utils._drain.histories.watched import SLOW_SECONDS, FakeKube, WatchedKeeper, WatchedWorld
from tests.unit.plugins.module_utils._drain.world import NAMESPACE, FakeFeed, Killed

Json = dict[str, Any]
# All that is to happen has happened by then; what is still there is ended from outside.
HORIZON_SECONDS = 240.0
LAST_SECONDS = 120.0
# The last of the events has happened, and the round in which it did is over.
LAST_TROUBLE_SECONDS = 100.0
# Within that a write that met trouble is answered, and tried again.
TRIED_AGAIN_SECONDS = SLOW_SECONDS + 1.0


def play(history: History) -> Json:
    """Play a history to its end; the last result. What fails brings the diagram of the history with it."""
    one = Play(history)
    try:
        return one.to_the_end()
    except Exception as error:
        error.add_note(diagram(one.world.story, f"{error}"))
        raise


class Play:
    """One history as it is played."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.world = WatchedWorld(seats=0, reconnect_timeout=RECONNECT_SECONDS, policies=history.policies)
        self.world.pod_lag = history.pod_lag
        self.keeper = WatchedKeeper(self.world)
        self.kills = list(history.kills)
        self.rolls_back = False
        self.stops = 0

    def to_the_end(self) -> Json:
        """The last result; what the history leaves open is ended from outside."""
        self._begin()
        result = self._rounds_until(HORIZON_SECONDS)
        if result is None:
            self.world.see(TimeUp(at=self.world.clock.seconds, source_was_empty=False))
            self._end_what_is_left()
            result = self._rounds_until(self.world.clock.seconds + LAST_SECONDS)
        if result is None:
            self.world.see(TimeUp(at=self.world.clock.seconds, source_was_empty=True))
        assert result is not None
        self._see_end(result)
        return result

    # What the history brings

    def _begin(self) -> None:
        for fleet, seats in self.history.seats.items():
            for _number in range(seats):
                self.world.add_seat(fleet)
        for number, party in enumerate(self.history.parties):
            members = [f"player-{number}-{one}" for one in range(party.players)]
            self.world.add_session(f"s{number}", party.habits, members, fleet=party.fleet)
        for event in self.history.events:
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
            self._say(f"its clock jumps {event.amount:+.0f} s")
            world.clock.skew += event.amount
            world.clock_jumped = True
            world.behind = max(world.behind, -world.clock.skew)
        elif event.what == "rollback":
            self._say("a rollback takes the run over")
            self.keeper.is_taken_over = self.rolls_back = True
        elif event.what in ("conflict", "failure", "slow"):
            self._say(f"the next writes meet: {event.what}")
            world.troubles[event.what] = 3
        else:
            self._say(f"a person says: {event.what}")
            self.keeper.memory["control"] = {"state": event.what}

    def _reallocate(self, fleet: str) -> None:
        """The server of one session, of one that was asked if there is, begins another match."""
        world = self.world
        there = [name for name in world.source if name not in world.truth and world.fleets[name] == fleet]
        for name in sorted(there, key=lambda name: not self._is_asked(name))[:1]:
            world.reallocate(name, [f"player-{name}-{world.matches[name]}"])

    def _next_kill(self, most: int = MOST_WRITES) -> Kill | None:
        """Let the runner that begins now die as the history says, at one of its first `most` writes."""
        kill = self.kills.pop(0) if self.kills else None
        self.world.dies_at = (self.world.count + 1 + (kill.write - 1) % most, kill.after) if kill else None
        return kill

    def _die(self, kill: Kill | None) -> None:
        assert kill
        self._say(f"killed {'after' if kill.after else 'before'} a write, for {kill.gap:g} s")
        self.world.dies_at = None
        self.world.advance(kill.gap)

    def _end_what_is_left(self) -> None:
        self.kills.clear()
        self.keeper.memory["control"] = {"state": "running"}
        for name in list(self.world.source):
            self.world.end(name, "ended_alone")

    def _say(self, what: str) -> None:
        self.world.see(Happened(at=self.world.clock.seconds, what=what))

    # Rounds

    def _rounds_until(self, end: float) -> Json | None:
        """Rounds until the drain is done (its result), or time is up."""
        world = self.world
        while world.clock.seconds < end:
            kill = self._next_kill()
            try:
                result = run_round(self.history, world, self.keeper)
                if result["round"]["finished"]:
                    return result
                self._see_round(result)
            except Killed:
                self._die(kill)
                self.rolls_back = self.rolls_back or (kill is not None and kill.rolls_back)
            except LeaseLost:
                assert self.rolls_back, "a runner gave up though no one has taken its run over"
            except BlueGreenError as error:
                # A person looks at it, and lets it go on.
                self._say(f"stopped: {error.message}")
                self.stops += 1
                world.advance(5.0)
                self.keeper.memory["control"] = {"state": "running"}
            if self.rolls_back:
                self._roll_back()
        return None

    def _see_round(self, result: Json) -> None:
        now = self.world.clock.seconds
        self.world.see(
            RoundOver(
                at=now,
                states=result["states"],
                remaining=result["sessions"]["remaining"],
                held=sum(number for causes in result["held"].values() for number in causes.values()),
                progress=result["round"]["progress"],
                is_late=now > LAST_TROUBLE_SECONDS,
                write_troubled=self.world.met_at >= now - TRIED_AGAIN_SECONDS,
            )
        )

    # Rollbacks

    def _roll_back(self) -> None:
        """Take the requests back, as often as it takes a person to whom all this happens."""
        for attempt in count(1):
            self.world.see(RollbackBegun(at=self.world.clock.seconds, attempt=attempt))
            # Another one, who has taken this rollback over, does the same.
            self.rolls_back = self.keeper.is_taken_over = False
            # A rollback writes little.
            kill = self._next_kill(4)
            try:
                self._go_back()
            except Killed:
                self._die(kill)
            except BlueGreenError as error:
                self._say(f"stopped: {error.message}")
                self.world.advance(5.0)
            else:
                return

    def _go_back(self) -> None:
        """What playbooks/phases/back.yml does, and a while of what holds from then on."""
        self._take_back()
        moved = self._moved()
        if self.history.target_answers:
            # The module takes the requests back each time.
            self._take_back()
            self._let_go()
        self.world.dies_at = None
        self.world.advance(15.0)
        closed = frozenset(self._moved() ^ moved)
        self.world.see(RollbackOver(at=self.world.clock.seconds, closed_since=closed))

    def _take_back(self) -> None:
        world = self.world
        take_requests_back(self.history, world, self.keeper)
        asked = frozenset(name for name in world.source if name not in world.truth and self._is_asked(name))
        world.see(RequestsTakenBack(at=world.clock.seconds, still_asked=asked))

    def _let_go(self) -> None:
        world, began_at = self.world, self.world.clock.seconds
        if let_successors_go(self.history, world, self.keeper):
            left = frozenset(seat for seat in world.target if world.is_left_behind(seat))
            troubled = world.met_at >= began_at
            world.see(SuccessorsLetGo(at=world.clock.seconds, in_vain=left, write_troubled=troubled))

    def _moved(self) -> set[str]:
        return {name for name, outcome in self.world.truth.items() if outcome == "moved"}

    def _is_asked(self, name: str) -> bool:
        request = self.world.request_of(name)
        return request is not None and request.state == "requested"

    # The end

    def _see_end(self, result: Json) -> None:
        world, history = self.world, self.history
        undisturbed = history.is_undisturbed and not self.stops
        world.see(
            DrainOver(
                at=world.clock.seconds,
                sessions=frozenset(f"s{number}" for number in range(len(history.parties))),
                ended=dict(world.truth),
                told=tuple((ended["name"], ended["outcome"]) for ended in result["outcomes"]),
                known=frozenset(self.keeper.known),
                earlier_matches=world.matches,
                total=result["sessions"]["total"],
                counted=sum(result["sessions"][name] for name in OUTCOMES),
                undisturbed=undisturbed,
                servers_left=frozenset(world.source),
                pods_left=frozenset(world.pods & self.keeper.known),
                short_of_seats=world.worst,
                runner_died=bool(history.kills),
                clock_behind=world.behind,
                shortest_notice=min(policy.notice for policy in history.policies.all),
                waiting_in_vain=frozenset(seat for seat in world.target if world.waits_in_vain(seat)),
                text=json.dumps([self.keeper.memory, self.keeper.entries, result]),
            )
        )
        # Of a server that has played several matches, the last outcome is told of the last one.
        for name, outcome in {ended["name"]: ended["outcome"] for ended in result["outcomes"]}.items():
            world.see(
                SessionTold(
                    at=world.clock.seconds,
                    server=name,
                    policy=world.policy_of(name),
                    told=outcome,
                    ended=world.truth[name],
                    answers_after=world.habits[name].acknowledges_after,
                    tied=name in world.ties,
                    undisturbed=undisturbed,
                )
            )


# The drain, as the modules run it: all that a play needs of the library.


def run_round(history: History, world: WatchedWorld, keeper: WatchedKeeper) -> Json:
    """One round of the drain; its result."""
    clock = SteadyClock(world.clock)
    api: Any = FakeKube(world)
    one = DrainRound(
        policies=history.policies,
        source=KubeSource(api),
        target=KubeTarget(api),
        source_feed=FakeFeed(world, "source", clock),
        target_feed=FakeFeed(world, "target", clock),
        keeper=keeper,
        clock=clock,
        reserve={(NAMESPACE, fleet): history.reserve for fleet in FLEETS},
        settings=Settings([NAMESPACE]),
        slice_seconds=20.0,
    )
    return one.run(one.source_feed.relist(), one.target_feed.relist())


def take_requests_back(history: History, world: WatchedWorld, keeper: WatchedKeeper) -> None:
    """Cancel the requests on the source."""
    api: Any = FakeKube(world)
    domain = history.policies.default.domain
    Cancellation(KubeSource(api), FakeFeed(world, "source"), keeper, domain).run(check_mode=False)


def let_successors_go(history: History, world: WatchedWorld, keeper: WatchedKeeper) -> bool:
    """Ask what a handoff has allocated in vain to go, as `release_successors` does; False where there can be none."""
    api: Any = FakeKube(world)
    default = history.policies.default
    source, target = FakeFeed(world, "source"), FakeFeed(world, "target")
    if not may_have_successors(read_all(source, read_server), keeper, default.domain):
        return False
    letting = Letting(read_server, default.notice, default.acknowledge)
    SuccessorRelease(source, target, KubeTarget(api), keeper, world.clock, default.domain, letting).run(
        check_mode=False
    )
    return True
