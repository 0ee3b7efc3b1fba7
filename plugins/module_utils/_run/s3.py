# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""JSON objects in the state bucket, written only if no one else wrote in between.

Each conditional write carries a nonce: the same body has the same ETag, so only the nonce shows
whose write a 412 or a lost answer was about.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Iterator, Mapping, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock, SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    # AnsibleAWSModule says what is missing; without it nothing here runs.
    boto3 = None
    BotoCoreError = ClientError = Exception

_ATTEMPTS = 6
_RETRY_SECONDS = 0.2
# Calls end soon: a write that is late must have landed before a takeover verifies.
S3_CONFIG: dict[str, Any] = {
    "connect_timeout": 5,
    "read_timeout": 8,
    "retries": {"mode": "standard", "max_attempts": 2},
}
Document = dict[str, Any]


class StoreConflict(Exception):
    """Someone else wrote the object since it was read: read it again and decide again."""


@dataclass(frozen=True)
class StoredObject:
    """An object as read: content, ETag, and seconds since its last write by S3's own clock."""

    body: Document
    etag: str
    age_seconds: float


class Store(Protocol):
    """What the run record, the journal and the memory need from a bucket."""

    def get(self, key: str) -> StoredObject | None:
        """The object, or None."""

    def put(self, key: str, body: Mapping[str, Any]) -> None:
        """Write without a condition."""

    def put_if(self, key: str, body: Mapping[str, Any], etag: str | None) -> str:
        """Write if the object still has this ETag (None: is absent); the new ETag, or Conflict."""

    def keys(self, prefix: str) -> list[str]:
        """Every key below a prefix, sorted."""


def s3_client(region: str | None) -> Any:
    """The S3 client of a keeper, with the credentials of the environment."""
    return boto3.client("s3", region_name=region, config=Config(**S3_CONFIG))


class S3Store:
    """The state bucket."""

    def __init__(self, client: Any, bucket: str, clock: Clock | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._clock: Clock = clock or SystemClock()

    def get(self, key: str) -> StoredObject | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            text = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            if code_of(error) in ("NoSuchKey", "404"):
                return None
            raise self._explained(error, "read", key) from error
        try:
            body = json.loads(text)
        except ValueError as error:
            raise BlueGreenError(
                f"s3://{self._bucket}/{key} is not JSON ({error}): restore an earlier version of the object"
            ) from error
        return StoredObject(body, str(answer["ETag"]), age_of(answer))

    def put(self, key: str, body: Mapping[str, Any]) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=encoded(body), ContentType="application/json")
        except (ClientError, BotoCoreError) as error:
            raise self._explained(error, "write", key) from error

    def put_if(self, key: str, body: Mapping[str, Any], etag: str | None) -> str:
        nonce = uuid.uuid4().hex
        data = encoded({**body, "nonce": nonce})
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        last: Exception = StoreConflict(key)
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._clock.sleep(_RETRY_SECONDS * attempt)
            try:
                answer = self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=data, ContentType="application/json", **condition
                )
                return str(answer["ETag"])
            except (ClientError, BotoCoreError) as error:
                if not is_undecided(error):
                    raise self._explained(error, "write", key) from error
                last = error
            # 412, 409, 404 or no answer: what is in the bucket says whether the write landed.
            current = self.get(key)
            if current is not None and current.body.get("nonce") == nonce:
                return current.etag
            if (current.etag if current else None) != etag:
                raise StoreConflict(key)
        raise self._explained(last, "write", key) from last

    def keys(self, prefix: str) -> list[str]:
        try:
            return sorted(self._pages(prefix))
        except (ClientError, BotoCoreError) as error:
            raise self._explained(error, "list", prefix) from error

    def _pages(self, prefix: str) -> Iterator[str]:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                yield str(item["Key"])

    def _explained(self, error: Exception, verb: str, key: str) -> BlueGreenError:
        where = f"s3://{self._bucket}/{key}"
        code = code_of(error)
        if code == "NoSuchBucket":
            return BlueGreenError(
                f"the state bucket {self._bucket} (eks_bluegreen_state_bucket) does not exist: "
                "create it with the playbook bootstrap"
            )
        if code in ("AccessDenied", "403"):
            return BlueGreenError(
                f"may not {verb} {where}: check that eks_bluegreen_state_bucket names the bucket that the playbook "
                "bootstrap made, and that the runner has s3:GetObject and s3:PutObject on the prefix and s3:ListBucket "
                f"on the bucket, without which an absent object looks forbidden (docs/iam; {error})"
            )
        return BlueGreenError(f"could not {verb} {where}: {error}")


def encoded(body: Mapping[str, Any]) -> bytes:
    """A JSON object as it is stored: one line, keys in order."""
    return (json.dumps(body, sort_keys=True) + "\n").encode()


def code_of(error: Exception) -> str:
    """The AWS error code of a ClientError, else an empty string."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def is_undecided(error: Exception) -> bool:
    """Whether a conditional write that failed this way may have landed, or may be tried again.

    412: our own write, tried twice by the client, answers so too. 409: a write at the same moment.
    404: the object vanished. 5xx or no answer: unknown.
    """
    response = getattr(error, "response", None)
    if response is None:
        return True
    if code_of(error) == "NoSuchBucket":
        return False
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)) in (404, 409, 412, 500, 502, 503, 504)


def age_of(answer: Mapping[str, Any]) -> float:
    """Seconds between an object's last write and this answer, both by S3's clock."""
    date: datetime = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    modified: datetime = answer["LastModified"]
    return max(0.0, (date - modified).total_seconds())
