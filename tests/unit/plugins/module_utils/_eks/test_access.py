"""Access entries and their policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.access import absent, present

WANT = {
    "principal_arn": "arn:role/m",
    "kubernetes_groups": ["matchmakers"],
    "username": None,
    "policy_arns": ["arn:policy/view"],
    "tags": {"slot": "green"},
}


class FakeKeeper:
    def keep(self) -> None:
        pass


class FakeEntry:
    def __init__(self, groups: list[str] | None = None, *policies: str) -> None:
        self.have = None if groups is None else {"principalArn": "arn:role/m", "kubernetesGroups": groups}
        self.associated = list(policies)
        self.calls: list[Any] = []

    def describe(self) -> dict[str, Any] | None:
        return self.have

    def policies(self) -> list[str]:
        return self.associated

    def create(self, body: Mapping[str, Any]) -> None:
        self.calls.append(("create", dict(body)))

    def update(self, body: Mapping[str, Any]) -> None:
        self.calls.append(("update", dict(body)))

    def associate(self, policy: str) -> None:
        self.calls.append(("associate", policy))

    def disassociate(self, policy: str) -> None:
        self.calls.append(("disassociate", policy))

    def delete(self) -> None:
        self.calls.append("delete")


@pytest.mark.parametrize(
    ("entry", "calls"),
    [
        pytest.param(
            FakeEntry(),
            [
                ("create", {"kubernetesGroups": ["matchmakers"], "tags": {"slot": "green"}}),
                ("associate", "arn:policy/view"),
            ],
            id="new",
        ),
        pytest.param(FakeEntry(["matchmakers"], "arn:policy/view"), [], id="as wanted"),
        pytest.param(
            FakeEntry(["others"], "arn:policy/view"),
            [("update", {"kubernetesGroups": ["matchmakers"]})],
            id="other groups",
        ),
        pytest.param(
            FakeEntry(["matchmakers"], "arn:policy/admin"),
            [("associate", "arn:policy/view"), ("disassociate", "arn:policy/admin")],
            id="other policies",
        ),
    ],
)
def test_what_is_called(entry: FakeEntry, calls: list[Any]) -> None:
    predicted = present(entry, WANT, check_mode=True, keeper=FakeKeeper())
    assert entry.calls == []
    result = present(entry, WANT, check_mode=False, keeper=FakeKeeper())

    assert entry.calls == calls
    assert result == predicted
    assert result["changed"] is bool(calls)
    assert result["access_entry"]["kubernetes_groups"] == ["matchmakers"]
    assert result["access_entry"]["policy_arns"] == ["arn:policy/view"]


def test_deletion() -> None:
    entry = FakeEntry(["matchmakers"])
    assert absent(entry, check_mode=True, keeper=FakeKeeper())["changed"]
    assert entry.calls == []
    assert absent(entry, check_mode=False, keeper=FakeKeeper())["changed"]
    assert entry.calls == ["delete"]
    assert not absent(FakeEntry(), check_mode=False, keeper=FakeKeeper())["changed"]
