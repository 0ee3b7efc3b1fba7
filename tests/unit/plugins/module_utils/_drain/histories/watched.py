"""The small world under watch: all that the drain does there, and all that happens to it, is seen and judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    DEFAULT_DOMAIN,
    LEAVING_MODES,
    Request,
    read_acknowledgement,
    read_request,
    successor_annotation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseLost

from tests.unit.plugins.module_utils._drain.histories.draw import FLEETS, RUN
from tests.unit.plugins.module_utils._drain.histories.judge import judge
from tests.unit.plugins.module_utils._drain.histories.seen import (
    Acknowledged,
    Allocated,
    Arrived,
    Closed,
    MatchOver,
    PodDeleted,
    Reallocated,
    RequestWritten,
    SeatAdded,
    SeatsShort,
    Seen,
    SessionBegun,
    ShutDown,
    StrangersCame,
    Successor,
    SuccessorAskedToGo,
    SuccessorShutDown,
    TargetServerGone,
    Vanished,
    Written,
)
from tests.unit.plugins.module_utils._drain.world import FLEET, NAMESPACE, FakeKeeper, Habits, Killed, World

Json = dict[str, Any]
SLOW_SECONDS = 1.5


class WatchedKeeper(FakeKeeper):
    """Remembers, and dies or loses its lease when the history says so."""

    def __init__(self, world: WatchedWorld) -> None:
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
    def __init__(self, world: WatchedWorld) -> None:
        self._world = world

    def __enter__(self) -> None:
        self._world.count += 1
        if self._world.dies_at == (self._world.count, False):
            raise Killed

    def __exit__(self, *trouble: object) -> None:
        if self._world.dies_at == (self._world.count, True):
            raise Killed


@dataclass
class WatchedWorld(World):
    """A World that keeps its story, and holds each thing that it sees against the rules."""

    policies: Policies = field(default_factory=lambda: Policies(Policy(RUN)))
    story: list[Seen] = field(default_factory=list)
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

    def see(self, seen: Seen) -> None:
        """The story keeps it before a rule may break, so that the story ends with it."""
        self.story.append(seen)
        judge(seen)

    # What the drain writes

    def write(self) -> _Write:
        return _Write(self)

    def meets(self, trouble: str) -> bool:
        """Whether the next write to a server meets this trouble."""
        self.troubles[trouble] -= 1
        if self.troubles[trouble] < 0:
            return False
        self.met_at = self.clock.seconds
        return True

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
            self._see_patch(name, body, began_at)
            answer = super().patch_server(namespace, name, body)
            # The drain cannot see who takes a seat while a write is under way.
            self.worst = worst if slow else self.worst
            if self.worst > max(worst, 0):
                self.see(SeatsShort(at=self.clock.seconds, sessions=self.worst))
            return answer

    def allocate(self, fleet: tuple[str, str], annotations: Mapping[str, str]) -> str:
        with self.write():
            seat = super().allocate(fleet, annotations)
            session = _session_of(annotations)
            self.see(Allocated(at=self.clock.seconds, seat=seat, session=session, free=self._free()))
            return seat

    def delete_pod(self, namespace: str, name: str) -> None:
        with self.write():
            policy, ended = self.policy_of(name), self.truth.get(name, "")
            self.see(PodDeleted(at=self.clock.seconds, server=name, policy=policy, ended=ended))
            super().delete_pod(namespace, name)

    def _touch(self, name: str) -> None:
        if name in self.source:
            self.change(name)
        elif name in self.target:
            self.change_target(name)

    def _see_patch(self, name: str, body: Mapping[str, Any], began_at: float) -> None:
        shuts_down, metadata = bool(body.get("status")), body["metadata"]
        request = None if shuts_down else read_request(metadata["annotations"], self.policies.default.domain)
        self.see(
            Written(
                at=self.clock.seconds,
                server=name,
                conditional="resourceVersion" in metadata,
                readable=shuts_down or request is not None,
            )
        )
        server = self.source.get(name) or self.target.get(name)
        fresh = server is not None and metadata["resourceVersion"] == server["metadata"]["resourceVersion"]
        if shuts_down and name in self.source:
            self._see_shut_down(name)
        elif shuts_down and fresh and name in self.target:
            self._see_successor_shut_down(name)
        elif request and fresh and name in self.source:
            self._see_request(name, request, began_at)
        elif request and fresh and name in self.target:
            self._see_asked_to_go(name)

    def _see_shut_down(self, name: str) -> None:
        self.see(
            ShutDown(
                at=self.clock.seconds,
                server=name,
                policy=self.policy_of(name),
                request=self.request_of(name),
                ended=self.truth.get(name, ""),
            )
        )

    def _see_request(self, name: str, request: Request, began_at: float) -> None:
        successor = (request.successor or {}).get("uid")
        if request.state == "requested":
            self.asked_at[(name, request.seq)] = began_at
        self.see(
            RequestWritten(
                at=self.clock.seconds,
                server=name,
                policy=self.policy_of(name),
                before=self.request_of(name),
                request=request,
                match=self.source[name]["metadata"]["annotations"]["agones.dev/last-allocated"],
                is_leaving=self._is_leaving(name),
                on_their_way=frozenset(self._on_their_way(self.fleets[name]) - {name}),
                successor_states=tuple(
                    one["status"]["state"] for one in self.target.values() if one["metadata"]["uid"] == successor
                ),
                clock_jumped=self.clock_jumped,
            )
        )

    def _see_asked_to_go(self, seat: str) -> None:
        session = self.session_of(seat)
        self.see(
            SuccessorAskedToGo(
                at=self.clock.seconds,
                seat=seat,
                session=session,
                players=len(self._players_in(seat)),
                may_come=self.may_come(session, seat),
                on_their_way=session in self.away,
            )
        )

    def _see_successor_shut_down(self, seat: str) -> None:
        session = self.session_of(seat)
        left = self.away.get(session)
        self.see(
            SuccessorShutDown(
                at=self.clock.seconds,
                seat=seat,
                session=session,
                players=len(self._players_in(seat)),
                on_their_way=left is not None and self.now - left < self.reconnect_timeout,
            )
        )

    # What happens on the source

    def add_session(
        self, name: str, habits: Habits | None = None, players: Sequence[str] | None = None, **more: Any
    ) -> None:
        super().add_session(name, habits, players, **more)
        number = len(players or ())
        self.see(SessionBegun(at=self.clock.seconds, server=name, fleet=self.fleets[name], players=number))

    def acknowledge(self, name: str, request: Request, phase: str) -> None:
        super().acknowledge(name, request, phase)
        self.see(Acknowledged(at=self.clock.seconds, server=name, phase=phase, seq=request.seq))

    def close(self, name: str, request: Request) -> None:
        before = self.truth.get(name)
        super().close(name, request)
        if self.truth.get(name) != "moved" or before == "moved":
            return
        self.see(
            Closed(
                at=self.clock.seconds,
                server=name,
                policy=self.policy_of(name),
                notice=self.now - self.asked_at[(name, request.seq)],
                players=len(self.source[name]["status"]["lists"]["players"]["values"]),
                successor=self._successor_of(request),
                clock_jumped=self.clock_jumped,
            )
        )

    def reallocate(self, name: str, players: Sequence[str]) -> None:
        self.matches[name] += 1
        super().reallocate(name, players)
        self.see(Reallocated(at=self.clock.seconds, server=name))

    def end(self, name: str, outcome: str) -> None:
        request = self.request_of(name) if name in self.source else None
        if request is not None and self._is_asked(name, request) and self.now >= request.not_before:
            self.ties.add(name)
        self._see_end(name, outcome)
        super().end(name, outcome)

    def crash(self, name: str) -> None:
        self._see_end(name, "lost")
        super().crash(name)

    def _see_end(self, name: str, outcome: str) -> None:
        if name in self.source and name not in self.truth:
            self.see(MatchOver(at=self.clock.seconds, server=name, outcome=outcome))

    def vanish(self, name: str) -> None:
        if name in self.source:
            self.see(Vanished(at=self.clock.seconds, server=name))
        super().vanish(name)

    # What happens on the target

    def add_seat(self, fleet: str = FLEET) -> None:
        super().add_seat(fleet)
        seat = next(reversed(self.target))
        self.see(SeatAdded(at=self.clock.seconds, seat=seat, fleet=fleet, free=self._free()))

    def take_seat(self, fleet: str = FLEET) -> None:
        seat = self._free_seat(fleet)
        super().take_seat(fleet)
        if seat:
            self.see(StrangersCame(at=self.clock.seconds, seat=seat, free=self._free()))

    def seat(self, session: str, players: list[str], successor: str = "") -> None:
        super().seat(session, players, successor)
        if session in self.away:
            return
        seat = next(name for name in self.target if self._players_in(name) == players)
        free, number = self._free(), len(players)
        self.see(Arrived(at=self.clock.seconds, seat=seat, session=session, players=number, free=free))

    def _leave_target(self, name: str) -> None:
        if name in self.target:
            players = len(self._players_in(name))
            self.see(TargetServerGone(at=self.clock.seconds, seat=name, players=players))
        super()._leave_target(name)

    # What is true at the moment

    def policy_of(self, name: str) -> Policy:
        return self.policies.of((NAMESPACE, self.fleets[name]))

    def session_of(self, seat: str) -> str:
        """The session whose players a server of the target was allocated for; an empty text for any other server."""
        return _session_of(self.target[seat]["metadata"]["annotations"])

    def may_come(self, name: str, seat: str) -> bool:
        """Whether a session was told to hand over to this server, and has not acknowledged that it stays."""
        request = self.request_of(name) if name in self.source and name not in self.truth else None
        if request is None or (request.successor or {}).get("uid") != self.target[seat]["metadata"]["uid"]:
            return False
        answer = read_acknowledgement(self.source[name]["metadata"]["annotations"])
        return answer is None or (answer.seq, answer.phase) != (request.seq, "cancelled")

    def waits_in_vain(self, seat: str) -> bool:
        """Whether a server of the target waits for the players of a session that never went."""
        session = self.session_of(seat)
        return bool(session) and not self._players_in(seat) and self.truth.get(session) != "moved"

    def is_left_behind(self, seat: str) -> bool:
        """Whether a server of the target waits, unasked to go, for a session that has said that it stays."""
        session = self.session_of(seat)
        if not session or self.request_to(seat) or self._players_in(seat):
            return False
        return session not in self.truth and not self.may_come(session, seat)

    def _players_in(self, seat: str) -> list[str]:
        players: list[str] = self.target[seat]["status"]["lists"]["players"]["values"]
        return players

    def _free(self) -> dict[str, int]:
        return {fleet: self.free_seats(fleet) for fleet in FLEETS}

    def _successor_of(self, request: Request) -> Successor:
        if not request.successor:
            return "none"
        uid = request.successor["uid"]
        found = [seat for seat, one in self.target.items() if one["metadata"]["uid"] == uid]
        if not found:
            return "gone"
        return "asked to go" if self.request_to(found[0]) else "there"

    def _is_asked(self, name: str, request: Request) -> bool:
        return request.state == "requested" and self.is_for_this_match(name, request)

    def _is_leaving(self, name: str) -> bool:
        request = self.request_of(name)
        return request is not None and self._is_asked(name, request) and request.mode in LEAVING_MODES

    def _on_their_way(self, fleet: str) -> set[str]:
        """Those that have accepted or left. The drain may take a server that has not answered for deaf."""
        leaving = {one for one in self.source if self._has_accepted(one) and self.fleets[one] == fleet}
        away = {one for one, left in self.away.items() if self.now - left < self.reconnect_timeout}
        return leaving | {one for one in away if self.fleets[one] == fleet}

    def _has_accepted(self, name: str) -> bool:
        request, answer = self.request_of(name), read_acknowledgement(self.source[name]["metadata"]["annotations"])
        if request is None or answer is None or name in self.truth or not self._is_leaving(name):
            return False
        return (answer.seq, answer.phase) == (request.seq, "accepted")


def _session_of(annotations: Mapping[str, Any]) -> str:
    mark = str(annotations.get(successor_annotation(DEFAULT_DOMAIN), ""))
    return mark.partition("/")[0].removeprefix("uid-")


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
