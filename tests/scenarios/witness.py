"""Somebody who watches one slot's game servers while an upgrade runs, and whom no runner can deceive.

He has a watch of his own, notes what each session was asked and how it went, and says afterwards whether every session
is accounted for once, and whether anybody was closed before the notice that he had been given.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2
from lightkube import ApiError, Client, KubeConfig

from lab.world import seed
from lab.world.kube import GameServer

DRAIN = "eks-bluegreen.gameops/drain"
ACKNOWLEDGEMENT = "agones.dev/sdk-drain-ack"
LAST_ALLOCATED = "agones.dev/last-allocated"
OCCUPIED = ("Allocated", "Reserved")
# How much later than it was written a request may be seen on a busy machine.
LATE_SECONDS = 1.5
RETRY_SECONDS = 0.5

Key = tuple[str, str]


@dataclass
class Asked:
    """A request as the server got it; `at` is when it was first seen."""

    at: float
    not_before: float


@dataclass
class Watched:
    """One session: a game server and the match that was allocated to it."""

    name: str
    asked: dict[int, Asked] = field(default_factory=dict)
    closed_by: int | None = None
    closing_at: float = 0.0
    over_at: float | None = None


class Notes:
    """What was seen of each session. Pure: the caller gives the time."""

    def __init__(self) -> None:
        self.sessions: dict[Key, Watched] = {}

    def see(self, obj: Mapping[str, Any], now: float, *, gone: bool) -> None:
        """A GameServer as it is now, or as it was last before it was gone."""
        metadata = obj["metadata"]
        annotations = metadata.get("annotations") or {}
        key = (str(metadata["uid"]), str(annotations.get(LAST_ALLOCATED, "")))
        occupied = (obj.get("status") or {}).get("state") in OCCUPIED and not metadata.get("deletionTimestamp")
        if key not in self.sessions:
            if not occupied:
                return
            self.sessions[key] = Watched(str(metadata["name"]))
        session = self.sessions[key]
        self._read(session, annotations, now)
        if (gone or not occupied) and session.over_at is None:
            session.over_at = now

    @staticmethod
    def _read(session: Watched, annotations: Mapping[str, str], now: float) -> None:
        request = json.loads(annotations.get(DRAIN) or "{}")
        if request.get("state") == "requested":
            session.asked.setdefault(int(request["seq"]), Asked(now, _unix(request["not_before"])))
        answer = json.loads(annotations.get(ACKNOWLEDGEMENT) or "{}")
        if answer.get("phase") == "closing" and session.closed_by is None:
            session.closed_by, session.closing_at = int(answer["seq"]), _unix(answer["closing_at"])

    def present_at(self, moment: float) -> set[Key]:
        """Sessions that had not ended by then."""
        return {key for key, one in self.sessions.items() if one.over_at is None or one.over_at > moment}

    def asked_since(self, moment: float) -> int:
        """How many sessions got their first request after that."""
        first = [min(one.at for one in session.asked.values()) for session in self.sessions.values() if session.asked]
        return sum(at > moment for at in first)

    def shortened(self, notice: float) -> list[str]:
        """Sessions that closed by a request before its time, or whose request gave less notice than that."""
        found = []
        for session in self.sessions.values():
            asked = session.asked.get(session.closed_by) if session.closed_by is not None else None
            if asked is None:
                continue
            if session.closing_at < asked.not_before:
                found.append(f"{session.name} closed {asked.not_before - session.closing_at:.2f} s early")
            given = asked.not_before - asked.at
            if given < notice - LATE_SECONDS:
                found.append(f"{session.name} had a notice of {given:.2f} s")
        return found

    def miscounted(self, memory: Mapping[str, Any]) -> list[str]:
        """What the drain's own memory of a finished run gets wrong: who is missing, is there twice, or never was."""
        ended = Counter((one["uid"], one["allocation"]) for one in memory["ended"])
        present = self.present_at(float(memory["started_at"]) + LATE_SECONDS)
        return [
            *(f"{uid} never ended" for uid in memory["active"]),
            *(f"{key} ended {count} times" for key, count in ended.items() if count > 1),
            *(f"{self.sessions[key].name} is not accounted for" for key in present - ended.keys()),
            *(f"{key} was no session" for key in ended.keys() - self.sessions.keys()),
        ]


class Witness:
    """Takes notes of the game servers of a cluster until `leave`, through whatever happens to its API server."""

    def __init__(self, kubeconfig: str) -> None:
        self.notes = Notes()
        self._left = threading.Event()
        config, timeout = KubeConfig.from_file(kubeconfig), httpx2.Timeout(30, read=None)
        self._client = Client(config=config, timeout=timeout, trust_env=False)
        threading.Thread(target=self._watch, daemon=True).start()

    def leave(self) -> Notes:
        self._left.set()
        return self.notes

    def _watch(self) -> None:
        while not self._left.is_set():
            try:
                self._note(self._client.watch(GameServer, namespace=seed.GAME))
            except (ApiError, httpx2.HTTPError):
                time.sleep(RETRY_SECONDS)

    def _note(self, events: Iterable[tuple[str, Any]]) -> None:
        for kind, obj in events:
            if self._left.is_set():
                return
            self.notes.see(obj.to_dict(), time.time(), gone=kind == "DELETED")


def _unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
