"""What runs against any cluster with Agones, run against the lab's: Agones' contract, and routing in Kubernetes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.world import seed, world
from lab.world.config import REPOSITORY, LabConfig


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


def run_on(kubeconfig: Path, tests: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", tests]
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=900)


def test_the_contract_suite_passes(kubeconfig: Path) -> None:
    result = run_on(kubeconfig, "tests/contract/agones")
    assert result.returncode == 0, result.stdout[-8000:]
    assert "skipped" not in result.stdout.splitlines()[-1]


def test_the_routing_providers_in_kubernetes_pass_their_kit(kubeconfig: Path) -> None:
    result = run_on(kubeconfig, "tests/contract/routing/test_kubernetes.py")
    assert result.returncode == 0, result.stdout[-8000:]
    assert "names no cluster" not in result.stdout


def test_singletons_fence_and_hold_on_a_real_api_server(kubeconfig: Path) -> None:
    result = run_on(kubeconfig, "tests/contract/activation")
    assert result.returncode == 0, result.stdout[-8000:]
    assert "skipped" not in result.stdout.splitlines()[-1]
