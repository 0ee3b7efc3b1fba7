"""What the module makes of its options."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.modules import slot_singletons

from tests.unit.plugins.module_utils._activation.test_singletons_round import cluster
from tests.unit.plugins.module_utils._agones.kube import FakeKube

DIRECTOR = {"kind": "Deployment", "namespace": "arena", "name": "director", "replicas": 1}


@pytest.fixture
def kube(monkeypatch: pytest.MonkeyPatch) -> FakeKube:
    kube = cluster(pods=False)
    monkeypatch.setattr(slot_singletons, "connect", lambda _path: kube)
    return kube


def run(state: str, kubeconfig: str = "blue.kubeconfig", *, check_mode: bool = False, **more: Any) -> dict[str, Any]:
    options = {
        "kubeconfig": kubeconfig,
        "singletons": [DIRECTOR],
        "state": state,
        "ignore_missing": False,
        "wait": False,
        "run_id": "run-1",
        "annotation_domain": DEFAULT_DOMAIN,
        "lease": None,
        **more,
    }
    return slot_singletons.run(SimpleNamespace(params=options, check_mode=check_mode))


def test_off_and_on(kube: FakeKube) -> None:
    assert run("off")["singletons"][0]["state"] == "off"
    assert run("on", run_id=None)["singletons"][0]["state"] == "on"


def test_off_needs_a_run(kube: FakeKube) -> None:
    with pytest.raises(BlueGreenError, match="no run to write for"):
        run("off", run_id=None)


def test_a_slot_without_a_cluster_runs_nothing(kube: FakeKube) -> None:
    assert not run("off", "")["changed"]
    assert run("on", "", check_mode=True)["changed"]
    assert kube.log == []


def test_check_mode_looks_for_them(kube: FakeKube) -> None:
    kube.objects.clear()
    with pytest.raises(BlueGreenError, match="cannot be switched on"):
        run("on", check_mode=True)
    assert run("on", check_mode=True, ignore_missing=True)["singletons"][0]["state"] == "absent"
