# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Kubernetes for the Agones modules: raw JSON over the ApiClient of the package kubernetes.

Model objects are not used: they drop fields they do not know, and cost time.
"""

from __future__ import annotations

import json
import traceback
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Callable, Iterator, Mapping, Sequence
from urllib.parse import urlencode

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock, SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

try:
    import urllib3
    from kubernetes import config as kube_config
    from kubernetes.client.api_client import ApiClient
    from kubernetes.client.configuration import Configuration
    from kubernetes.config.config_exception import ConfigException

    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()


_PAGE_SIZE = 500
WRITE_THREADS = 16
_TIMEOUT_SECONDS = (5.0, 15.0)
RETRY_DELAYS = (0.2, 0.5, 1.0, 2.0)
RETRIED = frozenset({0, 429, 500, 502, 503, 504})
MERGE_PATCH = "application/merge-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


class ApiFailure(BlueGreenError):
    """The API server refused or did not answer; `status` is the HTTP status, 0 without an answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status=status)
        self.status = status


class NotFound(ApiFailure):
    """404: the object does not exist."""


class Conflict(ApiFailure):
    """409: the object changed since it was read; read it again and decide again."""


class Expired(ApiFailure):
    """410: the resource version is too old to watch from; list again."""


FAILURES = {404: NotFound, 409: Conflict, 410: Expired}


class KubeResource:
    """A kind of object: where its API is, and whether it has namespaces."""

    def __init__(self, prefix: str, plural: str) -> None:
        self.prefix = prefix
        self.plural = plural

    def path(self, namespace: str, name: str = "", subresource: str = "") -> str:
        parts = [self.prefix, "namespaces", namespace, self.plural, name, subresource]
        return "/".join(part for part in parts if part)


GAME_SERVERS = KubeResource("/apis/agones.dev/v1", "gameservers")
FLEETS = KubeResource("/apis/agones.dev/v1", "fleets")
AUTOSCALERS = KubeResource("/apis/autoscaling.agones.dev/v1", "fleetautoscalers")
ALLOCATIONS = KubeResource("/apis/allocation.agones.dev/v1", "gameserverallocations")
ALLOCATION_POLICIES = KubeResource("/apis/multicluster.agones.dev/v1", "gameserverallocationpolicies")
PODS = KubeResource("/api/v1", "pods")
CONFIG_MAPS = KubeResource("/api/v1", "configmaps")


