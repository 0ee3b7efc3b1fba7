"""What a scenario does with the world: send players in, have servers misbehave, upgrade, and look at what it cost."""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.demo import demo
from lab.game.conduct import Conduct, ConductFile, path_of, write
from lab.game.players import HANDED_OVER
from lab.world import processes, seed, world
from lab.world.config import REPOSITORY, LabError, write_json
from tests.scenarios import figures
from tests.scenarios.figures import Moved, Seats
from tests.theatre import Played, Run, Theatre

PARTIES = 52
PARTY_SIZE = 5
# The seats that the chart's autoscaler keeps free.
BUFFER = 20
# 200 fit, by their CPU. But the last one is stuck where only one node has room, and there its host port is taken.
SERVERS_PER_NODE = 160
# Parties per second that come in.
ARRIVALS = 20.0
# Variables of every upgrade; a scenario's own go first. What comes before and after the drain is short: it is tried
# elsewhere, and a crowd with long matches would have the bake wait for the next one to begin.
SHORT = {
    "eks_bluegreen_traffic_steps": [50, 100],
    "traffic_shift_step_seconds": 1,
    "bake_seconds": 2,
    "bake_min_allocations": 0,
    "session_drain_reconnect_timeout": 20,
}
LOOK_SECONDS = 1.0
MOST = 0.95


def other(slot: str) -> str:
    return "green" if slot == "blue" else "blue"


