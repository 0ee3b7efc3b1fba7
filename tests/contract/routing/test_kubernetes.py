"""The providers that live in Kubernetes, against the cluster that KUBECONFIG names (with Agones' CRDs)."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator

import pytest
from ansible_collections.gameops.eks_bluegreen.extensions.routing.kit import RoutingKit
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    ALLOCATION_POLICIES,
    CONFIG_MAPS,
    KubeApi,
    connect,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.agones_policy import AgonesPolicyProvider
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.config_map import (
    DOCUMENT_KEY,
    READER_KEY,
    READER_LABEL,
    ConfigMapStore,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document_provider import (
    DocumentProvider,
    DocumentSettings,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Provider

FIRST = {"v": 1, "revision": 1, "weights": {"blue": 100, "green": 0}, "clusters": {"blue": "b", "green": "g"}}
READER = "pod-1"

pytestmark = pytest.mark.skipif(not os.environ.get("KUBECONFIG"), reason="KUBECONFIG names no cluster")


@pytest.fixture(scope="module")
def api() -> KubeApi:
    return connect(os.environ["KUBECONFIG"])


@pytest.fixture(scope="module")
def namespace(api: KubeApi) -> Iterator[str]:
    name = f"routing-{uuid.uuid4().hex[:8]}"
    api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="module")
def document(api: KubeApi, namespace: str) -> str:
    config_map(api, namespace, "destination", {DOCUMENT_KEY: json.dumps(FIRST)}, {})
    return "destination"


@pytest.fixture(scope="module")
def policies(api: KubeApi, namespace: str) -> dict[str, str]:
    names = {slot: f"to-{slot}" for slot in ("blue", "green")}
    for slot, name in names.items():
        body = {
            "apiVersion": "multicluster.agones.dev/v1",
            "kind": "GameServerAllocationPolicy",
            "metadata": {"name": name},
            "spec": {"priority": 1, "weight": 50, "connectionInfo": {"clusterName": slot, "namespace": "arena"}},
        }
        api.create(ALLOCATION_POLICIES.path(namespace), body)
    return names


class TestConfigMap(RoutingKit):
    @pytest.fixture
    def provider(self, api: KubeApi, namespace: str, document: str) -> Provider:
        self.api, self.namespace = api, namespace
        return DocumentProvider(ConfigMapStore(api, namespace, document), DocumentSettings({}, 15, queue="shared"))

    def follow(self, provider: Provider) -> None:
        value = json.dumps({"revision": int(provider.read().revision), "slot": "blue"})
        config_map(self.api, self.namespace, READER, {READER_KEY: value}, {READER_LABEL: "destination"})


def config_map(api: KubeApi, namespace: str, name: str, data: dict[str, str], labels: dict[str, str]) -> None:
    api.delete(CONFIG_MAPS.path(namespace, name))
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}, "data": data}
    api.create(CONFIG_MAPS.path(namespace), body)


class TestAgonesPolicy(RoutingKit):
    @pytest.fixture
    def provider(self, api: KubeApi, namespace: str, policies: dict[str, str]) -> Provider:
        return AgonesPolicyProvider(api, namespace, policies)
