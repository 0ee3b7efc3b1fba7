"""The provider `document` in Parameter Store, as moto has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Lock
from typing import Any

import boto3
import pytest
from ansible_collections.gameops.eks_bluegreen.extensions.routing.kit import RoutingKit
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document_provider import (
    DocumentProvider,
    DocumentSettings,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.parameter_store import ParameterStore
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Provider
from moto import mock_aws

NAME = "/arena/session-destination"
FIRST = {"v": 1, "revision": 1, "weights": {"blue": 100, "green": 0}, "clusters": {"blue": "b", "green": "g"}}


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("ssm", region_name="eu-west-1")
        # moto counts versions without a lock, so that of two threads both may get the same one; AWS does not.
        put, one_at_a_time = client.put_parameter, Lock()

        def put_parameter(**options: Any) -> Any:
            with one_at_a_time:
                return put(**options)

        monkeypatch.setattr(client, "put_parameter", put_parameter)
        client.put_parameter(Name=NAME, Value=json.dumps(FIRST), Type="String")
        yield client


class Document(RoutingKit):
    queue = "none"

    @pytest.fixture
    def provider(self, ssm: Any) -> Provider:
        self.ssm = ssm
        settings = DocumentSettings({}, reader_ttl_seconds=15, queue=self.queue)
        return DocumentProvider(ParameterStore(ssm, NAME, SystemClock()), settings)

    def follow(self, provider: Provider) -> None:
        value = json.dumps({"revision": int(provider.read().revision), "slot": "blue"})
        self.ssm.put_parameter(Name=f"{NAME}/readers/pod-1", Value=value, Type="String", Overwrite=True)


class TestDocument(Document):
    pass


class TestDocumentOfASharedQueue(Document):
    queue = "shared"


class TestDocumentOfQueuesPerSlot(Document):
    queue = "per_slot"
