"""EKS tokens: presigned GetCallerIdentity URLs, checked as aws-iam-authenticator and STS check them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from lab.aws.principal import Principal

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
# A token holds for 15 minutes from X-Amz-Date, whatever smaller figure X-Amz-Expires names.
TOKEN_LIFETIME = timedelta(minutes=15)
CLOCK_SKEW = timedelta(minutes=5)
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
ALLOWED = {
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
    "x-amz-user-agent",
}


class TokenRefused(Exception):
    """Why a token does not authenticate; the API server logs it."""


@dataclass(frozen=True)
class Verifier:
    """`hosts`: (scheme, host) of the STS endpoints that a token may name. Keys are looked up with `find_principal`."""

    hosts: frozenset[tuple[str, str]]
    find_principal: Callable[[str], Principal | None]
    now: Callable[[], datetime]

    def verify(self, token: str, cluster: str) -> Principal:
        """The principal that signed the token for this cluster, or TokenRefused."""
        url = decode_token(token)
        query = self._check_request(url)
        self._check_time(query)
        principal = self._check_key(query)
        signed = query["x-amz-signedheaders"].split(";")
        if CLUSTER_HEADER not in signed:
            raise TokenRefused(f"the header {CLUSTER_HEADER} is not signed: the token is for no cluster")
        headers = {"host": url.netloc, CLUSTER_HEADER: cluster}
        expected = sign(url, query, {name: headers.get(name, "") for name in signed}, principal.secret_key)
        if not hmac.compare_digest(expected, query["x-amz-signature"]):
            raise TokenRefused(
                f"the signature does not match: the token is for a cluster other than {cluster},"
                " or its secret key is wrong"
            )
        return principal

    def _check_request(self, url: SplitResult) -> dict[str, str]:
        if (url.scheme, url.netloc) not in self.hosts:
            raise TokenRefused(f"{url.scheme}://{url.netloc} is not an STS endpoint")
        if url.path not in ("", "/"):
            raise TokenRefused(f"unexpected path {url.path!r}")
        pairs = parse_qsl(url.query, keep_blank_values=True)
        query = {key.lower(): value for key, value in pairs}
        if len(query) != len(pairs):
            raise TokenRefused("a query parameter appears twice")
        unknown = sorted(set(query) - ALLOWED)
        if unknown:
            raise TokenRefused(f"query parameters that do not belong in a token: {', '.join(unknown)}")
        missing = sorted(ALLOWED - {"version", "x-amz-security-token", "x-amz-user-agent"} - set(query))
        if missing:
            raise TokenRefused(f"query parameters are missing: {', '.join(missing)}")
        if query["action"] != "GetCallerIdentity":
            raise TokenRefused(f"unexpected action {query['action']!r}")
        return query

    def _check_time(self, query: Mapping[str, str]) -> None:
        try:
            signed_at = datetime.strptime(query["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            expires = int(query["x-amz-expires"])
        except ValueError:
            raise TokenRefused("X-Amz-Date or X-Amz-Expires cannot be read") from None
        if not 0 <= expires <= TOKEN_LIFETIME.total_seconds():
            raise TokenRefused(f"X-Amz-Expires is {expires}; it must be from 0 to 900 seconds")
        if self.now() > signed_at + TOKEN_LIFETIME:
            raise TokenRefused(f"the token expired at {(signed_at + TOKEN_LIFETIME).isoformat()}")
        if self.now() < signed_at - CLOCK_SKEW:
            raise TokenRefused(f"the token is signed for a time in the future, {signed_at.isoformat()}")

    def _check_key(self, query: Mapping[str, str]) -> Principal:
        key = query["x-amz-credential"].split("/")[0]
        principal = self.find_principal(key)
        if principal is None:
            raise TokenRefused(f"no one has the access key {key}")
        if (principal.session_token or "") != query.get("x-amz-security-token", ""):
            raise TokenRefused(f"the security token does not belong to the access key {key}")
        if principal.expires and self.now() > principal.expires:
            raise TokenRefused(f"the session of {principal.arn} has expired")
        return principal


def decode_token(token: str) -> SplitResult:
    if not token.startswith(PREFIX):
        raise TokenRefused(f"the token does not begin with {PREFIX}")
    encoded = token.removeprefix(PREFIX)
    try:
        return urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    except (binascii.Error, ValueError):
        raise TokenRefused("the token is not a URL in base64") from None


def sign(url: SplitResult, query: Mapping[str, str], headers: Mapping[str, str], secret: str) -> str:
    """Signature version 4 of a presigned GET with these signed headers."""
    pairs = sorted(
        (quote(key, safe="-_.~"), quote(value, safe="-_.~"))
        for key, value in parse_qsl(url.query, keep_blank_values=True)
        if key.lower() != "x-amz-signature"
    )
    canonical = "\n".join(
        [
            "GET",
            url.path or "/",
            "&".join(f"{key}={value}" for key, value in pairs),
            *(f"{name}:{headers[name].strip()}" for name in sorted(headers)),
            "",
            ";".join(sorted(headers)),
            EMPTY_SHA256,
        ]
    )
    _, *scope = query["x-amz-credential"].split("/")
    to_sign = "\n".join(
        [
            query["x-amz-algorithm"],
            query["x-amz-date"],
            "/".join(scope),
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def review(
    token: str, cluster: str, verifier: Verifier, groups_of: Callable[[str], tuple[str, list[str]] | None]
) -> dict[str, Any]:
    """The status of a TokenReview. `groups_of`: user name and groups of a principal by the access entries."""
    try:
        principal = verifier.verify(token, cluster)
        access = groups_of(principal.canonical_arn)
        if access is None:
            raise TokenRefused(f"{principal.canonical_arn} has no access entry in cluster {cluster}")
    except TokenRefused as refused:
        return {"authenticated": False, "error": str(refused)}
    username, groups = access
    session = principal.session_name.replace("@", "-")
    return {
        "authenticated": True,
        "user": {
            "username": username.replace("{{SessionName}}", session),
            "uid": f"aws-iam-authenticator:{principal.user_id}",
            "groups": groups,
            "extra": {
                "arn": [principal.arn],
                "canonicalArn": [principal.canonical_arn],
                "principalId": [principal.user_id],
                "sessionName": [session],
                "accessKeyId": [principal.access_key_id],
            },
        },
    }
