"""A proxy in front of an AWS endpoint: it delays each request and counts it by its action.

GET /-/counts shows what has passed, /-/reset starts again from zero. If a caller asks for no page size, all rules of a
listener come in one answer: moto's own pages are so small that amazon.aws.elb_application_lb, which reads only the
first, could not work.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

HOST = "127.0.0.1"
# Valid between two hops only; aiohttp sets its own.
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


class SlowProxy:
    """Forwards to `upstream` after `delay` seconds."""

    def __init__(self, upstream: str, delay: float) -> None:
        self._upstream = upstream
        self._delay = delay
        self._counts: Counter[str] = Counter()
        self._session: ClientSession

    async def session(self, _app: web.Application) -> AsyncIterator[None]:
        """The connections to the endpoint, as long as the proxy runs."""
        async with ClientSession(
            connector=TCPConnector(limit=0), timeout=ClientTimeout(total=60), auto_decompress=False
        ) as self._session:
            yield

    async def counts(self, _request: web.Request) -> web.Response:
        return web.json_response(self._counts)

    async def reset(self, _request: web.Request) -> web.Response:
        self._counts.clear()
        return web.json_response({})

    async def forward(self, request: web.Request) -> web.Response:
        body = await request.read()
        action = action_of(request, body)
        self._counts[action] += 1
        if action == "DescribeRules" and b"PageSize=" not in body:
            body += b"&PageSize=400"
        await asyncio.sleep(self._delay)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        async with self._session.request(
            request.method, f"{self._upstream}{request.path_qs}", headers=headers, data=body
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())


def action_of(request: web.Request, body: bytes) -> str:
    """The AWS operation, from the form field, the header, or else the method and path."""
    actions = parse_qs(body.decode(errors="replace")).get("Action")
    if actions:
        return actions[0]
    return request.headers.get("X-Amz-Target", f"{request.method} {request.path}")


def application(upstream: str, delay: float) -> web.Application:
    """The proxy as a program that aiohttp runs."""
    proxy = SlowProxy(upstream, delay)
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.cleanup_ctx.append(proxy.session)
    app.router.add_get("/-/counts", proxy.counts)
    app.router.add_get("/-/reset", proxy.reset)
    app.router.add_route("*", "/{path:.*}", proxy.forward)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--delay", type=float, required=True)
    options = parser.parse_args()
    web.run_app(application(options.upstream, options.delay), host=HOST, port=options.port, print=None)


if __name__ == "__main__":
    main()
