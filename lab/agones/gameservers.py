"""The GameServer controller: from PortAllocation to Scheduled, from RequestReady to Ready, and out."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from lightkube import ApiError, AsyncClient
from lightkube.resources.core_v1 import Node, Pod

from lab.agones import pods, ports
from lab.agones.events import Recorder
from lab.agones.model import (
    CREATING,
    ERROR,
    ERRORED_AT_ANNOTATION,
    FINALIZER,
    PORT_ALLOCATION,
    READY,
    REQUEST_READY,
    SCHEDULED,
    SHUTDOWN,
    STARTING,
    UNHEALTHY,
    Obj,
    is_deleting,
    is_going,
    name_of,
    namespace_of,
    node_of,
    state_of,
    uid_of,
)
from lab.agones.store import Store
from lab.agones.workqueue import WorkQueue
from lab.world.kube import Informer, Key, build, key_of

LOG = logging.getLogger(__name__)


class GameServers:
    """Moves each game server along; whatever happens to a server or its Pod puts it into the queue."""

    def __init__(
        self,
        client: AsyncClient,
        servers: Store,
        pod_cache: Informer,
        nodes: Informer,
        pool: ports.PortPool,
        settings: pods.PodSettings,
        recorder: Recorder,
    ) -> None:
        self._client = client
        self._servers = servers
        self._pods = pod_cache
        self._nodes = nodes
        self._pool = pool
        self._settings = settings
        self._recorder = recorder
        self.queue = WorkQueue("GameServer", self.sync, workers=24)
        servers.informer.on_change(self._server_changed)
        pod_cache.on_change(lambda _, pod: self.queue.add(key_of(pod)))
        self._steps: dict[str, Callable[[Obj], Awaitable[Obj]]] = {
            PORT_ALLOCATION: self._allocate_ports,
            CREATING: self._create_pod,
            STARTING: self._schedule,
            REQUEST_READY: self._become_ready,
        }

    def _server_changed(self, kind: str, server: Obj) -> None:
        if kind == "DELETED":
            self._pool.free(uid_of(server))
            return
        held = [int(port["hostPort"]) for port in server["spec"].get("ports") or [] if port.get("hostPort")]
        if held:
            self._pool.hold(uid_of(server), dict.fromkeys(held))
        self.queue.add(key_of(server))

    async def sync(self, key: Key) -> None:
        """Take every step that the server's state and its Pod allow now."""
        server = self._servers.get(*key)
        if server is None:
            return
        if is_deleting(server):
            await self._finish(server)
            return
        if state_of(server) == SHUTDOWN:
            await self._servers.delete(server)
            return
        while step := self._steps.get(state_of(server)):
            after = await step(server)
            if state_of(after) == state_of(server):
                break
            server = after
        if not is_going(server):
            await self._check_pod(server)

    async def _allocate_ports(self, server: Obj) -> Obj:
        wanted = server["spec"].get("ports") or []
        chosen = self._pool.take(uid_of(server), sum(ports.needs_port(port) for port in wanted))
        filled = ports.with_host_ports(wanted, chosen)
        return await self._servers.patch(server, {"spec": {"ports": filled}, "status": {"state": CREATING}})

    async def _create_pod(self, server: Obj) -> Obj:
        split = ports.split_protocols(server["spec"].get("ports") or [])
        try:
            manifest = pods.pod_for({**server, "spec": {**server["spec"], "ports": split}}, self._settings)
            self._pods.remember(await self._client.create(build(Pod, manifest)))
        except ApiError as error:
            if error.status.code in (403, 422):
                return await self._fail(server, str(error.status.message))
            # A Pod with that name from an earlier try is the wanted one, once the cache has it.
            if error.status.code != 409 or self._pod_of(server) is None:
                raise
        except ValueError as error:
            return await self._fail(server, str(error))
        return await self._servers.patch(server, {"spec": {"ports": split}, "status": {"state": STARTING}})

    async def _fail(self, server: Obj, message: str) -> Obj:
        self._recorder.warning(server, ERROR, message)
        annotations = {ERRORED_AT_ANNOTATION: datetime.now(UTC).isoformat(timespec="seconds")}
        return await self._servers.patch(server, {"metadata": {"annotations": annotations}, "status": {"state": ERROR}})

    async def _schedule(self, server: Obj) -> Obj:
        where = self._whereabouts(server)
        if where is None:
            return server
        return await self._servers.patch(server, {"status": {**where, "state": SCHEDULED}})

    async def _become_ready(self, server: Obj) -> Obj:
        where: Obj | None = {}
        if not node_of(server):
            where = self._whereabouts(server)
        if where is None:
            return server
        return await self._servers.patch(server, {"status": {**where, "state": READY}})

    def _whereabouts(self, server: Obj) -> Obj | None:
        """Address and ports, once the Pod runs on a node; None before."""
        pod = self._pod_of(server)
        node_name = pod.spec.nodeName if pod and pod.spec else None
        if pod is None or not node_name or not pod.status or not pod.status.podIPs:
            return None
        node: Node | None = self._nodes.get("", node_name)
        if node is None or not node.status:
            return None
        known = [(address.type, address.address) for address in node.status.addresses or []]
        return {
            "address": pods.address_of(known),
            "addresses": pods.addresses(known, [ip.ip for ip in pod.status.podIPs]),
            "nodeName": node_name,
            "ports": ports.status_ports(server["spec"].get("ports") or []),
        }

    async def _check_pod(self, server: Obj) -> None:
        """A server without its Pod, or whose Pod failed, is Unhealthy; one whose Pod is done shuts down."""
        if state_of(server) in (PORT_ALLOCATION, CREATING, ERROR, UNHEALTHY):
            return
        pod = self._pod_of(server)
        phase = pod.status.phase if pod and pod.status else None
        if phase == "Succeeded":
            await self._servers.patch(server, {"status": {"state": SHUTDOWN}})
        elif pod is None or phase == "Failed":
            why = "Pod is missing" if pod is None else "Issue with Gameserver pod"
            self._recorder.warning(server, UNHEALTHY, why)
            await self._servers.patch(server, {"status": {"state": UNHEALTHY}})

    async def _finish(self, server: Obj) -> None:
        """The finalizer holds the server until its Pod is gone."""
        pod = self._pod_of(server)
        if pod is not None:
            if not (pod.metadata and pod.metadata.deletionTimestamp):
                await self._client.delete(Pod, name_of(server), namespace=namespace_of(server))
            return
        finalizers = [one for one in server["metadata"].get("finalizers") or [] if one != FINALIZER]
        if len(finalizers) != len(server["metadata"].get("finalizers") or []):
            await self._servers.patch(server, {"metadata": {"finalizers": finalizers}})

    def _pod_of(self, server: Obj) -> Pod | None:
        pod: Pod | None = self._pods.get(namespace_of(server), name_of(server))
        if pod is None or pod.metadata is None:
            return None
        owners = [owner.uid for owner in pod.metadata.ownerReferences or []]
        return pod if uid_of(server) in owners else None
