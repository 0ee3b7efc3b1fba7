"""The lab's Agones keeps the contract that real Agones was measured to keep."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import seed, world
from lab.config import REPOSITORY, LabConfig


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cluster of a lab without players."""
    state = tmp_path_factory.mktemp("agones") / "lab"
    config = LabConfig.from_environment({**os.environ, "LAB_NUMBER": "61", "LAB_STATE": str(state)})
    try:
        world.up(config)
        yield Path(world.cluster_facts(config, seed.CLUSTER_NAMES["blue"])["kubeconfig"])
    finally:
        world.down(config)


def test_the_contract_suite_passes(kubeconfig: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "tests/contract/agones"]
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    result = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stdout[-8000:]
    assert "skipped" not in result.stdout.splitlines()[-1]
