"""What the controller and the extensions have in common: settings from the environment, signals, an orderly end."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from lab.world.config import LabError

Main = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


def setting(name: str, default: str | None = None) -> str:
    """An environment variable. Raises LabError if it is missing and has no default."""
    value = os.environ.get(name, default)
    if value is None:
        raise LabError(f"environment variable {name} is missing; the agones chart and the node agent set it")
    return value


def number(name: str, default: int) -> int:
    """A whole number from the environment."""
    text = setting(name, str(default))
    if not text.isdigit():
        raise LabError(f"{name} is {text!r}; set it to a whole number")
    return int(text)


def seconds(text: str) -> float:
    """A duration like 500ms, 0.1s or 1m, in seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m)", text)
    if not found:
        raise LabError(f"{text!r} is not a duration; write it like 100ms or 1.5s")
    return float(found[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0}[found[2]]


def run(main: Main) -> None:
    """Run until SIGTERM or SIGINT; a LabError ends the program with its message."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        asyncio.run(_with_signals(main))
    except LabError as error:
        sys.exit(str(error))


async def _with_signals(main: Main) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number_ in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number_, stopping.set)
    await main(stopping)


async def until(stopping: asyncio.Event, *work: Awaitable[None]) -> None:
    """Do the work, which never ends by itself, until told to stop; an exception in any of it ends all and is raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    end = asyncio.ensure_future(stopping.wait())
    try:
        done, _ = await asyncio.wait([end, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {end}:
            task.result()
    finally:
        for task in [end, *tasks]:
            task.cancel()
        await asyncio.gather(end, *tasks, return_exceptions=True)
