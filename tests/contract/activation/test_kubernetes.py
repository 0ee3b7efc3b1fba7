"""Hold, singletons and fence against the cluster that KUBECONFIG names, with Agones."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence import ROLE, Gate, Subject
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence_round import SlotFence
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.singletons import Singleton
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.singletons_round import Activation
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    AUTOSCALERS,
    CONFIG_MAPS,
    FLEETS,
    PODS,
    ApiFailure,
    Conflict,
    KubeApi,
    KubeResource,
    connect,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import KubeFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold import shelf_name
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold_round import CapacityHold
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import NullKeeper

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


def create_fleet(api: KubeApi, namespace: str, replicas: int, **server: Any) -> None:
    """A Fleet whose servers never say that they are ready."""
    server = {"ports": [{"name": "game", "containerPort": 7000}], "template": POD, **server}
    create(api, FLEETS, "Fleet", namespace, {"replicas": replicas, "template": {"spec": server}})


def create_autoscaler(api: KubeApi, namespace: str, policy: Json, **more: Any) -> str:
    """The path of a FleetAutoscaler."""
    create(api, AUTOSCALERS, "FleetAutoscaler", namespace, {"fleetName": "game", "policy": policy, **more})
    return AUTOSCALERS.path(namespace, "game")


def create(api: KubeApi, resource: KubeResource, kind: str, namespace: str, spec: Json) -> None:
    version = resource.prefix.removeprefix("/apis/")
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": "game"}, "spec": spec}
    api.create(resource.path(namespace), body)


@pytest.fixture
def autoscaler(api: KubeApi, namespace: str) -> str:
    """The path of a FleetAutoscaler over a Fleet of one server."""
    create_fleet(api, namespace, 1)
    policy = {"type": "Buffer", "buffer": {"bufferSize": 1, "minReplicas": 0, "maxReplicas": 5}}
    return create_autoscaler(api, namespace, policy)


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


EVERY_SECOND: Json = {"type": "FixedInterval", "fixedInterval": {"seconds": 1}}
BUFFER: Json = {"bufferSize": 3, "minReplicas": 0, "maxReplicas": 9}
ROOM: Json = {"key": "players", "bufferSize": 30, "minCapacity": 0, "maxCapacity": 90}
CAPACITY: Json = {"players": {"capacity": 10}}


def await_size(api: KubeApi, namespace: str, replicas: int, *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while (found := size_of(api, namespace)) != replicas:
        assert time.monotonic() < deadline, f"the Fleet has {found} replicas, not {replicas}"
        time.sleep(0.2)


def size_of(api: KubeApi, namespace: str) -> int:
    return int(api.get(FLEETS.path(namespace, "game"))["spec"]["replicas"])


def stays(look: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not look():
            return False
        time.sleep(0.2)
    return True


@pytest.fixture
def three_servers(api: KubeApi, namespace: str) -> None:
    """A Fleet of three servers with ten seats each, as a counter and as a list."""
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "agones-sdk"}}
    api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", body)
    create_fleet(api, namespace, 3, counters=CAPACITY, lists=CAPACITY)
    deadline = time.monotonic() + 30
    while (api.get(FLEETS.path(namespace, "game")).get("status") or {}).get("replicas") != 3:
        assert time.monotonic() < deadline, "the Fleet has not three servers"
        time.sleep(0.2)


@pytest.mark.usefixtures("three_servers")
@pytest.mark.parametrize(
    ("kind", "section", "least", "floor", "smaller"),
    [
        ("Buffer", BUFFER, "minReplicas", 3, 1),
        ("Counter", ROOM, "minCapacity", 30, 5),
        ("List", ROOM, "minCapacity", 30, 5),
    ],
)
def test_a_fleet_that_is_held_does_not_shrink_until_it_is_released(
    api: KubeApi, namespace: str, kind: str, section: Json, least: str, floor: int, smaller: int
) -> None:
    name = kind.lower()
    path = create_autoscaler(api, namespace, {"type": kind, name: section}, sync=EVERY_SECOND)
    assert hold(KubeFleets(api), namespace)["autoscalers"][0]["hold"] == "floor"
    assert api.get(path)["spec"]["policy"][name][least] == floor
    api.patch(path, {"spec": {"policy": {name: {"bufferSize": smaller}}}})
    assert stays(lambda: size_of(api, namespace) == 3, 4)
    assert hold(KubeFleets(api), namespace, released=True)["changed"]
    assert api.get(path)["spec"]["policy"][name] == {**section, "bufferSize": smaller}
    await_size(api, namespace, 1)


@pytest.mark.usefixtures("three_servers")
@pytest.mark.parametrize(
    "policy",
    [
        {"type": "Webhook", "webhook": {"url": "http://127.0.0.1:9/scale"}},
        {"type": "Schedule", "schedule": {"policy": {"type": "Buffer", "buffer": BUFFER}}},
        {"type": "Chain", "chain": [{"id": "always", "type": "Buffer", "buffer": BUFFER}]},
    ],
    ids=lambda policy: policy["type"],
)
def test_a_policy_without_a_floor_is_detached_whole_and_comes_back(api: KubeApi, namespace: str, policy: Json) -> None:
    path = create_autoscaler(api, namespace, policy, sync=EVERY_SECOND)
    api.patch(path, {"metadata": {"labels": {"team": "arena"}}})
    before = api.get(path)
    assert hold(KubeFleets(api), namespace)["autoscalers"][0]["hold"] == "detached"
    assert api.find(path) is None
    api.patch(FLEETS.path(namespace, "game"), {"spec": {"replicas": 4}})
    assert stays(lambda: size_of(api, namespace) == 4, 4)
    assert hold(KubeFleets(api), namespace, released=True)["changed"]
    after = api.get(path)
    assert (after["spec"], after["metadata"]["labels"]) == (before["spec"], before["metadata"]["labels"])
    # No one answers at the webhook's address.
    await_size(api, namespace, 4 if policy["type"] == "Webhook" else 3)


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
