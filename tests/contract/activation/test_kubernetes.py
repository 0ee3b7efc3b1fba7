"""Hold, singletons and fence against the cluster that KUBECONFIG names, with Agones."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence import ROLE, Gate, Subject
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.run_fence import SlotFence
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.run_singletons import Activation
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.singletons import Singleton
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    AUTOSCALERS,
    CONFIG_MAPS,
    FLEETS,
    PODS,
    ApiFailure,
    Conflict,
    KubeApi,
    connect,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.hold import shelf_name
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.run_capacity import KubeFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.run_hold import CapacityHold
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import NullKeeper

Json = dict[str, Any]
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}"
LABELS = {"app": "director"}
POD: Json = {
    "metadata": {"labels": LABELS},
    "spec": {"containers": [{"name": "director", "image": "registry.example.com/director:1"}]},
}

pytestmark = pytest.mark.skipif(not os.environ.get("KUBECONFIG"), reason="KUBECONFIG names no cluster")


class WithoutWebhook(KubeFleets):
    """A cluster whose agones-extensions does not answer to writes of FleetAutoscalers."""

    def patch_autoscaler(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        raise ApiFailure('failed calling webhook "mutations.agones.dev"', 500)


@pytest.fixture(scope="module")
def api() -> KubeApi:
    return connect(os.environ["KUBECONFIG"])


@pytest.fixture
def namespace(api: KubeApi) -> Iterator[str]:
    name = f"activation-{uuid.uuid4().hex[:8]}"
    api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def autoscaler(api: KubeApi, namespace: str) -> str:
    """The path of a FleetAutoscaler over a Fleet of one server."""
    server = {"ports": [{"name": "game", "containerPort": 7000}], "template": POD}
    fleet = {"replicas": 1, "template": {"spec": server}}
    policy = {"type": "Buffer", "buffer": {"bufferSize": 1, "minReplicas": 0, "maxReplicas": 5}}
    scaler = {"fleetName": "game", "policy": policy}
    for resource, kind, spec in ((FLEETS, "Fleet", fleet), (AUTOSCALERS, "FleetAutoscaler", scaler)):
        version = resource.prefix.removeprefix("/apis/")
        body = {"apiVersion": version, "kind": kind, "metadata": {"name": "game"}, "spec": spec}
        api.create(resource.path(namespace), body)
    return AUTOSCALERS.path(namespace, "game")


def hold(fleets: KubeFleets, namespace: str, *, released: bool = False) -> Json:
    return CapacityHold(fleets, [namespace], "run-1", DEFAULT_DOMAIN, NullKeeper()).run(
        released=released, check_mode=False
    )


def test_an_autoscaler_is_detached_and_comes_back(api: KubeApi, namespace: str, autoscaler: str) -> None:
    before = api.get(autoscaler)["spec"]
    assert hold(WithoutWebhook(api), namespace)["autoscalers"][0]["hold"] == "detached"
    assert api.find(autoscaler) is None
    assert hold(KubeFleets(api), namespace)["changed"] is False
    assert hold(KubeFleets(api), namespace, released=True)["changed"]
    assert api.get(autoscaler)["spec"] == before
    assert api.find(CONFIG_MAPS.path(namespace, shelf_name(DEFAULT_DOMAIN))) is None


def test_an_autoscaler_that_has_changed_is_not_deleted(api: KubeApi, namespace: str, autoscaler: str) -> None:
    read = api.get(autoscaler)
    api.patch(autoscaler, {"spec": {"policy": {"buffer": {"maxReplicas": 6}}}})
    with pytest.raises(Conflict):
        KubeFleets(api).delete_autoscaler(read)


def test_a_floor_goes_up_and_down(api: KubeApi, namespace: str, autoscaler: str) -> None:
    before = api.get(autoscaler)["spec"]
    assert hold(KubeFleets(api), namespace)["autoscalers"][0]["hold"] == "floor"
    assert api.get(autoscaler)["spec"]["policy"]["buffer"]["minReplicas"] == 1
    hold(KubeFleets(api), namespace, released=True)
    assert api.get(autoscaler)["spec"] == before


def test_a_fence_holds_and_opens(api: KubeApi, namespace: str) -> None:
    path = RBAC.format(namespace)
    rules = [
        {"apiGroups": ["allocation.agones.dev"], "resources": ["gameserverallocations"], "verbs": ["create"]},
        {"apiGroups": ["agones.dev"], "resources": ["gameservers"], "verbs": ["get"]},
    ]
    kinds = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    api.create(f"{path}/roles", {**kinds, "kind": "Role", "metadata": {"name": "allocate"}, "rules": rules})
    binding = {
        "metadata": {"name": "allocate"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "allocate"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "activation-matchmakers"}],
    }
    api.create(f"{path}/rolebindings", {**kinds, "kind": "RoleBinding", **binding})
    subject = Subject("Group", "activation-matchmakers")

    def fence() -> SlotFence:
        gates = [Gate(ROLE, "allocate", namespace)]
        return SlotFence(api, gates, [subject], [namespace], "run-1", DEFAULT_DOMAIN, NullKeeper(), SystemClock())

    assert fence().run(fenced=True, check_mode=False)["changed"]
    assert api.get(f"{path}/roles/allocate")["rules"] == rules[1:]
    assert fence().run(fenced=True, check_mode=False)["changed"] is False
    assert fence().run(fenced=False, check_mode=False)["changed"]
    assert api.get(f"{path}/roles/allocate")["rules"] == rules


def test_singletons_go_off_and_on(api: KubeApi, namespace: str) -> None:
    director = Singleton("Deployment", namespace, "director")
    rewards = Singleton("CronJob", namespace, "rewards")
    spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": POD}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "director"}, "spec": spec}
    api.create(director.path.rpartition("/")[0], body)
    job = {"template": {"spec": {**POD["spec"], "restartPolicy": "Never"}}}
    spec = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job}}
    body = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "rewards"}, "spec": spec}
    api.create(rewards.path.rpartition("/")[0], body)

    def activation(**more: Any) -> Activation:
        keeper, clock = NullKeeper(), SystemClock()
        return Activation(api, [director, rewards], "run-1", DEFAULT_DOMAIN, keeper, clock, **more)

    off = activation(slice_seconds=60.0).run("off", check_mode=False)
    assert off["round"]["finished"], off["round"]["progress"]
    assert api.list(PODS.path(namespace), selector="app=director")[0] == []
    assert api.get(rewards.path)["spec"]["suspend"] is True
    assert activation(wait=False).run("on", check_mode=False)["changed"]
    assert api.get(director.path)["spec"]["replicas"] == 2
    assert api.get(rewards.path)["spec"]["suspend"] is False
