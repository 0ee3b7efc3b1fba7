"""Reads that note their failure and go on, and the failures after which nothing can go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding, Reads
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError

REMEDY = "Correct that, then start again"


def failing(error: Exception) -> Callable[[], str]:
    def read() -> str:
        raise error

    return read


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeCluster")


def test_a_read_that_works_is_no_finding() -> None:
    reads = Reads()
    assert reads.attempt(lambda: "blue", "", "cluster_readable", "arena-blue") == "blue"
    assert reads.optional(lambda: "green", "cluster_readable", "arena-green") == "green"
    assert reads.problems == []


@pytest.mark.parametrize(
    "error",
    [
        BlueGreenError("no answer. "),
        AnsibleAWSError(message="no answer"),
        AnsibleAWSError(message="no answer", exception=refused("AccessDeniedException")),
    ],
)
def test_a_read_that_fails_is_noted_and_the_next_one_goes_on(error: Exception) -> None:
    reads = Reads()
    assert reads.attempt(failing(error), "nothing", "cluster_readable", "arena-blue") == "nothing"
    assert reads.optional(failing(error), "addons_readable", "arena-green") is None
    assert reads.attempt(lambda: "read", "", "cluster_readable", "arena-green") == "read"

    required, optional = reads.problems
    assert (required.severity, required.check, required.resource) == ("error", "cluster_readable", "arena-blue")
    assert (optional.severity, optional.check, optional.resource) == ("warning", "addons_readable", "arena-green")
    assert required.finding.startswith("no answer")
    assert not required.finding.endswith((".", " "))
    assert required.remedy == REMEDY


def test_an_error_that_nobody_foresaw_is_none_of_the_environment_s() -> None:
    reads = Reads()
    with pytest.raises(KeyError):
        reads.attempt(failing(KeyError("cluster")), "", "cluster_readable", "arena-blue")
    assert reads.problems == []


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.9"), r"AWS does not answer \(.*AWS_ENDPOINT_URL"),
        (ConnectTimeoutError(endpoint_url="http://127.0.0.9"), "AWS does not answer"),
        (NoCredentialsError(), "no AWS credentials"),
        (refused("ExpiredTokenException"), "credentials have expired"),
    ],
)
@pytest.mark.parametrize("ours", [False, True])
def test_what_fails_every_read_is_said_once(cause: Exception, said: str, ours: bool) -> None:
    error: Exception = AnsibleAWSError(message="read cluster", exception=cause)
    if ours:
        error = BlueGreenError("could not read the run record")
        error.__cause__ = cause
    reads = Reads()
    with pytest.raises(BlueGreenError, match=said):
        reads.optional(failing(error), "cluster_readable", "arena-blue")
    assert reads.problems == []


def test_an_error_is_added() -> None:
    reads = Reads()
    reads.note("one_vpc", "subnets", "they are of two VPCs", "Name subnets of one")
    assert reads.problems == [Finding("error", "one_vpc", "subnets", "they are of two VPCs", "Name subnets of one")]


def test_a_finding_reads_as_two_sentences() -> None:
    found = Finding("warning", "one_vpc", "subnets", "they are of two VPCs", "Name subnets of one")
    assert str(found) == "subnets: they are of two VPCs. Name subnets of one"
