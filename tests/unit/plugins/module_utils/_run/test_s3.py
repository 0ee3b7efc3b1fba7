"""Conditional writes: lost answers, our own 412, rivals, and what else S3 answers."""

from __future__ import annotations

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import StoreConflict

from tests.unit.plugins.module_utils._run.fakes import (
    KEY,
    FakeS3,
    client_error,
    fake_store,
    lost_answer,
)


def test_a_first_write_needs_an_absent_object() -> None:
    store, client, _ = fake_store()
    store.put_if(KEY, {"a": 1}, None)
    with pytest.raises(StoreConflict):
        store.put_if(KEY, {"a": 1}, None)
    assert client.body(KEY)["a"] == 1


def test_the_same_body_written_twice_has_two_etags() -> None:
    store, _, _ = fake_store()
    first = store.put_if(KEY, {"a": 1}, None)
    assert store.put_if(KEY, {"a": 1}, first) != first


def test_a_later_write_needs_the_object_as_it_was_read() -> None:
    store, client, _ = fake_store()
    first = store.put_if(KEY, {"a": 1}, None)
    store.put_if(KEY, {"a": 2}, first)
    with pytest.raises(StoreConflict):
        store.put_if(KEY, {"a": 3}, first)
    assert client.body(KEY)["a"] == 2


@pytest.mark.parametrize("lands", [True, False])
def test_a_lost_answer_is_looked_after(lands: bool) -> None:
    store, client, _ = fake_store()
    first = store.put_if(KEY, {"a": 1}, None)
    client.faults = [(lost_answer(), lands)]
    store.put_if(KEY, {"a": 2}, first)
    assert client.body(KEY)["a"] == 2
    assert client.puts == (2 if lands else 3)


def test_our_own_write_tried_twice_by_the_client_is_ours() -> None:
    store, client, _ = fake_store()
    client.faults = [(client_error("PreconditionFailed", 412), True)]
    store.put_if(KEY, {"a": 1}, None)
    assert client.puts == 1


def test_a_write_at_the_same_moment_is_tried_again() -> None:
    store, client, clock = fake_store()
    client.faults = [(client_error("ConditionalRequestConflict", 409), False)] * 2
    store.put_if(KEY, {"a": 1}, None)
    assert client.puts == 3
    assert clock.seconds > 0


def test_an_object_that_vanished_is_a_conflict() -> None:
    store, client, _ = fake_store()
    first = store.put_if(KEY, {"a": 1}, None)
    client.objects.clear()
    with pytest.raises(StoreConflict):
        store.put_if(KEY, {"a": 2}, first)


def test_s3_that_never_answers_is_an_error_in_the_end() -> None:
    store, client, _ = fake_store()
    client.faults = [(client_error("SlowDown", 503), False)] * 10
    with pytest.raises(BlueGreenError, match=f"could not write s3://state/{KEY}"):
        store.put_if(KEY, {"a": 1}, None)


def test_a_missing_bucket_says_bootstrap() -> None:
    store, client, _ = fake_store()
    client.has_bucket = False
    with pytest.raises(BlueGreenError, match="playbook bootstrap"):
        store.get(KEY)
    with pytest.raises(BlueGreenError, match="playbook bootstrap"):
        store.put_if(KEY, {}, None)


def test_forbidden_names_the_permissions(monkeypatch: pytest.MonkeyPatch) -> None:
    store, client, _ = fake_store()
    client.faults = [(client_error("AccessDenied", 403), False)]
    with pytest.raises(BlueGreenError, match="s3:ListBucket"):
        store.put_if(KEY, {}, None)


def test_an_object_that_is_no_json_is_named() -> None:
    store, client, clock = fake_store()
    client.objects[KEY] = (b"{", clock.now())
    with pytest.raises(BlueGreenError, match="is not JSON"):
        store.get(KEY)


def test_age_is_told_by_s3() -> None:
    store, _, clock = fake_store()
    store.put(KEY, {"a": 1})
    clock.sleep(7.4)
    stored = store.get(KEY)
    assert stored is not None
    assert stored.age_seconds == 7.0


def test_absent_is_none_and_listing_pages() -> None:
    store, client, _ = fake_store()
    assert store.get(KEY) is None
    for name in "cab":
        store.put(f"runs/{name}", {})
    assert store.keys("runs/") == ["runs/a", "runs/b", "runs/c"]
    assert isinstance(client, FakeS3)
