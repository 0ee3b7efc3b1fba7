"""The lab's processes: started with a record in a file, so that a later program can find and end them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from lab.world.config import REPOSITORY, LabConfig, LabError, write_json


@dataclass(frozen=True)
class ProcessRecord:
    """A started process. `started` is its creation time, which tells it apart from a later one with the same id."""

    name: str
    pid: int
    started: float
    argv: list[str]
    log: str


def _records_dir(config: LabConfig) -> Path:
    return config.state / "processes"


def read_record(config: LabConfig, name: str) -> ProcessRecord | None:
    try:
        return ProcessRecord(**json.loads((_records_dir(config) / f"{name}.json").read_text()))
    except FileNotFoundError:
        return None


def list_records(config: LabConfig) -> list[ProcessRecord]:
    found = [read_record(config, path.stem) for path in sorted(_records_dir(config).glob("*.json"))]
    return [record for record in found if record]


def find_process(record: ProcessRecord) -> psutil.Process | None:
    """The live process of a record; None if it is gone, a zombie, or its id belongs to another one by now."""
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.started) < 1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def start(config: LabConfig, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None) -> ProcessRecord:
    """Start a program in a session of its own, its output in the lab's log folder, and record it.

    A program `python` in argv[0] means the lab's own interpreter.
    """
    command = [sys.executable if argv[0] == "python" else argv[0], *argv[1:]]
    log = config.log(name)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            env={**os.environ, **config.environment(), **(env or {})},
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        started = psutil.Process(child.pid).create_time()
    except psutil.NoSuchProcess:
        started = time.time()
    record = ProcessRecord(name, child.pid, started, command, str(log))
    write_json(_records_dir(config) / f"{name}.json", asdict(record))
    return record


def stop(config: LabConfig, name: str, timeout: float = 5.0) -> bool:
    """End a recorded process and what it started: SIGTERM, then SIGKILL after `timeout` seconds."""
    record = read_record(config, name)
    if record is None:
        return False
    process = find_process(record)
    if process is not None:
        _end(process, timeout)
    (_records_dir(config) / f"{name}.json").unlink(missing_ok=True)
    return process is not None


def _end(process: psutil.Process, timeout: float) -> None:
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for one in family:
        _signal(one, signal.SIGTERM)
    alive = _wait(family, timeout)
    for one in alive:
        _signal(one, signal.SIGKILL)
    _wait(alive, timeout=2)


def _wait(family: list[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Wait for processes to end; returns those that did not.

    Not psutil.wait_procs: to that one a zombie is alive, and we cannot decide who reaps another program's child.
    """
    deadline = time.monotonic() + timeout
    while True:
        alive = [one for one in family if _is_alive(one)]
        if not alive or time.monotonic() >= deadline:
            return alive
        time.sleep(0.02)


def _is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.TimeoutExpired):
        process.wait(timeout=0)  # reaps a child of ours
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def wait_until_listening(record: ProcessRecord, address: str, port: int, timeout: float = 60.0) -> None:
    """Wait for a TCP listener, or raise with the end of the program's log."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if find_process(record) is None:
            break
        try:
            socket.create_connection((address, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    tail = "\n".join(Path(record.log).read_text(errors="replace").splitlines()[-15:])
    raise LabError(f"{record.name} does not listen on {address}:{port}; the end of {record.log}:\n{tail}")
