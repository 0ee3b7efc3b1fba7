"""Checks the health of all targets in use over HTTP, and tells the AWS endpoint."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import aiohttp

from lab.alb.health import TargetHealth, judge
from lab.alb.model import Target, TargetGroup

LOG = logging.getLogger(__name__)
Key = tuple[str, Target]


class HealthChecker:
    """One loop per target. `report_url` gets the health of everything after each change."""

    def __init__(self, http: aiohttp.ClientSession, report_url: str) -> None:
        self._http = http
        self._report_url = report_url
        self._loops: dict[Key, asyncio.Task[None]] = {}
        self._health: dict[Key, TargetHealth] = {}
        self._changed = asyncio.Event()
        self._names: dict[str, str] = {}
        self._trouble = ""

    def update(self, groups: Iterable[TargetGroup]) -> None:
        """Check exactly the targets of these groups from now on."""
        wanted = {(group.arn, target): group for group in groups for target in group.targets}
        for key in [key for key in self._loops if key not in wanted or wanted[key].check != self._health[key].check]:
            self._loops.pop(key).cancel()
            if key not in wanted:
                del self._health[key]
                self._changed.set()
        for key, group in wanted.items():
            self._names[group.arn] = group.name
            if key not in self._loops:
                known = self._health.get(key)
                state = ("initial", "Elb.InitialHealthChecking") if known is None else (known.state, known.reason)
                self._health[key] = TargetHealth(group.check, *state)
                self._loops[key] = asyncio.create_task(self._check(key))
                self._changed.set()

    def healthy(self, arn: str) -> list[Target]:
        return sorted(
            target for (group, target), one in self._health.items() if group == arn and one.state == "healthy"
        )

    async def _check(self, key: Key) -> None:
        arn, (address, port) = key
        health = self._health[key]
        url = f"http://{address}:{health.check.port or port}{health.check.path}"
        while True:
            failure = await self._ask(health, url)
            if health.observe(failure):
                LOG.info("%s: %s:%s is %s %s", self._names[arn], address, port, health.state, health.reason)
                self._changed.set()
            await asyncio.sleep(health.check.interval)

    async def _ask(self, health: TargetHealth, url: str) -> str:
        if not url.startswith("http://127."):  # whatever someone registers, the lab stays on loopback
            return "Target.IpUnusable"
        timeout = aiohttp.ClientTimeout(total=health.check.timeout)
        headers = {"User-Agent": "ELB-HealthChecker/2.0", "Connection": "close"}
        try:
            async with self._http.get(url, timeout=timeout, headers=headers, allow_redirects=False) as answer:
                return judge(health.check, answer.status)
        except TimeoutError:
            return "Target.Timeout"
        except (aiohttp.ClientError, OSError):
            return "Target.FailedHealthChecks"

    async def report(self) -> None:
        """Tell the AWS endpoint after each change, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if not await self._tell():
                await asyncio.sleep(1)
                self._changed.set()

    async def _tell(self) -> bool:
        body: dict[str, dict[str, dict[str, str]]] = {}
        for (arn, (address, port)), one in self._health.items():
            body.setdefault(arn, {})[f"{address}:{port}"] = {"state": one.state, "reason": one.reason}
        try:
            async with self._http.put(self._report_url, json=body) as answer:
                trouble = "" if answer.status < 300 else f"status {answer.status}"
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            trouble = repr(error)
        if trouble and trouble != self._trouble:
            LOG.warning("%s: %s; trying again", self._report_url, trouble)
        self._trouble = trouble
        return not trouble
