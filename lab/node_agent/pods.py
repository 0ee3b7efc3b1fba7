"""One Fargate pod: a node, a binding, a program that is kept running, and the status that reports it."""

from __future__ import annotations

import asyncio
import datetime
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
from lightkube import ApiError, AsyncClient
from lightkube.generic_resource import create_namespaced_resource
from lightkube.resources.coordination_v1 import Lease
from lightkube.resources.core_v1 import Node, Pod, PodStatus
from lightkube.types import PatchType

from lab.node_agent import objects, programs
from lab.node_agent.cluster import Cluster
from lab.node_agent.programs import Places, Probe, Unrunnable
from lab.node_agent.sandbox import TOKEN_SECONDS, Note, Sandbox
from lab.world import processes
from lab.world.config import LabConfig
from lab.world.kube import build

LOG = logging.getLogger(__name__)
# Until a program is ready for the first time it is probed this often (seconds), whatever its period.
EAGER_PROBE = 0.25
RETRY_SECONDS = 1.0
REVIVE_SECONDS = 5.0
# lightkube's own Binding cannot read the server's answer, which is a Status.
Binding = create_namespaced_resource("", "v1", "Binding", "bindings")


def timestamp() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise_timestamp() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Services:
    """What a pod needs from its agent."""

    config: LabConfig
    cluster: Callable[[], Cluster]
    client: AsyncClient
    http: aiohttp.ClientSession
    images: Callable[[], Mapping[str, Sequence[str]]]


def process_name(cluster: str, pod: dict[str, Any]) -> str:
    return f"pod-{cluster}-{pod['metadata']['namespace']}-{pod['metadata']['name']}"


def sandbox_folder(config: LabConfig, cluster: str, uid: str) -> Path:
    return config.cluster_dir(cluster) / "pods" / uid


async def until_done(what: str, call: Callable[[], Awaitable[Any]]) -> None:
    """Make a call to the API server until it succeeds; an object that is gone, or exists already, will do."""
    while True:
        try:
            await call()
            return
        except ApiError as error:
            if error.status.code in (404, 409):
                return
            LOG.warning("%s: %s; trying again", what, error)
        except httpx2.HTTPError as error:
            LOG.warning("%s: %s; trying again", what, error)
        await asyncio.sleep(RETRY_SECONDS)


