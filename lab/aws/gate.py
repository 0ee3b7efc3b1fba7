"""The gate before moto, which would let any access key in: only keys that IAM or STS gave out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lab.aws.principal import Principal

CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/[^/]+/(?P<service>[^/]+)/aws4_request")
JSON_SERVICES = ("eks", "ssm")
# Protocol -> what AWS calls an unknown key and an expired session in it.
UNKNOWN = {
    "json": "UnrecognizedClientException",
    "query": "InvalidClientTokenId",
    "ec2": "AuthFailure",
    "s3": "InvalidAccessKeyId",
}
EXPIRED = {"json": "ExpiredTokenException", "query": "ExpiredToken", "ec2": "RequestExpired", "s3": "ExpiredToken"}


@dataclass(frozen=True)
class Refusal:
    status: str
    headers: list[tuple[str, str]]
    body: bytes


def check_key(authorization: str, find_principal: Callable[[str], Principal | None], now: datetime) -> Refusal | None:
    """Why a signed request may not pass, in the words of its service; unsigned requests are the service's business."""
    found = CREDENTIAL.search(authorization)
    if found is None:
        return None
    protocol = _protocol(found["service"])
    principal = find_principal(found["key"])
    if principal is None:
        return _refusal(protocol, UNKNOWN[protocol], "The security token included in the request is invalid.")
    if principal.expires and now > principal.expires:
        return _refusal(protocol, EXPIRED[protocol], "The security token included in the request is expired")
    return None


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
