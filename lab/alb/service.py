"""The load balancers' process: reads, applies what has propagated, opens and closes listeners."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

import aiohttp
from aiohttp import web
from botocore.exceptions import BotoCoreError, ClientError

from lab.alb.checker import HealthChecker
from lab.alb.model import LoadBalancer, World
from lab.alb.propagation import Propagation
from lab.alb.proxy import Counts, ListenerProxy
from lab.alb.reader import make_client, read_world
from lab.world.config import LabConfig, LabError, write_json

LOG = logging.getLogger(__name__)
READ_SECONDS = 1.0
COUNTS_PORT = 9090


def propagation_seconds(environ: dict[str, str] | os._Environ[str]) -> float:
    text = environ.get("LAB_ALB_PROPAGATION_SECONDS", "1")
    try:
        return max(0.0, float(text))
    except ValueError:
        raise LabError(f"LAB_ALB_PROPAGATION_SECONDS is {text!r}; set it to a number of seconds") from None


class Balancer:
    """One load balancer: its address, its open listeners, its counts."""

    def __init__(self, name: str, address: str, checker: HealthChecker) -> None:
        self.name = name
        self.address = address
        self._checker = checker
        self._counts = Counts()
        self._open: dict[int, tuple[ListenerProxy, web.ServerRunner]] = {}
        self._counts_runner: web.AppRunner | None = None

    def ports(self) -> list[int]:
        return sorted(self._open)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/counts", self._answer_counts)
        self._counts_runner = web.AppRunner(app, access_log=None)
        await self._counts_runner.setup()
        await web.TCPSite(self._counts_runner, self.address, COUNTS_PORT).start()

    async def _answer_counts(self, _: web.Request) -> web.Response:
        return web.json_response(self._counts.as_data())

    async def apply(self, balancer: LoadBalancer, world: World) -> bool:
        """Open, change and close listeners as they should be now; False if one could not be opened (yet)."""
        wanted = {listener.port: listener for listener in balancer.listeners}
        for port in [port for port in self._open if port not in wanted]:
            await self._close(port)
        for port, listener in wanted.items():
            if port in self._open:
                proxy = self._open[port][0]
                proxy.listener, proxy.groups = listener, world.groups
            else:
                await self._listen(port, ListenerProxy(listener, world.groups, self._checker, self._counts))
        return self._open.keys() == wanted.keys()

    async def _listen(self, port: int, proxy: ListenerProxy) -> None:
        runner = web.ServerRunner(web.Server(proxy.handle, access_log=None), shutdown_timeout=2)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.address, port).start()
        except OSError as error:
            LOG.error("load balancer %s: %s:%s: %s", self.name, self.address, port, error.strerror)
            await runner.cleanup()
            await proxy.close()
            return
        self._open[port] = proxy, runner
        LOG.info("load balancer %s listens on %s:%s", self.name, self.address, port)

    async def _close(self, port: int) -> None:
        proxy, runner = self._open.pop(port)
        await runner.cleanup()
        await proxy.close()

    async def stop(self) -> None:
        for port in self.ports():
            await self._close(port)
        if self._counts_runner:
            await self._counts_runner.cleanup()


class Service:
    """All load balancers of the lab."""

    def __init__(self, config: LabConfig, delay: float) -> None:
        self._config = config
        self._elbv2 = make_client(config)
        self._propagation = Propagation(delay)
        self._balancers: dict[str, tuple[int, Balancer]] = {}
        self._again: World | None = None

    async def run(self) -> None:
        """Until SIGTERM."""
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        async with aiohttp.ClientSession() as http:
            self._checker = HealthChecker(http, f"{self._config.aws_endpoint}/lab/target-health")
            tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._checker.report())]
            stopped = asyncio.create_task(stopping.wait())
            await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            ended = [task for task in tasks if task.done()]
            for task in tasks:
                task.cancel()
            self._checker.update([])
            await asyncio.gather(*(balancer.stop() for _, balancer in self._balancers.values()))
            for task in ended:
                task.result()

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        trouble = ""
        while True:
            began = loop.time()
            try:
                self._propagation.offer(await asyncio.to_thread(read_world, self._elbv2), loop.time())
                trouble = ""
            except (BotoCoreError, ClientError) as error:
                if str(error) != trouble:
                    trouble = str(error)
                    LOG.warning("cannot read load balancers, going on with what is known: %s", trouble)
            await self._apply_until(began + READ_SECONDS)

    async def _apply_until(self, end: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            world = self._propagation.due(loop.time()) or self._again
            if world is not None:
                self._again = None
                await self._apply(world)
            next_due = self._propagation.next_due()
            wake = end if next_due is None else min(end, next_due)
            await asyncio.sleep(max(0.0, wake - loop.time()))
            if loop.time() >= end:
                return

    async def _apply(self, world: World) -> None:
        for arn in [arn for arn in self._balancers if arn not in {one.arn for one in world.balancers}]:
            await self._balancers.pop(arn)[1].stop()
        self._checker.update(world.groups.values())
        for one in world.balancers:
            if one.arn not in self._balancers:
                await self._add(one)
            if not await self._balancers[one.arn][1].apply(one, world):
                self._again = world
        write_json(
            self._config.state / "alb.json",
            {one.name: {"address": one.address, "listeners": one.ports()} for _, one in self._balancers.values()},
        )

    async def _add(self, balancer: LoadBalancer) -> None:
        taken = {index for index, _ in self._balancers.values()}
        index = next(number for number in range(1, 255) if number not in taken)
        address = self._config.load_balancer_address(index)
        new = Balancer(balancer.name, address, self._checker)
        try:
            await new.start()
        except OSError as error:
            raise LabError(
                f"load balancer {balancer.name}: {address}:{COUNTS_PORT}: {error.strerror};"
                " end the program that listens there, or set LAB_NUMBER to another number"
            ) from error
        self._balancers[balancer.arn] = index, new
