"""Passes requests on to healthy targets and counts them."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from email.utils import formatdate
from typing import Any, Protocol

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from lab.alb import routing
from lab.alb.model import FixedResponse, Forward, Listener, Target, TargetGroup

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 60.0
# Shorter than a target's own (75 s and more), so that no request goes out on a connection the target is closing.
KEEP_ALIVE_SECONDS = 10.0
BUFFERED_BYTES = 65536
HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length")
)


class Targets(Protocol):
    def healthy(self, arn: str) -> list[Target]: ...


class Counts:
    """Requests and answers by target group, since the start."""

    def __init__(self) -> None:
        self._status: defaultdict[str, Counter[int]] = defaultdict(Counter)

    def add(self, group: str, status: int) -> None:
        self._status[group][status] += 1

    def as_data(self) -> dict[str, Any]:
        return {
            name: {"requests": counter.total(), "status": {str(code): n for code, n in sorted(counter.items())}}
            for name, counter in sorted(self._status.items())
        }


def new_session() -> aiohttp.ClientSession:
    """The connections to the targets."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=IDLE_SECONDS),
    )


class ListenerProxy:
    """One listener's request handler. `listener` and `groups` are replaced when a change has propagated."""

    def __init__(self, listener: Listener, groups: dict[str, TargetGroup], targets: Targets, counts: Counts) -> None:
        self.listener = listener
        self.groups = groups
        self._targets = targets
        self._counts = counts
        self._turns: Counter[str] = Counter()
        self._session = new_session()

    async def close(self) -> None:
        await self._session.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        action = routing.choose_action(self.listener, request.rel_url.raw_path, request.host, request.headers)
        if isinstance(action, FixedResponse):
            return web.Response(status=action.status, content_type=action.content_type, text=action.body)
        cookie = request.cookies.get(routing.STICKY_COOKIE)
        arn = routing.choose_group(action, cookie, time.time(), random.random())
        group = self.groups.get(arn or "")
        target = self._next_target(group.arn) if group else None
        if group is None or target is None:
            return self._refusal(503, group)
        headers = CIMultiDict(_sticky_header(action, group.arn))
        try:
            return await self._forward(request, group, target, headers)
        except TimeoutError:
            return self._refusal(504, group)
        except (aiohttp.ClientError, OSError):
            return self._refusal(502, group)

    def _next_target(self, arn: str) -> Target | None:
        healthy = self._targets.healthy(arn)
        if not healthy:
            return None
        self._turns[arn] += 1
        return healthy[self._turns[arn] % len(healthy)]

    def _refusal(self, status: int, group: TargetGroup | None) -> web.Response:
        if group:
            self._counts.add(group.name, status)
        return web.Response(status=status, headers={"Server": "awselb/2.0"}, text=f"{status}\n")

    async def _forward(
        self, request: web.BaseRequest, group: TargetGroup, target: Target, headers: CIMultiDict[str]
    ) -> web.StreamResponse:
        body = await request.read() if request.can_read_body else None
        url = URL(f"http://{target[0]}:{target[1]}{request.rel_url.raw_path_qs}", encoded=True)
        async with self._session.request(
            request.method, url, headers=_request_headers(request), data=body, allow_redirects=False
        ) as answer:
            headers.extend(_end_to_end(answer.headers))
            length = answer.content_length
            if length is not None and length <= BUFFERED_BYTES and request.method != "HEAD":
                content = await answer.read()
                self._counts.add(group.name, answer.status)
                return web.Response(status=answer.status, reason=answer.reason, headers=headers, body=content)
            self._counts.add(group.name, answer.status)
            response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
            response.content_length = length
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response


def _sticky_header(action: Forward, arn: str) -> dict[str, str]:
    if not action.sticky_seconds:
        return {}
    expires = time.time() + action.sticky_seconds
    value = routing.make_cookie(arn, expires)
    return {"Set-Cookie": f"{routing.STICKY_COOKIE}={value}; Expires={formatdate(expires, usegmt=True)}; Path=/"}


def _request_headers(request: web.BaseRequest) -> CIMultiDict[str]:
    headers = _end_to_end(request.headers)
    before = headers.get("X-Forwarded-For")
    headers["X-Forwarded-For"] = f"{before}, {request.remote}" if before else str(request.remote)
    headers["X-Forwarded-Proto"] = "http"
    headers["X-Forwarded-Port"] = str(request.url.port or 80)
    return headers


def _end_to_end(headers: Any) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in HOP_BY_HOP)
