"""Which version of an add-on is meant, and whether its configuration fits."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.addon_offer import (
    Offer,
    check_configuration,
    choose_version,
    settled_addon,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

OFFERS = [Offer("v1.9.0-eksbuild.2", True), Offer("v1.10.0-eksbuild.1", False), Offer("v1.10.0-eksbuild.10", False)]
SCHEMA = json.dumps(
    {
        "$schema": "http://json-schema.org/draft-06/schema#",
        "type": "object",
        "properties": {"replicas": {"type": "integer", "minimum": 1}, "env": {"$ref": "#/definitions/env"}},
        "definitions": {"env": {"type": "object", "additionalProperties": {"type": "string"}}},
        "additionalProperties": False,
    }
)


class FakeCatalog:
    def __init__(self, offers: list[Offer] | None = OFFERS) -> None:
        self.offers = offers
        self.asked: list[str] = []

    def versions(self) -> list[Offer] | None:
        self.asked.append("versions")
        return self.offers

    def schema(self, version: str) -> str:
        self.asked.append(version)
        return SCHEMA


def settle(catalog: FakeCatalog, have: dict[str, Any] | None, check_mode: bool = False, **options: Any) -> Any:
    every = ("version", "configuration_values", "service_account_role_arn", "pod_identity_associations")
    given = {**dict.fromkeys(every), "cluster_name": "arena-green", "name": "metrics", **options}
    return settled_addon(catalog, given, have, check_mode=check_mode)


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("latest", "v1.10.0-eksbuild.10"),
        ("default", "v1.9.0-eksbuild.2"),
        (None, "v1.9.0-eksbuild.2"),
        ("v1.10.0-eksbuild.1", "v1.10.0-eksbuild.1"),
    ],
)
def test_the_version_that_is_meant(wanted: str | None, version: str) -> None:
    assert choose_version("add-on x", wanted, OFFERS) == version


@pytest.mark.parametrize(
    ("wanted", "offers", "words"),
    [
        ("v1", OFFERS, "v1 is not on offer .* v1.10.0-eksbuild.10, v1.10.0-eksbuild.1, v1.9.0-eksbuild.2 .default."),
        ("default", OFFERS[1:], "no default version"),
        ("latest", [], "check its name"),
    ],
)
def test_a_version_that_there_is_not(wanted: str, offers: list[Offer], words: str) -> None:
    with pytest.raises(BlueGreenError, match=words):
        choose_version("add-on x", wanted, offers)


INSTALLED = {"addonVersion": "v1.10.0-eksbuild.1", "configurationValues": '{"replicas": 2}'}


@pytest.mark.parametrize(
    ("have", "options", "version", "asked"),
    [
        pytest.param(None, {}, None, [], id="EKS chooses"),
        pytest.param(INSTALLED, {}, None, [], id="left as it is"),
        pytest.param(INSTALLED, {"version": INSTALLED["addonVersion"]}, INSTALLED["addonVersion"], [], id="installed"),
        pytest.param({"addonVersion": "v0"}, {"version": "v0"}, "v0", [], id="retired by AWS, installed here"),
        pytest.param(INSTALLED, {"version": "latest"}, "v1.10.0-eksbuild.10", ["versions"], id="looked up each time"),
        pytest.param(
            INSTALLED, {"configuration_values": {"replicas": 2}}, None, [], id="the same configuration is not checked"
        ),
        pytest.param(
            INSTALLED,
            {"configuration_values": {"replicas": 3}},
            None,
            ["v1.10.0-eksbuild.1"],
            id="checked by what is installed",
        ),
        pytest.param(
            None,
            {"configuration_values": {"replicas": 3}},
            None,
            ["versions", "v1.9.0-eksbuild.2"],
            id="checked by what EKS would choose",
        ),
        pytest.param(
            INSTALLED,
            {"configuration_values": {"replicas": 2}, "version": "latest"},
            "v1.10.0-eksbuild.10",
            ["versions", "v1.10.0-eksbuild.10"],
            id="checked by the version to come",
        ),
        pytest.param(INSTALLED, {"configuration_values": {}}, None, [], id="nothing to check"),
    ],
)
def test_aws_is_asked_only_about_what_changes(
    have: dict[str, Any] | None, options: dict[str, Any], version: str | None, asked: list[str]
) -> None:
    catalog = FakeCatalog()
    assert settle(catalog, have, **options)["version"] == version
    assert catalog.asked == asked


def test_a_cluster_to_come_is_foreseen_in_check_mode_only() -> None:
    for wanted, version in (("latest", None), ("v1", "v1")):
        assert settle(FakeCatalog(None), None, True, version=wanted)["version"] == version
        with pytest.raises(BlueGreenError, match="add-on arena-green/metrics: the cluster does not exist"):
            settle(FakeCatalog(None), None, version=wanted)


def test_pod_identity_takes_the_place_of_a_role() -> None:
    wanted = [{"service_account": "a", "role_arn": "arn:role/a"}]
    assert settle(FakeCatalog(), INSTALLED, pod_identity_associations=wanted)["service_account_role_arn"] == ""
    assert settle(FakeCatalog(), INSTALLED, pod_identity_associations=[])["service_account_role_arn"] is None


def test_configuration_that_fits() -> None:
    check_configuration("add-on x", {"replicas": 2, "env": {"A": "1"}}, SCHEMA)
    check_configuration("an add-on without a schema", {"anything": 1}, "")


def test_all_that_is_wrong_with_a_configuration_is_told() -> None:
    with pytest.raises(BlueGreenError) as caught:
        check_configuration("add-on x v1", {"replicas": 0, "env": {"A": 1}, "more": 1}, SCHEMA)
    for words in ("add-on x v1", "replicas: 0 is less than", "env.A: 1 is not of type 'string'", "'more' was"):
        assert words in caught.value.message


def test_without_jsonschema_only_a_configuration_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema.validators", None)
    with pytest.raises(BlueGreenError, match="install the Python package jsonschema on the control node"):
        check_configuration("add-on x", {"replicas": 2}, SCHEMA)
