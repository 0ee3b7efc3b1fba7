"""Leader election with a Lease, as Agones' controllers do it."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
from lightkube import ApiError, AsyncClient
from lightkube.models.coordination_v1 import LeaseSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.coordination_v1 import Lease

from lab.world.config import LabError

LOG = logging.getLogger(__name__)

NAME = "agones-controller-lock"
DURATION = 15
RENEW_SECONDS = 5.0
RETRY_SECONDS = 2.0


class LeaseLost(LabError):
    """Another controller leads; this one must end."""


class Leader:
    """Holds the Lease of a namespace for this process."""

    def __init__(self, client: AsyncClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._identity = str(uuid4())
        self._lease: Lease | None = None

    async def acquire(self) -> None:
        """Wait until the Lease is free or expired, and take it."""
        while not await self._try():
            await asyncio.sleep(RETRY_SECONDS)
        LOG.info("leading as %s", self._identity)

    async def keep(self) -> None:
        """Renew for ever. Raises LeaseLost when someone else has it, or when it could not be renewed in time."""
        renewed = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if await self._try():
                renewed = asyncio.get_running_loop().time()
            elif asyncio.get_running_loop().time() - renewed > DURATION - RENEW_SECONDS:
                raise LeaseLost(f"the lease {self._namespace}/{NAME} could not be renewed for {DURATION} s")

    async def release(self) -> None:
        """Free the Lease, so that the next controller need not wait for its end."""
        if self._lease and self._lease.spec:
            self._lease.spec.holderIdentity = ""
            self._lease.spec.leaseDurationSeconds = 1
            try:
                await self._client.replace(self._lease)
            except httpx2.HTTPError as error:
                LOG.info("lease %s/%s not freed: %s", self._namespace, NAME, error)
            self._lease = None

    async def _try(self) -> bool:
        try:
            known = await self._read()
            if known is None:
                self._lease = await self._client.create(self._filled(Lease(metadata=ObjectMeta(name=NAME))))
                return True
            if not may_take(known.spec, self._identity, datetime.now(UTC)):
                return False
            self._lease = await self._client.replace(self._filled(known))
            return True
        except httpx2.HTTPError as error:
            LOG.info("lease %s/%s: %s", self._namespace, NAME, error)
            return False

    async def _read(self) -> Lease | None:
        try:
            return await self._client.get(Lease, NAME, namespace=self._namespace)
        except ApiError as error:
            if error.status.code == 404:
                return None
            raise

    def _filled(self, lease: Lease) -> Lease:
        now = datetime.now(UTC)
        before = lease.spec
        ours = before is not None and before.holderIdentity == self._identity
        lease.metadata = lease.metadata or ObjectMeta(name=NAME)
        lease.metadata.namespace = self._namespace
        lease.spec = LeaseSpec(
            holderIdentity=self._identity,
            leaseDurationSeconds=DURATION,
            acquireTime=before.acquireTime if before and ours else now,
            renewTime=now,
        )
        return lease


def may_take(spec: LeaseSpec | None, identity: str, now: datetime) -> bool:
    """Is the Lease ours, free, or expired?"""
    if spec is None or not spec.holderIdentity or spec.holderIdentity == identity:
        return True
    renewed = spec.renewTime or datetime.fromtimestamp(0, UTC)
    return now > renewed + timedelta(seconds=spec.leaseDurationSeconds or DURATION)
