"""Which provider a module's options name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.options import (
    PROVIDER_ARGUMENTS,
    PROVIDER_NEEDS,
    PROVIDERS,
    provider_of,
)

from tests.unit.plugins.clock import FakeClock

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: home, cluster: {server: "https://home"}}]
users: [{name: me, user: {token: secret}}]
contexts: [{name: home, context: {cluster: home, user: me}}]
current-context: home
"""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> str:
    path = tmp_path / "kubeconfig"
    path.write_text(KUBECONFIG)
    return str(path)


def where(provider: str, **given: Any) -> str:
    asked: list[str] = []
    found = provider_of({"provider": provider, provider: given}, asked.append, FakeClock()).where
    return f"{','.join(asked)}: {found}"


def document(**given: Any) -> dict[str, Any]:
    named: dict[str, Any] = {"parameter": None, "config_map": None, "clusters": {}, "reader_ttl_seconds": 15.0}
    return {**named, "queue": "none", "endpoint_ttl_seconds": 0.0, **given}


def test_a_document_is_a_parameter_or_a_config_map(kubeconfig: str) -> None:
    assert where("document", **document(parameter="/arena/destination")) == "ssm: parameter /arena/destination"
    config_map = {"kubeconfig": kubeconfig, "namespace": "arena", "name": "destination"}
    assert where("document", **document(config_map=config_map)) == ": ConfigMap arena/destination of https://home"


def test_policies_are_those_of_a_cluster(kubeconfig: str) -> None:
    policies = {"blue": "to-blue", "green": "to-green"}
    found = where(
        "agones_policy", kubeconfig=kubeconfig, namespace="arena", policies=policies, endpoint_ttl_seconds=0.0
    )
    assert found == ": the GameServerAllocationPolicies arena/to-blue, arena/to-green of https://home"


def test_a_kubeconfig_that_is_not_there_says_so() -> None:
    with pytest.raises(BlueGreenError, match="/no/such/file"):
        where("agones_policy", kubeconfig="/no/such/file", namespace="a", policies={}, endpoint_ttl_seconds=0.0)


def test_an_endpoint_and_a_program_are_named_without_their_secrets() -> None:
    url = "https://user:secret@example/destination?key=secret"
    found = where("http", url=url, headers={"Authorization": "secret"}, timeout_seconds=1.0, ca_path=None)
    assert found == ": https://example/destination"
    assert where("command", argv=["/bin/router", "secret"], timeout_seconds=1.0) == ": program /bin/router"


def test_traffic_is_asked_of_the_load_balancers() -> None:
    pairs = [{"blue": "mm-blue", "green": "mm-green"}]
    assert where("follows_traffic", load_balancers=["arena"], pairs=pairs) == "elbv2: the load balancers' weights"


def test_headers_are_secret_and_every_provider_has_its_option() -> None:
    assert PROVIDER_ARGUMENTS["http"]["options"]["headers"]["no_log"] is True
    assert {needs[1] for needs in PROVIDER_NEEDS} == set(PROVIDERS) - {"follows_traffic"}
    assert set(PROVIDERS) - {"follows_traffic"} <= set(PROVIDER_ARGUMENTS)
