from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lab.aws.principal import Principal
from lab.aws.token_review import TokenRefused, Verifier, review

HOSTS = frozenset({("https", "sts.eu-west-1.amazonaws.com"), ("http", "127.40.0.1:4566")})
USER = Principal(
    arn="arn:aws:iam::1:user/operator",
    canonical_arn="arn:aws:iam::1:user/operator",
    user_id="AIDA",
    session_name="",
    access_key_id="AKIA1",
    secret_key="secret",
)
ROLE = Principal(
    arn="arn:aws:sts::1:assumed-role/ci/me@work",
    canonical_arn="arn:aws:iam::1:role/ci",
    user_id="AROA:me@work",
    session_name="me@work",
    access_key_id="ASIA1",
    secret_key="other",
    session_token="session",
)
PRINCIPALS = {"AKIA1": USER, "ASIA1": ROLE}


def token(
    principal: Principal = USER,
    cluster: str | None = "blue",
    base: str = "https://sts.eu-west-1.amazonaws.com",
    action: str = "GetCallerIdentity",
    expires: int = 60,
) -> str:
    """Signed by botocore, so that the check is held to another implementation than itself."""
    headers = {} if cluster is None else {"x-k8s-aws-id": cluster}
    request = AWSRequest("GET", f"{base}/?Action={action}&Version=2011-06-15", headers=headers)
    credentials = Credentials(principal.access_key_id, principal.secret_key, principal.session_token)
    SigV4QueryAuth(credentials, "sts", "eu-west-1", expires=expires).add_auth(request)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")


def verifier(later: timedelta = timedelta(0)) -> Verifier:
    return Verifier(HOSTS, PRINCIPALS.get, lambda: datetime.now(UTC) + later)


@pytest.mark.parametrize("base", ["https://sts.eu-west-1.amazonaws.com", "http://127.40.0.1:4566"])
@pytest.mark.parametrize("principal", [USER, ROLE])
def test_a_good_token_names_its_signer(principal: Principal, base: str) -> None:
    assert verifier().verify(token(principal, base=base), "blue") == principal


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda: "eyJhbGciOi", "does not begin with"),
        (lambda: "k8s-aws-v1.%%%", "not an STS endpoint|not a URL"),
        (lambda: token(cluster="green"), "a cluster other than blue"),
        (lambda: token(cluster=None), "x-k8s-aws-id is not signed"),
        (lambda: token(base="https://evil.example"), "not an STS endpoint"),
        (lambda: token(base="http://sts.eu-west-1.amazonaws.com"), "not an STS endpoint"),
        (lambda: token(base="https://sts.eu-west-1.amazonaws.com/path"), "unexpected path"),
        (lambda: token(action="AssumeRole"), "unexpected action"),
        (lambda: token(expires=901), "from 0 to 900"),
        (lambda: token(replace(USER, secret_key="guess")), "secret key is wrong"),
        (lambda: token(replace(USER, access_key_id="AKIA9")), "no one has the access key AKIA9"),
        (lambda: token(replace(ROLE, session_token="another")), "does not belong to the access key"),
        (lambda: token(replace(ROLE, session_token=None)), "does not belong to the access key"),
    ],
)
def test_a_bad_token_is_refused_with_its_reason(bad: Any, words: str) -> None:
    with pytest.raises(TokenRefused, match=words):
        verifier().verify(bad(), "blue")


@pytest.mark.parametrize(("minutes", "words"), [(15.1, "expired"), (-6, "time in the future")])
def test_a_token_holds_for_fifteen_minutes(minutes: float, words: str) -> None:
    assert verifier(timedelta(minutes=14)).verify(token(), "blue") == USER
    with pytest.raises(TokenRefused, match=words):
        verifier(timedelta(minutes=minutes)).verify(token(), "blue")


def test_an_expired_session_is_refused() -> None:
    ended = replace(ROLE, expires=datetime.now(UTC) - timedelta(seconds=1))
    check = Verifier(HOSTS, {"ASIA1": ended}.get, lambda: datetime.now(UTC))
    with pytest.raises(TokenRefused, match=r"session of arn:aws:sts::1:assumed-role/ci/me@work has expired"):
        check.verify(token(ROLE), "blue")


def test_a_parameter_added_to_the_url_is_refused() -> None:
    encoded = token().removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)) + b"&Extra=1"
    with pytest.raises(TokenRefused, match="do not belong in a token: extra"):
        verifier().verify("k8s-aws-v1." + base64.urlsafe_b64encode(url).decode(), "blue")


def test_a_review_names_user_groups_and_session() -> None:
    entries = {ROLE.canonical_arn: ("arn:aws:sts::1:assumed-role/ci/{{SessionName}}", ["deployers"])}
    status = review(token(ROLE), "blue", verifier(), entries.get)
    assert status["authenticated"] is True
    assert status["user"]["username"] == "arn:aws:sts::1:assumed-role/ci/me-work"
    assert status["user"]["groups"] == ["deployers"]
    assert status["user"]["extra"]["arn"] == [ROLE.arn]


def test_a_review_without_an_access_entry_says_so() -> None:
    status = review(token(), "blue", verifier(), lambda _arn: None)
    assert status == {
        "authenticated": False,
        "error": "arn:aws:iam::1:user/operator has no access entry in cluster blue",
    }
