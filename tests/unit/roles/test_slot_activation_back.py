"""A slot that could not be read is not taken for one without a cluster, on the way back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbooks.stage import FAILS, SLOTS, Played, play, role

UNREAD = {"readable": False, "kubeconfig": ""}
BLUE, GREEN = SLOTS["eks_bluegreen_source"], SLOTS["eks_bluegreen_target"]
DIRECTOR = {"kind": "Deployment", "namespace": "arena", "name": "director"}
ALLOCATE = {"kind": "Role", "namespace": "arena", "name": "allocate"}
POLICIES = {slot: [{"namespace": "arena", "name": slot}] for slot in ("blue", "green")}
OFF, ON = ("slot_singletons off", "green.kubeconfig"), ("slot_singletons on", "blue.kubeconfig")
DEAD = {"answers": {OFF[0]: FAILS}}
STRICT = {"slot_activation_restore_unproven": False}
RBAC = {"eks_bluegreen_fence_method": "rbac", "eks_bluegreen_fence_roles": [ALLOCATE]}
POLICY = {"eks_bluegreen_fence_method": "policy", "eks_bluegreen_fence_policies": POLICIES}
ELSEWHERE = {**POLICY, "eks_bluegreen_fence_kubeconfig": "allocator.kubeconfig"}


def target(**more: Any) -> dict[str, Any]:
    return {"eks_bluegreen_target": {**GREEN, **more}}


def source(**more: Any) -> dict[str, Any]:
    return {"eks_bluegreen_source": {**BLUE, **more}}


def seen(host: Played) -> list[tuple[str, str]]:
    return [(step, args["kubeconfig"]) for step, args in host.calls]


def played(tmp_path_factory: pytest.TempPathFactory, entry: str, hosts: dict[str, Any]) -> dict[str, Played]:
    return play(tmp_path_factory.mktemp("stage"), role("slot_activation", entry), hosts, real_roles=["slot_activation"])


WHEN_IT_ANSWERS = "Should green answer again, switch them off there"
RESTORED = [
    # host, its variables, what is called, whether it fails, what it says
    ("both_answer", {}, [OFF, ON], False, ""),
    ("gone", target(kubeconfig=""), [(OFF[0], ""), ON], False, ""),
    ("dead", DEAD, [OFF, ON], False, f"may still run next to those of blue: AccessDenied. {WHEN_IT_ANSWERS}"),
    ("dead_strict", {**DEAD, **STRICT}, [OFF], True, "may still run (AccessDenied)"),
    ("strict", STRICT, [OFF, ON], False, ""),
    ("unread", target(**UNREAD), [ON], False, "next to those of blue: the cluster arena-green could not be read"),
    ("unread_strict", {**target(**UNREAD), **STRICT}, [], True, "those of blue were not started"),
    ("source_unread", source(**UNREAD), [], True, "the cluster arena-blue of blue could not be read"),
    ("none", {**source(**UNREAD), **target(**UNREAD), "eks_bluegreen_singletons": []}, [], False, ""),
]


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    hosts = {name: {"eks_bluegreen_singletons": [DIRECTOR], **variables} for name, variables, *_ in RESTORED}
    return played(tmp_path_factory, "restore", hosts)


@pytest.mark.parametrize(
    ("name", "calls", "fails", "said"),
    [pytest.param(name, *rest, id=name) for name, _variables, *rest in RESTORED],
)
def test_singletons_start_where_those_of_the_other_slot_have_ended_or_a_warning_says_otherwise(
    name: str, calls: list[tuple[str, str]], fails: bool, said: str, restored: dict[str, Played]
) -> None:
    host = restored[name]
    assert (seen(host), host.failed) == (calls, fails)
    assert said in host.said(name)
    assert bool(said) is ("WARNING" in host.said(name) or fails)


FENCES = {
    "rbac": (RBAC, ["blue.kubeconfig"]),
    "gone": ({**RBAC, **source(kubeconfig="")}, [""]),
    "unread": ({**RBAC, **source(**UNREAD)}, None),
    "policy": (POLICY, ["blue.kubeconfig"]),
    "policy_unread": ({**POLICY, **source(**UNREAD)}, None),
    "elsewhere_unread": ({**ELSEWHERE, **source(**UNREAD)}, ["allocator.kubeconfig"]),
    "none": (source(**UNREAD), []),
}


@pytest.fixture(scope="module")
def unfenced(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    return played(tmp_path_factory, "unfence", {name: variables for name, (variables, _calls) in FENCES.items()})


@pytest.mark.parametrize("name", FENCES)
def test_a_fence_is_opened_or_the_play_fails(name: str, unfenced: dict[str, Played]) -> None:
    calls, host = FENCES[name][1], unfenced[name]
    assert [kubeconfig for _step, kubeconfig in seen(host)] == (calls or [])
    assert host.failed is (calls is None)
    assert ("the fence of blue could not be opened: its cluster arena-blue" in host.said(name)) is host.failed


OPENED = {
    "rbac": (RBAC, []),
    "policy": (POLICY, [("green.kubeconfig", POLICIES["green"])]),
    "elsewhere": (ELSEWHERE, [("allocator.kubeconfig", POLICIES["green"])]),
    "not_built_yet": ({**POLICY, **target(kubeconfig="")}, [("", POLICIES["green"])]),
    "not_listed": ({**POLICY, "eks_bluegreen_fence_policies": {"blue": POLICIES["blue"]}}, []),
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    return played(tmp_path_factory, "open_target", {name: variables for name, (variables, _calls) in OPENED.items()})


@pytest.mark.parametrize("name", OPENED)
def test_the_targets_policies_are_opened(name: str, opened: dict[str, Played]) -> None:
    host = opened[name]
    assert not host.failed
    assert [(args["kubeconfig"], args["policies"]) for _step, args in host.calls] == OPENED[name][1]
    assert {step for step, _args in host.calls} <= {"agones_slot_fence open"}
