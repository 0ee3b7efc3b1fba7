"""What the lab's controllers have in common as pods: a readiness endpoint, and an end at SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web


async def run_until_stopped(work: Coroutine[Any, Any, Any], port: int, path: str, ready: Callable[[], bool]) -> None:
    """Do the work until SIGTERM, with a readiness endpoint on the pod's address; an error in the work is raised."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=200 if ready() else 503, text="ok\n" if ready() else "not ready\n")

    app = web.Application()
    app.router.add_get(path, answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, os.environ["POD_IP"], port).start()
    working = asyncio.create_task(work)
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    await runner.cleanup()
    if working.done():
        working.result()
    working.cancel()
