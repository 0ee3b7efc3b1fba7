"""Plain HTTP to the API server that KUBECONFIG names, and the things that the tests of Agones' contract do with it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import config

Obj = dict[str, Any]

GROUPS = {
    "fleets": "agones.dev/v1",
    "gameservers": "agones.dev/v1",
    "gameserversets": "agones.dev/v1",
    "fleetautoscalers": "autoscaling.agones.dev/v1",
    "gameserverallocations": "allocation.agones.dev/v1",
    "poddisruptionbudgets": "policy/v1",
    "rolebindings": "rbac.authorization.k8s.io/v1",
}
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
# An image that exists nowhere: whatever runs game servers in this cluster leaves ours alone.
IMAGE = "example.com/agones-contract:1"
TIMEOUT = 60.0


@dataclass(frozen=True)
class Answer:
    """A response: its code, and its body as JSON (or as text where it is none)."""

    code: int
    body: Any

    @property
    def message(self) -> str:
        return str(self.body.get("message", "")) if isinstance(self.body, dict) else str(self.body)


class Cluster:
    """Requests with the credentials of the kubeconfig."""

    def __init__(self) -> None:
        self._api = config.new_client_from_config()
        self.pool = self._api.rest_client.pool_manager
        self.host = str(self._api.configuration.host)

    def authorize(self, headers: dict[str, str]) -> None:
        self._api.update_params_for_auth(headers, [], ["BearerToken"])

    def open(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json", **options: Any
    ) -> Any:
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        self.authorize(headers)
        data = None if body is None else json.dumps(body)
        return self.pool.request(method, self.host + path, body=data, headers=headers, retries=False, **options)

    def call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Answer:
        response = self.open(method, path, body, content_type)
        text = response.data.decode()
        try:
            return Answer(response.status, json.loads(text))
        except ValueError:
            return Answer(response.status, text)


@dataclass
class Change:
    """One line of the watch of game servers."""

    kind: str
    server: Obj

    @property
    def name(self) -> str:
        return str(self.server["metadata"]["name"])

    @property
    def state(self) -> str:
        return str((self.server.get("status") or {}).get("state"))

    @property
    def step(self) -> str:
        """The change in a word: state, `+` when it is being deleted, `DELETED` at the end."""
        if self.kind == "DELETED":
            return "DELETED"
        return self.state + ("+" if self.server["metadata"].get("deletionTimestamp") else "")


@dataclass
class Namespace:
    """A namespace of the tests, the history of its game servers, and an SDK for them."""

    cluster: Cluster
    name: str
    history: list[Change] = field(default_factory=list)
    # Fleets whose game servers never say that they are ready.
    silent: set[str] = field(default_factory=set)
    _stopping: threading.Event = field(default_factory=threading.Event)

    # Objects
    def path(self, resource: str, name: str = "", sub: str = "", **query: Any) -> str:
        version = GROUPS.get(resource)
        root = f"/apis/{version}" if version else "/api/v1"
        parts = [root, "namespaces", self.name, resource, name, sub]
        return "/".join(part for part in parts if part) + (f"?{urlencode(query)}" if query else "")

    def create(self, resource: str, obj: Obj, **query: Any) -> Answer:
        return self.cluster.call("POST", self.path(resource, **query), obj)

    def get(self, resource: str, name: str, sub: str = "") -> Answer:
        return self.cluster.call("GET", self.path(resource, name, sub))

    def find(self, resource: str, **query: Any) -> list[Obj]:
        answer = self.cluster.call("GET", self.path(resource, **query))
        assert answer.code == 200, answer
        items: list[Obj] = answer.body["items"]
        return items

    def patch(self, resource: str, name: str, change: Any, content_type: str = MERGE, sub: str = "") -> Answer:
        return self.cluster.call("PATCH", self.path(resource, name, sub), change, content_type)

    def delete(self, resource: str, name: str, **query: Any) -> Answer:
        return self.cluster.call("DELETE", self.path(resource, name, **query))

    # Game
    def fleet(self, name: str, replicas: int, **spec: Any) -> Obj:
        """Create a Fleet; its servers carry the label `app` with its name."""
        answer = self.create("fleets", fleet(name, replicas, **spec))
        assert answer.code == 201, answer
        body: Obj = answer.body
        return body

    def ready_fleet(self, name: str, replicas: int, **spec: Any) -> list[Obj]:
        """Create a Fleet and wait until all of it is Ready, in the Fleet's status too."""
        self.fleet(name, replicas, **spec)
        self.await_fleet(name, readyReplicas=replicas)
        return self.servers(name, "Ready")

    def servers(self, fleet_name: str, state: str | None = None) -> list[Obj]:
        found = self.find("gameservers", labelSelector=f"app={fleet_name}")
        return [server for server in found if state is None or server["status"]["state"] == state]

    def scale(self, name: str, replicas: int) -> Answer:
        return self.patch("fleets", name, {"spec": {"replicas": replicas}}, sub="scale")

    def set_state(self, name: str, state: str) -> Answer:
        return self.patch("gameservers", name, {"status": {"state": state}})

    def allocate(self, app: str | None = None, **spec: Any) -> Answer:
        if app is not None:
            spec = {"selectors": [{"matchLabels": {"app": app}}], **spec}
        return self.create("gameserverallocations", gameserverallocation(**spec))

    def allocate_many(self, app: str, count: int) -> list[str]:
        """Names of `count` game servers that were just allocated."""
        names = []
        for _ in range(count):
            answer = self.allocate(app)
            assert answer.body["status"]["state"] == "Allocated", answer
            names.append(str(answer.body["status"]["gameServerName"]))
        return names

    # Waiting
    def await_fleet(self, name: str, **status: int) -> Obj:
        def as_wanted() -> Obj | None:
            fleet_object: Obj = self.get("fleets", name).body
            known = fleet_object.get("status") or {}
            return fleet_object if all(known.get(key) == value for key, value in status.items()) else None

        return wait_for(as_wanted, f"fleet {name} with {status}")

    def await_gone(self, names: list[str]) -> None:
        def gone() -> bool:
            return not {server["metadata"]["name"] for server in self.find("gameservers")} & set(names)

        wait_for(gone, f"{names} to be gone")

    def await_state(self, name: str, state: str) -> Obj:
        def as_wanted() -> Obj | None:
            server = self.get("gameservers", name)
            found: Obj = server.body
            return found if server.code == 200 and found["status"]["state"] == state else None

        return wait_for(as_wanted, f"game server {name} in state {state}")

    # History
    def steps(self, name: str) -> list[str]:
        """What happened to a game server, repetitions left out."""
        steps: list[str] = []
        for change in list(self.history):
            if change.name == name and (not steps or steps[-1] != change.step):
                steps.append(change.step)
        return steps

    def await_steps(self, name: str, last: str) -> list[str]:
        wait_for(lambda: last in self.steps(name), f"{name} to be {last}; it was {self.steps(name)}")
        return self.steps(name)

    # The SDK
    def play(self) -> None:
        """Watch the game servers, note what happens, and say RequestReady for each that is Scheduled, until stopped."""
        version = self.cluster.call("GET", self.path("gameservers")).body["metadata"]["resourceVersion"]
        while not self._stopping.is_set():
            query = {"watch": "true", "resourceVersion": version, "timeoutSeconds": 600}
            for line in self._lines(self.path("gameservers", **query)):
                change = Change(line["type"], line["object"])
                version = change.server["metadata"]["resourceVersion"]
                self.history.append(change)
                if change.step == "Scheduled" and change.server["metadata"]["labels"].get("app") not in self.silent:
                    self.set_state(change.name, "RequestReady")

    def _lines(self, path: str) -> Iterator[Any]:
        timeout = urllib3.Timeout(connect=5, read=2)
        response = self.cluster.open("GET", path, preload_content=False, timeout=timeout)
        rest = b""
        try:
            while not self._stopping.is_set():
                try:
                    chunk = response.read1(65536)
                except urllib3.exceptions.ReadTimeoutError:
                    return
                if not chunk:
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (json.loads(line) for line in lines)
        finally:
            response.close()

    def stop(self) -> None:
        self._stopping.set()


