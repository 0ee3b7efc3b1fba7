"""The small world of a history: its API servers and its memory, and the rules that hold each write there."""

from __future__ import annotations

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
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseLost

from tests.unit.plugins.module_utils._drain.histories.draw import (
    RUN,
)
from tests.unit.plugins.module_utils._drain.world import (
    NAMESPACE,
    FakeKeeper,
    Killed,
    World,
)

Json = dict[str, Any]
SLOW_SECONDS = 1.5


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
