from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lab.aws.gate import Refusal, Signed, check_key, deny, signed_by
from lab.aws.permissions import Check
from lab.aws.principal import Principal

NOW = datetime(2026, 11, 23, tzinfo=UTC)
USER = Principal("arn", "arn", "AIDA", "", "AKIA1", "secret")
SESSION = Principal("arn", "arn", "AROA", "s", "ASIA1", "secret", "token", NOW - timedelta(seconds=1))
PRINCIPALS = {"AKIA1": USER, "ASIA1": SESSION}


def test_a_signature_says_who_signed_for_which_service() -> None:
    header = "AWS4-HMAC-SHA256 Credential=AKIA1/20261123/eu-west-1/eks/aws4_request, SignedHeaders=host, Signature=x"
    assert signed_by(header) == Signed("AKIA1", "eu-west-1", "eks")
    assert signed_by("") is None


def test_a_known_key_is_its_owner() -> None:
    assert check_key(Signed("AKIA1", "eu-west-1", "eks"), PRINCIPALS.get, NOW) is USER


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
    refusal = check_key(Signed(key, "eu-west-1", service), PRINCIPALS.get, NOW)
    assert isinstance(refusal, Refusal)
    assert refusal.status.startswith("403")
    assert code in refusal.body.decode()


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("eks", "AccessDeniedException"),
        ("servicequotas", "AccessDeniedException"),
        ("iam", "AccessDenied"),
        ("ec2", "UnauthorizedOperation"),
        ("s3", "AccessDenied"),
    ],
)
def test_a_missing_permission_is_named(service: str, code: str) -> None:
    refusal = deny(Signed("AKIA1", "eu-west-1", service), USER, Check("eks:CreateCluster", "arn:x"))
    text = refusal.body.decode()
    assert code in text
    assert "User: arn is not authorized to perform: eks:CreateCluster on resource: arn:x" in text
