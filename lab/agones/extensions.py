"""The lab's agones-extensions, webhooks and allocation API: `python -m lab.agones.extensions`.

The API server authenticates and authorises before it passes an allocation on; this program trusts it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from lab.agones import admission, defaults, validation
from lab.agones.allocation import Allocator, Contention, allocated_status, unallocated_status
from lab.agones.health import health_app, serve
from lab.agones.model import Obj, name_of
from lab.agones.program import number, run, seconds, setting, until
from lab.agones.store import Store
from lab.agones.workqueue import describe
from lab.world.kube import GameServer, Informer, connect

LOG = logging.getLogger(__name__)

GROUP = "allocation.agones.dev"
GROUP_VERSION = f"{GROUP}/v1"
KIND = "GameServerAllocation"
VERSION_OF_GROUP = {"groupVersion": GROUP_VERSION, "version": "v1"}
API_GROUP = {"name": GROUP, "versions": [VERSION_OF_GROUP], "preferredVersion": VERSION_OF_GROUP}
RESOURCES = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": GROUP_VERSION,
    "resources": [
        {
            "name": "gameserverallocations",
            "singularName": "gameserverallocation",
            "namespaced": True,
            "kind": KIND,
            "verbs": ["create"],
            "shortNames": ["gsa"],
        }
    ],
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Extensions:
    """The HTTPS handlers."""

    def __init__(self, allocator: Allocator, version: str) -> None:
        self._allocator = allocator
        self._version = version

    def app(self) -> web.Application:
        app = web.Application(client_max_size=8 * 1024**2)
        app.add_routes(
            [
                web.post("/mutate", self.mutate),
                web.post("/validate", self.validate),
                web.get("/apis", fixed({"kind": "APIGroupList", "apiVersion": "v1", "groups": [API_GROUP]})),
                web.get(f"/apis/{GROUP}", fixed({"kind": "APIGroup", "apiVersion": "v1", **API_GROUP})),
                web.get(f"/apis/{GROUP_VERSION}", fixed(RESOURCES)),
                web.post(f"/apis/{GROUP_VERSION}/namespaces/{{namespace}}/gameserverallocations", self.allocate),
                web.route("*", f"/apis/{GROUP_VERSION}/namespaces/{{namespace}}/gameserverallocations", refuse_method),
            ]
        )
        return app

    async def mutate(self, request: web.Request) -> web.Response:
        review = await request.json()
        return web.json_response(admission.mutate(review["request"], self._version))

    async def validate(self, request: web.Request) -> web.Response:
        review = await request.json()
        return web.json_response(admission.validate(review["request"]))

    async def allocate(self, request: web.Request) -> web.Response:
        try:
            obj = defaults.allocation(json.loads(await request.read()))
        except (ValueError, AttributeError, TypeError) as error:
            return failure(400, "BadRequest", f"the body is not a {KIND}: {error}")
        if errors := validation.allocation(obj):
            refusal = validation.status(GROUP, KIND, (obj.get("metadata") or {}).get("name") or "", errors)
            return web.json_response(refusal, status=422)
        if obj["spec"]["multiClusterSetting"].get("enabled"):
            return failure(500, "InternalError", "the lab's Agones does not allocate from other clusters")
        obj = defaults.with_selectors(obj)
        return await self._answer(request.match_info["namespace"], obj)

    async def _answer(self, namespace: str, obj: Obj) -> web.Response:
        metadata = {
            **(obj.get("metadata") or {}),
            "namespace": namespace,
            "creationTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        try:
            server = await self._allocator.allocate(namespace, obj["spec"])
            status = allocated_status(server) if server else unallocated_status()
        except Contention:
            server, status = None, unallocated_status("Contention")
        except Exception as error:
            LOG.warning("allocation in %s: %s", namespace, describe(error))
            return failure(500, "InternalError", describe(error))
        if server:
            metadata["name"] = name_of(server)
        answer = {
            "kind": KIND,
            "apiVersion": GROUP_VERSION,
            "metadata": metadata,
            "spec": obj["spec"],
            "status": status,
        }
        return web.json_response(answer, status=201)


def fixed(document: Obj) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(document)

    return answer


async def refuse_method(_: web.Request) -> web.Response:
    return web.Response(status=405, text="Method not supported\n")


def failure(code: int, reason: str, message: str) -> web.Response:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
    return web.json_response({**status, "metadata": {}, "message": message}, status=code)


def tls() -> ssl.SSLContext:
    """The certificate of the chart's Secret, from the pod's volume `certs`."""
    folder = Path(setting("POD_VOLUMES")) / "certs"
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context


async def main(stopping: asyncio.Event) -> None:
    version, address = setting("AGONES_VERSION"), setting("POD_IP")
    client = connect()
    servers = Store(client, GameServer, Informer(client, GameServer))
    allocator = Allocator(servers, seconds(setting("ALLOCATION_BATCH_WAIT_TIME", "500ms")))
    extensions = Extensions(allocator, version)
    ready = servers.informer.synced
    health = await serve(
        health_app(lambda: ready.is_set() and not stopping.is_set()), address, number("HTTP_PORT", 8080)
    )
    secure = await serve(extensions.app(), address, number("WEBHOOK_PORT", 8081), ssl_context=tls())
    LOG.info("Agones %s (the lab's) serves webhooks and allocations on %s", version, address)
    try:
        await until(stopping, servers.informer.run(), allocator.run())
    finally:
        await secure.cleanup()
        await health.cleanup()
        await client.close()


if __name__ == "__main__":
    run(main)
