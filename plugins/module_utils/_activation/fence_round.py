# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Fence a slot, or open it: read, refuse, write, and prove it by what the API server says of those who allocate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence import (
    POLICY,
    Gate,
    Subject,
    fence_access,
    given_access,
    is_open,
    original_rules,
    plan_fence,
    plan_open,
    read_kept_gate,
    right_to_escalate,
    rules_of,
    subject_review,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure, Conflict, KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import merged
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import (
    Access,
    missing_access,
    refuse_missing,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

SUBJECT_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_WRITE_ATTEMPTS = 5
_POLL_SECONDS = 1.0
# The API server's authoriser learns of a changed Role a moment later, and a cluster has several API servers.
PROOF_SECONDS = 10.0
_LOOKS = 2


@dataclass
class SlotFence:
    """The fence of one slot. `subjects` are asked about in `namespaces`; with policies there are none."""

    api: KubeApi
    gates: Sequence[Gate]
    subjects: Sequence[Subject]
    namespaces: Sequence[str]
    run_id: str
    domain: str
    keeper: Keeper
    clock: Clock
    warnings: list[str] = field(default_factory=list)

    def run(self, *, fenced: bool, check_mode: bool) -> Json:
        """All gates are read and understood before the first one is written."""
        if not check_mode:
            self.keeper.keep()
        before = self._read(fenced)
        for gate, obj in before:
            self._plan(gate, obj, fenced)
        written = [(gate, self._write(gate, obj, fenced, check_mode=check_mode)) for gate, obj in before]
        after = [(gate, obj) for gate, (_changed, obj) in written]
        if not check_mode:
            self._prove(fenced)
        return {
            "changed": any(changed for _gate, (changed, _obj) in written),
            "gates": [_document(gate, obj) for gate, obj in after],
            "diff": {"before": _states(before), "after": _states(after)},
        }

    def _read(self, fenced: bool) -> list[tuple[Gate, Json]]:
        """The gates that exist. Raises BlueGreenError with all permissions that are missing."""
        missing = missing_access(self.api, fence_access(self.gates))
        if any(access.verb == "get" for access in missing):
            refuse_missing(missing)
        found = in_parallel(lambda gate: (gate, self.api.find(gate.path)), self.gates)
        there = [(gate, obj) for gate, obj in found if obj is not None]
        absent = [str(gate) for gate, obj in found if obj is None]
        refuse_missing(missing + [access for gate, obj in there for access in self._not_givable(gate, obj)])
        if absent and fenced:
            raise BlueGreenError(f"{', '.join(absent)}: not in this cluster. Correct the names; nothing was written")
        self.warnings += [f"{gate}: not in this cluster, so there is nothing to open" for gate in absent]
        return there

    def _not_givable(self, gate: Gate, obj: Json) -> list[Access]:
        """What a Role gives that the runner may not give: it could not open the gate again."""
        if gate.kind == POLICY or not missing_access(self.api, [right_to_escalate(gate)]):
            return []
        return missing_access(self.api, given_access(gate, original_rules(gate, obj, self.domain)))

    def _plan(self, gate: Gate, obj: Json, fenced: bool) -> Json | None:
        return plan_fence(gate, obj, self.run_id, self.domain) if fenced else plan_open(gate, obj, self.domain)

    def _write(self, gate: Gate, obj: Json, fenced: bool, *, check_mode: bool) -> tuple[bool, Json]:
        for _attempt in range(_WRITE_ATTEMPTS):
            patch = self._plan(gate, obj, fenced)
            if patch is None:
                return False, obj
            if check_mode:
                return True, merged(obj, patch)
            try:
                return True, self.api.patch(gate.path, patch)
            except Conflict:
                obj = self.api.get(gate.path)
        raise ApiFailure(f"{gate} changed {_WRITE_ATTEMPTS} times before it could be written: run again", 409)

    def _prove(self, fenced: bool) -> None:
        """Ask about every subject until the answers are right: for a fence twice. Opening does not wait, but warns."""
        end = self.clock.monotonic() + PROOF_SECONDS
        looks = 0
        while True:
            wrong = self._wrong(fenced)
            looks = 0 if wrong else looks + 1
            if looks >= (_LOOKS if fenced else 1):
                return
            if not fenced or self.clock.monotonic() >= end:
                break
            self.clock.sleep(_POLL_SECONDS)
        if fenced:
            raise BlueGreenError(
                f"the fence does not hold, allocations are still allowed for {'; '.join(wrong)}. Something else gives "
                "them create gameserverallocations.allocation.agones.dev: look for their other RoleBindings, "
                "ClusterRoleBindings and access policies",
                allowed=wrong,
            )
        self.warnings += [f"allocations are not yet allowed for {text}" for text in wrong]

    def _wrong(self, fenced: bool) -> list[str]:
        """Subjects that may but must not, or may not but should; and allocation policies likewise."""
        pairs = [(subject, namespace) for subject in self.subjects for namespace in self.namespaces]
        answers = in_parallel(lambda pair: (pair, self._may(*pair)), pairs)
        wrong = [f"{subject} in namespace {namespace}" for (subject, namespace), may in answers if may is fenced]
        policies = [gate for gate in self.gates if gate.kind == POLICY] if fenced else []
        return wrong + [str(gate) for gate in policies if is_open(gate, self.api.get(gate.path))]

    def _may(self, subject: Subject, namespace: str) -> bool:
        answer = self.api.create(SUBJECT_REVIEWS, subject_review(subject, namespace))
        return bool((answer.get("status") or {}).get("allowed"))


def closed_gates(api: KubeApi, gates: Sequence[Gate], domain: str) -> list[str]:
    """The gates that a fence has closed and that no one has opened since. Only reads."""
    found = in_parallel(lambda gate: (gate, api.find(gate.path)), gates)
    fenced = [(gate, obj) for gate, obj in found if obj is not None and read_kept_gate(gate, obj, domain) is not None]
    return [str(gate) for gate, obj in fenced if not is_open(gate, obj)]


def _document(gate: Gate, obj: Json) -> Json:
    return {"kind": gate.kind, "namespace": gate.namespace, "name": gate.name, "open": is_open(gate, obj)}


def _states(found: Sequence[tuple[Gate, Json]]) -> Json:
    """The gates as a diff shows them: what the fence changes of each."""
    return {
        str(gate): {"spec": obj.get("spec")} if gate.kind == POLICY else {"rules": rules_of(obj)} for gate, obj in found
    }
