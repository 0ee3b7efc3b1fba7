"""What AWS does to callers on a bad day: throttles any call, finds late what was just created, lets keys expire.

A hook of botocore in the test's own process: every client that is made in its scope answers so, without a request.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import botocore.handlers
from botocore.awsrequest import AWSResponse

# Service -> what it answers to too many calls: HTTP status and code.
THROTTLES: Mapping[str, tuple[int, str]] = {
    "ec2": (503, "RequestLimitExceeded"),
    "eks": (429, "ThrottlingException"),
    "cloudwatch": (400, "ThrottlingException"),
    "elastic-load-balancing": (400, "Throttling"),
    "elastic-load-balancing-v2": (400, "Throttling"),
    "iam": (400, "Throttling"),
    "cloudwatch-logs": (400, "ThrottlingException"),
    "s3": (503, "SlowDown"),
    "service-quotas": (400, "TooManyRequestsException"),
    "ssm": (400, "ThrottlingException"),
    "sts": (400, "Throttling"),
}
EXPIRED = "The security token included in the request is expired"
XML_ENVELOPES = {
    "ec2": "<Response><Errors>{}</Errors></Response>",
    "s3": "{}",
    "query": "<ErrorResponse>{}</ErrorResponse>",
}
# botocore makes up another one for each call.
TOKEN = re.compile(r'"clientRequestToken": "[^"]*"')
JSON_SERVICES = {"cloudwatch", "cloudwatch-logs", "eks", "service-quotas", "ssm"}


@dataclass(frozen=True)
class Call:
    """One attempt of a request: service and operation as botocore's events name them, and what tells it from others."""

    service: str
    operation: str
    request: str


@dataclass(frozen=True)
class Fault:
    """An error in the place of an answer."""

    status: int
    code: str
    message: str = "injected by the test"


Decide = Callable[[Call], Fault | None]


@dataclass
class Seen:
    """The attempts that were made, and those that went through."""

    attempts: list[Call] = field(default_factory=list)
    passed: list[Call] = field(default_factory=list)
    faults: list[Call] = field(default_factory=list)

    def operations(self) -> set[str]:
        return {f"{call.service}.{call.operation}" for call in self.passed}

    def faulted(self) -> set[str]:
        return {f"{call.service}.{call.operation}" for call in self.faults}

    def count(self, operation: str) -> int:
        """How often an operation went through."""
        return sum(call.operation == operation for call in self.passed)


@contextlib.contextmanager
def injected(decide: Decide) -> Iterator[Seen]:
    """Clients that are made in the body ask `decide` before each attempt."""
    seen, lock = Seen(), threading.Lock()

    def before_send(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        _prefix, service, operation = event_name.split(".")
        body = request.body if isinstance(request.body, (str, bytes)) else b""
        call = Call(service, operation, TOKEN.sub("", f"{request.method} {request.url} {body!r}"))
        with lock:
            fault = decide(call)
            seen.attempts.append(call)
            (seen.faults if fault else seen.passed).append(call)
        return _answer(request.url, call.service, fault) if fault else None

    handlers = [*botocore.handlers.BUILTIN_HANDLERS, ("before-send", before_send)]
    with mock.patch.object(botocore.handlers, "BUILTIN_HANDLERS", handlers):
        yield seen


def throttling(times: Mapping[str, int]) -> Decide:
    """Throttle each request that differs from those before, so many times by service; `*` for the others."""
    counts: Counter[Call] = Counter()

    def decide(call: Call) -> Fault | None:
        counts[call] += 1
        if counts[call] > times.get(call.service, times["*"]):
            return None
        return Fault(*THROTTLES[call.service])

    return decide


def lagging(creation: str, reading: str, not_found: Fault, times: int) -> Decide:
    """After a creation, let so many reads not find what was created."""
    created, lagged = 0, 0

    def decide(call: Call) -> Fault | None:
        nonlocal created, lagged
        created += call.operation == creation
        if created and call.operation == reading and lagged < times:
            lagged += 1
            return not_found
        return None

    return decide


def always(fault_of: Callable[[str], Fault]) -> Decide:
    """Answer every call so."""
    return lambda call: fault_of(call.service)


def expired(service: str) -> Fault:
    """What a service answers to a session that is over."""
    code = {"ec2": "RequestExpired"}.get(
        service, "ExpiredTokenException" if service in JSON_SERVICES else "ExpiredToken"
    )
    return Fault(
        400 if service in ("s3", "ec2") else 403, code, "The security token included in the request is expired"
    )


class _Raw(io.BytesIO):
    """What urllib3 gives botocore to read."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.getvalue()


def _answer(url: str, service: str, fault: Fault) -> AWSResponse:
    if service in JSON_SERVICES:
        body = json.dumps({"__type": fault.code, "message": fault.message})
    else:
        error = f"<Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
        body = XML_ENVELOPES.get(service, XML_ENVELOPES["query"]).format(error)
    return AWSResponse(url, fault.status, {"x-amzn-ErrorType": fault.code}, _Raw(body.encode()))
