"""What the options of a module ask for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks import arguments, asked
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import present_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

NAMED = {"cluster_name": "arena", "name": "one"}


class Untouched:
    """AWS, of which nothing is asked."""

    def __getattr__(self, name: str) -> Any:
        pytest.fail(f"{name} was called")


class Iam:
    """An account without OIDC providers."""

    def list_open_id_connect_providers(self) -> Any:
        return {"OpenIDConnectProviderList": []}


def options(spec: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Options as a module has them."""
    result = ArgumentSpecValidator({**spec, "state": {"default": "present"}}).validate(given)
    assert result.error_messages == []
    return dict(result.validated_parameters)


def client(_service: str) -> Any:
    return Untouched()


@pytest.mark.parametrize(
    ("protection", "check_mode", "unprotected"),
    [(False, True, True), (False, False, False), (True, True, False), (None, True, False)],
)
def test_only_a_prediction_takes_a_cluster_for_unprotected(
    protection: bool | None, check_mode: bool, unprotected: bool
) -> None:
    given = options(arguments.CLUSTER_ARGUMENTS, name="arena", deletion_protection=protection)
    assert asked.ask_cluster(client, given, check_mode=check_mode).resource.unprotected is unprotected


def test_the_values_are_those_of_the_kind_s_own_fields() -> None:
    given = options(arguments.NODEGROUP_ARGUMENTS, **NAMED, min_size=1, max_size=4)
    found = asked.ask_nodegroup(client, given)
    assert found.resource.name == "arena/one"
    assert (found.values["min_size"], found.values["labels"]) == (1, None)
    assert not {"cluster_name", "name", "state"} & set(found.values)


def test_nonsense_is_refused_before_aws_is_asked() -> None:
    cluster = options(
        arguments.CLUSTER_ARGUMENTS, name="arena", endpoint_public_access=False, endpoint_private_access=False
    )
    with pytest.raises(BlueGreenError, match="no one could reach it"):
        asked.ask_cluster(client, cluster, check_mode=False)
    group = options(arguments.NODEGROUP_ARGUMENTS, **NAMED, min_size=4, max_size=1)
    with pytest.raises(BlueGreenError, match="arena/one"):
        asked.ask_nodegroup(client, group)


def test_of_what_is_to_go_no_value_is_settled() -> None:
    addon = options(arguments.ADDON_ARGUMENTS, **NAMED, version="latest", state="absent")
    assert asked.ask_addon(client, addon, check_mode=False).values == {}
    entry = options(arguments.ACCESS_ENTRY_ARGUMENTS, cluster_name="arena", principal_arn="arn", state="absent")
    assert asked.ask_access_entry(client, entry).values == {}


def test_a_fargate_profile_has_a_way_of_its_own() -> None:
    found = asked.ask_fargate_profile(client, options(arguments.FARGATE_PROFILE_ARGUMENTS, **NAMED))
    assert found.present is not present_round
    identity = options(arguments.POD_IDENTITY_ARGUMENTS, cluster_name="arena", namespace="n", service_account="s")
    assert asked.ask_pod_identity(client, identity).present is present_round


def test_a_provider_has_the_audiences_that_are_asked_for() -> None:
    given = options(arguments.OIDC_PROVIDER_ARGUMENTS, issuer="https://oidc/id/A", client_ids=["a", "b"])
    found = asked.ask_oidc_provider(lambda service: Iam() if service == "iam" else Untouched(), given)
    assert found.values == {"client_ids": ["a", "b"], "thumbprints": None}
    assert found.resource.issuer == "https://oidc/id/A"
