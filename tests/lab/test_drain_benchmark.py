"""The benchmark of signalling runs on an API server, and its result has the shape that the others have."""

from __future__ import annotations

import json
import subprocess
import sys

from lab.world.config import REPOSITORY

OBJECTS = 20


def test_a_quick_run_has_the_shape_of_a_result() -> None:
    command = [sys.executable, "-m", "benchmarks.drain", "--quick", "--json", "--objects", str(OBJECTS)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)

    assert result["benchmark"] == "drain"
    assert [row["work"] for row in result["rows"]] == [
        f"{OBJECTS} game servers, writes alone",
        f"{OBJECTS} game servers, whole rounds",
    ]
    for row in result["rows"]:
        assert row.keys() >= {"work", "ours_seconds", "floor_seconds", "of_floor", "peers"}
    (steady,) = result["steady"]
    assert (steady["lists_per_slot"], steady["watches_per_slot"], steady["get_requests"]) == (1.0, 1.0, 0)
    assert steady["acted_seconds"]["max"] < 5
    assert [bar["bar"] for bar in result["bars"]] == [
        "paged lists of a slot a round",
        "watches of a slot a round",
        f"seconds to a reaction, {OBJECTS} game servers",
        f"peak MB, {OBJECTS} game servers",
    ]
