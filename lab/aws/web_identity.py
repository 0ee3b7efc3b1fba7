"""Service-account tokens as AssumeRoleWithWebIdentity takes them: whose, from which issuer, for whom, how long."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key


class WebIdentityRefused(Exception):
    """A refusal with the code that STS gives it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class WebIdentity:
    issuer: str
    subject: str
    audience: str


def verify(
    token: str,
    *,
    client_ids: Callable[[str], Sequence[str] | None],
    public_key: Callable[[str], str | None],
    now: datetime,
) -> WebIdentity:
    """Check a token.

    `client_ids`: the audiences of the IAM OIDC provider of an issuer, None if there is no provider.
    `public_key`: the PEM key that an issuer signs with, None if no one has this issuer.
    """
    head, claims, signed, signature = _take_apart(token)
    issuer = str(claims.get("iss", ""))
    allowed = client_ids(issuer)
    if allowed is None:
        raise WebIdentityRefused(
            "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}"
        )
    audiences = claims.get("aud")
    given = [audiences] if isinstance(audiences, str) else list(audiences or [])
    audience = next((one for one in given if one in allowed), None)
    if audience is None:
        raise WebIdentityRefused(
            "InvalidIdentityToken", f"Incorrect token audience: {given}; the provider has {list(allowed)}"
        )
    _check_signature(head, public_key(issuer), signed, signature)
    expires = datetime.fromtimestamp(float(claims.get("exp", 0)), UTC)
    if now >= expires:
        raise WebIdentityRefused(
            "ExpiredTokenException", f"Token expired: current date/time {now} must be before {expires}"
        )
    return WebIdentity(issuer, str(claims.get("sub", "")), audience)


def _take_apart(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any], bytes, bytes]:
    try:
        first, second, third = token.split(".")
        head, claims = json.loads(_decode(first)), json.loads(_decode(second))
        return dict(head), dict(claims), f"{first}.{second}".encode(), _decode(third)
    except (ValueError, TypeError, binascii.Error):
        raise WebIdentityRefused("InvalidIdentityToken", "The ID Token provided is not a valid JWT.") from None


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _check_signature(head: Mapping[str, Any], pem: str | None, signed: bytes, signature: bytes) -> None:
    refused = WebIdentityRefused("InvalidIdentityToken", "Couldn't verify the token's signature with the issuer's keys")
    key = load_pem_public_key(pem.encode()) if pem else None
    if head.get("alg") != "RS256" or not isinstance(key, RSAPublicKey):
        raise refused
    try:
        key.verify(signature, signed, PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise refused from None
