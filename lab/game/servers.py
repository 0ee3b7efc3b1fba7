"""`python -m lab.game.servers --cluster NAME`: every game server of a cluster, in one process.

Stands in for the kubelet, the container and the SDK sidecar of each GameServer of the image
`gameops-lab/arena`: binds its address and port, calls Ready, plays its match, ends it. Other images are
left alone. Started again, it takes over its servers; their matches go on, players come back with their
tickets. LAB_MATCH_SECONDS is the mean length of a match (120; 0: matches never end); the annotation
`arena/match-seconds` of a GameServer wins. lab.game.conduct changes the length, and gives servers faults.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import httpx2
from lightkube import ApiError, AsyncClient
from lightkube.resources.core_v1 import Pod

from lab.game import drain
from lab.game.arena import ArenaServer, Refused, draw_match_seconds
from lab.game.conduct import Conduct, ConductFile, path_of
from lab.game.protocol import LONGEST_LINE, TICK_SECONDS, BadMessage, Message, decode, encode
from lab.game.sdk import GameServerView, Sdk, SidecarSdk, view_of
from lab.world.config import LabConfig, LabError
from lab.world.kube import GameServer, Informer, connect

LOG = logging.getLogger(__name__)

IMAGE = "gameops-lab/arena"
DEFAULT_MATCH_SECONDS = 120.0
# A game server also asks for its own state: the watch can miss one update.
POLL_SECONDS = 15.0
GREETING_SECONDS = 10.0
# States in which the container runs.
RUNNING = frozenset({"Scheduled", "RequestReady", "Ready", "Reserved", "Allocated"})
NEVER_SECONDS = 365 * 86_400.0
BIND_ATTEMPTS = 20
BIND_PAUSE_SECONDS = 0.25

REQUEST_ANNOTATION = drain.request_annotation()

Task = asyncio.Task[None]
ReadConduct = Callable[[], Conduct]


class SocketClient:
    """A player's connection."""

    def __init__(self, player: str, writer: asyncio.StreamWriter) -> None:
        self.player = player
        self._writer = writer

    def send(self, message: Message) -> None:
        if not self._writer.is_closing():
            self._writer.write(encode(message))

    def close(self) -> None:
        self._writer.close()


class FaultySdk:
    """A sidecar whose game server may die once it has acknowledged that it is closing."""

    def __init__(self, sidecar: Sdk, dies: Callable[[], bool], die: Callable[[], None]) -> None:
        self._sidecar = sidecar
        self._dies = dies
        self._die = die

    async def ready(self) -> None:
        await self._sidecar.ready()

    async def shutdown(self) -> None:
        await self._sidecar.shutdown()

    def set_list(self, name: str, values: Sequence[str]) -> None:
        self._sidecar.set_list(name, values)

    async def set_annotation(self, key: str, value: str) -> None:
        await self._sidecar.set_annotation(key, value)
        closes = key == drain.ACKNOWLEDGEMENT_KEY and json.loads(value)["phase"] == drain.Phase.CLOSING
        if closes and self._dies():
            self._die()


def without_requests(view: GameServerView) -> GameServerView:
    """What is seen by a server that hears no request to drain."""
    kept = {name: text for name, text in view.annotations.items() if name != REQUEST_ANNOTATION}
    return replace(view, annotations=kept)


class Container:
    """One game server with its sidecar and its listening socket, and the faults that the lab's conduct gives it."""

    def __init__(
        self, client: AsyncClient, view: GameServerView, mean_match_seconds: float, conduct: ReadConduct
    ) -> None:
        self.view = view
        self._client = client
        self._conduct = conduct
        self._sdk = SidecarSdk(client, view)
        sdk = FaultySdk(self._sdk, lambda: conduct().crashes(view.uid), self._crash)
        self.server = ArenaServer(view, sdk, mean_match_seconds, draw_seconds=self._draw_seconds)
        self._crashing: Task | None = None
        self._listener: asyncio.Server | None = None
        self._start = asyncio.create_task(self._run())

    async def _run(self) -> None:
        for attempt in range(1, BIND_ATTEMPTS + 1):
            try:
                self._listener = await asyncio.start_server(
                    self._serve, self.view.address, self.view.port, limit=LONGEST_LINE
                )
                break
            except OSError as error:
                # The server that had this port before may not have left it yet.
                LOG.warning("%s: attempt %d to bind: %s", self.view.name, attempt, error)
                await asyncio.sleep(BIND_PAUSE_SECONDS)
        else:
            LOG.error("%s never gets %s:%d", self.view.name, self.view.address, self.view.port)
            return
        self.server.start(self._heard(self.view))

    def _heard(self, view: GameServerView) -> GameServerView:
        return without_requests(view) if self._conduct().is_deaf(view.uid) else view

    def _draw_seconds(self, mean: float) -> float:
        wanted = self._conduct().match_seconds
        return NEVER_SECONDS if wanted == 0 else draw_match_seconds(wanted or mean)

    def observe(self, view: GameServerView) -> None:
        if int(view.version) < int(self.view.version):
            return  # a poll's answer can be older than what the watch has told
        self.view = view
        self._sdk.observe(view)
        if self._listener:
            self.server.observe(self._heard(view))

    def kill(self) -> None:
        """What the deletion of the pod does."""
        self._start.cancel()
        if self._listener:
            self._listener.close()
        self.server.stop()
        self._sdk.close()

    def _crash(self) -> None:
        LOG.warning("%s: the process dies while it closes", self.view.name)
        self.kill()
        self._crashing = asyncio.create_task(self._fail_pod())

    async def _fail_pod(self) -> None:
        """What the kubelet says about a container that ended."""
        status = {"status": {"phase": "Failed", "reason": "Error"}}
        try:
            await self._client.patch(Pod.Status, self.view.name, status, namespace=self.view.namespace)
        except (ApiError, httpx2.HTTPError) as error:
            LOG.warning("%s: its pod cannot be made to fail: %s", self.view.name, error)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client: SocketClient | None = None
        try:
            client = await asyncio.wait_for(self._greet(reader, writer), GREETING_SECONDS)
            while client and await reader.readline():
                pass  # what players do in the game does not matter here
        except (OSError, ValueError, TimeoutError) as error:
            LOG.debug("%s: connection ended: %s", self.view.name, error)
        finally:
            if client:
                self.server.leave(client)
            writer.close()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> SocketClient | None:
        """The first message of a connection; returns the player, or None when there is nothing more to say."""
        while line := await reader.readline():
            try:
                message = decode(line)
                if message["type"] == "ping":
                    writer.write(encode({"type": "pong", "server": self.view.name}))
                    continue
                client = SocketClient(str(message.get("player")), writer)
                client.send(self.server.join(client, str(message.get("ticket"))))
                return client
            except (BadMessage, Refused) as error:
                writer.write(encode({"type": "refused", "reason": str(error)}))
                return None
        return None


