from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    DISCONNECT,
    HANDOFF,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import Access
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.review import (
    Slot,
    agones_version,
    fingerprint,
    needed_on_source,
    needed_on_target,
    refusals,
)

from tests.unit.plugins.module_utils._drain.world import START

POLICY = Policy("run-1", mode=DISCONNECT)
POLICIES = Policies(POLICY)
SOURCE = Slot("blue", [], [], frozenset({("arena", "arena"), ("arena", "lobby")}), agones=(1, 60, 0))
TARGET = replace(SOURCE, title="green")


@pytest.mark.parametrize(
    ("policies", "source", "target", "words"),
    [
        (POLICIES, {"unknown_namespaces": ["moon"]}, {}, ["blue: there is no namespace moon"]),
        (POLICIES, {}, {"installed": False, "fleets": None}, ["green: Agones is not installed there"]),
        (POLICIES, {}, {"agones": (1, 40, 3)}, ["green: Agones 1.40.3 is older than 1.41"]),
        (
            POLICIES,
            {},
            {"fleets": frozenset({("arena", "arena")})},
            ["Fleet arena/lobby: green has no"],
        ),
        (Policies(replace(POLICY, mode=AT_MATCH_END)), {}, {"fleets": frozenset()}, []),
        (Policies(POLICY, {("", "moon"): POLICY}), {}, {}, ["Fleet moon: blue has no such Fleet; it has arena/arena"]),
        (Policies(POLICY, {("", "lobby"): POLICY}, ("a fault",)), {}, {}, ["a fault"]),
        (
            POLICIES,
            {"missing": [Access("patch", "agones.dev", "gameservers", "arena"), Access("get", "", "pods", "arena")]},
            {"agones": (1, 9)},
            [
                "blue: the runner may not patch gameservers.agones.dev in namespace arena, get pods in namespace arena",
                "green: Agones 1.9",
            ],
        ),
    ],
)
def test_refusals(policies: Policies, source: dict[str, Any], target: dict[str, Any], words: list[str]) -> None:
    found = refusals(policies, [replace(SOURCE, **source), replace(TARGET, **target)], START, begins=True)
    assert [text in problem for text, problem in zip(words, found, strict=True)] == [True] * len(words)


def verbs(access: list[Access], resource: str) -> list[str]:
    return [one.verb for one in access if one.resource == resource]


def test_only_what_is_needed_is_asked_for() -> None:
    gentle = needed_on_source(POLICIES, ["arena"])
    assert verbs(gentle, "pods") == ["get"]
    assert verbs(gentle, "gameservers") == ["get", "list", "watch", "patch"]
    harsh = needed_on_source(Policies(POLICY, {("", "a"): replace(POLICY, interrupt_at_deadline=True)}), ["arena"])
    assert verbs(harsh, "pods") == ["get", "delete"]
    plain = needed_on_target(POLICIES, ["arena"], reads_buffers=True)
    assert verbs(plain, "gameservers") == ["list", "watch"]
    assert verbs(plain, "fleetautoscalers") == ["list"]
    assert verbs(plain, "configmaps") == ["get"]
    handing = needed_on_target(Policies(replace(POLICY, mode=HANDOFF)), ["arena"], reads_buffers=False)
    assert verbs(handing, "gameserverallocations") == ["create"]
    assert verbs(handing, "gameservers") == ["list", "watch", "get", "patch"]
    assert verbs(handing, "fleetautoscalers") == []


@pytest.mark.parametrize(
    ("versions", "newest"),
    [(["1.60.0", "1.9.0"], (1, 60, 0)), (["1.61.0-dev-1a2b"], (1, 61, 0)), (["", "x"], ()), ([], ())],
)
def test_the_newest_version_counts(versions: list[str], newest: tuple[int, ...]) -> None:
    objects = [{"metadata": {"annotations": {"agones.dev/sdk-version": version}}} for version in versions]
    assert agones_version(objects) == newest


def test_policies_have_a_fingerprint() -> None:
    other = Policies(POLICY, {("", "a"): POLICY})
    assert fingerprint(POLICIES) == fingerprint(Policies(Policy("run-1", mode=DISCONNECT)))
    assert fingerprint(POLICIES) != fingerprint(other)
