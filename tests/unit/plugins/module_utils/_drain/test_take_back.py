"""Drain requests are taken back, and what a handoff has allocated in vain is let go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure, Conflict, NotFound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    DEFAULT_DOMAIN,
    DISCONNECT,
    HANDOFF,
    Request,
    read_request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Event, Listed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import DRAIN_MEMORY, Memory, Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.take_back import (
    Cancellation,
    Letting,
    SuccessorRelease,
    cancel_requests,
    may_have_successors,
    read_all,
    release_successors,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseLost, NullKeeper

from tests.unit.plugins.module_utils._drain.test_preview import FakeApi
from tests.unit.plugins.module_utils._drain.test_successors import request, session, successor
from tests.unit.plugins.module_utils._drain.world import NAMESPACE, START, FakeClock, FakeKeeper, game_server

Json = dict[str, Any]


def test_requests_are_taken_back_without_a_look_at_the_target() -> None:
    source: Any = FakeApi(game_server("s0"))
    result = cancel_requests(source, ["arena"], "eks-bluegreen.gameops", NullKeeper(), FakeClock(), check_mode=False)
    assert (result["changed"], result["cancelled"], source.asked) == (False, 0, [])


@pytest.mark.parametrize(
    ("mode", "delivered", "looks"), [(HANDOFF, False, True), (HANDOFF, True, False), (DISCONNECT, False, False)]
)
def test_a_runner_that_died_before_it_named_a_successor_is_known_by_its_memory(
    mode: str, delivered: bool, looks: bool
) -> None:
    keeper, memory = FakeKeeper(), Memory("run-1", START)
    known = Request("run-1", 1, "requested", mode, "*", START, START, 0.0)
    memory.active["uid"] = Session(NAMESPACE, "s0", "uid", "arena", "", START, request=known, delivered=delivered)
    keeper.save(DRAIN_MEMORY, memory.to_document())
    assert may_have_successors([read_server(session(None))], keeper, DEFAULT_DOMAIN) is looks
    assert not may_have_successors([], FakeKeeper(), DEFAULT_DOMAIN)


class Slot:
    """One slot's game servers: a feed of them, and a target that takes patches."""

    def __init__(self, *servers: Json) -> None:
        self.servers = {one["metadata"]["name"]: one for one in servers}
        self.patches: list[Mapping[str, Any]] = []
        self.troubles: list[ApiFailure] = []
        self.fresh = True

    def relist(self) -> list[Event]:
        return [Listed(NAMESPACE, list(self.servers.values()), START)]

    def take(self) -> list[Event]:
        return []

    def find_server(self, namespace: str, name: str) -> Json | None:
        return self.servers.get(name)

    def allocate(self, fleet: tuple[str, str], annotations: Mapping[str, str]) -> str:
        raise AssertionError("nothing is allocated")

    def has_pod(self, namespace: str, name: str) -> bool:
        raise AssertionError("no pod is looked for")

    def delete_pod(self, namespace: str, name: str) -> None:
        raise AssertionError("nothing is deleted")

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        if self.troubles:
            raise self.troubles.pop()
        self.patches.append(body)
        self.servers[name]["metadata"]["annotations"].update(body["metadata"]["annotations"])
        return self.servers[name]


def letting_go(
    source: Slot, target: Slot, on_sleep: Callable[[float], None] | None = None
) -> tuple[SuccessorRelease, FakeClock]:
    clock = FakeClock()

    def sleep(seconds: float) -> None:
        clock.seconds += seconds
        if on_sleep:
            on_sleep(clock.seconds)

    clock.on_sleep = sleep
    letting = Letting(read_server, notice=30.0, acknowledge=5.0)
    return SuccessorRelease(source, target, target, FakeKeeper(), clock, DEFAULT_DOMAIN, letting), clock


def test_an_unused_successor_is_asked_with_full_notice_and_is_not_shut_down() -> None:
    target = Slot(successor(version=7))
    release, clock = letting_go(Slot(session(request(), "cancelled")), target)
    assert release.run(check_mode=False) == {"released": 1, "kept": 0}
    (body,) = target.patches
    assert set(body) == {"metadata"}
    assert body["metadata"]["resourceVersion"] == "7"
    asked = read_request(body["metadata"]["annotations"], DEFAULT_DOMAIN)
    assert asked is not None
    assert (asked.run, asked.seq, asked.state, asked.mode, asked.reason) == (
        "run-1",
        1,
        "requested",
        "disconnect",
        "unused",
    )
    assert asked.not_before == START + 30.0
    assert clock.seconds == 0.0


