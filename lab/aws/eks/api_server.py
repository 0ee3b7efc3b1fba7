"""The few calls to a cluster's API server that stand in for what EC2 and the kubelet do to nodes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
import yaml

from lab.aws.eks.state import Json
from lab.world.config import LabError

READY_SECONDS = 30.0
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
MERGE = {"Content-Type": "application/merge-patch+json"}


class ApiServer:
    """A client with the administrator's certificate. Not safe to share between threads."""

    def __init__(self, kubeconfig: Path) -> None:
        content = yaml.safe_load(kubeconfig.read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        self._url = str(cluster["server"])
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = cluster["certificate-authority"]
        self._session.cert = (user["client-certificate"], user["client-key"])

    def call(self, method: str, path: str, *, accept: Sequence[int] = (), **options: Any) -> requests.Response:
        """A request, refused with LabError unless its status is 2xx or among `accept`."""
        try:
            response = self._session.request(method, self._url + path, timeout=10, **options)
        except requests.RequestException as error:
            raise LabError(f"the API server {self._url} does not answer {method} {path}: {error}") from error
        if not response.ok and response.status_code not in accept:
            raise LabError(f"{method} {self._url}{path}: {response.status_code} {response.text[:500]}")
        return response

    def create(self, path: str, body: Json) -> None:
        """Create an object; one that exists already is left as it is."""
        self.call("POST", path, json=body, accept=(409,))

    def wait_ready(self, *, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while True:
            try:
                if self._session.get(f"{self._url}/readyz", timeout=5).ok:
                    return
            except requests.RequestException:
                pass
            if time.monotonic() > deadline:
                raise LabError(f"the API server {self._url} was not ready after {timeout:.0f} s")
            time.sleep(0.05)

    def add_nodes(self, nodes: Sequence[Json]) -> None:
        for node in nodes:
            self.create("/api/v1/nodes", node)
        waiting = {node["metadata"]["name"] for node in nodes}
        deadline = time.monotonic() + READY_SECONDS
        while waiting := {name for name in waiting if not self._is_ready(name)}:
            if time.monotonic() > deadline:
                raise LabError(f"Instances failed to join the kubernetes cluster: {', '.join(sorted(waiting))}")
            time.sleep(0.1)

    def _is_ready(self, name: str) -> bool:
        conditions = self.call("GET", f"/api/v1/nodes/{name}").json()["status"].get("conditions") or []
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

    def update_node(self, name: str, labels: Mapping[str, str | None], taints: Sequence[Json]) -> None:
        body = {"metadata": {"labels": dict(labels)}, "spec": {"taints": list(taints)}}
        self.call("PATCH", f"/api/v1/nodes/{name}", json=body, headers=MERGE, accept=(404,))

    def remove_nodes(self, names: Sequence[str]) -> None:
        """Cordon all, end the pods of all, then remove the nodes; disruption budgets are not asked."""
        for name in names:
            body = {"spec": {"unschedulable": True}}
            self.call("PATCH", f"/api/v1/nodes/{name}", json=body, headers=STRATEGIC, accept=(404,))
        for name in names:
            for pod in self._pods_on(name):
                path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
                self.call("DELETE", path, json={"gracePeriodSeconds": 0}, accept=(404,))
        for name in names:
            self.call("DELETE", f"/api/v1/nodes/{name}", accept=(404,))

    def _pods_on(self, node: str) -> list[Json]:
        listed = self.call("GET", "/api/v1/pods", params={"fieldSelector": f"spec.nodeName={node}"})
        return list(listed.json()["items"])
