"""The molecule scenarios, one for each role that acts, in the order of an upgrade and on one lab."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lab.world.config import REPOSITORY

# Each continues from those before it; run alone, it takes their steps first.
SCENARIOS = (
    "provision",
    "charts",
    "parity",
    "verify",
    "hold",
    "traffic",
    "routing",
    "activation",
    "abandon",
    "back",
    "drain",
    "bake",
    "report",
    "decommission",
)
# Roles without a scenario that applies them as its step, and why.
WITHOUT = {
    "slots": "every step begins with it: molecule/shared/converge.yml",
    "options": "it has no tasks",
    "preflight": "it only reads; tests/e2e/test_bad_input.py has it find what is wrong",
    "eks_external": "it only reads; provision has it compare the cluster, in drift.yml",
}
TOOLS = Path(sys.executable).parent
TIMEOUT = 900


def molecule(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PATH": f"{TOOLS}:{os.environ['PATH']}",
        "MOLECULE_GLOB": "molecule/*/molecule.yml",
        "NO_COLOR": "1",
    }
    command = [str(TOOLS / "molecule"), *arguments]
    result = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
    # Molecule says all it says on stderr.
    assert result.returncode == 0, f"{result.stdout[-2000:]}\n{result.stderr[-12000:]}"
    return result


@pytest.fixture(scope="module")
def lab() -> Iterator[None]:
    """The lab that all scenarios act on."""
    # A killed run may have left one.
    molecule("destroy", "-s", "default")
    try:
        molecule("create", "-s", "default")
        yield
    finally:
        molecule("destroy", "-s", "default")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str, lab: None) -> None:
    molecule("test", "-s", scenario, "--destroy=never")


def test_every_scenario_is_run() -> None:
    assert {path.parent.name for path in REPOSITORY.glob("molecule/*/molecule.yml")} == {"default", *SCENARIOS}


def test_every_role_that_acts_has_a_scenario() -> None:
    roles = {path.name for path in (REPOSITORY / "roles").iterdir()}
    applied = {word for scenario in SCENARIOS for word in words_of_step(scenario)} & roles
    assert applied | WITHOUT.keys() == roles
    assert not applied & WITHOUT.keys()


def words_of_step(scenario: str) -> list[str]:
    """The words of what a scenario's converge.yml applies: roles and entry points, or an expression with them."""
    *_, step = yaml.safe_load((REPOSITORY / "molecule" / scenario / "converge.yml").read_text())
    assert step["vars"]["step"] == scenario
    return re.findall(r"\w+", str(step["vars"]["step_roles"]))
