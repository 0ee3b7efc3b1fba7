"""The agent of one cluster: hears of pods and Services, and looks after one runner per Fargate pod."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Collection, Sequence
from typing import Any

import aiohttp
import httpx2
import yaml
from lightkube import ApiError
from lightkube.resources.coordination_v1 import Lease
from lightkube.resources.core_v1 import Node, Pod, Service
from lightkube.types import PatchType

from lab.node_agent import objects
from lab.node_agent.cluster import ClusterFile
from lab.node_agent.pods import PodRunner, Services, precise_timestamp, sandbox_folder, until_done
from lab.node_agent.profiles import COMPUTE_TYPE, SCHEDULER
from lab.node_agent.sandbox import Sandbox
from lab.node_agent.services import ServiceKeeper
from lab.node_agent.webhook import Webhook
from lab.world import processes
from lab.world.config import LabConfig, LabError
from lab.world.kube import Informer, connect

LOG = logging.getLogger(__name__)
ADDRESSES = 254
HEARTBEAT_SECONDS = 40.0
# Seconds that programs get to end when the agent ends; whatever stops the agent waits a little longer.
FAREWELL_SECONDS = 3.0


def next_number(taken: Collection[int], last: int) -> int | None:
    """A free pod number from 1 to 254: the first after the last one given, so that an address rests before reuse."""
    order = [*range(last + 1, ADDRESSES + 1), *range(1, last + 1)]
    return next((number for number in order if number not in taken), None)


def strip_environment(environ: dict[str, str] | os._Environ[str]) -> None:
    """Drop what programs of pods must not inherit: someone's AWS credentials, cluster and proxies."""
    for name in list(environ):
        if name.startswith("AWS_") or name == "KUBECONFIG" or name.lower().endswith("_proxy"):
            del environ[name]


