"""AssumeRoleWithWebIdentity: service-account tokens against the account's OIDC providers."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.contract.aws.world import ROLE, World, refused

SUBJECT = "system:serviceaccount:arena:matchmaker"


def part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def sign(key: Any, claims: dict[str, Any]) -> str:
    text = f"{part(json.dumps({'alg': 'RS256'}).encode())}.{part(json.dumps(claims).encode())}"
    return f"{text}.{part(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@dataclass
class Issuer:
    """A cluster's issuer whose key the test holds, registered with IAM."""

    world: World
    url: str
    key: Any
    provider: str

    def token(self, **changes: Any) -> str:
        claims = {"iss": self.url, "sub": SUBJECT, "aud": ["sts.amazonaws.com"], "exp": time.time() + 3600}
        return sign(self.key, {**claims, **changes})

    def assume(self, token: str, role: str = "matchmaker") -> Any:
        sts = boto3.client(
            "sts",
            region_name=self.world.config.region,
            endpoint_url=self.world.config.aws_endpoint,
            config=Config(signature_version=UNSIGNED, retries={"max_attempts": 1}),
        )
        return sts.assume_role_with_web_identity(
            RoleArn=ROLE.format(role), RoleSessionName="pod-1", WebIdentityToken=token
        )


@pytest.fixture
def issuer(world: World, cluster: str) -> Iterator[Issuer]:
    url = world.cluster(cluster)["identity"]["oidc"]["issuer"]
    pem = (world.config.state / "fake" / f"{cluster}.key").read_bytes()
    iam = world.client("iam")
    arn = iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"])["OpenIDConnectProviderArn"]
    yield Issuer(world, url, load_pem_private_key(pem, password=None), arn)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def test_a_token_of_a_known_issuer_becomes_the_role(world: World, issuer: Issuer) -> None:
    answer = issuer.assume(issuer.token())
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert answer["Audience"] == "sts.amazonaws.com"
    keys = answer["Credentials"]
    sts = world.client_with("sts", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert sts.get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/arena-matchmaker/pod-1"


def test_without_a_provider_the_issuer_is_refused(world: World, issuer: Issuer) -> None:
    world.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=issuer.provider)
    with refused("InvalidIdentityToken", "No OpenIDConnect provider found", issuer.url):
        issuer.assume(issuer.token())


def test_a_token_for_somebody_else_is_refused(issuer: Issuer) -> None:
    with refused("InvalidIdentityToken", "Incorrect token audience"):
        issuer.assume(issuer.token(aud=["https://kubernetes.default.svc"]))


def test_an_expired_token_is_refused(issuer: Issuer) -> None:
    with refused("ExpiredTokenException", "expired"):
        issuer.assume(issuer.token(exp=time.time() - 1))


def test_a_token_signed_by_somebody_else_is_refused(issuer: Issuer) -> None:
    forged = Issuer(issuer.world, issuer.url, rsa.generate_private_key(65537, 2048), issuer.provider)
    with refused("InvalidIdentityToken", "signature"):
        issuer.assume(forged.token())


def test_what_is_no_token_is_refused(issuer: Issuer) -> None:
    with refused("InvalidIdentityToken", "not a valid JWT"):
        issuer.assume("nonsense")


def test_a_role_that_does_not_exist_is_refused(issuer: Issuer) -> None:
    with refused("AccessDenied", "sts:AssumeRoleWithWebIdentity"):
        issuer.assume(issuer.token(), role="missing")