class House:
    """Keeps a container for each GameServer that should run one."""

    def __init__(self, start: Callable[[GameServerView], Container]) -> None:
        self._start = start
        self._containers: dict[str, Container] = {}

    def __len__(self) -> int:
        return len(self._containers)

    def on_change(self, kind: str, obj: Any) -> None:
        """Handler of the informer."""
        if not is_arena(obj):
            return
        view = view_of(obj)
        container = self._containers.get(view.uid)
        if kind == "DELETED":
            if container:
                container.kill()
                del self._containers[view.uid]
        elif container:
            container.observe(view)
        elif view.state in RUNNING and view.port and not view.is_deleted:
            self._containers[view.uid] = self._start(view)

    def refresh(self, obj: Any) -> None:
        """Tell a container about its GameServer once more; starts none, because the object may be gone by now."""
        view = view_of(obj)
        if view.uid in self._containers:
            self._containers[view.uid].observe(view)

    def tick(self) -> None:
        for container in self._containers.values():
            container.server.tick()

    def kill(self) -> None:
        for container in self._containers.values():
            container.kill()


def is_arena(obj: Any) -> bool:
    containers = obj["spec"]["template"]["spec"]["containers"]
    return any(container["image"].rsplit(":", 1)[0] == IMAGE for container in containers)


async def poll(client: AsyncClient, house: House) -> None:
    """The poll of all game servers at once: those in a session."""
    while True:
        await asyncio.sleep(POLL_SECONDS)
        try:
            async for obj in client.list(GameServer, namespace="*", fields={"status.state": "Allocated"}):
                house.refresh(obj)
        except (ApiError, httpx2.HTTPError) as error:
            LOG.warning("poll: %s", error)


async def tick(house: House) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        house.tick()


async def wait_for_agones(client: AsyncClient) -> None:
    """Wait until the cluster knows GameServers: the chart that brings them comes after the cluster."""
    while True:
        try:
            async for _ in client.list(GameServer, namespace="*"):
                break
            return
        except (ApiError, httpx2.HTTPError) as error:
            # 404 as long as the resource is not known: an answer without a Status object.
            if not (isinstance(error, httpx2.HTTPStatusError) and error.response.status_code == HTTPStatus.NOT_FOUND):
                LOG.warning("waiting for Agones: %s", error)
        await asyncio.sleep(1)


async def play(kubeconfig: str, mean_match_seconds: float, conduct: ReadConduct) -> None:
    client = connect(kubeconfig)
    house = House(lambda view: Container(client, view, mean_match_seconds, conduct))
    await wait_for_agones(client)
    informer = Informer(client, GameServer)
    informer.on_change(house.on_change)
    try:
        await asyncio.gather(informer.run(), poll(client, house), tick(house))
    finally:
        house.kill()


def read_kubeconfig(config: LabConfig, cluster: str) -> str:
    path = config.cluster_dir(cluster) / "cluster.json"
    try:
        return str(json.loads(path.read_text())["kubeconfig"])
    except (OSError, ValueError, KeyError) as error:
        raise LabError(f"{path} does not describe a cluster ({error}); does {cluster} exist in this lab?") from error


def read_match_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if seconds < 0:
        raise LabError(f"LAB_MATCH_SECONDS is {text!r}; set it to seconds, 0 for matches that never end")
    return seconds


async def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Plays the game servers of one cluster.")
    parser.add_argument("--cluster", required=True)
    options = parser.parse_args(arguments)
    config = LabConfig.from_environment()
    kubeconfig = read_kubeconfig(config, options.cluster)
    seconds = read_match_seconds(os.environ.get("LAB_MATCH_SECONDS", str(DEFAULT_MATCH_SECONDS)))
    work = asyncio.create_task(play(kubeconfig, seconds, ConductFile(path_of(config)).read))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        asyncio.run(main())
    except LabError as error:
        sys.exit(f"game servers: {error}")