class KubeApi:
    """One cluster's API server."""

    def __init__(self, client: Any, clock: Clock | None = None) -> None:
        self._client = client
        self._clock = clock or SystemClock()
        self.server = str(client.configuration.host)

    def get(self, path: str) -> Json:
        """One object. Raises NotFound."""
        return self._read(path, [])

    def find(self, path: str) -> Json | None:
        """One object, or None."""
        try:
            return self.get(path)
        except NotFound:
            return None

    def list(
        self, path: str, *, selector: str = "", metadata_only: bool = False, trim: Callable[[Json], Json] | None = None
    ) -> tuple[list[Json], str]:
        """Every object, page by page, and the resource version to watch from; of each, `trim` leaves what is used."""
        items: list[Json] = []
        token = ""
        while True:
            query = [("limit", str(_PAGE_SIZE))]
            query += [("labelSelector", selector)] if selector else []
            query += [("continue", token)] if token else []
            page = self._read(path, query, METADATA_ONLY if metadata_only else "application/json")
            found = page.get("items") or []
            # Page by page: whole objects, thousands of them, take hundreds of megabytes.
            items += [trim(item) for item in found] if trim else found
            metadata = page.get("metadata") or {}
            token = str(metadata.get("continue") or "")
            if not token:
                return items, str(metadata.get("resourceVersion") or "")

    def watch(self, path: str, version: str, seconds: float, *, selector: str = "") -> Iterator[tuple[str, Json]]:
        """Changes after `version` for at most `seconds`. Raises Expired when the version is too old."""
        query = [("watch", "true"), ("resourceVersion", version), ("timeoutSeconds", str(max(1, round(seconds))))]
        query += [("labelSelector", selector)] if selector else []
        answer = self._send(
            "GET", path, query, timeout=(_TIMEOUT_SECONDS[0], seconds + _TIMEOUT_SECONDS[0]), stream=True
        )
        try:
            for line in _lines(answer):
                event = json.loads(line)
                if event.get("type") == "ERROR":
                    raise _failure(int(event["object"].get("code") or 500), str(event["object"]), "watch", path)
                yield str(event["type"]), event["object"]
        except urllib3.exceptions.HTTPError as error:
            raise ApiFailure(f"the watch of {self.server}{path} broke: {error}", 0) from error
        finally:
            answer.release_conn()

    def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        """Merge patch. A `metadata.resourceVersion` in the body makes it conditional: else Conflict."""
        return _decoded(self._send("PATCH", path, [], body=body, content_type=MERGE_PATCH))

    def create(self, path: str, body: Mapping[str, Any]) -> Json:
        return _decoded(self._send("POST", path, [], body=body))

    def delete(
        self, path: str, grace_seconds: int | None = None, *, preconditions: Mapping[str, str] | None = None
    ) -> None:
        """Delete an object; it may be gone already. Raises Conflict if it does not meet the preconditions."""
        query = [] if grace_seconds is None else [("gracePeriodSeconds", str(grace_seconds))]
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions} if preconditions else None
        try:
            _decoded(self._send("DELETE", path, query, body=body))
        except NotFound:
            return

    def server_time(self) -> datetime:
        """The API server's clock, to a second: that of this machine may be wrong."""
        return parsedate_to_datetime(self._send("GET", "/version", []).headers["Date"])

    def is_alive(self, seconds: float) -> bool:
        """Whether it answers within this many seconds; a refusal is an answer."""
        try:
            self._send("GET", "/readyz", [], timeout=(seconds, seconds))
        except ApiFailure as error:
            return error.status not in RETRIED
        return True

    def _read(self, path: str, query: Sequence[tuple[str, str]], accept: str = "application/json") -> Json:
        for delay in RETRY_DELAYS:
            try:
                return _decoded(self._send("GET", path, query, accept=accept))
            except ApiFailure as error:
                if error.status not in RETRIED:
                    raise
                self._clock.sleep(delay)
        return _decoded(self._send("GET", path, query, accept=accept))

    def _send(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]],
        *,
        body: Mapping[str, Any] | None = None,
        accept: str = "application/json",
        content_type: str = "application/json",
        timeout: tuple[float, float] = _TIMEOUT_SECONDS,
        stream: bool = False,
    ) -> Any:
        """The answer, if it is a success. call_api is not used: it loses the body of a refusal that is streamed."""
        headers = {"Accept": accept, "Content-Type": content_type}
        self._client.update_params_for_auth(headers, [], ["BearerToken"])
        where = self.server + path
        try:
            answer = self._client.rest_client.pool_manager.request(
                method,
                where + (f"?{urlencode(query)}" if query else ""),
                body=None if body is None else json.dumps(body),
                headers=headers,
                timeout=urllib3.Timeout(connect=timeout[0], read=timeout[1]),
                preload_content=not stream,
            )
        except urllib3.exceptions.HTTPError as error:
            raise _failure(0, str(error), method, where) from error
        if answer.status >= 300:
            raise _failure(int(answer.status), _reason(answer.data), method, where)
        return answer


def connect(kubeconfig: str) -> KubeApi:
    """The cluster that a kubeconfig file names. Raises BlueGreenError when the file cannot be used."""
    configuration = Configuration()
    configuration.connection_pool_maxsize = 2 * WRITE_THREADS
    # Otherwise urllib3 tries each request four times, each with the whole timeout, within each of our own attempts.
    configuration.retries = False
    try:
        kube_config.load_kube_config(config_file=kubeconfig, client_configuration=configuration, persist_config=False)
    except (ConfigException, OSError, ValueError) as error:
        raise BlueGreenError(
            f"the kubeconfig {kubeconfig!r} cannot be used ({error}): role slots writes one per slot; "
            "check that the cluster exists and that the file is complete"
        ) from error
    return KubeApi(ApiClient(configuration))


def _lines(answer: Any) -> Iterator[bytes]:
    rest = b""
    for chunk in answer.stream(amt=None, decode_content=True):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line for line in lines if line)


def _decoded(answer: Any) -> Json:
    decoded: Json = json.loads(answer.data)
    return decoded


def _reason(body: bytes) -> str:
    text = body.decode(errors="replace")
    try:
        return str(json.loads(text)["message"])
    except (KeyError, TypeError, ValueError):
        return text


def _failure(status: int, reason: str, method: str, where: str) -> ApiFailure:
    hint = ""
    if status == 401:
        hint = "; the token was not accepted: check the credentials and the cluster's access entries"
    elif status == 403:
        hint = "; give the runner's access entry this permission"
    elif status == 0:
        hint = "; check that the cluster exists and that its endpoint can be reached from here"
    text = f"{method} {where} failed ({status or 'no answer'}): {reason}{hint}"
    return FAILURES.get(status, ApiFailure)(text, status)
