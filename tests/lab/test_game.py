"""Game servers and players over real sockets, the API server played by the test."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.game.accounting import Accounts, End
from lab.game.conduct import Conduct
from lab.game.drain import request_annotation
from lab.game.players import Farewell, Player, Session
from lab.game.protocol import Ticket, decode, encode
from lab.game.sdk import view_of
from lab.game.servers import Container


class OneGameServer:
    """An API server with one GameServer, and a watch that tells the container at once."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.container: Container | None = None
        self.states: list[str] = []
        self.obj: dict[str, Any] = {
            "metadata": {
                "namespace": "arena",
                "name": "arena-x",
                "uid": "uid-1",
                "resourceVersion": "1",
                "annotations": {"agones.dev/sdk-version": "1.60.0"},
            },
            "spec": {"template": {"spec": {"containers": [{"name": "arena", "image": "gameops-lab/arena:1"}]}}},
            "status": {
                "state": "Scheduled",
                "address": "127.0.0.1",
                "ports": [{"name": "game", "port": self.port}],
                "lists": {"players": {"capacity": 5, "values": []}},
            },
        }

    async def get(self, *_: Any, **__: Any) -> dict[str, Any]:
        return self.obj

    async def patch(self, _resource: Any, _name: str, *, obj: list[dict[str, Any]], **__: Any) -> dict[str, Any]:
        for operation in obj:
            path = [part.replace("~1", "/") for part in operation["path"].strip("/").split("/")]
            place = self.obj
            for part in path[:-1]:
                place = place[part]
            if operation["op"] == "test":
                assert place[path[-1]] == operation["value"]
            else:
                place[path[-1]] = operation["value"]
        self.changed()
        return self.obj

    def changed(self) -> None:
        metadata = self.obj["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
        self.states.append(self.obj["status"]["state"])
        if self.container:
            self.container.observe(view_of(self.obj))

    def start(self, match_seconds: float = 0.0) -> None:
        self.container = Container(self, view_of(self.obj), match_seconds, Conduct)  # type: ignore[arg-type]

    def allocate(self) -> Session:
        self.obj["metadata"]["annotations"] |= {"agones.dev/last-allocated": "first", "arena/session": "session-1"}
        self.obj["status"]["state"] = "Allocated"
        self.changed()
        ticket = Ticket("uid-1", "session-1", ("a", "b"))
        return Session("127.0.0.1", self.port, ticket.encode(), "blue")

    def request_drain(self, notice_seconds: float) -> None:
        not_before = datetime.now(UTC) + timedelta(seconds=notice_seconds)
        request = {
            "v": 1,
            "run": "run-1",
            "seq": 1,
            "state": "requested",
            "mode": "disconnect",
            "allocation": "first",
            "not_before": not_before.isoformat(),
            "spread_seconds": 3,
        }
        self.obj["metadata"]["annotations"][request_annotation()] = json.dumps(request)
        self.changed()

    @property
    def players(self) -> list[str]:
        return list(self.obj["status"]["lists"]["players"]["values"])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def play(story: Callable[[OneGameServer], Awaitable[None]]) -> None:
    async def run() -> None:
        rig = OneGameServer()
        rig.start()
        await until(lambda: "RequestReady" in rig.states)
        try:
            await story(rig)
        finally:
            assert rig.container is not None
            rig.container.kill()

    asyncio.run(run())


def test_players_join_play_and_are_moved_by_a_drain() -> None:
    async def story(rig: OneGameServer) -> None:
        accounts = Accounts(["a", "b"])
        session = rig.allocate()
        players = [asyncio.create_task(Player(name, accounts).play(session)) for name in "ab"]
        await until(lambda: sorted(rig.players) == ["a", "b"])
        rig.request_drain(notice_seconds=0.05)
        assert await asyncio.gather(*players) == [Farewell(End.MOVED, 3.0)] * 2
        await until(lambda: rig.states[-1] == "Shutdown")
        acknowledged = json.loads(rig.obj["metadata"]["annotations"]["agones.dev/sdk-drain-ack"])
        assert (acknowledged["phase"], acknowledged["players"]) == ("closing", 2)
        assert accounts.status(0)["connections"]["lost"] == 0

    play(story)


def test_players_come_back_to_a_process_that_was_started_again() -> None:
    async def story(rig: OneGameServer) -> None:
        accounts = Accounts(["a"])
        player = asyncio.create_task(Player("a", accounts).play(rig.allocate()))
        await until(lambda: rig.players == ["a"])
        assert rig.container is not None
        rig.container.kill()
        rig.start()
        await until(lambda: accounts.status(0)["connections"] == {"lost": 1, "found_again": 1})
        player.cancel()

    play(story)


def test_a_stranger_is_refused_and_anybody_may_ping() -> None:
    async def story(rig: OneGameServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
        answers = []
        for message in ({"type": "ping"}, {"type": "join", "player": "x", "ticket": "?"}):
            writer.write(encode(message))
            answers.append(decode(await reader.readline())["type"])
        assert answers == ["pong", "refused"]
        assert await reader.read() == b""
        writer.close()

    play(story)