class Stage:
    """The lab between two upgrades: no one upgrades, all players play on the active slot, no server has a fault.

    A scenario says who plays (`crowd`), which servers misbehave (`conduct`), upgrades to the standby slot (`upgrade`;
    or `begin`, to do something meanwhile) and keeps its figures (`record`). `theatre` is the lab itself.
    """

    def __init__(self, theatre: Theatre) -> None:
        self.theatre = theatre
        self.config = theatre.config
        self._crowd: tuple[object, ...] | None = None
        # Since when these players play with nothing done to them, as a UNIX time.
        self.quiet_since = 0.0
        self._nodes = 0
        self._move: Move | None = None

    # The world

    @property
    def active(self) -> str:
        """The slot that sessions go to: blue or green."""
        weights = self.theatre.destination()
        return max(weights, key=lambda slot: weights[slot])

    @property
    def standby(self) -> str:
        return other(self.active)

    def restore(self) -> None:
        """Make the world whole again, whatever a scenario before has left."""
        self.leave()
        write(self.config, Conduct())
        record = self.theatre.record()
        if record.get("state") == "open":
            played = self.theatre.start("rollback").finish()
            assert played.code == 0, f"the world is not whole again:\n{played.output[-3000:]}"
            self._crowd = None
        world.up(self.config, say=_say_nothing)

    def leave(self) -> None:
        """End an upgrade that a scenario did not finish."""
        if self._move:
            self._move.leave()

    def crowd(self, parties: int = PARTIES, party_size: int = PARTY_SIZE, never_return_share: float = 0.0) -> None:
        """Have so many parties play, all of them when this returns. Those of before stay if they are just that crowd.

        `never_return_share` of the players quit when they are moved; they are replaced by the next crowd.
        """
        wanted = (parties, party_size, never_return_share, self._conduct().match_seconds)
        if self._crowd != wanted or never_return_share:
            self._replace_crowd(parties, party_size, never_return_share)
            self._crowd = wanted
        self._wait_for_all(parties * party_size)
        self._set_least_servers(self.cluster(self.active), BUFFER)
        self.quiet_since = time.time()

    def _replace_crowd(self, parties: int, party_size: int, never_return_share: float) -> None:
        self._send_away()
        cluster = self.cluster(self.active)
        self._ensure_nodes(parties)
        self._with_servers(cluster, parties)
        demo.start_players(
            self.config,
            parties,
            *("--party-size", str(party_size), "--never-return-share", str(never_return_share)),
            *("--ramp-seconds", str(parties / ARRIVALS)),
        )

    def conduct(self, **behaviour: float) -> None:
        """Have the game's servers behave so from now on: match_seconds, deaf_share, crash_share (lab/game/conduct.py).

        Matches that have begun keep their length.
        """
        write(self.config, Conduct(**behaviour))

    @staticmethod
    def cluster(slot: str) -> str:
        return seed.CLUSTER_NAMES[slot]

    def fleet(self, slot: str) -> Any:
        """The Fleet of a slot as its API server shows it."""
        return json.loads(self.theatre.kubectl(self.cluster(slot), "get", "fleet", seed.GAME, "-o", "json"))

    def sessions_on(self, slot: str) -> list[Any]:
        """The GameServers of a slot that are Allocated."""
        listed = json.loads(self.theatre.kubectl(self.cluster(slot), "get", "gameservers", "-o", "json"))
        return [one for one in listed["items"] if (one.get("status") or {}).get("state") == "Allocated"]

    def deaf_sessions(self, slot: str) -> int:
        """Sessions of a slot whose servers hear no request to drain."""
        now = self._conduct()
        return sum(now.is_deaf(one["metadata"]["uid"]) for one in self.sessions_on(slot))

    def _conduct(self) -> Conduct:
        return ConductFile(path_of(self.config)).read()

    def _send_away(self) -> None:
        """End the players, and the sessions that they leave behind with no one in them."""
        processes.stop(self.config, "players")
        for slot in seed.CLUSTER_NAMES:
            if self.cluster(slot) in world.running_clusters(self.config):
                names = [one["metadata"]["name"] for one in self.sessions_on(slot)]
                if names:
                    self.theatre.kubectl(
                        self.cluster(slot), "delete", "gameservers", "--wait=false", "--ignore-not-found", *names
                    )

    def _ensure_nodes(self, parties: int) -> None:
        """As many nodes in each cluster as the pods of such a crowd need, twice while servers are replaced."""
        self._nodes = math.ceil((parties * 1.25 + BUFFER) / SERVERS_PER_NODE)
        eks = self.theatre.account.client("eks")
        for cluster in world.running_clusters(self.config):
            for group in eks.list_nodegroups(clusterName=cluster)["nodegroups"]:
                scaling = eks.describe_nodegroup(clusterName=cluster, nodegroupName=group)["nodegroup"]["scalingConfig"]
                if scaling["desiredSize"] < self._nodes:
                    scaling = {**scaling, "desiredSize": self._nodes, "maxSize": max(self._nodes, scaling["maxSize"])}
                    eks.update_nodegroup_config(clusterName=cluster, nodegroupName=group, scalingConfig=scaling)

    def _with_servers(self, cluster: str, parties: int) -> None:
        """Have the Fleet ready for a crowd that comes faster than its autoscaler would follow."""
        self._set_least_servers(cluster, parties + BUFFER)
        slot = self.active

        def is_ready() -> bool:
            return int(self.fleet(slot)["status"]["readyReplicas"]) >= parties + BUFFER

        self.theatre.wait(f"{parties + BUFFER} servers are ready on {slot}", is_ready, timeout=300.0)

    def _set_least_servers(self, cluster: str, least: int) -> None:
        patch = {"spec": {"policy": {"buffer": {"minReplicas": least}}}}
        arguments = ("patch", "fleetautoscaler", seed.GAME, "--type", "merge", "-p", json.dumps(patch))
        self.theatre.kubectl(cluster, *arguments)

    def _wait_for_all(self, players: int) -> None:
        active = self.active

        def all_play() -> bool:
            found = demo.players_status(self.config, lists=False)["players"]
            # In a large crowd somebody is always in the lobby.
            last_seen = sum(found["by_slot"].get(slot, 0) for slot in (active, HANDED_OVER))
            return bool(last_seen == players and found["playing"] >= MOST * players)

        self.theatre.wait(f"{players} players play on {active}", all_play, timeout=240.0)

    # The upgrade

    def begin(self, **extra_vars: Any) -> Move:
        """Start upgrade.yml to the release of the standby slot; these variables go before those of the inventory."""
        self._move = Move(self, {**SHORT, "eks_bluegreen_nodegroups": self._node_groups(), **extra_vars})
        return self._move

    def _node_groups(self) -> list[dict[str, Any]]:
        """The inventory's, with as many nodes as the crowd needs; for a cluster that is built now."""
        groups: list[dict[str, Any]] = seed.inventory()["eks_bluegreen_nodegroups"]
        for group in groups:
            group["desired_size"] = max(group["desired_size"], self._nodes)
            group["max_size"] = max(group["max_size"], self._nodes)
        return groups

    def upgrade(self, **extra_vars: Any) -> Moved:
        """The whole upgrade, to its end."""
        return self.begin(**extra_vars).finish()

    # The figures

    def record(self, scenario: str, moved: Moved, **more: Any) -> dict[str, Any]:
        """Add a row to reports/scenarios.json, print it as a table, and return it. `more` are further figures."""
        assert moved.code == 0, moved.output[-5000:]
        found = figures.row(scenario, moved, **more)
        append_row(REPOSITORY / "reports" / "scenarios.json", found)
        print(f"\n{figures.table([found])}")
        if more:
            print(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in more.items()))
        return found


