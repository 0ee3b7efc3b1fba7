"""Access entries: which policies there should be, what is refused, and which calls make it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.access_entry import (
    ENTRY_FIELDS,
    AccessEntry,
    settled_entry,
    with_policies,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import by_call, differences
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/matchmaker"
CLUSTER = {"type": "cluster", "namespaces": []}
HAVE = {
    "type": "STANDARD",
    "kubernetesGroups": ["a"],
    "accessPolicies": [
        {"policyArn": "view", "accessScope": CLUSTER},
        {"policyArn": "edit", "accessScope": {"type": "namespace", "namespaces": ["x", "y"]}},
    ],
}
NOTHING = dict.fromkeys(("type", "kubernetes_groups", "username", "policy_arns", "access_policies"))


def policy(arn: str, *namespaces: str) -> dict[str, Any]:
    return {"policy_arn": arn, "scope": "namespace" if namespaces else "cluster", "namespaces": list(namespaces)}


def settle(have: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    known = {"cluster_name": "arena-green", "principal_arn": ROLE, "purge_policies": True}
    return settled_entry({**known, **NOTHING, **options}, have)


@pytest.mark.parametrize(
    ("options", "policies"),
    [
        ({}, None),
        ({"policy_arns": []}, []),
        ({"policy_arns": ["view"], "access_policies": [policy("edit", "x")]}, [policy("view"), policy("edit", "x")]),
        (
            {"policy_arns": ["admin"], "purge_policies": False},
            [policy("admin"), policy("edit", "x", "y"), policy("view")],
        ),
        ({"policy_arns": ["edit"], "purge_policies": False}, [policy("edit"), policy("view")]),
    ],
)
def test_the_policies_that_there_should_be(options: dict[str, Any], policies: Any) -> None:
    assert settle(HAVE, **options)["access_policies"] == policies


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"principal_arn": "arn:aws:sts::123456789012:assumed-role/matchmaker/s"}, "not that of a session"),
        ({"access_policies": [policy("a", "x"), policy("a")]}, "a is named more than once"),
        (
            {"access_policies": [{"policy_arn": "a", "scope": "cluster", "namespaces": ["x"]}]},
            "and no other scope takes them",
        ),
        (
            {"access_policies": [{"policy_arn": "a", "scope": "namespace", "namespaces": []}]},
            "the scope namespace needs namespaces",
        ),
        ({"type": "FARGATE_LINUX", "username": "u"}, "from EKS"),
        ({"type": "EC2_LINUX", "policy_arns": ["a"]}, "EC2_LINUX takes no access policies"),
    ],
)
def test_what_contradicts_itself_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(BlueGreenError, match=words):
        settle(None, **options)


def test_the_type_that_is_there_counts() -> None:
    with pytest.raises(BlueGreenError, match="EC2_LINUX takes no access policies"):
        settle({**HAVE, "type": "EC2_LINUX"}, policy_arns=["a"])


@pytest.mark.parametrize(
    ("kind", "there", "groups"),
    [
        ("STANDARD", None, []),
        (None, None, []),
        (None, "STANDARD", []),
        ("EC2_LINUX", None, None),
        ("FARGATE_LINUX", "FARGATE_LINUX", None),
        (None, "EC2_LINUX", None),
        ("EC2", None, None),
    ],
)
def test_what_eks_sets_itself_is_left_to_it(kind: str | None, there: str | None, groups: Any) -> None:
    have = {**HAVE, "type": there} if there else None
    values = settle(have, type=kind, kubernetes_groups=[], username="")
    assert values["kubernetes_groups"] == groups
    assert values["username"] == ("" if groups == [] else None)


class FakeEks:
    """Remembers the calls that write; knows a new entry only after it was asked for it `lag` times."""

    def __init__(self, lag: int = 0) -> None:
        self.calls: list[Any] = []
        self.lag = lag

    def create_access_entry(self, **request: Any) -> dict[str, Any]:
        self.calls.append(("create", sorted(request)))
        return {"accessEntry": {"principalArn": request["principalArn"]}}

    def associate_access_policy(self, **request: Any) -> None:
        if self.lag:
            self.lag -= 1
            error = {"Error": {"Code": "ResourceNotFoundException", "Message": "no such entry"}}
            raise ClientError(error, "AssociateAccessPolicy")
        scope = request["accessScope"]
        self.calls.append(("associate", request["policyArn"], scope["type"], scope["namespaces"]))

    def disassociate_access_policy(self, **request: Any) -> None:
        self.calls.append(("disassociate", request["policyArn"]))

    def update_access_entry(self, **request: Any) -> None:
        self.calls.append(
            ("update", {key: request[key] for key in request if key not in ("clusterName", "principalArn")})
        )


@pytest.mark.parametrize(
    ("want", "calls"),
    [
        pytest.param(
            {"kubernetes_groups": ["a"], "access_policies": [policy("view"), policy("edit", "y", "x")]}, [], id="same"
        ),
        pytest.param({"kubernetes_groups": []}, [("update", {"kubernetesGroups": []})], id="no groups"),
        pytest.param(
            {"access_policies": [policy("admin"), policy("edit", "x", "y")]},
            [("associate", "admin", "cluster", []), ("disassociate", "view")],
            id="more rights before fewer",
        ),
        pytest.param(
            {"access_policies": [policy("view"), policy("edit", "x")]},
            [("associate", "edit", "namespace", ["x"])],
            id="another scope is another association",
        ),
        pytest.param({"access_policies": []}, [("disassociate", "edit"), ("disassociate", "view")], id="no policies"),
    ],
)
def test_the_calls_that_make_it(want: dict[str, Any], calls: list[Any]) -> None:
    eks = FakeEks()
    entry = AccessEntry(eks, "arena-green", ROLE)
    for call, changes in by_call(differences(ENTRY_FIELDS, want, HAVE)):
        assert entry.update(call, changes, HAVE) == ""
    assert eks.calls == calls


def test_policies_wait_until_eks_finds_the_new_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    eks = FakeEks(lag=2)

    made = AccessEntry(eks, "arena-green", ROLE).create({"accessPolicies": HAVE["accessPolicies"][:1]})

    assert eks.calls == [("create", ["clusterName", "principalArn"]), ("associate", "view", "cluster", [])]
    assert len(slept) == 2
    assert made["accessPolicies"] == HAVE["accessPolicies"][:1]


def test_its_name_is_its_principal() -> None:
    assert AccessEntry(None, "arena", ROLE).identity() == {"clusterName": "arena", "principalArn": ROLE}


def test_an_entry_is_returned_by_its_options() -> None:
    returned = {
        "username": "u",
        "access_policies": [
            {"policy_arn": "view", "access_scope": CLUSTER, "associated_at": "now"},
            {"policy_arn": "edit", "access_scope": {"type": "namespace", "namespaces": ["y", "x"]}},
        ],
    }
    assert with_policies(returned, ROLE) == {
        "principal_arn": ROLE,
        "username": "u",
        "access_policies": [policy("edit", "x", "y"), policy("view")],
        "policy_arns": ["edit", "view"],
    }
    assert with_policies(None, ROLE) is None
