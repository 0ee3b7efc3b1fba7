"""Plays a history of a drain, with all that goes wrong in it, by the real rounds in the small world.

`play` raises AssertionError where a rule of the drain does not hold.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    DEFAULT_DOMAIN,
    HANDOFF,
    LEAVING_MODES,
    Request,
    read_acknowledgement,
    read_request,
    successor_annotation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import KubeSource, KubeTarget
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SteadyClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import OUTCOMES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
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
    RUN,
    Event,
    History,
    Kill,
    Party,
)
from tests.unit.plugins.module_utils._drain.world import (
    NAMESPACE,
    FakeFeed,
    FakeKeeper,
    Killed,
    World,
)

Json = dict[str, Any]
# All that shall happen has happened by then; what is still there is ended from outside.
HORIZON_SECONDS = 240.0
LAST_SECONDS = 120.0
# The last of the events has happened, and the round in which it did is over.
LAST_TROUBLE_SECONDS = 100.0
# So often does a person run a rollback again: kills, troubles and other runners are fewer.
MOST_ROLLBACKS = 20
SLOW_SECONDS = 1.5
# Within that a write that met trouble is answered, and tried again.
TRIED_AGAIN_SECONDS = SLOW_SECONDS + 1.0


class JudgedKeeper(FakeKeeper):
    """Remembers, and dies or loses its lease when the history says so."""

    def __init__(self, world: JudgedWorld) -> None:
        super().__init__()
        self._world = world
        self.is_taken_over = False
        self.known: set[str] = set()

    def keep(self) -> None:
        super().keep()
        if self.is_taken_over:
            self.is_taken_over = False
            raise LeaseLost("taken over")

    def journal(self, kind: str, **data: Any) -> None:
        with self._world.write():
            self.entries.append((kind, data))

    def save(self, name: str, value: Mapping[str, Any]) -> None:
        with self._world.write():
            self.memory[name] = dict(value)
            self.known |= {session["name"] for session in value["active"].values()}


class _Write:
    def __init__(self, world: JudgedWorld) -> None:
        self._world = world

    def __enter__(self) -> None:
        self._world.count += 1
        if self._world.dies_at == (self._world.count, False):
            raise Killed

    def __exit__(self, *trouble: object) -> None:
        if self._world.dies_at == (self._world.count, True):
            raise Killed


@dataclass
class JudgedWorld(World):
    """A World that holds each write against the rules."""

    policies: Policies = field(default_factory=lambda: Policies(Policy(RUN)))
    count: int = 0
    dies_at: tuple[int, bool] | None = None
    troubles: Counter[str] = field(default_factory=Counter)
    # When a write last met one.
    met_at: float = 0.0
    asked_at: dict[tuple[str, int], float] = field(default_factory=dict)
    clock_jumped: bool = False
    # The most seconds that the runners' clock was behind that of the game servers.
    behind: float = 0.0
    # Sessions whose match ended when they might have closed by the request just as well.
    ties: set[str] = field(default_factory=set)
    # How many matches of a server were over before its last one.
    matches: Counter[str] = field(default_factory=Counter)

    def write(self) -> _Write:
        return _Write(self)

    def meets(self, trouble: str) -> bool:
        """Whether the next write to a server shall meet this trouble."""
        self.troubles[trouble] -= 1
        if self.troubles[trouble] < 0:
            return False
        self.met_at = self.clock.seconds
        return True

    def policy_of(self, name: str) -> Policy:
        return self.policies.of((NAMESPACE, self.fleets[name]))

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        with self.write():
            if self.meets("failure"):
                raise ApiFailure("busy", 503)
            if self.meets("conflict"):
                self._touch(name)
            slow, worst = self.meets("slow"), self.worst
            began_at = self.now
            if slow:
                self.advance(SLOW_SECONDS)
            if name in self.source:
                self._judge_patch(name, body, began_at)
            elif "status" not in body and name in self.target:
                self._judge_letting_go(name, body)
            answer = super().patch_server(namespace, name, body)
            # Who takes a seat while a write is on its way cannot be seen.
            self.worst = worst if slow else self.worst
            return answer

    def allocate(self, fleet: tuple[str, str], annotations: Mapping[str, str]) -> str:
        with self.write():
            return super().allocate(fleet, annotations)

    def delete_pod(self, namespace: str, name: str) -> None:
        with self.write():
            assert self.policy_of(name).interrupt_at_deadline, f"{name}: its pod was deleted under on_deadline wait"
            assert self.truth.get(name) in ("interrupted", "moved"), f"{name}: its pod was deleted without a word"
            super().delete_pod(namespace, name)

    def _touch(self, name: str) -> None:
        if name in self.source:
            self.change(name)
        elif name in self.target:
            self.change_target(name)

    def session_of(self, seat: str) -> str:
        """The session whose players a server of the target waits for; an empty text when it waits for nobody's."""
        mark = self.target[seat]["metadata"]["annotations"].get(successor_annotation(DEFAULT_DOMAIN), "")
        return str(mark).partition("/")[0].removeprefix("uid-")

    def may_come(self, name: str, seat: str) -> bool:
        """Whether a session was told to hand over to this server, and has not acknowledged that it stays."""
        request = self.request_of(name) if name in self.source and name not in self.truth else None
        if request is None or (request.successor or {}).get("uid") != self.target[seat]["metadata"]["uid"]:
            return False
        answer = read_acknowledgement(self.source[name]["metadata"]["annotations"])
        return answer is None or (answer.seq, answer.phase) != (request.seq, "cancelled")

    def _judge_letting_go(self, seat: str, body: Mapping[str, Any]) -> None:
        server, name = self.target[seat], self.session_of(seat)
        if body["metadata"]["resourceVersion"] != server["metadata"]["resourceVersion"]:
            return
        assert name, f"{seat}: asked to go though no handoff has allocated it"
        assert not server["status"]["lists"]["players"]["values"], f"{seat}: asked to go with players in it"
        assert not self.may_come(name, seat), f"{seat}: asked to go before {name} has said that it stays"
        assert name not in self.away, f"{seat}: asked to go while the players of {name} are on the way to it"

    def _judge_patch(self, name: str, body: Mapping[str, Any], began_at: float) -> None:
        policy, old = self.policy_of(name), self.request_of(name)
        assert "resourceVersion" in body["metadata"], "a write without a condition"
        if body.get("status"):
            assert policy.interrupt_at_deadline, f"{name}: shut down under on_deadline wait"
            assert old is not None
            assert old.reason == "deadline" or self.truth.get(name) == "moved", f"{name}: shut down without a word"
            return
        stale = body["metadata"]["resourceVersion"] != self.source[name]["metadata"]["resourceVersion"]
        if stale:
            return
        request = read_request(body["metadata"]["annotations"], policy.domain)
        assert request is not None
        assert old is None or request.seq > old.seq, f"{name}: sequence {request.seq} after {old and old.seq}"
        allocation = self.source[name]["metadata"]["annotations"]["agones.dev/last-allocated"]
        if request.state == "requested":
            assert request.allocation == allocation, f"{name}: the request is bound to another match"
            self.asked_at[(name, request.seq)] = began_at
            self._judge_request(name, policy, request)
            if not self._is_leaving(name):
                self._judge_pace(name, policy, request)

    def _judge_request(self, name: str, policy: Policy, request: Request) -> None:
        if policy.mode == AT_MATCH_END and not policy.interrupt_at_deadline:
            assert request.mode == AT_MATCH_END, f"{name}: asked to leave its match"
        if request.mode == HANDOFF:
            assert request.successor, f"{name}: handed over to nobody"
            found = [one for one in self.target.values() if one["metadata"]["uid"] == request.successor["uid"]]
            assert [one["status"]["state"] for one in found] == ["Allocated"], f"{name}: its successor is not allocated"

    def _is_leaving(self, name: str) -> bool:
        request = self.request_of(name)
        stands = request is not None and request.state == "requested" and self.is_for_this_match(name, request)
        return stands and request is not None and request.mode in LEAVING_MODES

    def _judge_pace(self, name: str, policy: Policy, request: Request) -> None:
        """No more on their way than the policy says. Who has not answered may count as deaf for the drain."""
        if request.mode not in LEAVING_MODES or policy.most_at_once is None or self.clock_jumped:
            return
        fleet = self.fleets[name]
        leaving = [one for one in self.source if self._has_accepted(one) and self.fleets[one] == fleet]
        away = [one for one, left in self.away.items() if self.now - left < self.reconnect_timeout]
        under_way = {*leaving, *(one for one in away if self.fleets[one] == fleet)} - {name}
        assert len(under_way) < policy.most_at_once, f"{name}: asked while {sorted(under_way)} are on their way"

    def _has_accepted(self, name: str) -> bool:
        request, answer = self.request_of(name), read_acknowledgement(self.source[name]["metadata"]["annotations"])
        if request is None or answer is None or name in self.truth or not self._is_leaving(name):
            return False
        return (answer.seq, answer.phase) == (request.seq, "accepted")

    def reallocate(self, name: str, players: Sequence[str]) -> None:
        self.matches[name] += 1
        super().reallocate(name, players)

    def end(self, name: str, outcome: str) -> None:
        request = self.request_of(name) if name in self.source else None
        stands = request is not None and request.state == "requested" and self.is_for_this_match(name, request)
        if request is not None and stands and self.now >= request.not_before:
            self.ties.add(name)
        super().end(name, outcome)

    def close(self, name: str, request: Request) -> None:
        before = self.truth.get(name)
        super().close(name, request)
        if self.truth.get(name) != "moved" or before == "moved":
            return
        self._judge_successor(name, request)
        if not self.clock_jumped:
            notice = self.now - self.asked_at[(name, request.seq)]
            assert notice >= self.policy_of(name).notice - 0.002, f"{name}: closed after {notice:.2f} s of notice"

    def _judge_successor(self, name: str, request: Request) -> None:
        """Whoever is handed over finds the server that was named."""
        if not request.successor:
            return
        uid = request.successor["uid"]
        found = [seat for seat, one in self.target.items() if one["metadata"]["uid"] == uid]
        assert found, f"{name}: handed over to a server that is gone"
        assert self.request_to(found[0]) is None, f"{name}: handed over to a server that was asked to go"


class FakeKube:
    """The API server of one side of the world, as far as a drain writes to it."""

    server = "https://fake"

    def __init__(self, world: World) -> None:
        self._world = world

    def find(self, path: str) -> Json | None:
        name = path.rsplit("/", 1)[1]
        if "/pods/" in path:
            return {} if self._world.has_pod(NAMESPACE, name) else None
        return self._world.find_server(NAMESPACE, name)

    def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        return self._world.patch_server(NAMESPACE, path.rsplit("/", 1)[1], body)

    def delete(self, path: str, grace_seconds: int | None = None) -> None:
        self._world.delete_pod(NAMESPACE, path.rsplit("/", 1)[1])

    def create(self, path: str, body: Mapping[str, Any]) -> Json:
        assert path.endswith("/gameserverallocations")
        fleet = body["spec"]["selectors"][0]["matchLabels"]["agones.dev/fleet"]
        name = self._world.allocate((NAMESPACE, fleet), body["spec"]["metadata"]["annotations"])
        return {"status": {"state": "Allocated", "gameServerName": name} if name else {"state": "UnAllocated"}}


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
