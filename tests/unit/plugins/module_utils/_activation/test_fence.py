from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence import (
    GRANT,
    Gate,
    Subject,
    fence_access,
    fence_annotation,
    given_access,
    grants,
    is_open,
    plan_fence,
    plan_open,
    subject_review,
    without_grant,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import merged
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, Any]
ROLE = Gate("Role", "allocate", "arena")
CLUSTER_ROLE = Gate("ClusterRole", "allocate")
POLICY = Gate("GameServerAllocationPolicy", "blue", "arena")
ALLOCATIONS, AGONES = "allocation.agones.dev", "agones.dev"
MARK = fence_annotation(DEFAULT_DOMAIN)


def rule(groups: list[str], resources: list[str], verbs: list[str], **more: Any) -> Json:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs, **more}


READ = rule([AGONES], ["gameservers"], ["get"])


def role(*rules: Json) -> Json:
    return {"metadata": {"resourceVersion": "7"}, "rules": list(rules)}


def policy(weight: int) -> Json:
    return {"metadata": {"resourceVersion": "7"}, "spec": {"weight": weight, "priority": 1}}


def fenced(gate: Gate, obj: Json) -> Json:
    return merged(obj, plan_fence(gate, obj, "run-1", DEFAULT_DOMAIN) or {})


def opened(gate: Gate, obj: Json) -> Json:
    return merged(obj, plan_open(gate, obj, DEFAULT_DOMAIN) or {})


@pytest.mark.parametrize(
    ("one", "left"),
    [
        (GRANT, []),
        (rule([ALLOCATIONS], ["gameserverallocations"], ["*"]), []),
        (rule([ALLOCATIONS], ["*"], ["*"]), []),
        (
            rule([ALLOCATIONS], ["gameserverallocations"], ["create", "get"]),
            [rule([ALLOCATIONS], ["gameserverallocations"], ["get"])],
        ),
        (rule([ALLOCATIONS, AGONES], ["*"], ["create"]), [rule([AGONES], ["*"], ["create"])]),
        (
            rule([ALLOCATIONS, AGONES], ["gameserverallocations", "fleets"], ["create", "list"]),
            [
                rule([AGONES], ["gameserverallocations", "fleets"], ["create", "list"]),
                rule([ALLOCATIONS], ["fleets"], ["create", "list"]),
                rule([ALLOCATIONS], ["gameserverallocations"], ["list"]),
            ],
        ),
    ],
)
def test_a_rule_loses_allocations_and_nothing_else(one: Json, left: list[Json]) -> None:
    assert grants(one)
    assert without_grant(ROLE, [READ, one]) == [READ, *left]
    assert not any(map(grants, left))


GROUPS = [ALLOCATIONS, AGONES, ""]
RESOURCES = ["gameserverallocations", "gameservers", "pods"]
VERBS = ["create", "get", "list"]


def some(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)


def allowed(rules: list[Json]) -> set[tuple[str, str, str]]:
    return {
        point
        for one in rules
        for point in itertools.product(GROUPS, RESOURCES, VERBS)
        if point[0] in one["apiGroups"]
        and {point[1], "*"} & set(one["resources"])
        and {point[2], "*"} & set(one["verbs"])
    }


@given(st.lists(st.builds(rule, some(GROUPS), some(RESOURCES), some(VERBS)), max_size=4))
def test_any_rules_lose_allocations_and_nothing_else(rules: list[Json]) -> None:
    left = without_grant(ROLE, rules)
    assert not any(map(grants, left))
    assert allowed(left) == allowed(rules) - {(ALLOCATIONS, "gameserverallocations", "create")}


@given(st.lists(st.builds(rule, some(GROUPS), some([*RESOURCES, "*"]), some([*VERBS, "*"])), max_size=4))
def test_wildcards_lose_nothing_of_other_groups(rules: list[Json]) -> None:
    left = without_grant(ROLE, rules)
    assert not any(map(grants, left))
    others = [{point for point in allowed(these) if point[0] != ALLOCATIONS} for these in (rules, left)]
    assert others[0] == others[1]


@pytest.mark.parametrize(
    "one",
    [
        READ,
        rule([ALLOCATIONS], ["gameserverallocations"], ["get"]),
        rule([ALLOCATIONS], ["gameserverallocations"], ["create"], resourceNames=["x"]),
        {"nonResourceURLs": ["/healthz"], "verbs": ["*"]},
    ],
)
def test_other_rules_stay(one: Json) -> None:
    assert without_grant(ROLE, [one]) == [one]
    assert plan_fence(ROLE, role(one), "run-1", DEFAULT_DOMAIN) is None


def test_what_cannot_be_taken_alone_is_refused() -> None:
    with pytest.raises(BlueGreenError, match="Role arena/allocate grants allocations together with every API group"):
        fenced(ROLE, role(rule(["*"], ["*"], ["*"])))
    with pytest.raises(BlueGreenError, match="ClusterRole allocate is aggregated from other ClusterRoles"):
        fenced(CLUSTER_ROLE, {**role(GRANT), "aggregationRule": {}} | {"aggregationRule": {"clusterRoleSelectors": []}})


