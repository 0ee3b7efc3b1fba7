"""Faults on purpose: one program of a cluster stops, and runs again later.

What runs in a pod is killed and kept down, as by a crash that repeats itself. A component of Kubernetes and the
helpers of a cluster are frozen as they are: connections are made and no one answers, as behind a cut network, and
what they know is still there afterwards.
"""

from __future__ import annotations

import contextlib
import signal

import psutil

from lab.node_agent.agent import read_images
from lab.node_agent.programs import program_name
from lab.world import processes
from lab.world.config import LabConfig, LabError

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok-controller")
HELPERS = ("node-agent", "game-servers")


def stop_program(config: LabConfig, cluster: str, program: str) -> list[int]:
    """Stop a program of a cluster until `start_program`; returns the ids of the processes that it hit.

    Raises LabError if there is no such cluster or program, or if no process of it runs.
    """
    found = find_processes(config, cluster, program)
    if not found:
        raise LabError(f"no {program} of {cluster} runs; it may be stopped already: see {config.state}/logs")
    if is_frozen_when_stopped(program):
        return _signal(found, signal.SIGSTOP)
    sign = config.stop_sign(cluster, program)
    sign.parent.mkdir(exist_ok=True)
    sign.touch()
    return _signal(found, signal.SIGKILL)


def start_program(config: LabConfig, cluster: str, program: str) -> None:
    """Let a stopped program go on; the node agent starts that of a pod within a second or so. Raises LabError."""
    _signal(find_processes(config, cluster, program), signal.SIGCONT)
    config.stop_sign(cluster, program).unlink(missing_ok=True)


def resume_all(config: LabConfig) -> None:
    """Let everything that is frozen go on: a frozen process ends only when it is killed."""
    for folder in config.state.glob("clusters/*"):
        for program in (*COMPONENTS, *HELPERS):
            _signal(find_processes(config, folder.name, program), signal.SIGCONT)


def is_frozen_when_stopped(program: str) -> bool:
    return program in (*COMPONENTS, *HELPERS)


def find_processes(config: LabConfig, cluster: str, program: str) -> list[psutil.Process]:
    """The live processes of a program of a cluster. Raises LabError for a cluster or a program that does not exist."""
    if not config.cluster_dir(cluster).is_dir():
        names = ", ".join(sorted(path.name for path in config.state.glob("clusters/*"))) or "none"
        raise LabError(f"this lab has no cluster {cluster}; it has: {names}")
    if program in COMPONENTS:
        return _components(config, cluster, program)
    if program in HELPERS:
        record = processes.read_record(config, f"{program}-{cluster}")
        return _live([record] if record else [])
    argv = _argv_of(config, program)
    records = [one for one in processes.list_records(config) if one.name.startswith(f"pod-{cluster}-")]
    return _live([one for one in records if one.argv[1 : len(argv)] == argv[1:]])


def _components(config: LabConfig, cluster: str, program: str) -> list[psutil.Process]:
    """kwokctl starts these, from a folder of the cluster's own."""
    binary = str(config.state / "kwok" / "clusters" / cluster / "bin" / program)
    return [one for one in psutil.process_iter(["cmdline"]) if (one.info["cmdline"] or [""])[0] == binary]


def _argv_of(config: LabConfig, program: str) -> list[str]:
    """The program behind an image, by the last part of the image's name."""
    programs = {program_name(image): list(argv) for image, argv in read_images(config).items()}
    if program not in programs:
        known = ", ".join([*COMPONENTS, *HELPERS, *sorted(programs)])
        raise LabError(f"there is no program {program}; these can be stopped: {known}")
    return programs[program]


def _live(records: list[processes.ProcessRecord]) -> list[psutil.Process]:
    return [process for process in map(processes.find_process, records) if process]


def _signal(found: list[psutil.Process], number: signal.Signals) -> list[int]:
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    return [process.pid for process in found]
