"""Allocating a game server on an EKS cluster named by the destination, with a token of this program's own role."""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

import aiohttp
import boto3
from botocore.config import Config
from botocore.signers import RequestSigner

LOG = logging.getLogger(__name__)

# EKS accepts a token for 15 minutes, whatever lifetime the URL in it claims.
TOKEN_SECONDS = 10 * 60.0
URL_SECONDS = 60
ATTEMPTS = 2
ATTEMPT_SECONDS = 3.0
# One quick answer or none: the caller comes again soon.
AWS_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2, "mode": "standard"})


class AllocationFailed(Exception):
    """No answer from a cluster, or a refusal; the message says which and why."""


@dataclass(frozen=True)
class ClusterAccess:
    """How to reach a cluster's API server. `ca` is PEM."""

    endpoint: str
    ca: str


@dataclass(frozen=True)
class Allocated:
    """The game server of a new session."""

    server: str
    uid: str
    address: str
    port: int


class Eks(Protocol):
    """The AWS calls; they block."""

    def describe(self, cluster: str) -> ClusterAccess: ...

    def token(self, cluster: str) -> str: ...


class BotoEks:
    """Eks with boto3 and the credentials of the environment."""

    def __init__(self, region: str) -> None:
        self._session = boto3.Session(region_name=region)
        self._eks = self._session.client("eks", config=AWS_CONFIG)
        sts = self._session.client("sts", config=AWS_CONFIG)
        self._sts_url = f"{sts.meta.endpoint_url.rstrip('/')}/?Action=GetCallerIdentity&Version=2011-06-15"
        self._sts_service = sts.meta.service_model.service_id
        self._region = region

    def describe(self, cluster: str) -> ClusterAccess:
        described = self._eks.describe_cluster(name=cluster)["cluster"]
        ca = base64.b64decode(described["certificateAuthority"]["data"]).decode()
        return ClusterAccess(described["endpoint"], ca)

    def token(self, cluster: str) -> str:
        """A presigned GetCallerIdentity that is good for this one cluster only."""
        signer = RequestSigner(
            self._sts_service,
            self._region,
            "sts",
            "v4",
            self._session.get_credentials(),
            self._session.events,
        )
        request = {
            "method": "GET",
            "url": self._sts_url,
            "body": {},
            "headers": {"x-k8s-aws-id": cluster},
            "context": {},
        }
        url = signer.generate_presigned_url(
            request, region_name=self._region, expires_in=URL_SECONDS, operation_name=""
        )
        return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


class Cluster:
    """A kept-alive connection to one cluster."""

    def __init__(self, name: str, eks: Eks, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._eks = eks
        self._clock = clock
        self._access: ClusterAccess | None = None
        self._is_stale = True
        self._preparing = asyncio.Lock()
        self._http: aiohttp.ClientSession | None = None
        self._token = ""
        self._token_until = 0.0

    async def prepare(self) -> None:
        """Find the cluster and get a token, if that was not done. Raises what boto3 raises."""
        async with self._preparing:
            if self._is_stale or self._http is None:
                await self._look_up()
            if self._clock() >= self._token_until:
                self._token = await asyncio.to_thread(self._eks.token, self._name)
                self._token_until = self._clock() + TOKEN_SECONDS

    async def _look_up(self) -> None:
        access = await asyncio.to_thread(self._eks.describe, self._name)
        if access != self._access or self._http is None:
            context = ssl.create_default_context(cadata=access.ca)
            await self.close()
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context, keepalive_timeout=60),
                timeout=aiohttp.ClientTimeout(total=ATTEMPT_SECONDS),
            )
        self._access, self._is_stale = access, False

    def forget(self) -> None:
        """Look the cluster up again before the next call: it may be a new one with the same name."""
        self._is_stale = True
        self._token_until = 0.0

    async def close(self) -> None:
        if self._http:
            await self._http.close()
            self._http = None

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """One call; returns the HTTP status and the body. Raises aiohttp.ClientError or TimeoutError."""
        assert self._access is not None
        assert self._http is not None
        headers = {"Authorization": f"Bearer {self._token}"}
        url = self._access.endpoint + path
        async with self._http.request(method, url, json=body, headers=headers) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.text())


class Allocator:
    """Allocates from one Fleet, on any cluster that the role may use."""

    def __init__(self, namespace: str, fleet: str, new_cluster: Callable[[str], Cluster]) -> None:
        self._allocations = f"/apis/allocation.agones.dev/v1/namespaces/{namespace}/gameserverallocations"
        self._servers = f"/apis/agones.dev/v1/namespaces/{namespace}/gameservers"
        self._fleet = fleet
        self._new_cluster = new_cluster
        self._clusters: dict[str, Cluster] = {}

    def _cluster(self, name: str) -> Cluster:
        if name not in self._clusters:
            self._clusters[name] = self._new_cluster(name)
        return self._clusters[name]

    async def prepare(self, name: str) -> None:
        """Get ready to allocate on a cluster. Raises AllocationFailed."""
        try:
            await self._cluster(name).prepare()
        except Exception as error:  # botocore's and ssl's errors have no common ancestor
            raise AllocationFailed(f"cluster {name} cannot be reached: {error}") from error

    async def close(self) -> None:
        for cluster in self._clusters.values():
            await cluster.close()

    async def allocate(self, name: str, annotations: Mapping[str, str]) -> Allocated | None:
        """A server for a session, with the annotations on it; None if the Fleet has no Ready one.

        Raises AllocationFailed.
        """
        body = {
            "apiVersion": "allocation.agones.dev/v1",
            "kind": "GameServerAllocation",
            "spec": {
                "selectors": [{"matchLabels": {"agones.dev/fleet": self._fleet}}],
                "metadata": {"annotations": dict(annotations)},
            },
        }
        status = (await self._call(name, "POST", self._allocations, body))["status"]
        if status["state"] != "Allocated":
            return None
        server = status["gameServerName"]
        # The answer to an allocation does not give the uid, and the ticket needs it.
        found = await self._call(name, "GET", f"{self._servers}/{server}")
        return Allocated(server, found["metadata"]["uid"], status["address"], status["ports"][0]["port"])

    async def _call(self, name: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call a cluster; try a second time after a fault that may pass."""
        problem = ""
        for _ in range(ATTEMPTS):
            await self.prepare(name)
            try:
                status, answer = await self._cluster(name).call(method, path, body)
            except (aiohttp.ClientError, TimeoutError) as error:
                problem = repr(error)
            else:
                if status < HTTPStatus.BAD_REQUEST:
                    return answer
                problem = f"HTTP {status}: {str(answer)[:300]}"
                if not _may_pass(status):
                    break
            LOG.warning("%s %s on %s: %s", method, path, name, problem)
            self._cluster(name).forget()
        raise AllocationFailed(f"{method} {path} on {name}: {problem}")


def _may_pass(status: int) -> bool:
    """Whether another try makes sense: a server's fault, too many requests, or a token that is no longer good."""
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in (
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.TOO_MANY_REQUESTS,
    )
