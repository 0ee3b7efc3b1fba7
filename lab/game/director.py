"""`python -m lab.game.director`: calls the game's events, one after the other. Only the active slot may have one.

Each event is a line in the parameter DIRECTOR_DOCUMENT:
{"event": number, "slot": slot, "pod": name, "at": time, "left": bool, "overlaps": number}.
A director that finds a fresh event of another one, which has not left, counts an overlap: two were at work.

Environment: POD_NAME, POD_IP, AWS_REGION, DIRECTOR_SLOT, DIRECTOR_DOCUMENT.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lab.game.parameters import Parameters, SsmParameters
from lab.world.pod import run_until_stopped

LOG = logging.getLogger(__name__)

PORT = 8081
EVENT_SECONDS = 2.0
# An event of another director that is younger than this shows that the other one is still there.
FRESH_SECONDS = 2 * EVENT_SECONDS


def utc_now() -> datetime:
    return datetime.now(UTC)


class Director:
    """One director; its calls block."""

    def __init__(
        self, parameters: Parameters, document: str, slot: str, pod: str, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._parameters = parameters
        self._document = document
        self._slot = slot
        self._pod = pod
        self._now = now
        # The last event must not be written after the note that this director has left.
        self._writing = threading.Lock()
        self._has_left = False

    def call_event(self) -> None:
        """Call the next event. Raises what boto3 raises."""
        with self._writing:
            if self._has_left:
                return
            last = self._last()
            overlaps = int(last.get("overlaps", 0))
            if self._is_at_work(last):
                LOG.warning("%s of %s is at work too", last["pod"], last["slot"])
                overlaps += 1
            self._write(int(last.get("event", 0)) + 1, overlaps)

    def leave(self) -> None:
        """Call no more events, and say so if the last one was this director's own. Raises what boto3 raises."""
        with self._writing:
            self._has_left = True
            last = self._last()
            if last.get("pod") == self._pod:
                self._write(int(last["event"]), int(last["overlaps"]))

    def _last(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._parameters.read(self._document))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
            return {}
        return found

    def _is_at_work(self, last: dict[str, Any]) -> bool:
        if not last or last["left"] or last["pod"] == self._pod:
            return False
        return (self._now() - datetime.fromisoformat(last["at"])).total_seconds() < FRESH_SECONDS

    def _write(self, event: int, overlaps: int) -> None:
        value = {
            "event": event,
            "slot": self._slot,
            "pod": self._pod,
            "at": self._now().isoformat(timespec="milliseconds"),
            "left": self._has_left,
            "overlaps": overlaps,
        }
        self._parameters.write(self._document, json.dumps(value))


async def direct(director: Director) -> None:
    """Call events until cancelled; one that fails is called again at the next turn."""
    while True:
        try:
            await asyncio.to_thread(director.call_event)
        except (BotoCoreError, ClientError) as error:
            LOG.warning("no event was called: %s", error)
        await asyncio.sleep(EVENT_SECONDS)


async def main() -> None:
    """Run until SIGTERM or SIGINT."""
    environ = os.environ
    parameters = SsmParameters(environ["AWS_REGION"])
    director = Director(parameters, environ["DIRECTOR_DOCUMENT"], environ["DIRECTOR_SLOT"], environ["POD_NAME"])
    await run_until_stopped(direct(director), PORT, "/healthz", lambda: True)
    try:
        director.leave()
    except (BotoCoreError, ClientError) as error:
        LOG.warning("the leave could not be told: %s", error)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    asyncio.run(main())
