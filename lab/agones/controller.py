"""The lab's agones-controller: `python -m lab.agones.controller`."""

from __future__ import annotations

import asyncio
import logging

from lightkube.resources.core_v1 import Node, Pod

from lab.agones.autoscalers import Autoscalers
from lab.agones.events import Recorder
from lab.agones.fleets import Fleets
from lab.agones.gameservers import GameServers
from lab.agones.gameserversets import Batches, GameServerSets
from lab.agones.health import health_app, serve
from lab.agones.leader import Leader
from lab.agones.model import ROLE_LABEL
from lab.agones.pods import PodSettings
from lab.agones.ports import PortPool
from lab.agones.program import number, run, setting, until
from lab.agones.store import Store
from lab.world.kube import Fleet, FleetAutoscaler, GameServer, GameServerSet, Informer, connect

LOG = logging.getLogger(__name__)


async def main(stopping: asyncio.Event) -> None:
    """Reconcile until stopped. With LEADER_ELECTION, only while holding the lease."""
    version = setting("AGONES_VERSION")
    client = connect()
    health = await serve(health_app(lambda: True), setting("POD_IP"), number("HTTP_PORT", 8080))
    stores = {kind: Store(client, kind, Informer(client, kind)) for kind in (Fleet, GameServerSet, GameServer)}
    autoscalers = Store(client, FleetAutoscaler, Informer(client, FleetAutoscaler))
    pods = Informer(client, Pod, labels={ROLE_LABEL: "gameserver"})
    nodes = Informer(client, Node, namespace=None)
    fleets, sets, servers = stores[Fleet], stores[GameServerSet], stores[GameServer]

    recorder = Recorder(client, "agones-controller")
    pod_settings = PodSettings(
        version=version,
        sidecar_image=setting("SIDECAR_IMAGE", f"gameops-lab/agones-sdk:{version}"),
        sidecar_cpu_request=setting("SIDECAR_CPU_REQUEST", "30m"),
        service_account=setting("SDK_SERVICE_ACCOUNT", "agones-sdk"),
    )
    batches = Batches(
        creations=number("MAX_GAME_SERVER_CREATIONS_PER_BATCH", 64),
        creation_parallelism=number("MAX_CREATION_PARALLELISM", 16),
        deletions=number("MAX_GAME_SERVER_DELETIONS_PER_BATCH", 64),
        deletion_parallelism=number("MAX_DELETION_PARALLELISM", 64),
    )
    fleet_controller = Fleets(fleets, sets, servers, recorder)
    queues = [
        fleet_controller.queue,
        GameServerSets(sets, servers, batches).queue,
        GameServers(
            client,
            servers,
            pods,
            nodes,
            PortPool(number("MIN_PORT", 7000), number("MAX_PORT", 8000)),
            pod_settings,
            recorder,
        ).queue,
        Autoscalers(autoscalers, fleets, servers, recorder).queue,
    ]
    informers = [fleets.informer, sets.informer, servers.informer, autoscalers.informer, pods, nodes]
    leader = Leader(client, setting("POD_NAMESPACE", "agones-system"))
    elected = setting("LEADER_ELECTION", "false") == "true"

    async def reconcile() -> None:
        for informer in informers:
            await informer.synced.wait()
        if elected:
            await leader.acquire()
        fleet_controller.count_from_now()
        LOG.info("Agones %s (the lab's) reconciles", version)
        lease = [leader.keep()] if elected else []
        await until(stopping, *(queue.run() for queue in queues), *lease)

    try:
        await until(stopping, reconcile(), *(informer.run() for informer in informers))
    finally:
        if elected:
            await leader.release()
        await health.cleanup()
        await client.close()


if __name__ == "__main__":
    run(main)
