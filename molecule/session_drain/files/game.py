"""The servers' part of the drain contract, on GameServers without controllers, and their players'.

Usage: game.py seed | refill | play. `play` goes on until it is ended: it acknowledges requests, closes at the end of
the notice where it should disconnect, takes the GameServer away and seats its players on green a second later.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
from clusters import SLOTS, call

SESSIONS = 6
SEATS = 4
SERVERS = "/apis/agones.dev/v1/namespaces/arena/gameservers"
FLEETS = SERVERS.replace("gameservers", "fleets")
REQUEST = "eks-bluegreen.gameops/drain"
ANSWER = "agones.dev/sdk-drain-ack"
AWAY_SECONDS = 1.0

Json = dict[str, Any]


def game_server(name: str, state: str, players: list[str]) -> Json:
    allocated = datetime.now(timezone.utc) - timedelta(minutes=5)
    annotations = {"agones.dev/last-allocated": allocated.isoformat()} if state == "Allocated" else {}
    return {
        "apiVersion": "agones.dev/v1",
        "kind": "GameServer",
        "metadata": {"name": name, "labels": {"agones.dev/fleet": "arena"}, "annotations": annotations},
        "spec": {
            "lists": {"players": {"capacity": 5, "values": []}},
            "ports": [{"name": "game", "portPolicy": "Dynamic", "containerPort": 7777}],
            "template": {"spec": {"containers": [{"name": "game", "image": "example.com/game:1"}]}},
        },
        "status": {
            "state": state,
            "address": "127.95.46.9",
            "ports": [{"name": "game", "port": 7001}],
            "lists": {"players": {"capacity": 5, "values": players}},
        },
    }


def fleet(name: str) -> Json:
    server = game_server("", "Ready", [])["spec"]
    return {
        "apiVersion": "agones.dev/v1",
        "kind": "Fleet",
        "metadata": {"name": name, "annotations": {"agones.dev/sdk-version": "1.60.0"}},
        "spec": {"replicas": 1, "template": {"spec": server}},
    }


def seed() -> None:
    """Sessions on blue, seats on green, a state bucket. Green lacks a Fleet that no one plays on."""
    for slot, names in {"blue": ("arena", "retired"), "green": ("arena",)}.items():
        for name in names:
            call(SLOTS[slot], "POST", FLEETS, fleet(name))
    boto3.client("s3").create_bucket(
        Bucket="state", CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
    )
    for number in range(SESSIONS):
        players = [f"player-{number}-{seat}" for seat in range(3)]
        call(SLOTS["blue"], "POST", SERVERS, game_server(f"blue-{number}", "Allocated", players))
    for number in range(SEATS):
        call(SLOTS["green"], "POST", SERVERS, game_server(f"green-{number}", "Ready", []))


def refill() -> None:
    """Two more sessions on blue."""
    for number in range(2):
        call(SLOTS["blue"], "POST", SERVERS, game_server(f"blue-again-{number}", "Allocated", ["someone"]))


class Game:
    """Who has acknowledged what, and which players are on their way since when."""

    def __init__(self) -> None:
        self.away: list[tuple[float, list[str]]] = []

    def turn(self) -> None:
        for server in call(SLOTS["blue"], "GET", SERVERS)["items"]:
            try:
                self.serve(server)
            except urllib.error.HTTPError as error:
                # Somebody else wrote the object: it is read again in the next turn.
                if error.code != 409:
                    raise
        self.seat_players()

    def serve(self, server: Json) -> None:
        name, annotations = server["metadata"]["name"], server["metadata"].get("annotations", {})
        request = json.loads(annotations.get(REQUEST, "{}"))
        answer = json.loads(annotations.get(ANSWER, "{}"))
        if not request or server["status"]["state"] != "Allocated":
            return
        if request["state"] == "cancelled":
            if answer.get("seq") != request["seq"]:
                self.answer(server, request, "cancelled")
        elif answer.get("seq") != request["seq"]:
            self.answer(server, request, "accepted")
        elif request["mode"] == "disconnect" and datetime.now(timezone.utc) >= datetime.fromisoformat(
            request["not_before"]
        ):
            players = server["status"]["lists"]["players"]["values"]
            self.answer(server, request, "closing")
            self.away.append((time.monotonic() + AWAY_SECONDS, players))
            self.patch("blue", name, {"status": {"state": "Shutdown"}})
            call(SLOTS["blue"], "DELETE", f"{SERVERS}/{name}")

    def answer(self, server: Json, request: Json, phase: str) -> None:
        text = json.dumps({"run": request["run"], "seq": request["seq"], "phase": phase})
        metadata = {"resourceVersion": server["metadata"]["resourceVersion"], "annotations": {ANSWER: text}}
        self.patch("blue", server["metadata"]["name"], {"metadata": metadata})

    def seat_players(self) -> None:
        due = [one for one in self.away if one[0] <= time.monotonic()]
        free = [one for one in call(SLOTS["green"], "GET", SERVERS)["items"] if one["status"]["state"] == "Ready"]
        for party, seat in zip(due, free, strict=False):
            self.away.remove(party)
            allocated = {"agones.dev/last-allocated": datetime.now(timezone.utc).isoformat()}
            lists = {"players": {"capacity": 5, "values": party[1]}}
            status = {"state": "Allocated", "lists": lists}
            self.patch("green", seat["metadata"]["name"], {"metadata": {"annotations": allocated}, "status": status})
            # The Fleet's autoscaler would make a new server in its place.
            name = f"green-{time.monotonic_ns()}"
            call(SLOTS["green"], "POST", SERVERS, game_server(name, "Ready", []))

    @staticmethod
    def patch(slot: str, name: str, body: Json) -> None:
        call(SLOTS[slot], "PATCH", f"{SERVERS}/{name}", body, kind="merge-patch+json")


def play() -> None:
    game = Game()
    while True:
        game.turn()
        time.sleep(0.2)


if __name__ == "__main__":
    {"seed": seed, "refill": refill, "play": play}[sys.argv[1]]()
