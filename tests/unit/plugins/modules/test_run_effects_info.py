"""What the module makes of its options."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence import GRANT
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.modules import run_effects_info

from tests.unit.plugins.module_utils._activation.test_fence import READ, ROLE, fenced, role
from tests.unit.plugins.module_utils._agones.kube import FakeKube

SLOTS = {slot: {"cluster_name": f"arena-{slot}", "exists": True, "readable": True} for slot in ("blue", "green")}
DIRECTOR = {"kind": "Deployment", "namespace": "arena", "name": "director", "replicas": 1}
DEPLOYMENT = "/apis/apps/v1/namespaces/arena/deployments/director"


@pytest.fixture
def kubes(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeKube]:
    known = {"blue.yml": FakeKube(), "green.yml": FakeKube()}
    monkeypatch.setattr(run_effects_info, "connect", lambda path: known[path])
    return known


def run(**more: Any) -> dict[str, Any]:
    options = {
        "run": {"run_id": "run-1", "source": "blue", "target": "green", "direction": "upgrade"},
        "observed": {"standing": "traffic: rule 1 blue 0, green 100", "active": "green", "slots": SLOTS},
        "source_kubeconfig": "blue.yml",
        "target_kubeconfig": "green.yml",
        "namespaces": ["arena"],
        "fence": "none",
        "fence_roles": [],
        "fence_policies": [],
        "fence_kubeconfig": None,
        "singletons": [],
        "rollback_command": "ansible-playbook rollback",
        "region": "eu-west-1",
        "annotation_domain": DEFAULT_DOMAIN,
        **more,
    }
    return run_effects_info.run(SimpleNamespace(params=options))


def test_nothing_is_left_where_nothing_was_done(kubes: dict[str, FakeKube]) -> None:
    found = run()
    assert not found["changed"]
    assert (found["held"], found["unread"]) == ({"blue": [], "green": []}, [])
    assert found["lines"] == [
        "run run-1 leaves behind:",
        "  traffic: rule 1 blue 0, green 100; to bring all of it to blue: ansible-playbook rollback",
    ]


def test_the_fence_and_the_singletons_are_those_of_the_source(kubes: dict[str, FakeKube]) -> None:
    for kube in kubes.values():
        kube.put(ROLE.path, fenced(ROLE, role(READ, GRANT)))
        kube.put(DEPLOYMENT, {"metadata": {"name": "director"}, "spec": {"replicas": 0}})
    named = {"kind": "Role", "namespace": "arena", "name": "allocate"}
    found = run(fence="rbac", fence_roles=[named], singletons=[DIRECTOR])
    assert (found["closed"], found["switched_off"]) == (["Role arena/allocate"], ["Deployment arena/director"])
    kubes["blue.yml"].objects.clear()
    found = run(fence="rbac", fence_roles=[named], singletons=[DIRECTOR])
    assert (found["closed"], found["switched_off"]) == ([], [])


def test_a_slot_that_has_no_cluster_yet_has_nothing(kubes: dict[str, FakeKube]) -> None:
    slots = {**SLOTS, "green": {"cluster_name": "arena-green", "exists": False, "readable": True}}
    found = run(target_kubeconfig="", observed={"standing": "traffic", "active": "blue", "slots": slots})
    assert (found["held"], found["unread"]) == ({"blue": []}, [])
