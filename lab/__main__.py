"""`python -m lab`: the rehearsal world from the command line."""

from __future__ import annotations

import argparse
import json
import os
import sys

from lab.binaries import ensure_binaries
from lab.demo import demo
from lab.world import faults, processes, world
from lab.world.config import LabConfig, LabError


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the lab, or the parts of it that are not running")
    commands.add_parser("down", help="end every process of the lab")
    commands.add_parser("status", help="show what runs, as JSON")
    commands.add_parser("binaries", help="build and unpack the programs that the lab runs")
    players = commands.add_parser("players", help="send players into the game, or call them back")
    players.add_argument("action", choices=["start", "stop", "status"])
    players.add_argument("--parties", type=int, default=50, help="parties of five (default 50)")
    for command, text in (("stop-program", "stop one program of a cluster"), ("start-program", "let it run again")):
        fault = commands.add_parser(command, help=text)
        fault.add_argument("cluster", help="arena-blue or arena-green")
        fault.add_argument("program", help="kube-apiserver, agones-controller, ...")
    commands.add_parser("demo", help="a whole upgrade with live players, and what it must show")
    options = parser.parse_args(arguments)
    config = LabConfig.from_environment()
    try:
        return _run(options, config)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace, config: LabConfig) -> int:
    match options.command:
        case "up":
            world.up(config)
        case "down":
            world.down(config)
        case "status":
            print(json.dumps(world.status(config), indent=2))
        case "binaries":
            ensure_binaries(config)
        case "players":
            _players(options, config)
        case "stop-program":
            pids = faults.stop_program(config, options.cluster, options.program)
            print(f"stopped {options.program} of {options.cluster}: {', '.join(map(str, pids))}")
        case "start-program":
            faults.start_program(config, options.cluster, options.program)
        case "demo":
            return demo.run(config, os.environ)
    return 0


def _players(options: argparse.Namespace, config: LabConfig) -> None:
    match options.action:
        case "start":
            demo.start_players(config, options.parties)
        case "stop":
            processes.stop(config, "players")
        case "status":
            print(json.dumps(demo.players_status(config), indent=2))


if __name__ == "__main__":
    sys.exit(main())