@dataclass
class PodRunner:
    """Runs one pod from its binding to its end. `pod` is the latest version of the object."""

    services: Services
    pod: dict[str, Any]
    address: str
    predecessor: asyncio.Task[None] | None = None
    task: asyncio.Task[None] | None = None
    gone: bool = False
    _ending: asyncio.Event = field(default_factory=asyncio.Event)
    _container: objects.Container = field(default_factory=objects.Container)
    _started_at: str = ""
    _failures: int = 0

    def __post_init__(self) -> None:
        self._cluster = self.services.cluster()
        self._name = process_name(self._cluster.name, self.pod)
        self._node = objects.node_name(self.address)
        folder = sandbox_folder(self.services.config, self._cluster.name, self.pod["metadata"]["uid"])
        self.sandbox = Sandbox(folder)

    def start(self) -> None:
        self.task = asyncio.create_task(self._run(), name=self._name)

    def end(self, *, gone: bool) -> None:
        """The pod is terminating, or its object is gone."""
        self.gone = self.gone or gone
        self._ending.set()

    async def abandon(self, grace: float) -> None:
        """The agent ends: end the program, leave the objects."""
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        await self._stop_program(grace)

    async def _run(self) -> None:
        if self.predecessor:
            await asyncio.wait({self.predecessor})
            self.predecessor = None
        if not self._ending.is_set():
            await self._live_until_ending()
        await self._end()

    # Life

    async def _live_until_ending(self) -> None:
        life = asyncio.create_task(self._keep_alive())
        try:
            await self._ending.wait()
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)

    async def _keep_alive(self) -> None:
        while True:
            try:
                await self._live()
                return
            except Exception:
                LOG.exception("%s: the agent failed; trying again", self._name)
                await asyncio.sleep(REVIVE_SECONDS)

    async def _live(self) -> None:
        await self._bind()
        note = self._adoptable()
        if note is None:
            await asyncio.to_thread(processes.stop, self.services.config, self._name)
        self._restore_restarts(adopted=note is not None)
        while True:
            try:
                if note is None:
                    note = await self._start_program()
                code = await self._watch_program(note)
            except Unrunnable as error:
                note = None
                await self._report_unrunnable(error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except httpx2.HTTPError as error:
                LOG.warning("%s: %s; trying again", self._name, error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            note = None
            if not await self._after_exit(code):
                return

    async def _report_unrunnable(self, error: Unrunnable) -> None:
        state = objects.waiting(error.reason, error.message)
        if state != self._container.state:
            LOG.warning("%s: %s", self._name, error.message)
            await self._report(state=state, ready=False)

    async def _bind(self) -> None:
        """Make the pod's node (again, if it has been lost) and bind the pod to it."""
        now = timestamp()
        new = objects.node(self.address, self._cluster.region, self._cluster.version, now)
        await until_done(self._name, lambda: self.services.client.create(build(Node, new)))
        lease = build(Lease, objects.lease(self._node, precise_timestamp()))
        await until_done(self._name, lambda: self.services.client.create(lease))
        if self.pod["spec"].get("nodeName"):
            return
        metadata = self.pod["metadata"]
        binding = build(
            Binding,
            {
                "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]},
                "target": {"apiVersion": "v1", "kind": "Node", "name": self._node},
            },
        )
        await until_done(
            self._name,
            lambda: self.services.client.create(binding),
        )

    def _adoptable(self) -> Note | None:
        """The live process of this pod that an earlier agent started."""
        note = self.sandbox.read_note()
        record = processes.read_record(self.services.config, self._name)
        if note is None or record is None or (record.pid, record.started) != (note.pid, note.started):
            return None
        if processes.find_process(record) is None:
            return None
        LOG.info("%s: adopted process %s", self._name, note.pid)
        return note

    def _restore_restarts(self, *, adopted: bool) -> None:
        known = ((self.pod.get("status") or {}).get("containerStatuses") or [{}])[0]
        self._container.restarts = int(known.get("restartCount", 0))
        started = (known.get("state") or {}).get("running")
        if started:
            self._started_at = started["startedAt"]
            self._container.restarts += 0 if adopted else 1
            self._container.ready = adopted and bool(known.get("ready"))

    async def _start_program(self) -> Note:
        services = self.services
        container = programs.only_container(self.pod)
        self._obey_stop_sign(programs.program_name(container["image"]))
        argv = programs.command(container, services.images(), services.config.images)
        role_arn = await self.sandbox.prepare(services.client, self.pod, self._cluster.kubeconfig)
        places = Places(
            address=self.address,
            node=self._node,
            region=self._cluster.region,
            aws_endpoint=services.config.aws_endpoint,
            kubeconfig=self.sandbox.kubeconfig,
            volumes=self.sandbox.volumes,
            aws_token=self.sandbox.aws_token,
        )
        environment = programs.environment(self.pod, places, role_arn)
        programs.readiness_probe(self.pod, self.address)  # refuse a bad one before anything runs
        try:
            record = processes.start(services.config, self._name, argv, environment)
        except OSError as error:
            raise Unrunnable("StartError", f"{argv[0]}: {error.strerror}") from error
        note = Note(self._name, record.pid, record.started)
        self.sandbox.write_note(note)
        self._started_at = timestamp()
        LOG.info("%s: started process %s on %s", self._name, record.pid, self.address)
        return note

    def _obey_stop_sign(self, program: str) -> None:
        if self.services.config.stop_sign(self._cluster.name, program).exists():
            raise Unrunnable("Stopped", f"python -m lab start-program {self._cluster.name} {program} lets it run again")

    async def _watch_program(self, note: Note) -> int:
        """Probe and report until the program ends; returns its exit code."""
        began = asyncio.get_running_loop().time()
        probe = programs.readiness_probe(self.pod, self.address)
        await self._report(state=objects.running(self._started_at), ready=self._container.ready or probe is None)
        helpers = [asyncio.create_task(self._renew_tokens())]
        if probe:
            helpers.append(asyncio.create_task(self._probe(probe)))
        try:
            code = await wait_for_exit(note.pid)
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
        if asyncio.get_running_loop().time() - began >= programs.SETTLED_AFTER:
            self._failures = 0
        return code

    async def _after_exit(self, code: int) -> bool:
        """Report the end of the program; wait out the back-off; False if it must not run again."""
        ended = objects.terminated(code, self._started_at, timestamp())
        if not programs.should_restart(self.pod["spec"].get("restartPolicy", "Always"), code):
            LOG.info("%s: ended with exit code %s", self._name, code)
            await self._report(state=ended, ready=False)
            return False
        self._failures += 1
        delay = programs.restart_delay(self._failures)
        LOG.warning("%s: ended with exit code %s; restart in %g s", self._name, code, delay)
        self._container.last = ended
        back_off = objects.waiting("CrashLoopBackOff", f"back-off {delay:g}s restarting the program")
        await self._report(state=back_off, ready=False)
        await asyncio.sleep(delay)
        self._container.restarts += 1
        return True

    async def _probe(self, probe: Probe) -> None:
        await asyncio.sleep(probe.delay)
        failures = 0
        seen_ready = self._container.ready
        while True:
            healthy = await self._ask(probe)
            failures = 0 if healthy else failures + 1
            if healthy and not self._container.ready:
                seen_ready = True
                await self._report(ready=True)
            elif self._container.ready and failures >= probe.failures:
                LOG.warning("%s: not ready: %s", self._name, probe.url)
                await self._report(ready=False)
            await asyncio.sleep(probe.period if seen_ready else min(probe.period, EAGER_PROBE))

    async def _ask(self, probe: Probe) -> bool:
        timeout = aiohttp.ClientTimeout(total=probe.timeout)
        try:
            async with self.services.http.get(probe.url, timeout=timeout, ssl=False, allow_redirects=False) as answer:
                return 200 <= answer.status < 400
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def _renew_tokens(self) -> None:
        while True:
            await asyncio.sleep(TOKEN_SECONDS / 2)
            try:
                await self.sandbox.write_tokens(self.services.client, self.pod)
            except (httpx2.HTTPError, Unrunnable) as error:
                LOG.warning("%s: tokens not renewed: %s", self._name, error)

    async def _report(self, state: dict[str, Any] | None = None, ready: bool | None = None) -> None:
        if state is not None:
            self._container.state = state
        if ready is not None:
            self._container.ready = ready
        metadata = self.pod["metadata"]
        status = objects.pod_status(self.pod, self._container, self.address, self._started_at, timestamp())
        await until_done(
            self._name,
            lambda: self.services.client.patch(
                PodStatus,
                metadata["name"],
                {"metadata": {"uid": metadata["uid"]}, "status": status},
                namespace=metadata["namespace"],
                patch_type=PatchType.MERGE,
            ),
        )

    # End

    async def _end(self) -> None:
        await self._stop_program(self._grace())
        metadata = self.pod["metadata"]
        client = self.services.client
        if not self.gone:
            await until_done(
                self._name,
                lambda: client.delete(Pod, metadata["name"], namespace=metadata["namespace"], grace_period=0),
            )
        await until_done(self._name, lambda: client.delete(Node, self._node))
        await until_done(self._name, lambda: client.delete(Lease, self._node, namespace="kube-node-lease"))
        self.sandbox.remove()
        LOG.info("%s: gone", self._name)

    def _grace(self) -> float:
        if self.gone:
            return 1.0
        grace = self.pod["metadata"].get("deletionGracePeriodSeconds")
        return float(30 if grace is None else grace)

    async def _stop_program(self, grace: float) -> None:
        if processes.read_record(self.services.config, self._name) is None:
            return
        pause = 0.0
        if not self.gone and self._ending.is_set():
            pause = min(grace, programs.pre_stop_seconds(self.pod))
            await asyncio.sleep(pause)
        await asyncio.to_thread(processes.stop, self.services.config, self._name, max(0.1, grace - pause))


async def wait_for_exit(pid: int) -> int:
    """Wait for the end of a process, a child or not; returns its exit code, -1 if it cannot be known."""
    loop = asyncio.get_running_loop()
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return -1
    ended = asyncio.Event()
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)
    try:
        _, status = os.waitpid(pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status)
    except ChildProcessError:
        return -1
