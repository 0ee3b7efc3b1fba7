"""Fixtures: a namespace of the tests' own in the cluster that KUBECONFIG names."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.contract.agones.cluster import Cluster, Namespace, Obj


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG is not set; let it name a cluster with Agones (the lab's: python -m lab status)")
    return Cluster()


def make_namespace(cluster: Cluster, *, service_account: bool) -> Namespace:
    """A new namespace; with the ServiceAccount and binding that Agones' chart makes for its game server namespaces."""
    name = f"agones-contract-{uuid4().hex[:6]}"
    namespace: Obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    assert cluster.call("POST", "/api/v1/namespaces", namespace).code == 201
    made = Namespace(cluster, name)
    if service_account:
        assert made.create("serviceaccounts", {"metadata": {"name": "agones-sdk"}}).code == 201
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "agones-sdk"}
        subjects = [{"kind": "ServiceAccount", "name": "agones-sdk", "namespace": name}]
        binding = {"metadata": {"name": "agones-sdk-access"}, "roleRef": role, "subjects": subjects}
        assert made.create("rolebindings", binding).code == 201
    return made


@pytest.fixture(scope="session")
def ns(cluster: Cluster) -> Iterator[Namespace]:
    """The namespace, with an SDK for its game servers."""
    made = make_namespace(cluster, service_account=True)
    player = threading.Thread(target=made.play, daemon=True)
    player.start()
    yield made
    cluster.call("DELETE", f"/api/v1/namespaces/{made.name}")
    made.stop()
    player.join(timeout=10)


@pytest.fixture
def bare_ns(cluster: Cluster) -> Iterator[Namespace]:
    """A namespace that Agones' chart does not know: without the ServiceAccount agones-sdk."""
    made = make_namespace(cluster, service_account=False)
    yield made
    cluster.call("DELETE", f"/api/v1/namespaces/{made.name}")


@pytest.fixture
def name(request: pytest.FixtureRequest, ns: Namespace) -> Iterator[str]:
    """A name for a test's Fleet; the Fleet is gone after the test."""
    fleet_name = f"f{uuid4().hex[:6]}"
    yield fleet_name
    ns.delete("fleets", fleet_name)
