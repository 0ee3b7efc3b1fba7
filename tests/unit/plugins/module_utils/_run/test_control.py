from __future__ import annotations

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.control import (
    Control,
    control_of,
    ensure_control,
    read_control,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import NullKeeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import Record, to_document
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import S3Store

from tests.unit.plugins.module_utils._run.fakes import fake_store

KEY = "eks-bluegreen/arena/run.json"
FLAG = "eks-bluegreen/arena/runs/run-1/control.json"
PAUSED = Control("paused", "lunch", "ops-1/jo", "2026-11-23T12:00:00Z")


@pytest.fixture
def store() -> S3Store:
    store, _s3, _clock = fake_store()
    store.put(KEY, to_document(Record("run-1", "2026-11", "blue", "green")))
    return store


def test_the_flag_is_set_once(store: S3Store) -> None:
    first = ensure_control(store, KEY, PAUSED, check_mode=False)
    assert (first["changed"], first["run_id"], first["control"]["reason"]) == (True, "run-1", "lunch")
    again = ensure_control(store, KEY, Control("paused", "dinner"), check_mode=False)
    assert (again["changed"], again["control"]["reason"]) == (False, "lunch")
    stored = store.get(FLAG)
    assert stored is not None
    assert control_of(stored.body) == PAUSED


def test_check_mode_writes_nothing(store: S3Store) -> None:
    found = ensure_control(store, KEY, PAUSED, check_mode=True)
    assert (found["changed"], found["diff"]["after"]["state"]) == (True, "paused")
    assert store.get(FLAG) is None


def test_a_run_that_was_never_paused_is_running(store: S3Store) -> None:
    assert ensure_control(store, KEY, Control("running"), check_mode=False)["changed"] is False
    assert read_control(NullKeeper()) == Control()


def test_without_an_open_run_there_is_nothing_to_pause(store: S3Store) -> None:
    store.put(KEY, to_document(Record("run-1", "2026-11", "blue", "green", state="closed")))
    for place in (KEY, "eks-bluegreen/moon/run.json"):
        with pytest.raises(BlueGreenError, match="no run is open"):
            ensure_control(store, place, PAUSED, check_mode=False)


def test_a_flag_that_says_something_else_pauses() -> None:
    found = control_of({"state": "puased"})
    assert (found.state, str(found)) == (
        "paused",
        "paused by someone: the flag says 'puased', which is not one of running, paused, aborted",
    )


def test_it_tells_who_and_why() -> None:
    assert str(PAUSED) == "paused by ops-1/jo at 2026-11-23T12:00:00Z: lunch"
