# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The fence: no one can allocate on a slot any more. And how it is opened again exactly as it was. Pure.

With RBAC, the roles of those who allocate lose `create gameserverallocations`: the API server authorises before it
passes a request on to Agones. With policies, GameServerAllocationPolicies get weight 0. The previous state is kept
whole in an annotation of the object.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ALLOCATION_POLICIES, KubeResource
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import KEPT_VERSION, read_kept_in
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import Access
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

GROUP, RESOURCE, VERB = "allocation.agones.dev", "gameserverallocations", "create"
GRANT: Json = {"apiGroups": [GROUP], "resources": [RESOURCE], "verbs": [VERB]}
RBAC_GROUP = "rbac.authorization.k8s.io"
ROLE, CLUSTER_ROLE, POLICY = "Role", "ClusterRole", "GameServerAllocationPolicy"
RBAC_METHOD, POLICY_METHOD = "rbac", "policy"
# What is closed, as options of a module; of each method the one that lists its gates.
ROLES_ARGUMENT: Json = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "kind": {"type": "str", "choices": [ROLE, CLUSTER_ROLE], "default": ROLE},
        "namespace": {"type": "str", "default": ""},
        "name": {"type": "str", "required": True},
    },
}
POLICIES_ARGUMENT: Json = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {"namespace": {"type": "str", "required": True}, "name": {"type": "str", "required": True}},
}
GATES_OF_METHOD = {RBAC_METHOD: "roles", POLICY_METHOD: "policies"}
RBAC_PREFIX = f"/apis/{RBAC_GROUP}/v1"
ROLES = KubeResource(RBAC_PREFIX, "roles")
SERVICE_ACCOUNTS = "system:serviceaccounts"
AUTHENTICATED = "system:authenticated"


@dataclass(frozen=True)
class Gate:
    """An object that lets allocations through, or not."""

    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def path(self) -> str:
        if self.kind == CLUSTER_ROLE:
            return f"{RBAC_PREFIX}/clusterroles/{self.name}"
        return (ROLES if self.kind == ROLE else ALLOCATION_POLICIES).path(self.namespace, self.name)


@dataclass(frozen=True)
class Subject:
    """Someone who allocates, as a RoleBinding names them; `groups` are the other groups that they are in."""

    kind: str
    name: str
    namespace: str = ""
    groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def named_gates(method: str, roles: Iterable[Mapping[str, Any]], policies: Iterable[Mapping[str, Any]]) -> list[Gate]:
    """What a method closes, of the Roles and allocation policies that the options name."""
    return [Gate(**role) for role in roles] if method == RBAC_METHOD else [Gate(POLICY, **one) for one in policies]


def gate_problems(method: str, gates: Sequence[Gate]) -> list[str]:
    """What is wrong with the gates of a method."""
    wrong = [] if gates else [f"method {method} needs {GATES_OF_METHOD[method]}"]
    wrong += [f"{gate} has no namespace" for gate in gates if not gate.namespace and gate.kind != CLUSTER_ROLE]
    return wrong + [f"{gate} has a namespace" for gate in gates if gate.namespace and gate.kind == CLUSTER_ROLE]


def fence_annotation(domain: str) -> str:
    return f"{domain}/fence"


def grants(rule: Mapping[str, Any]) -> bool:
    """Whether a rule allows creating allocations. One with resource names does not: an allocation has no name."""
    return not rule.get("resourceNames") and all(
        {name, "*"} & set(rule.get(field) or [])
        for field, name in (("apiGroups", GROUP), ("resources", RESOURCE), ("verbs", VERB))
    )


def without_grant(gate: Gate, rules: Iterable[Mapping[str, Any]]) -> list[Json]:
    """The rules, less the permission to create allocations and nothing else."""
    return [part for rule in rules for part in (_parts(gate, rule) if grants(rule) else [dict(rule)])]


def _parts(gate: Gate, rule: Mapping[str, Any]) -> Iterator[Json]:
    """A rule is a product; what is left of it without one point is up to three products."""
    if "*" in rule["apiGroups"]:
        raise BlueGreenError(
            f"{gate} grants allocations together with every API group (apiGroups '*'), and they alone cannot be taken "
            f"out of that: give the allocating subjects a Role of their own with {VERB} {RESOURCE}.{GROUP}"
        )
    groups = [group for group in rule["apiGroups"] if group != GROUP]
    # Allocations are all that their API group has, and create is all that can be done with them.
    resources = [resource for resource in rule["resources"] if resource not in (RESOURCE, "*")]
    verbs = [verb for verb in rule["verbs"] if verb not in (VERB, "*")]
    if groups:
        yield {**rule, "apiGroups": groups}
    if resources:
        yield {**rule, "apiGroups": [GROUP], "resources": resources}
    if verbs:
        yield {**rule, "apiGroups": [GROUP], "resources": [RESOURCE], "verbs": verbs}