def read_images(config: LabConfig) -> dict[str, Sequence[str]]:
    """The map from image name to program; raises LabError when the file is not such a map."""
    try:
        images = yaml.safe_load(config.images.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise LabError(f"LAB_IMAGES {config.images}: {error}") from error
    if not isinstance(images, dict) or not all(isinstance(argv, list) and argv for argv in images.values()):
        raise LabError(f"LAB_IMAGES {config.images}: every entry must be `image name: [program, argument, ...]`")
    return {str(name): [str(part) for part in argv] for name, argv in images.items()}


class Agent:
    """Runs until SIGTERM; then ends its pods' programs."""

    def __init__(self, config: LabConfig, cluster_name: str) -> None:
        self._config = config
        self._file = ClusterFile(config, cluster_name)
        self._cluster = self._file.read()
        read_images(config)
        self._client = connect(self._cluster.kubeconfig)
        self._pods = Informer(self._client, Pod, fields={"spec.schedulerName": SCHEDULER})
        self._services = Informer(self._client, Service)
        self._keeper = ServiceKeeper(self._client, self._services, self._pods)
        self._webhook = Webhook(
            self._client,
            self._file,
            config.cluster_dir(cluster_name) / "node-agent",
            config.control_address(self._cluster.index),
        )
        self._runners: dict[str, PodRunner] = {}
        self._last_number = 0

    async def run(self) -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        await self._webhook.start()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
            self._pod_services = Services(
                self._config, self._file.read, self._client, http, lambda: read_images(self._config)
            )
            self._pods.on_change(self._pod_changed)
            self._pods.on_change(self._keeper.changed)
            self._services.on_change(self._keeper.changed)
            loops = (
                self._pods.run(),
                self._services.run(),
                self._keeper.run(),
                self._webhook.keep(),
                self._clean_up(),
                self._beat(),
            )
            await self._until_stopped([asyncio.ensure_future(one) for one in loops], stopping)

    async def _until_stopped(self, tasks: list[asyncio.Task[None]], stopping: asyncio.Event) -> None:
        """Wait for the signal, or for the cluster to be gone (LabError); then end the pods' programs.

        Any other error ends the agent but not the programs: the next agent adopts them.
        """
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        errors = [error for task in tasks if task.done() and (error := task.exception())]
        for task in tasks:
            task.cancel()
        if all(isinstance(error, LabError) for error in errors):
            await asyncio.gather(
                self._webhook.stop(), *(one.abandon(FAREWELL_SECONDS) for one in list(self._runners.values()))
            )
        for error in errors:
            raise error

    # Pods

    def _pod_changed(self, kind: str, pod: Any) -> None:
        if not self._pods.synced.is_set() and not pod.spec.nodeName:
            # Addresses are given when all those in use are known: at the end of the first list.
            asyncio.get_running_loop().call_soon(self._pod_changed, kind, pod)
            return
        uid = pod.metadata.uid
        runner = self._runners.get(uid)
        ended = pod.status is not None and pod.status.phase in ("Succeeded", "Failed")
        if runner is None:
            if kind == "DELETED" or (ended and not pod.metadata.deletionTimestamp):
                return
            runner = self._new_runner(pod.to_dict())
            if runner is None:
                return
        elif kind != "DELETED":
            runner.pod = pod.to_dict()
        if kind == "DELETED" or pod.metadata.deletionTimestamp:
            runner.end(gone=kind == "DELETED")

    def _new_runner(self, pod: dict[str, Any]) -> PodRunner | None:
        node = pod["spec"].get("nodeName", "")
        address = objects.node_address(node) if node else self._free_address()
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        if address is None:
            LOG.error("%s: all %s pod addresses of the cluster are in use", name, ADDRESSES)
            return None
        self._last_number = int(address.rpartition(".")[2])
        before = [one.task for one in self._runners.values() if _same_name(one.pod, pod)]
        runner = PodRunner(self._pod_services, pod, address, predecessor=before[0] if before else None)
        uid = pod["metadata"]["uid"]
        self._runners[uid] = runner
        runner.start()
        if runner.task:
            runner.task.add_done_callback(lambda _: self._runners.pop(uid, None))
        return runner

    def _free_address(self) -> str | None:
        taken = {int(one.address.rpartition(".")[2]) for one in self._runners.values()}
        taken |= {
            int(objects.node_address(pod.spec.nodeName).rpartition(".")[2]) for pod in self._pods if pod.spec.nodeName
        }
        number = next_number(taken, self._last_number)
        return None if number is None else self._config.pod_address(self._cluster.index, number)

    # Upkeep

    async def _clean_up(self) -> None:
        """Remove what an earlier agent left of pods that are gone: programs, folders, nodes."""
        await self._pods.synced.wait()
        uids = {pod.metadata.uid for pod in self._pods}
        for folder in (self._config.cluster_dir(self._cluster.name) / "pods").glob("*"):
            if folder.name not in uids:
                sandbox = Sandbox(sandbox_folder(self._config, self._cluster.name, folder.name))
                note = sandbox.read_note()
                if note:
                    await asyncio.to_thread(processes.stop, self._config, note.process, FAREWELL_SECONDS)
                sandbox.remove()
        used = {runner.address for runner in self._runners.values()}
        async for node in self._client.list(Node, labels={COMPUTE_TYPE: "fargate"}):
            name = node.metadata.name if node.metadata and node.metadata.name else ""
            if objects.node_address(name) not in used:
                await until_done(name, lambda name=name: self._client.delete(Node, name))  # type: ignore[misc]
        await asyncio.Event().wait()

    async def _beat(self) -> None:
        """Renew the leases of the nodes, as each kubelet does."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            now = precise_timestamp()
            for runner in list(self._runners.values()):
                name = objects.node_name(runner.address)
                try:
                    await self._client.patch(
                        Lease,
                        name,
                        {"spec": {"renewTime": now}},
                        namespace="kube-node-lease",
                        patch_type=PatchType.MERGE,
                    )
                except ApiError as error:
                    if error.status.code != 404:
                        LOG.warning("lease of %s: %s", name, error)
                except httpx2.HTTPError as error:
                    LOG.warning("lease of %s: %s", name, error)


def _same_name(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one["metadata"][key] == other["metadata"][key] for key in ("namespace", "name"))
