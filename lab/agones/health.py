"""Ports that both programs open: /live and /ready over HTTP."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web


def health_app(is_ready: Callable[[], bool]) -> web.Application:
    """Answers /live while the program runs, and /ready when it may be used."""

    async def live(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(_: web.Request) -> web.Response:
        return web.Response(text="ok\n") if is_ready() else web.Response(status=503, text="not ready\n")

    app = web.Application()
    app.add_routes([web.get("/live", live), web.get("/ready", ready)])
    return app


async def serve(app: web.Application, address: str, port: int, **options: object) -> web.AppRunner:
    """Open a port; the returned runner's cleanup() closes it. Raises OSError if the port is taken."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, address, port, **options).start()  # type: ignore[arg-type]
    return runner