def wait_for[T](look: Callable[[], T | None], what: str, timeout: float = TIMEOUT) -> T:
    """Look again and again until there is something. Raises AssertionError with `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:.0f} s for {what}")
        time.sleep(0.1)


def holds(look: Callable[[], bool], seconds: float) -> bool:
    """Does something stay true for so long?"""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not look():
            return False
        time.sleep(0.1)
    return True


def pod_template(**spec: Any) -> Obj:
    return {"spec": {"containers": [{"name": "game", "image": IMAGE}], **spec}}


def game_server_spec(**spec: Any) -> Obj:
    port = {"name": "game", "portPolicy": "Dynamic", "containerPort": 7777, "protocol": "UDP"}
    return {"ports": [port], "template": pod_template(), **spec}


def fleet(name: str, replicas: int, template: Obj | None = None, **spec: Any) -> Obj:
    """A Fleet; `template` is the GameServer's spec."""
    return {
        "apiVersion": "agones.dev/v1",
        "kind": "Fleet",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": {"example.com/tpl": "1"}},
                "spec": template or game_server_spec(),
            },
            **spec,
        },
    }


def gameserverallocation(**spec: Any) -> Obj:
    return {"apiVersion": GROUPS["gameserverallocations"], "kind": "GameServerAllocation", "spec": spec}


def fleet_autoscaler(name: str, fleet_name: str, buffer: Obj, sync_seconds: int | None = None) -> Obj:
    return fleet_autoscaler_by(name, fleet_name, {"type": "Buffer", "buffer": buffer}, sync_seconds)


def fleet_autoscaler_by(name: str, fleet_name: str, policy: Obj, sync_seconds: int | None = None) -> Obj:
    spec: Obj = {"fleetName": fleet_name, "policy": policy}
    if sync_seconds:
        spec["sync"] = {"type": "FixedInterval", "fixedInterval": {"seconds": sync_seconds}}
    return {
        "apiVersion": GROUPS["fleetautoscalers"],
        "kind": "FleetAutoscaler",
        "metadata": {"name": name},
        "spec": spec,
    }
