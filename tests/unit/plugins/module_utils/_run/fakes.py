"""A bucket in memory with S3's conditional writes, and a clock that moves only when told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from io import BytesIO
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import record_key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.lease import Runner
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import Lease, Record, Seen
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import S3Store
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.unit.plugins.clock import FakeClock

BUCKET = "state"
KEY = record_key("eks-bluegreen", "arena")


def client_error(code: str, status: int) -> ClientError:
    answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutObject")


class FakeS3:
    """As much of an S3 client as the store uses. `faults` are errors for the next puts.

    A fault is (error, lands): whether the write was done although its answer was lost. `before_put` is
    done once, just before the next put arrives.
    """

    def __init__(self, clock: FakeClock, has_bucket: bool = True) -> None:
        self.clock = clock
        self.has_bucket = has_bucket
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.faults: list[tuple[Exception, bool]] = []
        self.before_put: Callable[[], None] | None = None
        self.puts = 0

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if not self.has_bucket:
            raise client_error("NoSuchBucket", 404)
        if Key not in self.objects:
            raise client_error("NoSuchKey", 404)
        data, modified = self.objects[Key]
        date = format_datetime(self._now(), usegmt=True)
        return {
            "Body": BytesIO(data),
            "ETag": etag(data),
            "LastModified": modified,
            "ResponseMetadata": {"HTTPHeaders": {"date": date}},
        }

    def put_object(self, Bucket: str, Key: str, Body: bytes, **options: Any) -> dict[str, Any]:  # noqa: N803
        interruption, self.before_put = self.before_put, None
        if interruption is not None:
            interruption()
        self.puts += 1
        if not self.has_bucket:
            raise client_error("NoSuchBucket", 404)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None and not fault[1]:
            raise fault[0]
        current = etag(self.objects[Key][0]) if Key in self.objects else None
        if options.get("IfNoneMatch") == "*" and current is not None:
            raise client_error("PreconditionFailed", 412)
        if "IfMatch" in options and current is None:
            raise client_error("NoSuchKey", 404)
        if "IfMatch" in options and options["IfMatch"] != current:
            raise client_error("PreconditionFailed", 412)
        self.objects[Key] = (Body, self._now())
        if fault is not None:
            raise fault[0]
        return {"ETag": etag(Body)}

    def get_paginator(self, name: str) -> FakeS3:
        assert name == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        return [{"Contents": [{"Key": key} for key in keys[:1]]}, {"Contents": [{"Key": key} for key in keys[1:]]}, {}]

    def body(self, key: str) -> Any:
        return json.loads(self.objects[key][0])

    def _now(self) -> datetime:
        """S3 tells times in whole seconds."""
        return self.clock.now().replace(microsecond=0)


def etag(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'


def lost_answer() -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url="https://s3")


def fake_store(clock: FakeClock | None = None) -> tuple[S3Store, FakeS3, FakeClock]:
    clock = clock or FakeClock()
    client = FakeS3(clock)
    return S3Store(client, BUCKET, clock), client, clock


def record(**values: Any) -> Record:
    fields: dict[str, Any] = {
        "run_id": "run-1",
        "release": "2026-11",
        "source": "blue",
        "target": "green",
        "lease": Lease("me", 10.0),
    }
    return Record(**{**fields, **values})


def seen(age: float = 0.0, **values: Any) -> Seen:
    return Seen(record(**values), '"etag"', age)


def runner(holder: str = "me", seconds: float = 10.0) -> Runner:
    return Runner(holder, seconds, "2026-11-23T01:14:12Z")


def lease_fact(**values: Any) -> Mapping[str, Any]:
    fact = {"bucket": BUCKET, "key": KEY, "run_id": "run-1", "generation": 1, "holder": "me", "seconds": 10.0}
    return {**fact, **values}
