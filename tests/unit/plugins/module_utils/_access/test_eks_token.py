"""The program that makes the token for a cluster."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._access import eks_token
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._access.kubeconfig import token_command


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-test")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def presigned(token: str) -> SplitResult:
    """The URL that a token is made of."""
    encoded = token.removeprefix("k8s-aws-v1.")
    return urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())


@pytest.mark.parametrize(
    ("environ", "region", "host"),
    [
        ({}, "eu-west-1", "https://sts.eu-west-1.amazonaws.com"),
        ({}, "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.9:4566"}, "eu-west-1", "http://127.0.0.9:4566"),
        ({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_STS": "http://b/"}, "eu-west-1", "http://b"),
    ],
)
def test_a_token_is_a_presigned_url_for_one_cluster(
    environ: dict[str, str], region: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    token = eks_token.make_token("arena-blue", region)
    assert token.startswith("k8s-aws-v1.")
    url = presigned(token)
    query = parse_qs(url.query)
    assert f"{url.scheme}://{url.netloc}" == host
    assert query["Action"] == ["GetCallerIdentity"]
    assert query["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert query["X-Amz-Credential"][0].startswith("AKIATEST/")
    assert f"/{region}/sts/" in query["X-Amz-Credential"][0]
    assert "secret-of-the-test" not in url.query


def test_a_role_signs_in_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    credentials = {"AccessKeyId": "ASIAROLE", "SecretAccessKey": "s", "SessionToken": "of-the-role"}

    def assume_role(**options: str) -> dict[str, Any]:
        asked.append(options)
        return {"Credentials": credentials}

    def create_client(_session: Any, service: str, region_name: str) -> Any:
        asked.append((service, region_name))
        return SimpleNamespace(assume_role=assume_role)

    monkeypatch.setattr("botocore.session.Session.create_client", create_client)
    query = parse_qs(presigned(eks_token.make_token("arena-blue", "eu-west-1", role_arn="arn:role")).query)
    assert asked == [("sts", "eu-west-1"), {"RoleArn": "arn:role", "RoleSessionName": "eks-bluegreen"}]
    assert query["X-Amz-Credential"][0].startswith("ASIAROLE/")
    assert query["X-Amz-Security-Token"] == ["of-the-role"]


def test_without_botocore_it_names_the_python_that_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eks_token, "IMPORT_ERROR", ImportError("no module named botocore"))
    with pytest.raises(RuntimeError, match=f"{re.escape(sys.executable)} cannot import botocore"):
        eks_token.make_token("arena-blue", "eu-west-1")


def test_an_exec_credential() -> None:
    made: Any = eks_token.exec_credential("token", datetime(2026, 11, 23, 1, 0, tzinfo=UTC))
    assert made["status"] == {"token": "token", "expirationTimestamp": "2026-11-23T01:14:00Z"}
    assert (made["kind"], made["apiVersion"]) == ("ExecCredential", "client.authentication.k8s.io/v1")


def test_without_credentials_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(RuntimeError, match="no AWS credentials were found"):
        eks_token.make_token("arena-blue", "eu-west-1")


def test_the_program_runs_by_itself() -> None:
    command = token_command(sys.executable, eks_token.__file__, "arena-blue", "eu-west-1", "", "")
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert json.loads(printed)["status"]["token"].startswith("k8s-aws-v1.")
