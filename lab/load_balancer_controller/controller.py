"""Watches TargetGroupBindings, Services and pods, and keeps the target groups in step."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

from lightkube import AsyncClient
from lightkube.resources.core_v1 import Pod, Service
from lightkube.types import PatchType

from lab.load_balancer_controller.plan import (
    FINALIZER,
    finalizers_with,
    finalizers_without,
    plan_targets,
    wanted_targets,
)
from lab.load_balancer_controller.targets import Targets
from lab.world.kube import Informer, Key, TargetGroupBinding, key_of

LOG = logging.getLogger(__name__)
LONGEST_DELAY = 15.0


@dataclass
class PodWatch:
    """The pods of one selector. Watching only these spares the controller the pods of game servers."""

    selector: dict[str, str]
    informer: Informer
    task: asyncio.Task[None]


@dataclass
class Worker:
    """Reconciles one binding, one change after the other."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    pods: PodWatch | None = None


class Controller:
    def __init__(self, client: AsyncClient, targets: Targets) -> None:
        self._client = client
        self._targets = targets
        self._bindings = Informer(client, TargetGroupBinding)
        self._services = Informer(client, Service)
        self._workers: dict[Key, Worker] = {}

    @property
    def ready(self) -> bool:
        return self._bindings.synced.is_set() and self._services.synced.is_set()

    async def run(self) -> None:
        """Until cancelled."""
        self._bindings.on_change(self._binding_changed)
        self._services.on_change(self._service_changed)
        await asyncio.gather(self._bindings.run(), self._services.run())

    def _binding_changed(self, kind: str, binding: Any) -> None:
        key = key_of(binding)
        worker = self._workers.get(key)
        if worker is None:
            if kind == "DELETED":
                return
            worker = self._workers[key] = Worker()
            worker.task = asyncio.create_task(self._work(key, worker))
        worker.changed.set()

    def _service_changed(self, _: str, service: Any) -> None:
        for key, worker in self._workers.items():
            binding = self._bindings.get(*key)
            if binding and _service_key(binding.to_dict()) == key_of(service):
                worker.changed.set()

    async def _work(self, key: Key, worker: Worker) -> None:
        await self._services.synced.wait()
        failures = 0
        while True:
            await worker.changed.wait()
            worker.changed.clear()
            binding = self._bindings.get(*key)
            if binding is None:
                break
            try:
                await self._reconcile(binding.to_dict(), worker)
                failures = 0
            except Exception as error:  # whatever it is, this binding is tried again and the others go on
                failures += 1
                delay = min(LONGEST_DELAY, 0.5 * 2**failures)
                LOG.warning("%s/%s: %r; again in %g s", *key, error, delay)
                await asyncio.sleep(delay)
                worker.changed.set()
        self._watch_pods(worker, None, key[0])
        del self._workers[key]

    async def _reconcile(self, binding: dict[str, Any], worker: Worker) -> None:
        metadata = binding["metadata"]
        if metadata.get("deletionTimestamp"):
            if FINALIZER in (metadata.get("finalizers") or []):
                await self._release(binding)
            return
        finalizers = finalizers_with(metadata)
        if finalizers is not None:
            await self._patch_finalizers(metadata, finalizers)
            return  # the change that this makes brings us back
        await self._sync(binding, worker)
        if (binding.get("status") or {}).get("observedGeneration") != metadata["generation"]:
            await self._client.patch(
                TargetGroupBinding.Status,
                metadata["name"],
                {"status": {"observedGeneration": metadata["generation"]}},
                namespace=metadata["namespace"],
                patch_type=PatchType.MERGE,
            )

    async def _release(self, binding: dict[str, Any]) -> None:
        """Deregister everything, then let the object go."""
        arn = await self._arn(binding)
        registered = await asyncio.to_thread(self._targets.registered, arn)
        await asyncio.to_thread(self._targets.deregister, arn, registered)
        LOG.info("%s: deregistered %s", _name(binding), registered)
        await self._patch_finalizers(binding["metadata"], finalizers_without(binding["metadata"]))

    async def _sync(self, binding: dict[str, Any], worker: Worker) -> None:
        found = self._services.get(*_service_key(binding))
        service = found.to_dict() if found else None
        if service is None:
            LOG.warning("%s: service %s/%s does not exist", _name(binding), *_service_key(binding))
        selector = (service["spec"].get("selector") or {}) if service else None
        self._watch_pods(worker, selector, binding["metadata"]["namespace"])
        pods: list[dict[str, Any]] = []
        if worker.pods:
            await worker.pods.informer.synced.wait()
            pods = [pod.to_dict() for pod in worker.pods.informer]
        arn = await self._arn(binding)
        registered = await asyncio.to_thread(self._targets.registered, arn)
        plan = plan_targets(wanted_targets(binding, service, pods), registered)
        # In the order of the real controller.
        await asyncio.to_thread(self._targets.deregister, arn, plan.deregister)
        await asyncio.to_thread(self._targets.register, arn, plan.register)
        if plan.register or plan.deregister:
            LOG.info("%s: registered %s, deregistered %s", _name(binding), plan.register, plan.deregister)

    def _watch_pods(self, worker: Worker, selector: dict[str, str] | None, namespace: str) -> None:
        """Watch the pods of this selector; None or {} selects none."""
        if worker.pods and worker.pods.selector == selector:
            return
        if worker.pods:
            worker.pods.task.cancel()
            worker.pods = None
        if selector:
            informer = Informer(self._client, Pod, namespace=namespace, labels=selector)
            informer.on_change(lambda *_: worker.changed.set())
            worker.pods = PodWatch(selector, informer, asyncio.create_task(informer.run()))

    async def _arn(self, binding: dict[str, Any]) -> str:
        spec = binding["spec"]
        if spec.get("targetGroupARN"):
            return str(spec["targetGroupARN"])
        return await asyncio.to_thread(self._targets.arn_of, spec["targetGroupName"])

    async def _patch_finalizers(self, metadata: dict[str, Any], finalizers: list[str]) -> None:
        await self._client.patch(
            TargetGroupBinding,
            metadata["name"],
            {"metadata": {"finalizers": finalizers, "resourceVersion": metadata["resourceVersion"]}},
            namespace=metadata["namespace"],
            patch_type=PatchType.MERGE,
        )


def _service_key(binding: dict[str, Any]) -> Key:
    return binding["metadata"]["namespace"], (binding["spec"].get("serviceRef") or {}).get("name", "")


def _name(binding: dict[str, Any]) -> str:
    return f"{binding['metadata']['namespace']}/{binding['metadata']['name']}"