def test_the_word_of_a_session_is_waited_for() -> None:
    source, target = Slot(session(request(), "accepted", 1)), Slot(successor())

    def answer(seconds: float) -> None:
        if seconds >= 2.0:
            source.servers["s0"] = session(request(), "cancelled")

    release, clock = letting_go(source, target, answer)
    assert release.run(check_mode=False) == {"released": 1, "kept": 0}
    assert clock.seconds == 2.0


def test_without_that_word_the_successor_stays() -> None:
    target = Slot(successor())
    release, clock = letting_go(Slot(session(request(), "accepted", 1)), target)
    assert release.run(check_mode=False) == {"released": 0, "kept": 1}
    assert (clock.seconds, target.patches) == (5.0, [])


@pytest.mark.parametrize("trouble", [Conflict("joined", 409), NotFound("gone", 404), ApiFailure("busy", 503)])
def test_one_that_cannot_be_asked_stays(trouble: ApiFailure) -> None:
    target = Slot(successor())
    target.troubles = [trouble] * 5
    release, _clock = letting_go(Slot(session(request(), "cancelled")), target)
    assert release.run(check_mode=False) == {"released": 0, "kept": 1}
    assert target.troubles == []


def test_a_write_that_met_a_conflict_is_tried_again() -> None:
    target = Slot(successor())
    target.troubles = [Conflict("changed", 409), ApiFailure("busy", 503)]
    release, _clock = letting_go(Slot(session(request(), "cancelled")), target)
    assert release.run(check_mode=False) == {"released": 1, "kept": 0}


def test_check_mode_waits_for_nobody_and_writes_nothing() -> None:
    target = Slot(successor())
    release, clock = letting_go(Slot(session(request("requested"), "accepted")), target)
    assert release.run(check_mode=True) == {"released": 1, "kept": 0}
    assert (clock.seconds, target.patches) == (0.0, [])


def asked(name: str, *, state: str = "requested", phase: str = "", seq: int = 2, **more: Any) -> Json:
    """A server of the source with a request, and perhaps its answer."""
    made = session(request(state, successor=None, mode="disconnect"), phase, seq, **more)
    made["metadata"] |= {"name": name, "uid": f"uid-{name}"}
    return made


def cancelling(slot: Slot, keeper: FakeKeeper | None = None) -> Cancellation:
    return Cancellation(slot, slot, keeper or FakeKeeper(), DEFAULT_DOMAIN)


@pytest.mark.parametrize(
    ("server", "cancelled", "closing"),
    [
        pytest.param(asked("s0"), 1, 0, id="not answered"),
        pytest.param(asked("s0", phase="accepted"), 1, 0, id="accepted"),
        pytest.param(asked("s0", phase="refused"), 1, 0, id="refused"),
        pytest.param(asked("s0", phase="closing"), 0, 1, id="closing"),
        pytest.param(asked("s0", phase="closing", seq=1), 0, 1, id="closing for an earlier one"),
        pytest.param(asked("s0", deleting=True), 0, 1, id="ending"),
        pytest.param(asked("s0", state="cancelled"), 0, 0, id="cancelled before"),
        pytest.param(game_server("s0"), 0, 0, id="never asked"),
    ],
)
def test_requests_that_stand_are_taken_back(server: Json, cancelled: int, closing: int) -> None:
    slot, keeper = Slot(server), FakeKeeper()
    result = cancelling(slot, keeper).run(check_mode=False)
    assert (result["cancelled"], result["closing"], result["changed"]) == (cancelled, closing, bool(cancelled))
    assert result["diff"] == {"before": {"drain_requests": cancelled}, "after": {"drain_requests": 0}}
    assert (len(slot.patches), keeper.kept) == (cancelled, 1)
    assert keeper.entries == [("drain", {"cancelled": 1, "closing": 0})] * cancelled


