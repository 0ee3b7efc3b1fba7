"""Keeping a lease, the journal and the memory of a run."""

from __future__ import annotations

import json

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import (
    LeaseLost,
    NullKeeper,
    RunKeeper,
    keeper_of,
    read_journal,
    record_key,
    run_folder,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import Record, to_document

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._run.fakes import KEY, FakeS3, client_error, fake_store, lease_fact, record


def kept() -> tuple[RunKeeper, FakeS3, FakeClock]:
    store, client, clock = fake_store()
    store.put(KEY, to_document(record()))
    client.puts = 0
    keeper = keeper_of(lease_fact(), store, clock)
    assert isinstance(keeper, RunKeeper)
    return keeper, client, clock


def replace_object(client: FakeS3, one: Record) -> None:
    client.objects[KEY] = (json.dumps(to_document(one)).encode(), client.clock.now())


def test_keys() -> None:
    assert record_key("/eks-bluegreen/", "arena") == "eks-bluegreen/arena/run.json"
    assert run_folder(record_key("eks-bluegreen", "arena"), "run-1") == "eks-bluegreen/arena/runs/run-1"


@pytest.mark.parametrize(("age", "writes"), [(0.0, 0), (2.0, 0), (3.0, 1), (60.0, 1)])
def test_a_lease_is_renewed_when_a_quarter_of_it_is_over(age: float, writes: int) -> None:
    keeper, client, clock = kept()
    clock.sleep(age)
    keeper.keep()
    assert client.puts == writes


def test_a_lease_that_was_taken_over_is_lost() -> None:
    keeper, client, _ = kept()
    replace_object(client, record(generation=2))
    with pytest.raises(LeaseLost, match="took it over"):
        keeper.keep()


def test_a_lease_that_is_taken_between_reading_and_renewing_is_lost() -> None:
    keeper, client, clock = kept()
    clock.sleep(5)
    client.before_put = lambda: replace_object(client, record(generation=2))
    with pytest.raises(LeaseLost, match="took it over"):
        keeper.keep()


def test_a_renewal_whose_answer_was_lost_is_ours() -> None:
    keeper, client, clock = kept()
    clock.sleep(5)
    client.faults = [(client_error("InternalError", 500), True)]
    keeper.keep()
    assert client.puts == 1


def test_an_update_keeps_what_it_does_not_name() -> None:
    keeper, client, _ = kept()
    keeper.update({"phase": "drain"})
    assert (client.body(KEY)["phase"], client.body(KEY)["lease"]["holder"]) == ("drain", "me")


def test_the_journal_is_read_in_order() -> None:
    keeper, _, clock = kept()
    for number in range(3):
        keeper.journal("note", text=str(number))
        clock.sleep(1)
    entries = read_journal(keeper._store, KEY, "run-1")
    assert [entry["text"] for entry in entries] == ["0", "1", "2"]
    assert entries[1] == {"at": "2026-11-23T01:14:13.000Z", "generation": 1, "kind": "note", "text": "1"}


def test_memory() -> None:
    keeper, _, _ = kept()
    assert keeper.load("drain") is None
    keeper.save("drain", {"a": 1})
    assert keeper.load("drain") == {"a": 1}


def test_without_a_lease_nothing_is_kept() -> None:
    keeper = keeper_of(None)
    assert isinstance(keeper, NullKeeper)
    keeper.keep()
    keeper.journal("note", text="")
    keeper.save("drain", {})
    assert keeper.load("drain") is None
