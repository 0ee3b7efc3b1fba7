"""Add-ons: what counts as a difference, and the body of an update, which must name what is to stay."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.addon import (
    ADDON_FIELDS,
    Addon,
    addon_update,
    given,
    read_configuration,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import changed_to, differences, shown

ASSOCIATION = {"serviceAccount": "cni", "roleArn": "arn:role/a", "associationArn": "arn:association/1"}
HAVE = {
    "addonVersion": "v1",
    "serviceAccountRoleArn": "arn:role/irsa",
    "configurationValues": 'env: {A: "1"}',
}
KEPT = {"addonVersion": "v1", "serviceAccountRoleArn": "arn:role/irsa", "configurationValues": 'env: {A: "1"}'}


def identity(account: str, role: str) -> dict[str, str]:
    return {"service_account": account, "role_arn": role}


def update(want: dict[str, Any], have: dict[str, Any]) -> dict[str, Any] | None:
    changes = differences(ADDON_FIELDS, want, have)
    return addon_update(changes, have, "PRESERVE") if changes else None


@pytest.mark.parametrize(
    ("want", "body"),
    [
        pytest.param({"version": "v1"}, None, id="the same version"),
        pytest.param({"configuration_values": {"env": {"A": "1"}}}, None, id="the same content, written otherwise"),
        pytest.param({"version": "v2"}, {**KEPT, "addonVersion": "v2"}, id="the rest stays"),
        pytest.param(
            {"configuration_values": {"b": 1, "a": 2}},
            {**KEPT, "configurationValues": '{"a": 2, "b": 1}'},
            id="configuration is text to AWS",
        ),
        pytest.param({"configuration_values": {}}, {**KEPT, "configurationValues": "{}"}, id="no configuration"),
        pytest.param(
            {"service_account_role_arn": ""},
            {key: value for key, value in KEPT.items() if key != "serviceAccountRoleArn"},
            id="no role",
        ),
    ],
)
def test_an_update_names_what_is_to_stay(want: dict[str, Any], body: dict[str, Any] | None) -> None:
    assert update(want, HAVE) == ({**body, "resolveConflicts": "PRESERVE"} if body else None)


@pytest.mark.parametrize(
    ("have", "want", "same"),
    [
        ([], [], True),
        (None, [], True),
        ([ASSOCIATION], [identity("cni", "arn:role/a")], True),
        ([ASSOCIATION], [identity("cni", "arn:role/b")], False),
        ([ASSOCIATION], [], False),
        (
            [ASSOCIATION, {**ASSOCIATION, "serviceAccount": "b"}],
            [identity("b", "arn:role/a"), identity("cni", "arn:role/a")],
            True,
        ),
    ],
)
def test_pod_identity_associations_are_compared_by_account_and_role(have: Any, want: Any, same: bool) -> None:
    described = {"addonVersion": "v1", "podIdentityAssociations": have}
    body = update({"pod_identity_associations": want}, described)
    assert (body is None) == same
    if body:
        assert [one["serviceAccount"] for one in body["podIdentityAssociations"]] == [
            one["service_account"] for one in want
        ]


def test_the_prediction_reads_like_the_description() -> None:
    changes = differences(ADDON_FIELDS, {"service_account_role_arn": "", "configuration_values": {"a": 1}}, HAVE)
    assert shown(ADDON_FIELDS, changed_to(HAVE, changes)) == {
        "version": "v1",
        "configuration_values": {"a": 1},
        "pod_identity_associations": [],
    }


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (None, None),
        ("", None),
        ('{"a": 1}', {"a": 1}),
        ("a: 1\nb: [x]\n", {"a": 1, "b": ["x"]}),
        ("{", "{"),
    ],
)
def test_configuration_is_json_or_yaml(text: str | None, values: Any) -> None:
    assert read_configuration(text) == values


def test_its_name() -> None:
    assert Addon(None, "arena", "vpc-cni").identity() == {"clusterName": "arena", "addonName": "vpc-cni"}


def test_an_empty_role_is_not_sent() -> None:
    assert given({"serviceAccountRoleArn": "", "addonVersion": "v1"}) == {"addonVersion": "v1"}
