"""The identity provider of a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.oidc_provider import (
    PROVIDER_FIELDS,
    OidcProvider,
    all_clients,
    by_options,
    find_provider,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import WantedResource, present_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import by_call, differences
from botocore.exceptions import ClientError

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._eks.fakes import FakeKeeper

ISSUER = "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"
ARN = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"
HAVE = {"Arn": ARN, "ClientIDList": ["sts.amazonaws.com", "old"], "ThumbprintList": ["f00"]}


@pytest.mark.parametrize(
    ("arns", "issuer", "arn"),
    [
        ([f"{ARN}D", ARN], ISSUER, ARN),
        ([f"{ARN}D"], ISSUER, ""),
        ([ARN], "", ""),
        ([], ISSUER, ""),
    ],
)
def test_a_provider_is_found_by_its_whole_issuer(arns: list[str], issuer: str, arn: str) -> None:
    assert find_provider(arns, issuer) == arn


@pytest.mark.parametrize(
    ("wanted", "have", "purge", "clients"),
    [
        (["a"], None, False, ["a"]),
        (["a"], {"ClientIDList": ["b"]}, False, ["b", "a"]),
        (["a"], {"ClientIDList": ["b", "a"]}, False, ["b", "a"]),
        (["a"], {"ClientIDList": ["b"]}, True, ["a"]),
    ],
)
def test_audiences_of_others_stay_unless_they_are_purged(
    wanted: list[str], have: dict[str, Any] | None, purge: bool, clients: list[str]
) -> None:
    assert all_clients(wanted, have, purge=purge) == clients


class FakeIam:
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def add_client_id_to_open_id_connect_provider(self, **request: Any) -> None:
        self.calls.append(("add", request["ClientID"]))

    def remove_client_id_from_open_id_connect_provider(self, **request: Any) -> None:
        self.calls.append(("remove", request["ClientID"]))

    def update_open_id_connect_provider_thumbprint(self, **request: Any) -> None:
        self.calls.append(("thumbprints", request["ThumbprintList"]))


@pytest.mark.parametrize(
    ("want", "calls"),
    [
        ({"client_ids": ["old", "sts.amazonaws.com"], "thumbprints": ["f00"]}, []),
        ({"client_ids": ["sts.amazonaws.com", "new"]}, [("add", "new"), ("remove", "old")]),
        ({"thumbprints": ["bad"]}, [("thumbprints", ["bad"])]),
    ],
)
def test_the_calls_that_make_it(want: dict[str, Any], calls: list[Any]) -> None:
    iam = FakeIam()
    provider = OidcProvider(iam, None, "arena-green", ISSUER)
    for call, changes in by_call(differences(PROVIDER_FIELDS, want, HAVE)):
        provider.update(call, changes, HAVE)
    assert iam.calls == calls


def test_a_cluster_without_an_issuer_has_no_provider() -> None:
    with pytest.raises(BlueGreenError, match="cluster arena-green does not exist or has no OIDC issuer"):
        OidcProvider(FakeIam(), None, "arena-green").create({})


class LateIam(FakeIam):
    """Has a provider that it lists only later."""

    lists = False

    def list_open_id_connect_providers(self) -> dict[str, Any]:
        return {"OpenIDConnectProviderList": [{"Arn": ARN}] if self.lists else []}

    def get_open_id_connect_provider(self, **_request: Any) -> dict[str, Any]:
        return dict(HAVE)

    def create_open_id_connect_provider(self, **_request: Any) -> dict[str, Any]:
        error = {"Error": {"Code": "EntityAlreadyExists", "Message": "Provider already exists"}}
        raise ClientError(error, "CreateOpenIDConnectProvider")


class UncheckedProvider(OidcProvider):
    def check(self, body: Mapping[str, Any]) -> None:
        pass


def test_a_provider_that_iam_lists_late_is_taken_as_it_is() -> None:
    iam, clock = LateIam(), FakeClock()

    def ensure() -> dict[str, Any]:
        provider = UncheckedProvider(iam, None, "", ISSUER)
        want = WantedResource({"client_ids": HAVE["ClientIDList"]})
        return present_round(provider, want, check_mode=False, clock=clock, keeper=FakeKeeper())

    first = ensure()
    iam.lists = True
    second = ensure()

    assert (first["changed"], first["round"]["finished"]) == (False, False)
    assert "Provider already exists" in first["round"]["progress"]
    assert (second["changed"], second["round"]["finished"], second["resource"]["Arn"]) == (False, True, ARN)


@pytest.mark.parametrize(
    ("issuer", "identity"), [("https://oidc.eks/id/A1", {"Url": "oidc.eks/id/A1"}), ("", {})], ids=["known", "to come"]
)
def test_its_name_is_its_issuer(issuer: str, identity: dict[str, str]) -> None:
    assert OidcProvider(None, None, "arena", issuer).identity() == identity


def test_a_provider_is_returned_by_its_options() -> None:
    assert by_options({"client_id_list": ["a"], "thumbprint_list": [], "arn": ARN}) == {
        "client_ids": ["a"],
        "thumbprints": [],
        "arn": ARN,
    }
    assert by_options(None) is None
