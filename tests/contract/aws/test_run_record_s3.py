"""The conditional writes that the run record rests on, asked of a real S3 API over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import (
    LeaseLost,
    keeper_of,
    read_journal,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.round import Asked, Place, RunRecord
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import S3Store, StoreConflict
from moto.server import ThreadedMotoServer

BUCKET = "eks-bluegreen-contract"
KEY = "eks-bluegreen/arena/run.json"
RUNNERS = 6


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    made = boto3.client(
        "s3",
        region_name="eu-west-1",
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    made.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield made
    server.stop()


@pytest.fixture
def store(client: Any) -> S3Store:
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    return S3Store(client, BUCKET)


def test_only_one_creates(store: S3Store) -> None:
    store.put_if(KEY, {"a": 1}, None)
    with pytest.raises(StoreConflict):
        store.put_if(KEY, {"a": 1}, None)


def test_only_the_reader_of_the_newest_writes(store: S3Store) -> None:
    first = store.put_if(KEY, {"a": 1}, None)
    second = store.put_if(KEY, {"a": 1}, first)
    assert first != second
    with pytest.raises(StoreConflict):
        store.put_if(KEY, {"a": 2}, first)


def test_a_deleted_object_is_a_conflict(store: S3Store, client: Any) -> None:
    first = store.put_if(KEY, {"a": 1}, None)
    client.delete_object(Bucket=BUCKET, Key=KEY)
    with pytest.raises(StoreConflict):
        store.put_if(KEY, {"a": 2}, first)


def test_age_is_told_in_headers(store: S3Store) -> None:
    store.put(KEY, {"a": 1})
    stored = store.get(KEY)
    assert stored is not None
    assert 0.0 <= stored.age_seconds <= 2.0


def test_a_missing_bucket_says_bootstrap(client: Any) -> None:
    with pytest.raises(BlueGreenError, match="playbook bootstrap"):
        S3Store(client, "eks-bluegreen-nowhere").get(KEY)


def test_of_many_runners_one_opens_the_run(store: S3Store) -> None:
    barrier = threading.Barrier(RUNNERS)

    def open_run(_number: int) -> Any:
        barrier.wait()
        record = RunRecord(store, Place(BUCKET, KEY, "eu-west-1"), SystemClock())
        asked = Asked("2026-11", "blue", "green", if_generation=0, lease_seconds=60.0)
        return record.ensure("open", asked, check_mode=False)["lease"]

    with ThreadPoolExecutor(RUNNERS) as pool:
        leases = [lease for lease in pool.map(open_run, range(RUNNERS)) if lease]
    assert len(leases) == 1
    assert leases[0]["generation"] == 1


def test_a_run_from_open_to_closed(store: S3Store) -> None:
    record = RunRecord(store, Place(BUCKET, KEY, "eu-west-1"), SystemClock())
    asked = Asked("2026-11", "blue", "green", if_generation=0, lease_seconds=60.0)
    lease = record.ensure("open", asked, check_mode=False)["lease"]
    keeper = keeper_of(lease, store)
    keeper.keep()
    keeper.journal("note", text="hello")
    keeper.save("drain", {"a": 1})
    assert keeper.load("drain") == {"a": 1}
    taken = record.ensure("taken_over", Asked(lease_seconds=60.0), check_mode=False)
    with pytest.raises(LeaseLost):
        keeper.keep()
    closed = record.ensure("closed", Asked(lease=taken["lease"]), check_mode=False)
    assert closed["run"]["state"] == "aborted"
    texts = [entry["text"] for entry in read_journal(store, KEY, lease["run_id"])]
    assert "hello" in texts
