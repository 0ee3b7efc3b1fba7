"""The identity provider of a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.oidc import absent, present
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

ISSUER = "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"
ARN = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"
STRANGER = ARN + "D"


class FakeKeeper:
    def keep(self) -> None:
        pass


class FakeOidc:
    def __init__(self, issuer: str = ISSUER) -> None:
        self._issuer = issuer
        self.have: dict[str, dict[str, Any]] = {STRANGER: {}}

    def issuer(self, cluster: str) -> str:
        return self._issuer

    def providers(self) -> list[str]:
        return list(self.have)

    def get(self, arn: str) -> dict[str, Any] | None:
        return self.have.get(arn)

    def create(self, url: str, client_ids: Sequence[str], tags: Mapping[str, str]) -> str:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        self.have[ARN] = {"ClientIDList": list(client_ids), "Tags": listed}
        return ARN

    def add_client(self, arn: str, client_id: str) -> None:
        self.have[arn]["ClientIDList"].append(client_id)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        self.have[arn]["Tags"] += [{"Key": key, "Value": value} for key, value in tags.items()]

    def delete(self, arn: str) -> None:
        del self.have[arn]


def ensure(oidc: FakeOidc, *client_ids: str, check_mode: bool = False, **tags: str) -> dict[str, Any]:
    ids = client_ids or ("sts.amazonaws.com",)
    return present(oidc, "arena-green", ids, tags, check_mode=check_mode, keeper=FakeKeeper())


def test_created_once() -> None:
    oidc = FakeOidc()
    first, second = ensure(oidc, slot="green"), ensure(oidc, slot="green")

    assert (first["changed"], second["changed"]) == (True, False)
    assert first["oidc_provider_arn"] == second["oidc_provider_arn"] == ARN
    assert first["issuer"] == ISSUER


def test_audiences_and_tags_are_added() -> None:
    oidc = FakeOidc()
    ensure(oidc)

    result = ensure(oidc, "sts.amazonaws.com", "more", slot="green")

    assert result["changed"]
    assert oidc.have[ARN]["ClientIDList"] == ["sts.amazonaws.com", "more"]
    assert not ensure(oidc, "more", slot="green")["changed"]


def test_check_mode_knows_of_clusters_to_come() -> None:
    result = ensure(FakeOidc(issuer=""), check_mode=True)

    assert result["changed"]
    assert result["oidc_provider_arn"] == ""


def test_a_cluster_must_be_there() -> None:
    with pytest.raises(BlueGreenError, match="cluster arena-green does not exist"):
        ensure(FakeOidc(issuer=""))


def test_removal_takes_only_its_own() -> None:
    oidc = FakeOidc()
    ensure(oidc)

    assert absent(oidc, "arena-green", check_mode=True, keeper=FakeKeeper())["changed"]
    assert absent(oidc, "arena-green", check_mode=False, keeper=FakeKeeper())["changed"]
    assert not absent(oidc, "arena-green", check_mode=False, keeper=FakeKeeper())["changed"]
    assert list(oidc.have) == [STRANGER]
    assert not absent(FakeOidc(issuer=""), "arena-green", check_mode=False, keeper=FakeKeeper())["changed"]
