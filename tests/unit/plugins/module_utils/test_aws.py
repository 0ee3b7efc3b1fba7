from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils import _aws
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from botocore.exceptions import ClientError, NoCredentialsError, PartialCredentialsError


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "slow down"}}, "DescribeCluster")


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "SlowDown",
        "PriorRequestNotComplete",
    ],
)
def test_throttling_is_tried_again_whatever_the_service_calls_it(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    answers: list[Any] = [error(code), error(code), "at last"]

    @_aws.aws_call("read it")
    def read() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    assert read() == "at last"


LATE_WRITE_SECONDS = 30


def test_a_write_has_landed_or_failed_before_a_takeover_stops_looking() -> None:
    tries = _aws.CLIENT_CONFIG["retries"]["total_max_attempts"]
    one_try = _aws.CLIENT_CONFIG["connect_timeout"] + _aws.CLIENT_CONFIG["read_timeout"]
    rounds, pause = _aws.WRITE_PATIENCE["retries"], _aws.WRITE_PATIENCE["max_delay"]
    # botocore waits up to a second between two tries; a throttled answer comes at once.
    longest = tries * one_try + rounds * (tries - 1) + (rounds - 1) * pause

    assert longest <= LATE_WRITE_SECONDS - 5


@pytest.mark.parametrize(("name", "calls"), [("modify_it", 3), ("describe_it", 5)])
def test_reads_are_more_patient_than_writes(name: str, calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    made: list[str] = []

    def call() -> None:
        made.append(name)
        raise error("Throttling")

    call.__name__ = name
    with pytest.raises(AnsibleAWSError):
        _aws.aws_call("do it")(call)()
    assert len(made) == calls


class FakeModule:
    """Leaves as a module does, and keeps what it said."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = {}

    def fail_json(self, **result: Any) -> None:
        self.said = {"failed": True, **result}
        raise SystemExit(1)

    def fail_json_aws_error(self, error: AnsibleAWSError) -> None:
        self.fail_json(msg=str(error))

    def exit_json(self, **result: Any) -> None:
        self.said = result
        raise SystemExit(0)


def answer_to(cause: Exception) -> str:
    """What a module says after a call that failed so."""

    @_aws.aws_call("read cluster {name}")
    def read(name: str) -> None:
        raise cause

    def work() -> dict[str, Any]:
        read("arena")
        return {}

    module = FakeModule()
    with pytest.raises(SystemExit):
        _aws.finish(module, work)
    return str(module.said["msg"])


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (NoCredentialsError(), "there are no AWS credentials (Unable to locate credentials): set AWS_PROFILE"),
        (PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), "there are no AWS credentials"),
        (error("ExpiredTokenException"), "the AWS credentials have expired"),
        (error("ExpiredToken"), "the AWS credentials have expired"),
        (error("RequestExpired"), "the AWS credentials have expired"),
        (error("UnrecognizedClientException"), "AWS does not accept the credentials"),
        (error("InvalidClientTokenId"), "AWS does not accept the credentials"),
        (error("AccessDeniedException"), "Failed to read cluster arena: "),
    ],
)
def test_bad_credentials_are_said_as_such(cause: Exception, words: str) -> None:
    assert answer_to(cause).startswith(words)


def test_bad_credentials_behind_an_error_of_our_own_too() -> None:
    def work() -> dict[str, Any]:
        raise BlueGreenError("could not read s3://state/run.json") from error("ExpiredToken")

    module = FakeModule()
    with pytest.raises(SystemExit):
        _aws.finish(module, work)
    assert module.said["msg"].startswith("the AWS credentials have expired")


def test_an_error_of_our_own_keeps_its_message_and_details() -> None:
    def work() -> dict[str, Any]:
        raise BlueGreenError("no", last="seen")

    module = FakeModule()
    with pytest.raises(SystemExit):
        _aws.finish(module, work)
    assert module.said == {"failed": True, "msg": "no", "last": "seen"}


def test_an_error_raised_from_one_about_credentials_is_about_them_too() -> None:
    error = BlueGreenError("the bucket cannot be read")
    assert _aws.credentials_problem(error) == ""
    error.__cause__ = NoCredentialsError()
    assert "there are no AWS credentials" in _aws.credentials_problem(error)
    assert _aws.credentials_problem(None) == ""
