"""What the module makes of its options."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.modules import agones_slot_fence

from tests.unit.plugins.module_utils._activation.test_fence_round import cluster
from tests.unit.plugins.module_utils._agones.kube import FakeKube

ROLE = {"kind": "Role", "namespace": "arena", "name": "allocate"}
SUBJECT = {"kind": "Group", "name": "matchmakers", "namespace": "", "groups": []}


@pytest.fixture
def kube(monkeypatch: pytest.MonkeyPatch) -> FakeKube:
    kube = cluster()
    monkeypatch.setattr(agones_slot_fence, "connect", lambda _path: kube)
    return kube


def run(kubeconfig: str = "blue.kubeconfig", *, check_mode: bool = False, **more: Any) -> dict[str, Any]:
    options = {
        "kubeconfig": kubeconfig,
        "state": "fenced",
        "method": "rbac",
        "roles": [ROLE],
        "subjects": [SUBJECT],
        "namespaces": ["arena"],
        "policies": [],
        "run_id": "run-1",
        "annotation_domain": DEFAULT_DOMAIN,
        "lease": None,
        **more,
    }
    warned: list[str] = []
    module = SimpleNamespace(params=options, check_mode=check_mode, warn=warned.append)
    return {**agones_slot_fence.run(module), "warned": warned}


def test_a_role_is_fenced_and_opened(kube: FakeKube) -> None:
    assert run(check_mode=True)["gates"][0]["open"] is False
    kube.allows = lambda _spec: True
    opened = run(state="open", run_id=None)
    assert (opened["changed"], opened["gates"][0]["open"]) == (False, True)
    kube.objects.clear()
    assert run(state="open")["warned"] == ["Role arena/allocate: not in this cluster, so there is nothing to open"]


def test_a_slot_without_a_cluster_has_no_fence(kube: FakeKube) -> None:
    assert run("", state="open") == {**agones_slot_fence.NOTHING, "warned": []}
    assert run("", check_mode=True) == {**agones_slot_fence.NOTHING, "warned": []}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"roles": [], "subjects": [], "namespaces": []},
            "method rbac needs roles; method rbac needs subjects; method rbac needs namespaces",
        ),
        ({"method": "policy"}, "method policy needs policies"),
        ({"roles": [{**ROLE, "namespace": ""}]}, "Role allocate has no namespace"),
        ({"roles": [{**ROLE, "kind": "ClusterRole"}]}, "ClusterRole arena/allocate has a namespace"),
        ({"subjects": [{**SUBJECT, "kind": "ServiceAccount"}]}, "ServiceAccount matchmakers has no namespace"),
    ],
)
def test_what_is_left_out_is_named_before_anything_is_asked(kube: FakeKube, options: Any, words: str) -> None:
    with pytest.raises(BlueGreenError, match=f"^{words}$"):
        run(**options)
    assert kube.log == []
