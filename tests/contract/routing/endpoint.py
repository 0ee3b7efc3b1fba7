"""An endpoint of a game's matchmaker, as the provider `http` wants it; it asks for a password."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

PASSWORD = "Bearer let-me-in"
CAPABILITIES = {
    "granularity": "match",
    "weighted": True,
    "atomic": True,
    "cross_slot_allocation": False,
    "queue": "per_slot",
    "endpoint_ttl_seconds": 0,
    "writes": "conditional",
}


class Matchmaker:
    """The destination and the queues, in memory."""

    def __init__(self) -> None:
        self.weights = {"blue": 100, "green": 0}
        self.revision = 1
        self.token = ""
        self.at = time.monotonic()
        self.open = {"blue": True, "green": True}
        self.fail_next = 0

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/destination", self._read),
                web.put("/destination", self._set),
                web.get("/destination/queues/{slot}", self._queue),
                web.put("/destination/queues/{slot}", self._switch),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != PASSWORD:
            return web.json_response({"error": "who are you?"}, status=401)
        if self.fail_next:
            self.fail_next -= 1
            return web.json_response({"error": "not now"}, status=503)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _read(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "weights": self.weights,
                "revision": self.revision,
                "token": self.token,
                "age_seconds": time.monotonic() - self.at,
                "evidence": {"followed": True, "text": "the matchmaker acts by it"},
                "capabilities": CAPABILITIES,
            }
        )

    async def _set(self, request: web.Request) -> web.Response:
        if request.headers.get("If-Match", f'"{self.revision}"') != f'"{self.revision}"':
            return web.json_response({"error": f"at revision {self.revision}"}, status=412)
        wanted = await request.json()
        self.weights, self.token = wanted["weights"], wanted["token"]
        self.revision += 1
        self.at = time.monotonic()
        return web.json_response({"revision": self.revision})

    async def _queue(self, request: web.Request) -> web.Response:
        slot = request.match_info["slot"]
        if slot not in self.open:
            return web.json_response({"error": f"there is no slot {slot}"}, status=404)
        return web.json_response({"depth": 0, "oldest": 0, "open": self.open[slot]})

    async def _switch(self, request: web.Request) -> web.Response:
        slot = request.match_info["slot"]
        if slot not in self.open:
            return web.json_response({"error": f"there is no slot {slot}"}, status=404)
        self.open[slot] = (await request.json())["open"]
        return web.json_response({})


@contextmanager
def serving(matchmaker: Matchmaker) -> Iterator[str]:
    """The matchmaker on a port of this machine; yields the URL of its destination."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = web.AppRunner(matchmaker.application(), access_log=None)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    try:
        port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        yield f"http://127.0.0.1:{port}/destination"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
