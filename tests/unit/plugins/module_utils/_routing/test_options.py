"""Which provider a module's options name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gameops.eks_bluegreen.plugins.doc_fragments.destination import ModuleDocFragment
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.options import (
    FOLLOWS_TRAFFIC,
    PROVIDERS,
    provider_arguments,
    provider_needs,
    provider_of,
)

from tests.unit.plugins.clock import FakeClock

# What documentation and specification of an option have in common.
SAME = ("type", "elements", "required", "default", "choices")
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


def test_every_provider_has_the_option_of_its_name_and_needs_it() -> None:
    assert set(provider_arguments()) == {"provider", *PROVIDERS}
    assert provider_needs() == [("provider", name, [name]) for name in PROVIDERS]
    assert provider_arguments()["provider"]["choices"] == list(PROVIDERS)


def test_a_module_may_do_without_one_of_them() -> None:
    rest = set(PROVIDERS) - {FOLLOWS_TRAFFIC}
    assert set(provider_arguments(but=[FOLLOWS_TRAFFIC])) == {"provider", *rest}
    assert {needs[1] for needs in provider_needs(but=[FOLLOWS_TRAFFIC])} == rest
    assert provider_arguments(but=[FOLLOWS_TRAFFIC])["provider"]["choices"] == list(PROVIDERS)


def test_headers_are_secret() -> None:
    assert provider_arguments()["http"]["options"]["headers"]["no_log"] is True


FRAGMENT = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]


@pytest.mark.parametrize("name", sorted(set(PROVIDERS) - {FOLLOWS_TRAFFIC}))
def test_the_documentation_of_a_provider_is_that_of_its_option(name: str) -> None:
    assert FRAGMENT["provider"]["choices"] == list(PROVIDERS)
    assert _documented(FRAGMENT[name]) == _specified(provider_arguments()[name])


def _documented(option: dict[str, Any]) -> dict[str, Any]:
    parts = {name: _documented(one) for name, one in option.get("suboptions", {}).items()}
    return {**{key: option[key] for key in SAME if key in option}, "options": parts}


def _specified(option: dict[str, Any]) -> dict[str, Any]:
    parts = {name: _specified(one) for name, one in option.get("options", {}).items()}
    return {**{key: option[key] for key in SAME if key in option}, "options": parts}
