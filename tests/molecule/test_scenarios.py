"""Every molecule scenario, whole: create, converge, idempotence, side effects, verify, destroy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.world.config import REPOSITORY

SCENARIOS = sorted(path.parent.name for path in REPOSITORY.glob("molecule/*/molecule.yml"))


def test_the_roles_that_need_one_have_a_scenario() -> None:
    assert {"provision", "session_drain", "traffic_shift"} <= set(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str) -> None:
    tools = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "MOLECULE_GLOB": "molecule/*/molecule.yml",
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / "build" / "collections"),
    }
    command = [str(tools / "molecule"), "test", "-s", scenario]
    result = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=900)
    # Molecule says all it says on stderr.
    assert result.returncode == 0, f"{result.stdout[-2000:]}\n{result.stderr[-12000:]}"
