"""What the module does before there is anything to hold."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import NoFleets
from ansible_collections.gameops.eks_bluegreen.plugins.modules import agones_capacity_hold

from tests.unit.plugins.module_utils._fleets.test_sizing_round import Cluster


class Bare(Cluster):
    """A cluster without Agones."""

    def fleets(self, namespace: str) -> list[dict[str, Any]]:
        raise NoFleets("the cluster knows no Fleets")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kubeconfigs that were connected to; each leads to a bare cluster."""
    paths: list[str] = []
    monkeypatch.setattr(agones_capacity_hold, "connect", paths.append)
    monkeypatch.setattr(agones_capacity_hold, "KubeFleets", lambda _api: Bare())
    return paths


def run(state: str, kubeconfig: str, *, check_mode: bool = False) -> dict[str, Any]:
    options = {
        "kubeconfig": kubeconfig,
        "namespaces": ["arena"],
        "state": state,
        "run_id": "run-1",
        "annotation_domain": DEFAULT_DOMAIN,
        "lease": None,
    }
    return agones_capacity_hold.run(SimpleNamespace(params=options, check_mode=check_mode))


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(("kubeconfig", "connected"), [("", []), ("green.kubeconfig", ["green.kubeconfig"])])
def test_where_nothing_is_held_nothing_is_released(
    opened: list[str], kubeconfig: str, connected: list[str], check_mode: bool
) -> None:
    result = run("released", kubeconfig, check_mode=check_mode)
    assert (result["changed"], result["autoscalers"]) == (False, [])
    assert opened == connected


def test_a_cluster_without_fleets_cannot_be_held(opened: list[str]) -> None:
    with pytest.raises(NoFleets):
        run("held", "green.kubeconfig")
    assert opened == ["green.kubeconfig"]


@pytest.mark.parametrize("kubeconfig", ["", "green.kubeconfig"])
def test_a_hold_of_a_cluster_to_come_is_predicted(opened: list[str], kubeconfig: str) -> None:
    assert run("held", kubeconfig, check_mode=True)["changed"]