def _say_nothing(_text: str) -> None:
    pass


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    """Add a row to a JSON list; two writers wait for each other."""
    path.parent.mkdir(exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rows = json.loads(path.read_text()) if path.exists() else []
        write_json(path, [*rows, row])


class Move:
    """A running upgrade. `run` is its process now: watch it, kill it, `restart` it; `finish` it in the end.

    `source` and `target` are its slots, `seconds` what it took, once finished.
    """

    def __init__(self, stage: Stage, extra_vars: Mapping[str, Any]) -> None:
        self.source, self.target = stage.active, stage.standby
        self.release = release_of(self.target)
        self.before = stage.theatre.players()
        self.seconds = 0.0
        self._stage = stage
        self._theatre = stage.theatre
        self._extra = dict(extra_vars)
        self._seats: list[Seats] = []
        self._stop = threading.Event()
        self._started = time.monotonic()
        self.run = self.start()
        self._looks = threading.Thread(target=self._look, daemon=True)
        self._looks.start()

    def start(self) -> Run:
        """Start one more runner of the same upgrade, next to `run`; the caller must also finish it."""
        return self._theatre.start("upgrade", "-e", json.dumps(self._extra), release=self.release)

    def restart(self) -> None:
        """Take the place of a runner that was killed."""
        assert self.run.is_over, "kill the runner first"
        self.run = self.start()

    def wait_for_drain(self, timeout: float = 400.0) -> None:
        """Until the drain has asked the first session."""
        cluster = self._stage.cluster(self.source)
        self._theatre.wait(f"{self.source} drains", lambda: self._drains(cluster), self.run, timeout)

    def _drains(self, cluster: str) -> bool:
        return self._theatre.record().get("current") == "drain" and self._theatre.draining(cluster) > 0

    def finish(self, timeout: float = 1500.0) -> Moved:
        """Wait for the run's end, and until its players play again; returns what it was for them."""
        try:
            played = self.run.finish(timeout)
            self.seconds = time.monotonic() - self._started
            if played.code == 0:
                self._wait_for_players()
        finally:
            self.leave()
        return self._moved(played)

    def leave(self) -> None:
        """Kill a runner that is left, and look no more."""
        self._stop.set()
        self._looks.join(timeout=10)
        if not self.run.is_over:
            self.run.kill()

    def _wait_for_players(self) -> None:
        def nobody_is_away() -> bool:
            players = demo.players_status(self._stage.config, lists=False)["players"]
            return players["away_by_drain"] == 0 and not players["playing_by_slot"].get(self.source)

        self._theatre.wait(f"all players of {self.source} play again", nobody_is_away, timeout=60.0)

    def _moved(self, played: Played) -> Moved:
        path = self._theatre.reports / f"{self._theatre.record().get('run_id')}.json"
        return Moved(
            code=played.code,
            output=played.output,
            seconds=self.seconds,
            source=self.source,
            target=self.target,
            report=json.loads(path.read_text()) if path.exists() else {},
            before=self.before,
            after=self._theatre.players(),
            seats=tuple(self._seats),
            quiet_since=self._stage.quiet_since,
        )

    def _look(self) -> None:
        """Look at the target's seats again and again while players are away."""
        while not self._stop.wait(LOOK_SECONDS):
            # Who does not answer is not looked at: players that are gone, an API server that is stopped.
            with contextlib.suppress(LabError, subprocess.CalledProcessError):
                self._look_once()

    def _look_once(self) -> None:
        found = demo.players_status(self._stage.config, lists=False)["players"]
        if found["away_by_drain"]:
            self._seats.append(self._seats_now(found))

    def _seats_now(self, players: Mapping[str, Any]) -> Seats:
        status = self._stage.fleet(self.target)["status"]
        up = sum(int(status.get(name) or 0) for name in ("readyReplicas", "allocatedReplicas", "reservedReplicas"))
        size = players["party_size"]
        here = playing_on(self.target, players)
        return Seats(time.time(), up, math.ceil(here / size), math.ceil(players["away_by_drain"] / size))


def playing_on(slot: str, players: Mapping[str, Any]) -> int:
    """Players on a slot, with those whom a server was named: it is the upgrade's target, and later the active slot."""
    return int(sum(players["playing_by_slot"].get(one, 0) for one in (slot, HANDED_OVER)))


def release_of(slot: str) -> str:
    """The release that a slot has or gets: each keeps its own of the lab's two, so that no slot is built twice."""
    return world.RELEASES[0] if slot == "blue" else world.RELEASES[1]
