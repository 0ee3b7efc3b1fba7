from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lab.aws.gate import check_key
from lab.aws.principal import Principal

NOW = datetime(2026, 11, 23, tzinfo=UTC)
USER = Principal("arn", "arn", "AIDA", "", "AKIA1", "secret")
SESSION = Principal("arn", "arn", "AROA", "s", "ASIA1", "secret", "token", NOW - timedelta(seconds=1))
PRINCIPALS = {"AKIA1": USER, "ASIA1": SESSION}


def header(key: str, service: str) -> str:
    return (
        f"AWS4-HMAC-SHA256 Credential={key}/20261123/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=x"
    )


def test_a_known_key_and_an_unsigned_request_pass() -> None:
    assert check_key(header("AKIA1", "eks"), PRINCIPALS.get, NOW) is None
    assert check_key("", PRINCIPALS.get, NOW) is None


@pytest.mark.parametrize(
    ("key", "service", "code"),
    [
        ("AKIA9", "eks", "UnrecognizedClientException"),
        ("AKIA9", "elasticloadbalancing", "InvalidClientTokenId"),
        ("AKIA9", "ec2", "AuthFailure"),
        ("AKIA9", "s3", "InvalidAccessKeyId"),
        ("ASIA1", "ssm", "ExpiredTokenException"),
        ("ASIA1", "iam", "ExpiredToken"),
    ],
)
def test_a_refusal_speaks_the_service_s_language(key: str, service: str, code: str) -> None:
    refusal = check_key(header(key, service), PRINCIPALS.get, NOW)
    assert refusal
    assert refusal.status.startswith("403")
    assert code in refusal.body.decode()