def test_what_takes_a_request_back_is_a_later_one_of_the_same_run() -> None:
    slot = Slot(asked("s0", version=7))
    cancelling(slot).run(check_mode=False)
    (body,) = slot.patches
    assert body["metadata"]["resourceVersion"] == "7"
    assert body["metadata"]["labels"] == {f"{DEFAULT_DOMAIN}/draining": None}
    back = read_request(body["metadata"]["annotations"], DEFAULT_DOMAIN)
    assert back is not None
    assert (back.run, back.seq, back.state) == ("run-1", 3, "cancelled")


def test_check_mode_takes_nothing_back_and_keeps_no_lease() -> None:
    slot, keeper = Slot(asked("s0"), asked("s1", phase="closing")), FakeKeeper()
    result = cancelling(slot, keeper).run(check_mode=True)
    assert (result["changed"], result["cancelled"], result["closing"]) == (True, 1, 1)
    assert (slot.patches, keeper.kept, keeper.entries) == ([], 0, [])


def test_requests_that_cannot_be_taken_back_are_an_error_and_no_success_in_the_journal() -> None:
    slot, keeper = Slot(asked("s0")), FakeKeeper()
    slot.troubles = [Conflict("changed", 409)] * 5
    with pytest.raises(ApiFailure, match=r"1 drain requests could not be taken back \(s0\): run again"):
        cancelling(slot, keeper).run(check_mode=False)
    assert (slot.troubles, keeper.entries) == ([], [])


def test_a_right_that_is_missing_is_told_at_once() -> None:
    slot = Slot(asked("s0"))
    slot.troubles = [ApiFailure("forbidden", 403)] * 2
    with pytest.raises(ApiFailure, match="forbidden"):
        cancelling(slot).run(check_mode=False)
    assert len(slot.troubles) == 1


class SlotApi:
    """The API server of a slot, as far as servers are listed and patched."""

    server = "https://slot"

    def __init__(self, *servers: Json) -> None:
        self.slot = Slot(*servers)

    def list(self, path: str, **_more: Any) -> tuple[list[Json], str]:
        return list(self.slot.servers.values()), "1"

    def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        return self.slot.patch_server(NAMESPACE, path.rpartition("/")[2], body)


def released(source: Any, connect: Callable[[], Any], keeper: Any = None, **more: Any) -> Json:
    letting = Letting(read_server, notice=30.0, acknowledge=5.0)
    return release_successors(
        source, connect, [NAMESPACE], DEFAULT_DOMAIN, keeper or FakeKeeper(), FakeClock(), letting, **more
    )


def test_without_a_handoff_the_target_is_not_asked_for() -> None:
    def connect() -> Any:
        raise AssertionError("the target may be dead")

    assert released(SlotApi(asked("s0")), connect, check_mode=False) == {"released": 0, "kept": 0}


def test_a_successor_is_let_go_through_both_api_servers() -> None:
    source, target = SlotApi(session(request(), "cancelled")), SlotApi(successor())
    assert released(source, lambda: target, check_mode=True) == {"released": 1, "kept": 0}
    assert target.slot.patches == []
    assert released(source, lambda: target, check_mode=False) == {"released": 1, "kept": 0}
    assert (len(target.slot.patches), source.slot.patches) == (1, [])


def test_a_target_that_does_not_answer_is_a_problem_and_no_failure() -> None:
    def connect() -> Any:
        raise BlueGreenError("https://green does not answer")

    found = released(SlotApi(session(request(), "cancelled")), connect, check_mode=False)
    assert found == {"released": 0, "kept": 0, "problem": "https://green does not answer"}


def test_a_lost_lease_ends_it() -> None:
    class Lost(FakeKeeper):
        def keep(self) -> None:
            raise LeaseLost("taken over")

    target = SlotApi(successor())
    with pytest.raises(LeaseLost):
        released(SlotApi(session(request(), "cancelled")), lambda: target, Lost(), check_mode=False)
    assert target.slot.patches == []


def test_what_was_let_go_and_what_stays_is_noted() -> None:
    keeper = FakeKeeper()
    source, target = SlotApi(session(request(), "cancelled")), SlotApi(successor())
    released(source, lambda: target, keeper, check_mode=False)
    assert keeper.entries == [("drain", {"successors_released": 1, "successors_kept": 0})]


def test_every_server_of_a_slot_is_read() -> None:
    assert [one.name for one in read_all(Slot(session(), successor()), read_server)] == ["s0", "t0"]
