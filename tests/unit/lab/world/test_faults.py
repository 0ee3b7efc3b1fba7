"""Which processes a fault meets, and what the node agent makes of it. Real processes, which only sleep."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from lab.world import faults
from lab.world.config import LabConfig, LabError, write_json
from lab.world.processes import ProcessRecord

SLEEP = ["-c", "import time; time.sleep(60)"]
SPEAK = ["-c", "import time; print(flush=True); time.sleep(60)"]
CLUSTER = "arena-blue"


@pytest.fixture
def config(tmp_path: Path) -> LabConfig:
    images = tmp_path / "images.yml"
    images.write_text(f"""gameops-lab/agones-controller: [python, {", ".join(map(repr, SLEEP))}]\n""")
    config = LabConfig.from_environment({"LAB_STATE": str(tmp_path), "LAB_IMAGES": str(images)})
    config.cluster_dir(CLUSTER).mkdir(parents=True)
    return config


@pytest.fixture
def program(config: LabConfig, request: pytest.FixtureRequest) -> Iterator[psutil.Process]:
    """A process that is recorded under a name."""
    child = subprocess.Popen([sys.executable, *SLEEP])
    process = psutil.Process(child.pid)
    record = ProcessRecord(request.param, child.pid, process.create_time(), [sys.executable, *SLEEP], "")
    write_json(config.state / "processes" / f"{record.name}.json", asdict(record))
    yield process
    child.kill()
    child.wait()


@pytest.mark.parametrize("program", [f"pod-{CLUSTER}-agones-system-agones-controller-abc"], indirect=True)
def test_a_pods_program_is_killed_and_kept_down(config: LabConfig, program: psutil.Process) -> None:
    assert faults.stop_program(config, CLUSTER, "agones-controller") == [program.pid]
    assert program.wait(5) is not None
    assert config.stop_sign(CLUSTER, "agones-controller").exists()
    faults.start_program(config, CLUSTER, "agones-controller")
    assert not config.stop_sign(CLUSTER, "agones-controller").exists()


@pytest.mark.parametrize("program", [f"game-servers-{CLUSTER}"], indirect=True)
def test_a_helper_is_frozen_and_goes_on(config: LabConfig, program: psutil.Process) -> None:
    faults.stop_program(config, CLUSTER, "game-servers")
    assert os.WIFSTOPPED(os.waitpid(program.pid, os.WUNTRACED)[1])
    faults.resume_all(config)
    assert os.WIFCONTINUED(os.waitpid(program.pid, os.WCONTINUED)[1])


def test_a_component_is_known_by_where_kwokctl_puts_it(config: LabConfig) -> None:
    binary = config.state / "kwok" / "clusters" / CLUSTER / "bin" / "kube-apiserver"
    with subprocess.Popen([str(binary), *SPEAK], executable=sys.executable, stdout=subprocess.PIPE) as child:
        _wait_until_started(child)
        assert faults.stop_program(config, CLUSTER, "kube-apiserver") == [child.pid]
        assert os.WIFSTOPPED(os.waitpid(child.pid, os.WUNTRACED)[1])
        child.kill()


@pytest.mark.parametrize("program", ["pod-arena-green-agones-system-agones-controller-abc"], indirect=True)
def test_another_clusters_program_is_left_alone(config: LabConfig, program: psutil.Process) -> None:
    with pytest.raises(LabError, match="no agones-controller of arena-blue runs"):
        faults.stop_program(config, CLUSTER, "agones-controller")
    assert program.is_running()
    assert not config.stop_sign(CLUSTER, "agones-controller").exists()


@pytest.mark.parametrize(
    ("cluster", "program", "said"),
    [("arena-red", "etcd", "it has: arena-blue"), (CLUSTER, "agones", "kube-apiserver, .* agones-controller")],
)
def test_an_unknown_cluster_or_program_is_refused(config: LabConfig, cluster: str, program: str, said: str) -> None:
    with pytest.raises(LabError, match=said):
        faults.stop_program(config, cluster, program)


def _wait_until_started(child: subprocess.Popen[bytes]) -> None:
    """Popen comes back when the old program's pipes are closed, a moment before the new command line can be read."""
    assert child.stdout
    child.stdout.readline()
