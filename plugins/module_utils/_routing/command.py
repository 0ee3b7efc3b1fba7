# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The provider `command`: a program of the user, called with a verb; JSON on stdin, JSON on stdout."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any, ClassVar, Mapping, Protocol, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing import wire
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    Capabilities,
    ClientMaker,
    Queue,
    Reading,
    moved,
)

READ, SET, QUEUE, OPEN, CLOSE = "read", "set", "queue", "open", "close"


@dataclass(frozen=True)
class Outcome:
    """How a program ended."""

    status: int
    stdout: str
    stderr: str


class Run(Protocol):
    """Start a program with a text on its stdin and wait. Raises BlueGreenError when it cannot be started or hangs."""

    def __call__(self, argv: Sequence[str], stdin: str) -> Outcome: ...


@dataclass(frozen=True)
class Subprocess:
    """The program as a process of this machine."""

    timeout_seconds: float

    def __call__(self, argv: Sequence[str], stdin: str) -> Outcome:
        try:
            # run_command belongs to a module; this is used by tests of providers too.
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                list(argv), input=stdin, capture_output=True, text=True, timeout=self.timeout_seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise BlueGreenError(
                f"{argv[0]} {argv[-1]} was still running after {self.timeout_seconds:.0f} s and was ended: make it "
                "faster, or raise timeout_seconds in eks_bluegreen_routing_command"
            ) from None
        except (OSError, ValueError) as error:
            raise BlueGreenError(
                f"{argv[0]} cannot be started ({error}): correct argv in eks_bluegreen_routing_command, which must "
                "begin with the path of a program that may be executed"
            ) from None
        return Outcome(done.returncode, done.stdout, done.stderr)


class CommandProvider:
    """Routing by a program. Its own arguments are not shown: they may be secret."""

    ARGUMENTS: ClassVar[Mapping[str, Any]] = {
        "type": "dict",
        "options": {
            "argv": {"type": "list", "elements": "str", "required": True},
            "timeout_seconds": {"type": "float", "default": wire.DEFAULT_TIMEOUT_SECONDS},
        },
    }

    @classmethod
    def of(cls, given: Mapping[str, Any], clients: ClientMaker, clock: Clock) -> CommandProvider:
        del clients, clock
        return cls(given["argv"], Subprocess(given["timeout_seconds"]))

    def __init__(self, argv: Sequence[str], run: Run) -> None:
        if not argv:
            raise BlueGreenError(
                "no program is named: give argv in eks_bluegreen_routing_command its path and arguments"
            )
        self._argv = list(argv)
        self._run = run
        self.where = f"program {argv[0]}"

    def capabilities(self) -> Capabilities:
        return wire.capabilities_of(self.where, self._call(READ, {}))

    def read(self) -> Reading:
        return wire.reading_of(self.where, self._call(READ, {}))

    def set(self, weights: Mapping[str, int], if_revision: str | None, token: str) -> str:
        answer = self._call(SET, {"weights": dict(weights), "if_revision": if_revision, "token": token})
        if answer.get("stale") is True and if_revision is not None:
            raise moved(self.where, self.read(), if_revision)
        return wire.revision_of(self.where, answer)

    def queue(self, slot: str) -> Queue:
        return wire.read_queue(f"{self.where} {QUEUE}", self._call(QUEUE, {"slot": slot}))

    def open(self, slot: str) -> None:
        self._call(OPEN, {"slot": slot})

    def close(self, slot: str) -> None:
        self._call(CLOSE, {"slot": slot})

    def _call(self, verb: str, question: Mapping[str, Any]) -> dict[str, Any]:
        outcome = self._run([*self._argv, verb], json.dumps(question))
        if outcome.status != 0:
            said = outcome.stderr.strip()[-wire.SHOWN_CHARACTERS :] or "nothing on stderr"
            raise BlueGreenError(f"{self.where} {verb} ended with status {outcome.status}: {said}")
        return wire.decode(f"{self.where} {verb}", outcome.stdout)
