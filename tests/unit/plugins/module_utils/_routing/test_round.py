"""One round of the session destination, with a provider and a clock of the test's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    Capabilities,
    Evidence,
    Moved,
    Queue,
    Reading,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.round import (
    ROUTING_SLICE_SECONDS,
    SessionDestination,
    WantedRouting,
)

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._routing.fakes import FakeKeeper

BLUE = {"blue": 100, "green": 0}
GREEN = {"blue": 0, "green": 100}
ABLE = Capabilities("match", True, True, True, "none", 0.0, "conditional")
QUEUES = replace(ABLE, queue="per_slot")


class FakeProvider:
    """A destination that is followed `delay` seconds after a write."""

    where = "the switchboard"

    def __init__(self, able: Capabilities = ABLE, delay: float = 0.0) -> None:
        self.clock = FakeClock()
        self.able = able
        self.delay = delay
        self.weights: Mapping[str, int] = BLUE
        self.revision = 6
        self.token = "seed"
        self.holds: Mapping[str, Any] = {}
        self.will_hold: Mapping[str, Any] | None = None
        self.written_at = -1000.0
        self.is_open = {"blue": True, "green": False}
        self.depth: int | None = 0
        self.calls: list[Any] = []

    def capabilities(self) -> Capabilities:
        return self.able

    def read(self) -> Reading:
        age = self.clock.seconds - self.written_at
        evidence = Evidence(age >= self.delay, f"followed for {age:.0f} s")
        return Reading(
            self.weights, str(self.revision), self.token, evidence, age, holds=self.holds, will_hold=self.will_hold
        )

    def set(self, weights: Mapping[str, int], if_revision: str | None, token: str) -> str:
        self.calls.append(("set", dict(weights), if_revision))
        self.weights, self.token, self.written_at = weights, token, self.clock.seconds
        self.revision += 1
        if self.will_hold is not None:
            self.holds = self.will_hold
        return str(self.revision)

    def queue(self, slot: str) -> Queue:
        return Queue(self.depth, 12.0, self.is_open[slot])

    def open(self, slot: str) -> None:
        self._switch("open", slot)

    def close(self, slot: str) -> None:
        self._switch("close", slot)

    def _switch(self, verb: str, slot: str) -> None:
        self.calls.append((verb, slot))
        self.is_open[slot] = verb == "open"
        self.revision += 1


def ensure(provider: FakeProvider, *, check_mode: bool = False, **changes: Any) -> tuple[dict[str, Any], FakeKeeper]:
    keeper = FakeKeeper()
    want = WantedRouting(**{"weights": GREEN, "token": "run-1", **changes})
    return SessionDestination(provider, provider.clock).ensure(want, keeper, check_mode=check_mode), keeper


def test_a_round_writes_what_it_compared_and_sees_it_followed() -> None:
    provider = FakeProvider(delay=1.0)
    result, keeper = ensure(provider, if_revision="6")
    assert (result["changed"], result["revision"], result["weights"], result["token"]) == (True, "7", GREEN, "run-1")
    assert (result["followed"], result["evidence"]) == (True, "followed for 1 s")
    assert result["round"]["finished"]
    assert provider.calls == [("set", GREEN, "6")]
    assert keeper.calls == ["keep", ("routing", {"weights": GREEN, "revision": "7"})]
    assert '"green": 0' in result["diff"]["before"]
    assert '"green": 100' in result["diff"]["after"]


def test_a_slow_reader_takes_another_round_that_writes_nothing() -> None:
    provider = FakeProvider(delay=ROUTING_SLICE_SECONDS + 2)
    first, _ = ensure(provider, if_revision="6")
    assert (first["changed"], first["round"]["finished"]) == (True, False)
    assert first["round"]["progress"] == "followed for 4 s"
    second, keeper = ensure(provider, if_revision="6")
    assert (second["changed"], second["round"]["finished"]) == (False, True)
    assert keeper.calls == ["keep"]
    assert len(provider.calls) == 1


def test_who_does_not_wait_writes_over_others_and_asks_nobody() -> None:
    provider = FakeProvider(delay=1000)
    result, keeper = ensure(provider, wait=False)
    assert (result["changed"], result["revision"], result["followed"]) == (True, "7", False)
    assert result["round"]["finished"]
    assert provider.clock.seconds == 0
    assert provider.calls == [("set", GREEN, None)]
    assert keeper.calls == ["keep", ("routing", {"weights": GREEN, "revision": "7"})]


def test_check_mode_predicts_and_touches_nothing() -> None:
    provider = FakeProvider()
    result, keeper = ensure(provider, check_mode=True)
    assert (result["changed"], result["weights"], result["evidence"]) == (True, GREEN, "not set yet")
    assert (provider.calls, keeper.calls) == ([], [])


def test_check_mode_refuses_what_the_run_would_refuse() -> None:
    with pytest.raises(Moved):
        ensure(FakeProvider(), check_mode=True, if_revision="5")


def test_a_destination_that_is_there_is_left_alone_at_any_revision() -> None:
    provider = FakeProvider()
    provider.weights = GREEN
    result, _ = ensure(provider, if_revision="1")
    assert (result["changed"], provider.calls) == (False, [])


def test_what_else_the_provider_holds_is_a_change_too() -> None:
    provider = FakeProvider()
    provider.weights, provider.will_hold = GREEN, {"clusters": {"blue": "b2"}}
    predicted, _ = ensure(provider, check_mode=True)
    assert '"b2"' in predicted["diff"]["after"]
    assert '"b2"' not in predicted["diff"]["before"]
    result, _ = ensure(provider)
    assert (result["changed"], provider.calls) == (True, [("set", GREEN, "6")])


def test_a_move_after_our_write_is_noticed() -> None:
    provider = FakeProvider(delay=1.0)
    read = provider.read

    def moved() -> Reading:
        if provider.clock.seconds > 0:
            provider.weights, provider.revision = BLUE, 8
        return read()

    provider.read = moved  # type: ignore[method-assign]
    with pytest.raises(Moved, match=r"the switchboard was moved to weights blue 100, green 0 \(revision 8\) by some"):
        ensure(provider)


def test_results_that_were_handed_out_expire_before_it_is_done() -> None:
    provider = FakeProvider(replace(ABLE, endpoint_ttl_seconds=10.0))
    first, _ = ensure(provider)
    assert not first["round"]["finished"]
    assert first["round"]["progress"] == "revision 7: earlier results may be used for another 6 s"
    provider.clock.seconds += 6
    assert ensure(provider)[0]["round"]["finished"]


def test_the_targets_queue_opens_before_and_the_sources_closes_after() -> None:
    provider = FakeProvider(QUEUES)
    result, _ = ensure(provider, queues={"blue": False, "green": True})
    assert provider.calls == [("open", "green"), ("set", GREEN, "7"), ("close", "blue")]
    assert result["queues"]["blue"] == {"depth": 0, "oldest_seconds": 12.0, "open": False}
    assert result["queues"]["green"]["open"]
    assert '"blue": "closed"' in result["diff"]["after"]
    assert ensure(provider, queues={"blue": False, "green": True})[0]["changed"] is False


@pytest.mark.parametrize(
    ("depth", "text"),
    [
        (3, "3 wait in the queue of blue, the oldest for 12 s"),
        (None, "it is not known what waits in the queue of blue"),
    ],
)
def test_a_closed_queue_is_empty_before_it_is_done(depth: int | None, text: str) -> None:
    provider = FakeProvider(QUEUES)
    provider.depth = depth
    result, _ = ensure(provider, queues={"blue": False})
    assert (result["round"]["finished"], result["round"]["progress"]) == (False, text)


def test_what_waits_in_a_shared_queue_is_left_to_the_other_slot() -> None:
    provider = FakeProvider(replace(ABLE, queue="shared"))
    provider.depth = 3
    assert ensure(provider, queues={"blue": False})[0]["round"]["finished"]


def test_a_queue_alone_leaves_the_weights() -> None:
    provider = FakeProvider(QUEUES)
    result, _ = ensure(provider, weights=None, queues={"green": True})
    assert (result["changed"], result["weights"], provider.calls) == (True, BLUE, [("open", "green")])


def test_queues_where_there_are_none_are_refused() -> None:
    provider = FakeProvider()
    with pytest.raises(BlueGreenError, match="the switchboard has no queue of blue"):
        ensure(provider, queues={"blue": False})
    assert provider.calls == []


def test_what_something_else_moves_is_left_to_it_unless_it_shall_be_proven() -> None:
    provider = FakeProvider(replace(ABLE, writes="nothing"))
    assert ensure(provider, check_mode=True)[0]["changed"] is False
    assert ensure(provider, wait=False)[0]["changed"] is False
    assert provider.calls == []
    ensure(provider)
    assert provider.calls == [("set", GREEN, "6")]


def test_reading_tells_everything() -> None:
    provider = FakeProvider(QUEUES)
    result = SessionDestination(provider, provider.clock).read()
    assert (result["changed"], result["weights"], result["revision"]) == (False, BLUE, "6")
    assert result["capabilities"]["queue"] == "per_slot"
    assert sorted(result["queues"]) == ["blue", "green"]
    assert SessionDestination(FakeProvider(), provider.clock).read()["queues"] == {}
