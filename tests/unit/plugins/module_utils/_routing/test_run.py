"""One round of the session destination, with a store and a clock of the test's own."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.api import Stored
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document import Reader, Want
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.run import (
    SLICE_SECONDS,
    SessionDocument,
    Waiting,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import NullKeeper

NAME = "/arena/session-destination"
GREEN = {"blue": 0, "green": 100}


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 11, 1, tzinfo=timezone.utc) + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class FakeStore:
    """A parameter, and one reader that follows it `delay` seconds after a write."""

    def __init__(self, clock: FakeClock, delay: float | None = 0.0) -> None:
        self.clock = clock
        self.delay = delay
        self.version = 3
        self.value = json.dumps(
            {
                "v": 1,
                "revision": 6,
                "token": "seed",
                "weights": {"blue": 100, "green": 0},
                "clusters": {"blue": "arena-blue", "green": "arena-green"},
            }
        )
        self.written_at = -1000.0
        self.rival: str | None = None

    def read(self) -> Stored | None:
        return Stored(self.value, self.version)

    def write(self, value: str) -> int:
        self.version += 1 if self.rival is None else 2
        self.value, self.written_at = value, self.clock.seconds
        return self.version

    def readers(self) -> list[Reader]:
        if self.delay is None:
            return []
        revision = json.loads(self.value)["revision"]
        seen = revision if self.clock.seconds - self.written_at >= self.delay else revision - 1
        return [Reader("pod-1", "blue", seen, 0.5)]


class FakeKeeper(NullKeeper):
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def keep(self) -> None:
        self.calls.append("keep")

    def journal(self, kind: str, **data: Any) -> None:
        self.calls.append((kind, data))


def ensure(
    store: FakeStore, *, wait: bool = True, check_mode: bool = False, **changes: Any
) -> tuple[dict[str, Any], FakeKeeper]:
    keeper = FakeKeeper()
    document = SessionDocument(store, NAME, Waiting(wait, 10), store.clock)
    asked = Want(**{"weights": GREEN, "clusters": {}, "token": "run-1", **changes})
    return document.ensure(asked, keeper, check_mode=check_mode), keeper


def test_a_round_writes_and_sees_the_readers_follow() -> None:
    store = FakeStore(FakeClock(), delay=1.0)
    result, keeper = ensure(store, if_revision=6)
    assert result["changed"]
    assert result["revision"] == 7
    assert result["weights"] == GREEN
    assert result["round"]["finished"]
    assert result["evidence"] == "revision 7: read back by 1 of 1 readers"
    assert keeper.calls == ["keep", ("routing", {"weights": GREEN, "revision": 7})]
    assert json.loads(store.value)["token"] == "run-1"
    assert '"revision": 6' in result["diff"]["before"]
    assert '"revision": 7' in result["diff"]["after"]


def test_a_slow_reader_takes_another_round_that_writes_nothing() -> None:
    store = FakeStore(FakeClock(), delay=SLICE_SECONDS + 2)
    first, _ = ensure(store, if_revision=6)
    assert first["changed"]
    assert not first["round"]["finished"]
    assert first["round"]["progress"] == "revision 7: read back by 0 of 1 readers, missing pod-1 (at 6)"
    second, keeper = ensure(store, if_revision=6)
    assert not second["changed"]
    assert second["round"]["finished"]
    assert keeper.calls == ["keep"]


def test_without_a_reader_the_wait_goes_on() -> None:
    result, _ = ensure(FakeStore(FakeClock(), delay=None))
    assert not result["round"]["finished"]
    assert result["round"]["progress"] == "revision 7: no live reader has read it back"


def test_who_does_not_wait_is_finished_at_once() -> None:
    store = FakeStore(FakeClock(), delay=1000)
    result, _ = ensure(store, wait=False)
    assert result["round"]["finished"]
    assert store.clock.seconds == 0


def test_who_does_not_wait_writes_over_others_and_asks_no_reader() -> None:
    store = FakeStore(FakeClock())
    store.rival = "upgrade"
    store.readers = lambda: pytest.fail("the readers were listed")  # type: ignore[method-assign]
    result, keeper = ensure(store, wait=False)
    assert (result["changed"], result["weights"], store.version) == (True, GREEN, 5)
    assert result["readers"] == {"current": [], "behind": [], "gone": []}
    assert keeper.calls == ["keep", ("routing", {"weights": GREEN, "revision": 7})]


def test_check_mode_predicts_and_touches_nothing() -> None:
    store = FakeStore(FakeClock())
    before = store.value
    result, keeper = ensure(store, check_mode=True)
    assert result["changed"]
    assert result["document"]["revision"] == 7
    assert store.value == before
    assert keeper.calls == []


def test_a_write_in_between_is_noticed() -> None:
    store = FakeStore(FakeClock())
    store.rival = "rollback"
    with pytest.raises(BlueGreenError, match="somebody else wrote"):
        ensure(store)


def test_a_move_after_our_write_is_noticed() -> None:
    store = FakeStore(FakeClock())
    readers = store.readers

    def moved() -> list[Reader]:
        store.value = store.value.replace('"revision": 7', '"revision": 8')
        return readers()

    store.readers = moved  # type: ignore[method-assign]
    with pytest.raises(BlueGreenError, match="moved to revision 8 by somebody else"):
        ensure(store)


def test_a_parameter_that_is_not_there_names_the_variable() -> None:
    store = FakeStore(FakeClock())
    store.read = lambda: None  # type: ignore[method-assign]
    with pytest.raises(BlueGreenError, match="correct session_routing_document_parameter"):
        ensure(store)


def test_reading_tells_the_weights_and_the_evidence() -> None:
    store = FakeStore(FakeClock())
    result = SessionDocument(store, NAME, Waiting(True, 10), store.clock).read()
    assert result["weights"] == {"blue": 100, "green": 0}
    assert result["evidence"] == "revision 6: read back by 1 of 1 readers"
    assert not result["changed"]
