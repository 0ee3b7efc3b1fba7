"""Parameter Store against moto, in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.api import ParameterDocument, Stored
from botocore.stub import Stubber
from moto import mock_aws

NAME = "/arena/session-destination"


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield boto3.client("ssm", region_name="eu-west-1")


def test_a_missing_parameter_is_an_answer(ssm: Any) -> None:
    assert ParameterDocument(ssm, NAME, SystemClock()).read() is None


def test_a_write_counts_the_version_up(ssm: Any) -> None:
    ssm.put_parameter(Name=NAME, Value="one", Type="String")
    document = ParameterDocument(ssm, NAME, SystemClock())
    assert document.read() == Stored("one", 1)
    assert document.write("two") == 2
    assert document.read() == Stored("two", 2)


def test_all_pages_of_readers_are_read_but_not_the_document(ssm: Any) -> None:
    ssm.put_parameter(Name=NAME, Value="{}", Type="String")
    for number in range(12):
        value = json.dumps({"revision": number, "slot": "blue"})
        ssm.put_parameter(Name=f"{NAME}/readers/pod-{number}", Value=value, Type="String")
    readers = ParameterDocument(ssm, NAME, SystemClock()).readers()
    assert sorted(reader.revision for reader in readers) == list(range(12))
    assert all(0 <= reader.age_seconds < 5 for reader in readers)


def test_an_error_of_aws_says_what_was_tried(ssm: Any) -> None:
    with Stubber(ssm) as stub:
        stub.add_client_error("put_parameter", "AccessDeniedException", "not yours")
        with pytest.raises(AnsibleAWSError, match=f"Failed to write parameter {NAME}: .*not yours"):
            ParameterDocument(ssm, NAME, SystemClock()).write("two")