@pytest.mark.parametrize(
    ("gate", "obj"), [(ROLE, role(READ, GRANT)), (CLUSTER_ROLE, role(GRANT)), (POLICY, policy(100))]
)
def test_a_gate_is_closed_and_opened_exactly(gate: Gate, obj: Json) -> None:
    closed = fenced(gate, obj)
    assert (is_open(gate, obj), is_open(gate, closed)) == (True, False)
    assert plan_fence(gate, closed, "run-1", DEFAULT_DOMAIN) is None
    assert merged(opened(gate, closed), {"metadata": {"annotations": None}}) == obj
    assert plan_open(gate, obj, DEFAULT_DOMAIN) is None


def test_writes_are_conditional() -> None:
    patch = plan_fence(ROLE, role(GRANT), "run-1", DEFAULT_DOMAIN)
    assert patch is not None
    assert patch["metadata"]["resourceVersion"] == "7"


@pytest.mark.parametrize(
    ("rules", "after"),
    [
        # A chart has given the right back, and more.
        ([READ, READ, GRANT], [READ, READ, GRANT]),
        # Somebody has changed the rest.
        ([READ, READ], [READ, READ, GRANT]),
    ],
)
def test_what_somebody_else_has_changed_stays(rules: list[Json], after: list[Json]) -> None:
    changed = {**fenced(ROLE, role(READ, GRANT)), "rules": rules}
    found = opened(ROLE, changed)
    assert (found["rules"], found["metadata"]["annotations"]) == (after, {})


def test_a_policy_that_somebody_else_has_weighed_stays() -> None:
    changed = merged(fenced(POLICY, policy(100)), {"spec": {"weight": 30}})
    assert opened(POLICY, changed)["spec"]["weight"] == 30
    assert plan_fence(POLICY, policy(0), "run-1", DEFAULT_DOMAIN) is None


def test_a_gate_that_a_chart_has_opened_is_closed_again_as_it_is_now() -> None:
    closed = fenced(ROLE, role(GRANT))
    again = fenced(ROLE, {**closed, "rules": [READ, GRANT]})
    assert again["rules"] == [READ]
    assert opened(ROLE, again)["rules"] == [READ, GRANT]


def test_an_annotation_that_is_not_ours_is_refused_by_name() -> None:
    broken = merged(role(GRANT), {"metadata": {"annotations": {MARK: '{"v": 9}'}}})
    with pytest.raises(BlueGreenError, match="of Role arena/allocate cannot be read"):
        opened(ROLE, broken)


@pytest.mark.parametrize(
    ("subject", "user", "groups"),
    [
        (Subject("User", "matchmaker", groups=("games",)), "matchmaker", ["games", "system:authenticated"]),
        (Subject("Group", "matchmakers"), None, ["matchmakers", "system:authenticated"]),
        (
            Subject("ServiceAccount", "director", "arena"),
            "system:serviceaccount:arena:director",
            ["system:authenticated", "system:serviceaccounts", "system:serviceaccounts:arena"],
        ),
    ],
)
def test_who_is_asked_about(subject: Subject, user: str | None, groups: list[str]) -> None:
    spec = subject_review(subject, "arena")["spec"]
    assert (spec.get("user"), spec["groups"]) == (user, groups)
    assert spec["resourceAttributes"] == {
        "verb": "create",
        "group": ALLOCATIONS,
        "resource": "gameserverallocations",
        "namespace": "arena",
    }


def test_needed_access() -> None:
    texts = [str(access) for access in fence_access([ROLE, CLUSTER_ROLE, POLICY])]
    assert texts == [
        "create subjectaccessreviews.authorization.k8s.io",
        "get roles.rbac.authorization.k8s.io in namespace arena",
        "patch roles.rbac.authorization.k8s.io in namespace arena",
        "get clusterroles.rbac.authorization.k8s.io",
        "patch clusterroles.rbac.authorization.k8s.io",
        "get gameserverallocationpolicies.multicluster.agones.dev in namespace arena",
        "patch gameserverallocationpolicies.multicluster.agones.dev in namespace arena",
    ]


def test_given_access() -> None:
    named = rule([""], ["secrets", "pods/log"], ["get"], resourceNames=["x", "y"])
    given = given_access(ROLE, [READ, GRANT, named, READ])
    assert [str(access) for access in given] == [
        "get gameservers.agones.dev in namespace arena",
        "create gameserverallocations.allocation.agones.dev in namespace arena",
        "get secrets x in namespace arena",
        "get secrets y in namespace arena",
        "get pods/log x in namespace arena",
        "get pods/log y in namespace arena",
    ]
    assert [
        str(access) for access in given_access(CLUSTER_ROLE, [{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}])
    ] == ["get /healthz"]
