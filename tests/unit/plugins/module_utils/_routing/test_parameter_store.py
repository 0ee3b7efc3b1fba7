"""Parameter Store against moto, in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.parameter_store import ParameterStore
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Moved
from botocore.stub import Stubber
from moto import mock_aws

NAME = "/arena/session-destination"


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield boto3.client("ssm", region_name="eu-west-1")


def store_on(ssm: Any) -> ParameterStore:
    return ParameterStore(ssm, NAME, SystemClock())


def test_a_missing_parameter_is_an_answer(ssm: Any) -> None:
    assert store_on(ssm).read() is None


def test_a_write_counts_the_version_up(ssm: Any) -> None:
    ssm.put_parameter(Name=NAME, Value="one", Type="String")
    store_on(ssm).write("two", "1")
    stored = store_on(ssm).read()
    assert stored
    assert (stored.value, stored.version) == ("two", "2")
    assert 0 <= stored.age_seconds < 5


def test_a_version_that_jumps_tells_of_a_rival_unless_anything_is_written_over(ssm: Any) -> None:
    ssm.put_parameter(Name=NAME, Value="one", Type="String")
    ssm.put_parameter(Name=NAME, Value="rival", Type="String", Overwrite=True)
    with pytest.raises(Moved, match=f"someone else wrote parameter {NAME} .*version 3 after 1"):
        store_on(ssm).write("two", "1")
    store_on(ssm).write("two", None)


def test_all_pages_of_readers_are_read_but_not_the_document(ssm: Any) -> None:
    ssm.put_parameter(Name=NAME, Value="{}", Type="String")
    for number in range(12):
        value = json.dumps({"revision": number, "slot": "blue"})
        ssm.put_parameter(Name=f"{NAME}/readers/pod-{number}", Value=value, Type="String")
    readers = store_on(ssm).readers()
    assert sorted(reader.revision for reader in readers) == list(range(12))
    assert {reader.id for reader in readers} == {f"pod-{number}" for number in range(12)}
    assert all(0 <= reader.age_seconds < 5 for reader in readers)


def test_an_error_of_aws_says_what_was_tried(ssm: Any) -> None:
    with Stubber(ssm) as stub:
        stub.add_client_error("put_parameter", "AccessDeniedException", "not yours")
        with pytest.raises(AnsibleAWSError, match=f"Failed to write parameter {NAME}: .*not yours"):
            store_on(ssm).write("two", "1")


@pytest.mark.parametrize("name", ["", "arena", "/arena/"])
def test_a_name_that_is_no_path_names_the_variable(name: str) -> None:
    with pytest.raises(BlueGreenError, match="set eks_bluegreen_routing_document_parameter"):
        ParameterStore(None, name, SystemClock())
