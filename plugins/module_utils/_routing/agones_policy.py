# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The provider `agones_policy`: the weights of GameServerAllocationPolicies, on the cluster that allocates.

Agones picks among the policies of the highest priority by weight. One with weight 0 is never picked, but a policy of
a lower priority takes over when the others have no server left: so all of them must have the same priority.
"""

from __future__ import annotations

from typing import Any, ClassVar, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    ALLOCATION_POLICIES,
    Conflict,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.kubernetes import (
    DOMAIN,
    PLACE_ARGUMENTS,
    Kube,
    age_seconds,
    cluster_of,
    conditional,
    version_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    CONDITIONAL,
    MATCH,
    NO_QUEUE,
    Capabilities,
    ClientMaker,
    Evidence,
    Moved,
    Reading,
    WithoutQueue,
    moved,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

TOKEN_ANNOTATION = f"{DOMAIN}/routing-token"


class AgonesPolicyProvider(WithoutQueue):
    """Routing by one GameServerAllocationPolicy for each slot."""

    ARGUMENTS: ClassVar[Mapping[str, Any]] = {
        "type": "dict",
        "options": {
            **PLACE_ARGUMENTS,
            "policies": {"type": "dict", "required": True},
            "endpoint_ttl_seconds": {"type": "float", "default": 0.0},
        },
    }

    @classmethod
    def of(cls, given: Mapping[str, Any], clients: ClientMaker, clock: Clock) -> AgonesPolicyProvider:
        del clients, clock
        return cls(
            cluster_of(given["kubeconfig"]), given["namespace"], given["policies"], given["endpoint_ttl_seconds"]
        )

    def __init__(
        self, api: Kube, namespace: str, policies: Mapping[str, str], endpoint_ttl_seconds: float = 0.0
    ) -> None:
        self._api = api
        self._paths = {slot: ALLOCATION_POLICIES.path(namespace, policies[slot]) for slot in sorted(policies)}
        self._names = {slot: f"{namespace}/{policies[slot]}" for slot in sorted(policies)}
        self._endpoint_ttl_seconds = endpoint_ttl_seconds
        self.where = f"the GameServerAllocationPolicies {', '.join(self._names.values())} of {api.server}"

    def capabilities(self) -> Capabilities:
        return Capabilities(
            granularity=MATCH,
            weighted=True,
            atomic=False,
            cross_slot_allocation=True,
            queue=NO_QUEUE,
            endpoint_ttl_seconds=self._endpoint_ttl_seconds,
            writes=CONDITIONAL,
        )

    def read(self) -> Reading:
        found = self._read()
        now = self._api.server_time()
        tokens = {_token_of(policy) for policy in found.values()}
        return Reading(
            weights={slot: _weight_of(policy) for slot, policy in found.items()},
            revision=_revision_of(found),
            token=tokens.pop() if len(tokens) == 1 else "",
            evidence=self._evidence(found),
            age_seconds=min(age_seconds(policy, now) for policy in found.values()),
        )

    def set(self, weights: Mapping[str, int], if_revision: str | None, token: str) -> str:
        """Claim the write on the first policy, then raise, then lower: at no moment are all of them 0."""
        found = self._read()
        if if_revision is not None and _revision_of(found) != if_revision:
            raise moved(self.where, self.read(), if_revision)
        is_conditional = if_revision is not None
        first = next(iter(found))
        found[first] = self._patch(first, found[first], {}, token, is_conditional=is_conditional)
        raised_first = sorted(found, key=lambda slot: weights[slot] < _weight_of(found[slot]))
        for slot in raised_first:
            body = {"spec": {"weight": weights[slot]}}
            found[slot] = self._patch(slot, found[slot], body, token, is_conditional=is_conditional)
        return _revision_of(found)

    def _read(self) -> dict[str, Json]:
        return {slot: self._policy(slot) for slot in self._paths}

    def _policy(self, slot: str) -> Json:
        try:
            return self._api.get(self._paths[slot])
        except NotFound:
            raise BlueGreenError(
                f"there is no GameServerAllocationPolicy {self._names[slot]} for slot {slot} on {self._api.server}: "
                "correct eks_bluegreen_routing_agones_policy, or create it"
            ) from None

    def _patch(self, slot: str, policy: Json, body: Json, token: str, *, is_conditional: bool) -> Json:
        marked = {**body, "metadata": {"annotations": {TOKEN_ANNOTATION: token}}}
        try:
            return self._api.patch(
                self._paths[slot], conditional(marked, version_of(policy) if is_conditional else None)
            )
        except Conflict:
            raise Moved(
                f"someone else wrote the GameServerAllocationPolicy {self._names[slot]} of {self._api.server} while "
                "this run did: find out who, check both policies' weights, then start again"
            ) from None

    def _evidence(self, found: Mapping[str, Json]) -> Evidence:
        priorities = {slot: int(policy["spec"].get("priority") or 0) for slot, policy in found.items()}
        details: dict[str, Any] = {"priorities": priorities}
        if len(set(priorities.values())) > 1:
            text = ", ".join(f"{self._names[slot]} has priority {value}" for slot, value in priorities.items())
            return Evidence(False, f"weights decide among equal priorities only, but {text}: make them equal", details)
        return Evidence(True, f"weights of {len(found)} policies of one priority", details)


def _weight_of(policy: Json) -> int:
    return int(policy["spec"].get("weight") or 0)


def _token_of(policy: Json) -> str:
    return str((policy["metadata"].get("annotations") or {}).get(TOKEN_ANNOTATION, ""))


def _revision_of(found: Mapping[str, Json]) -> str:
    return ",".join(f"{slot}={version_of(policy)}" for slot, policy in found.items())