def plan_fence(gate: Gate, obj: Mapping[str, Any], run: str, domain: str) -> Json | None:
    """The merge patch that closes a gate; None when it is closed. Raises BlueGreenError if that cannot be done."""
    if gate.kind == POLICY:
        weight = weight_of(obj)
        return _patch(obj, domain, _kept(run, 0, weight), {"spec": {"weight": 0}}) if weight else None
    rules = rules_of(obj)
    if not any(map(grants, rules)):
        return None
    if obj.get("aggregationRule"):
        raise BlueGreenError(
            f"{gate} is aggregated from other ClusterRoles (aggregationRule), and would be again: name those instead"
        )
    fenced = without_grant(gate, rules)
    return _patch(obj, domain, _kept(run, fenced, rules), {"rules": fenced})


def plan_open(gate: Gate, obj: Mapping[str, Any], domain: str) -> Json | None:
    """The merge patch that opens a gate as it was; None when there is no fence.

    What someone else has changed since stays; if they left allocations out, those are added.
    """
    kept = read_kept_gate(gate, obj, domain)
    if kept is None:
        return None
    closed, original = kept
    if gate.kind == POLICY:
        return _patch(obj, domain, None, {"spec": {"weight": original}} if weight_of(obj) == closed else {})
    rules = rules_of(obj)
    if rules == closed:
        return _patch(obj, domain, None, {"rules": original})
    return _patch(obj, domain, None, {} if any(map(grants, rules)) else {"rules": [*rules, GRANT]})


def read_kept_gate(gate: Gate, obj: Mapping[str, Any], domain: str) -> tuple[Any, Any] | None:
    """What the fence has set, and what it replaced. Raises BlueGreenError when that cannot be read."""
    return read_kept_in(
        obj,
        fence_annotation(domain),
        str(gate),
        "restore it by hand",
        lambda document: (document["set"], document["original"]),
    )


def is_open(gate: Gate, obj: Mapping[str, Any]) -> bool:
    """Whether the object lets allocations through."""
    return bool(weight_of(obj)) if gate.kind == POLICY else any(map(grants, rules_of(obj)))


def rules_of(obj: Mapping[str, Any]) -> list[Json]:
    return list(obj.get("rules") or [])


def weight_of(obj: Mapping[str, Any]) -> int:
    return int((obj.get("spec") or {}).get("weight") or 0)


def fence_access(gates: Iterable[Gate]) -> list[Access]:
    """The permissions that a fence needs, besides those that a Role gives."""
    needed: dict[Access, None] = {}
    for gate in gates:
        group, resource = ("multicluster.agones.dev", ALLOCATION_POLICIES.plural)
        if gate.kind != POLICY:
            group, resource = (RBAC_GROUP, f"{gate.kind.lower()}s")
            needed[Access("create", "authorization.k8s.io", "subjectaccessreviews")] = None
        for verb in ("get", "patch"):
            needed[Access(verb, group, resource, gate.namespace)] = None
    return list(needed)


def right_to_escalate(gate: Gate) -> Access:
    """Lets someone write a Role that gives more than they have themselves."""
    return Access("escalate", RBAC_GROUP, f"{gate.kind.lower()}s", gate.namespace)


def given_access(gate: Gate, rules: Sequence[Mapping[str, Any]]) -> list[Access]:
    """All that a Role gives. Kubernetes lets no one write a Role that gives more than they have or may escalate to."""
    given: dict[Access, None] = {}
    for rule in rules:
        verbs = rule.get("verbs") or []
        for path, verb in itertools.product(rule.get("nonResourceURLs") or [], verbs):
            given[Access(verb, path=path)] = None
        for group, resource, name, verb in itertools.product(
            rule.get("apiGroups") or [], rule.get("resources") or [], rule.get("resourceNames") or [""], verbs
        ):
            given[Access(verb, group, resource, gate.namespace, name)] = None
    return list(given)


def original_rules(gate: Gate, obj: Mapping[str, Any], domain: str) -> list[Json]:
    """The rules as they are without a fence: no one needs to be allowed to give more than these."""
    kept = read_kept_gate(gate, obj, domain)
    return rules_of(obj) if kept is None else [*rules_of(obj), *kept[1]]


def subject_review(subject: Subject, namespace: str) -> Json:
    """The SubjectAccessReview that asks whether a subject may allocate."""
    spec: Json = {"resourceAttributes": {"verb": VERB, "group": GROUP, "resource": RESOURCE, "namespace": namespace}}
    groups = [*subject.groups, AUTHENTICATED]
    if subject.kind == "ServiceAccount":
        spec["user"] = f"system:serviceaccount:{subject.namespace}:{subject.name}"
        groups += [SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{subject.namespace}"]
    elif subject.kind == "User":
        spec["user"] = subject.name
    else:
        groups.insert(0, subject.name)
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {**spec, "groups": groups}}


def _kept(run: str, closed: Any, original: Any) -> str:
    return json.dumps({"v": KEPT_VERSION, "run": run, "set": closed, "original": original})


def _patch(obj: Mapping[str, Any], domain: str, kept: str | None, change: Json) -> Json:
    metadata = {
        "resourceVersion": obj["metadata"]["resourceVersion"],
        "annotations": {fence_annotation(domain): kept},
    }
    return {"metadata": metadata, **change}
