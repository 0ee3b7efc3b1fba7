#!/usr/bin/env python3
"""A program for the provider `command` that keeps the destination in a file: `router.py FILE VERB`."""

from __future__ import annotations

import fcntl
import json
import sys
import time
from pathlib import Path
from typing import Any

CAPABILITIES = {
    "granularity": "match",
    "weighted": True,
    "atomic": True,
    "cross_slot_allocation": True,
    "queue": "shared",
    "endpoint_ttl_seconds": 0,
    "writes": "conditional",
}
FIRST = {
    "weights": {"blue": 100, "green": 0},
    "revision": 1,
    "token": "",
    "at": 0.0,
    "open": {"blue": True, "green": True},
}


def answer(verb: str, asked: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """What a verb answers; changes the state."""
    if verb == "read":
        return {
            "weights": state["weights"],
            "revision": state["revision"],
            "token": state["token"],
            "age_seconds": max(0.0, time.time() - state["at"]),
            "evidence": {"followed": True, "text": "one router, which acts by its file"},
            "capabilities": CAPABILITIES,
        }
    if verb == "set":
        if asked["if_revision"] not in (None, str(state["revision"])):
            return {"stale": True}
        state.update(weights=asked["weights"], token=asked["token"], revision=state["revision"] + 1, at=time.time())
        return {"revision": state["revision"]}
    slot = asked["slot"]
    if slot not in state["open"]:
        sys.exit(f"there is no slot {slot}")
    if verb == "queue":
        return {"depth": 0, "oldest": 0, "open": state["open"][slot]}
    state["open"][slot] = verb == "open"
    return {}


def main(path: Path, verb: str) -> None:
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        state = json.loads(file.read() or json.dumps(FIRST))
        print(json.dumps(answer(verb, json.load(sys.stdin), state)))
        file.seek(0)
        file.truncate()
        file.write(json.dumps(state))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
