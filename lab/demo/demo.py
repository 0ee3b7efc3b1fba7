"""`make demo`: the lab, players, a whole upgrade, and whether it kept its promises."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.binaries import ensure_binaries
from lab.demo import activation, figures
from lab.game.players import CONTROL_PORT
from lab.world import processes, world
from lab.world.config import REPOSITORY, LabConfig, LabError, write_json

PARTIES = 50
TARGET_RELEASE = "2026-11"
ENOUGH_PLAYERS = 200
# The figures are taken this long after the upgrade has ended.
SETTLE_SECONDS = 15


class MemoryMeter:
    """The peak of the lab's memory, sampled every few seconds in a thread of its own."""

    def __init__(self, config: LabConfig, every_seconds: float = 8.0) -> None:
        self.peak_mib = 0.0
        self._config = config
        self._every = every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> MemoryMeter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._sample()

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self._sample()

    def _sample(self) -> None:
        self.peak_mib = max(self.peak_mib, world.memory_mib(self._config))


def run(config: LabConfig, environ: Mapping[str, str]) -> int:
    """The whole demo; returns the exit code: 1 if a bar is missed or a step failed."""
    ensure_binaries(config)
    started = time.monotonic()
    with MemoryMeter(config) as memory:
        world.up(config)
        lab_up_seconds = time.monotonic() - started
        _refuse_an_upgraded_lab(config)
        start_players(config, PARTIES)
        before = wait_for_players(config, ENOUGH_PLAYERS)
        print(f"{before['players']['playing']} players are in {before['sessions']['running']} sessions on blue\n")
        upgrade_started = time.monotonic()
        code = play_upgrade(environ)
        upgrade_seconds = time.monotonic() - upgrade_started
        if code:
            print(f"the upgrade failed (exit code {code}); everything still runs: make status, make rollback")
            return 1
        print(f"waiting {SETTLE_SECONDS} s before asking the players how it went")
        time.sleep(SETTLE_SECONDS)
        after = players_status(config)
        exclusive = activation.exclusive(config)
        wall_seconds = time.monotonic() - started
    measured = {
        "lab_up_seconds": round(lab_up_seconds, 1),
        "upgrade_seconds": round(upgrade_seconds, 1),
        "wall_seconds": round(wall_seconds, 1),
        "lab_memory_mib": round(memory.peak_mib),
    }
    found = figures.demo_figures(before, after, newest_report(), measured, exclusive)
    return conclude(found)


def conclude(found: dict[str, Any]) -> int:
    write_json(REPOSITORY / "reports" / "demo.json", found)
    verdicts = figures.judge(found)
    print(f"\nWhat it must show (reports/demo.json):\n{figures.table(verdicts)}")
    print(
        f"""
Everything still runs: players play on green, blue is the standby.
  see it          make status;  open reports/{found["run_id"]}.html
  go back         make rollback
  end the lab     make demo-down"""
    )
    return 0 if all(one.passed for one in verdicts) else 1


def _refuse_an_upgraded_lab(config: LabConfig) -> None:
    weights = world.status(config)["session_destination"]
    if not weights.get("blue"):
        raise LabError("this lab has moved to green already; run: make demo-down, then: make demo")


def start_players(config: LabConfig, parties: int, *options: str) -> None:
    """Send players into the game; they play until the lab goes down or `players stop`.

    `options` are more options of lab.game.players.
    """
    world.require_running(config)
    record = processes.read_record(config, "players")
    if record and processes.find_process(record):
        return
    command = ["python", "-m", "lab.game.players", "--parties", str(parties), *options]
    record = processes.start(config, "players", command)
    processes.wait_until_listening(record, config.players_address, CONTROL_PORT)


def players_status(config: LabConfig, *, lists: bool = True) -> Any:
    """The players' accounts, without `lists` only what does not grow with time; their schema is in lab.game.players."""
    query = "" if lists else "?lists=no"
    try:
        return json.load(world.fetch(f"http://{config.players_address}:{CONTROL_PORT}/status{query}"))
    except OSError as error:
        raise LabError(f"no players are in the game ({error}); run: python -m lab players start") from None


def wait_for_players(config: LabConfig, enough: int, timeout: float = 60.0) -> Any:
    deadline = time.monotonic() + timeout
    while (status := players_status(config))["players"]["playing"] < enough:
        if time.monotonic() > deadline:
            raise LabError(
                f"{status['players']['playing']} of {enough} players play after {timeout:.0f} s;"
                f" see {config.log('players')}"
            )
        time.sleep(0.5)
    return status


def play_upgrade(environ: Mapping[str, str], release: str = TARGET_RELEASE) -> int:
    command = ["ansible-playbook", "playbooks/upgrade.yml", "-e", f"eks_bluegreen_release={release}"]
    print(f"$ {' '.join(command)}\n", flush=True)
    return subprocess.run(command, cwd=REPOSITORY, env=dict(environ)).returncode


def newest_report() -> Any:
    reports = list(Path(REPOSITORY / "reports").glob("[0-9]*.json"))
    if not reports:
        raise LabError("the upgrade wrote no report; see the output of its last tasks")
    return json.loads(max(reports, key=lambda path: path.stat().st_mtime).read_text())
