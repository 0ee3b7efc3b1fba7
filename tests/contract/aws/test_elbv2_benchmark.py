"""The benchmark of the swap runs, and its result has the shape that the others have."""

from __future__ import annotations

import json
import subprocess
import sys

from lab.world.config import REPOSITORY


def test_a_quick_run_has_the_shape_of_a_result() -> None:
    command = [sys.executable, "-m", "benchmarks.elbv2_swap", "--quick", "--json"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)

    assert result["benchmark"] == "elbv2_swap"
    assert result["machine"]
    assert [row["work"] for row in result["rows"]] == ["1 rule, module alone", "1 rule, whole process"]
    for row in result["rows"]:
        assert row.keys() >= {"work", "ours_seconds", "floor_seconds", "of_floor", "peers"}
        assert row["of_floor"] > 0
    (bar,) = result["bars"]
    assert bar == {"bar": "writes of a second run, 1 rules", "value": 0, "limit": "<= 0", "met": True}
