"""One drain without its loop, and game servers as it sees them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    DEFAULT_DOMAIN,
    DISCONNECT,
    HANDOFF,
    Request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server, read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Memory, Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.plan import Planner
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.seats import Seats
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.sight import Sight
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import (
    DrainAction,
    ReleaseSuccessor,
    Signal,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.state import DrainState

from tests.unit.plugins.module_utils._drain.world import START, game_server

Json = dict[str, Any]
POLICY = Policy(run="run-1", mode=DISCONNECT, canary=0)
REQUEST = Request("run-1", 1, "requested", DISCONNECT, "*", START + 30, START + 4320, 10.0)
HANDED = replace(REQUEST, mode=HANDOFF, deadline=START + 40, successor={"address": "a", "port": 1, "uid": "seat"})
MARK = {f"{DEFAULT_DOMAIN}/successor-of": "uid-s/run-1"}


class Drain:
    """The parts of a drain over one memory."""

    def __init__(self, policies: Policies, memory: Memory) -> None:
        self.memory = memory
        self.state = DrainState(policies, memory)
        self.sight, self.seats = Sight(self.state), Seats(self.state)
        self.planner = Planner(self.state, self.seats)


def server(name: str = "s", state: str = "Allocated", **more: Any) -> Server:
    return read_server(game_server(name, state, **more), "players", "run-1")


def drain(policy: Policy = POLICY, seats: int = 9) -> Drain:
    one = Drain(Policies(policy), Memory(policy.run, START, key="run-1"))
    one.sight.see_target_list("arena", [server(f"seat-{number}", "Ready") for number in range(seats)], START)
    return one


def asked(request: Request = REQUEST, answer: str = "", seq: int = 1, run: str = "run-1") -> dict[str, str]:
    annotations = {f"{DEFAULT_DOMAIN}/drain": request.to_json()}
    if answer:
        annotations["agones.dev/sdk-drain-ack"] = json.dumps({"run": run, "seq": seq, "phase": answer})
    return annotations


def session(**changes: Any) -> Session:
    known = Session("arena", "s", "uid-s", "arena", "", START, request=REQUEST, delivered=True, signals=1)
    return replace(known, **changes)


def attempted(one: Drain, now: float = START) -> list[DrainAction]:
    """What is planned, and then not carried out, or not yet seen to have been."""
    actions = one.planner.plan(now)
    for action in actions:
        one.planner.note(action, accepted=False, now=now)
    return actions


def signals(one: Drain, now: float = START) -> list[str]:
    return [action.name for action in attempted(one, now) if isinstance(action, Signal)]


def heir(version: int, **more: Any) -> Server:
    """A server of the target that was allocated for session s, whose match is over."""
    return server("heir", annotations=MARK, version=version, **more)


def released(one: Drain, now: float) -> list[str]:
    return [action.name for action in attempted(one, now) if isinstance(action, ReleaseSuccessor)]


def overdue(**changes: Any) -> Drain:
    """A session that was to be interrupted and has not gone; a runner that begins again."""
    one = drain(replace(POLICY, mode=AT_MATCH_END, interrupt_at_deadline=True))
    late = replace(REQUEST, seq=2, reason="deadline", deadline=START + 72)
    one.memory.active["uid-s"] = session(request=late, grace_seconds=30.0, **changes)
    return one
