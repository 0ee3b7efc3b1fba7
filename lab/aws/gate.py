"""The gate before moto, which would let any key in and any caller do anything.

A signed request passes with a key that IAM or STS gave out, and with every permission that AWS would ask for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lab.aws.permissions import Check
from lab.aws.principal import Principal

CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
JSON_SERVICES = ("eks", "ssm", "servicequotas", "logs", "dynamodb")
# Protocol -> what AWS calls an unknown key, an expired session and a missing permission in it.
UNKNOWN = {
    "json": "UnrecognizedClientException",
    "query": "InvalidClientTokenId",
    "ec2": "AuthFailure",
    "s3": "InvalidAccessKeyId",
}
EXPIRED = {"json": "ExpiredTokenException", "query": "ExpiredToken", "ec2": "RequestExpired", "s3": "ExpiredToken"}
DENIED = {
    "json": "AccessDeniedException",
    "query": "AccessDenied",
    "ec2": "UnauthorizedOperation",
    "s3": "AccessDenied",
}


@dataclass(frozen=True)
class Refusal:
    status: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Signed:
    """Who claims to have signed a request, and for which service."""

    key: str
    region: str
    service: str


def signed_by(authorization: str) -> Signed | None:
    """What the Authorization header says; None for an unsigned request, which is the service's business."""
    found = CREDENTIAL.search(authorization)
    return Signed(found["key"], found["region"], found["service"]) if found else None


def check_key(signed: Signed, find_principal: Callable[[str], Principal | None], now: datetime) -> Principal | Refusal:
    """The owner of the key, or why the request may not pass, in the words of its service."""
    protocol = _protocol(signed.service)
    principal = find_principal(signed.key)
    if principal is None:
        return _refusal(protocol, UNKNOWN[protocol], "The security token included in the request is invalid.")
    if principal.expires and now > principal.expires:
        return _refusal(protocol, EXPIRED[protocol], "The security token included in the request is expired")
    return principal


def deny(signed: Signed, principal: Principal, check: Check) -> Refusal:
    """AWS' answer to a request without a permission."""
    message = (
        f"User: {principal.arn} is not authorized to perform: {check.action} on resource: {check.resource}"
        f" because no identity-based policy allows the {check.action} action"
    )
    protocol = _protocol(signed.service)
    return _refusal(protocol, DENIED[protocol], message)


def _protocol(service: str) -> str:
    if service in ("s3", "ec2"):
        return service
    return "json" if service in JSON_SERVICES else "query"


def _refusal(protocol: str, code: str, message: str) -> Refusal:
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    body = {
        "json": json.dumps({"__type": code, "message": message}),
        "ec2": f"<Response><Errors><Error>{error}</Error></Errors></Response>",
        "query": f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>",
        "s3": f"<Error>{error}</Error>",
    }[protocol].encode()
    kind = "application/x-amz-json-1.1" if protocol == "json" else "text/xml"
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("x-amzn-ErrorType", code)]
    return Refusal("403 Forbidden", headers, body)
