# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Size Fleets, hold them there, and compare two slots' Fleets: read, plan, write, read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping, Protocol, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    ALLOCATION_POLICIES,
    AUTOSCALERS,
    FLEETS,
    GAME_SERVERS,
    ApiFailure,
    Conflict,
    KubeApi,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.capacity import (
    Have,
    Want,
    grown,
    have,
    is_short,
    progress_text,
    replicas_of,
    seats_needed,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.heartbeat import Heartbeat
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.hold import (
    fleet_of,
    limits_of,
    plan_hold,
    plan_release,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.parity import (
    Difference,
    compare,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server, read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import Keeper

Json = dict[str, Any]
WRITE_ATTEMPTS = 5
POLL_SECONDS = 0.5


class NoFleets(BlueGreenError):
    """The cluster has no Agones yet, or no Fleet of the game."""


class Fleets(Protocol):
    """What sizing needs of a cluster; `KubeFleets` is the real one."""

    def fleets(self, namespace: str) -> list[Json]:
        """Every Fleet of a namespace. Raises NoFleets when Agones is not installed."""

    def autoscalers(self, namespace: str) -> list[Json]:
        """Every FleetAutoscaler of a namespace."""

    def autoscaler(self, namespace: str, name: str) -> Json | None:
        """One FleetAutoscaler, or None."""

    def policies(self, namespace: str) -> list[Json]:
        """Every GameServerAllocationPolicy of a namespace; none where the kind is not installed."""

    def servers(self, namespace: str) -> list[Server]:
        """Every GameServer of a namespace."""

    def scale(self, namespace: str, name: str, replicas: int) -> None:
        """Set a Fleet's size."""

    def patch_autoscaler(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        """Merge patch of a FleetAutoscaler. Raises Conflict."""


class KubeFleets:
    """A cluster's Fleets through its API server."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    def fleets(self, namespace: str) -> list[Json]:
        try:
            return self._api.list(FLEETS.path(namespace))[0]
        except NotFound as error:
            raise NoFleets(
                f"{self._api.server} knows no Fleets: install the release's chart of Agones first "
                "(role platform_charts)"
            ) from error

    def autoscalers(self, namespace: str) -> list[Json]:
        return self._api.list(AUTOSCALERS.path(namespace))[0]

    def autoscaler(self, namespace: str, name: str) -> Json | None:
        return self._api.find(AUTOSCALERS.path(namespace, name))

    def policies(self, namespace: str) -> list[Json]:
        try:
            return self._api.list(ALLOCATION_POLICIES.path(namespace))[0]
        except NotFound:
            return []

    def servers(self, namespace: str) -> list[Server]:
        return [read_server(item) for item in self._api.list(GAME_SERVERS.path(namespace))[0]]

    def scale(self, namespace: str, name: str, replicas: int) -> None:
        self._api.patch(FLEETS.path(namespace, name, "scale"), {"spec": {"replicas": replicas}})

    def patch_autoscaler(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        return self._api.patch(AUTOSCALERS.path(namespace, name), body)


@dataclass
class FleetCapacity:
    """Make Fleets at least as large as wanted, and wait until the servers are up."""

    api: Fleets
    wants: Sequence[Want]
    run_id: str
    domain: str
    keeper: Keeper
    clock: Clock
    wait: bool = True
    slice_seconds: float = 20.0

    def run(self, *, check_mode: bool) -> Json:
        """One round. A floor goes under an autoscaler before its Fleet is scaled: else it shrinks it again."""
        before = self._read()
        if check_mode:
            after = [(want, grown(want, found)) for want, found in before]
            changed = self._raise_floors(check_mode=True) or after != before
            return self._result(changed, before, after, finished=True)
        self.keeper.keep()
        changed = self._raise_floors(check_mode=False)
        changed = self._scale(before) or changed
        after, finished = self._wait()
        return self._result(changed, before, after, finished)

    def _wait(self) -> tuple[list[tuple[Want, Have]], bool]:
        heart = Heartbeat(self.keeper, self.clock)
        end = self.clock.monotonic() + self.slice_seconds
        while True:
            now = self._read()
            # An autoscaler that had read its old minimum may just have shrunk the Fleet.
            self._scale(now)
            finished = not self.wait or not any(is_short(want, found) for want, found in now)
            if finished or self.clock.monotonic() >= end:
                return now, finished
            heart.beat()
            self.clock.sleep(POLL_SECONDS)

    def _read(self) -> list[tuple[Want, Have]]:
        namespaces = sorted({want.namespace for want in self.wants})
        fleets = {(ns, f["metadata"]["name"]): f for ns in namespaces for f in self.api.fleets(ns)}
        missing = [f"{want.namespace}/{want.name}" for want in self.wants if want.key not in fleets]
        if missing:
            raise NoFleets(
                f"there is no Fleet {', '.join(missing)} in this cluster: the release's game chart must create it"
            )
        return [(want, have(want, fleets[want.key], self.api.servers)) for want in self.wants]

    def _raise_floors(self, *, check_mode: bool) -> bool:
        changed = False
        wanted = {want.key: want.replicas for want in self.wants}
        for namespace in sorted({want.namespace for want in self.wants}):
            for autoscaler in self.api.autoscalers(namespace):
                floor = wanted.get((namespace, fleet_of(autoscaler)))
                if floor:
                    plan = hold_planner(floor, self.run_id, self.domain)
                    changed = write_autoscaler(self.api, autoscaler, plan, check_mode=check_mode)[0] or changed
        return changed

    def _scale(self, found: Sequence[tuple[Want, Have]]) -> bool:
        short = [want for want, fleet in found if fleet.replicas < want.replicas]
        for want in short:
            self.api.scale(want.namespace, want.name, want.replicas)
        return bool(short)

    def _result(
        self,
        changed: bool,
        before: Sequence[tuple[Want, Have]],
        after: Sequence[tuple[Want, Have]],
        finished: bool,
    ) -> Json:
        return {
            "changed": changed,
            "fleets": [_fleet_document(want, found) for want, found in after],
            "diff": {
                "before": {f"{w.namespace}/{w.name}": {"replicas": h.replicas} for w, h in before},
                "after": {f"{w.namespace}/{w.name}": {"replicas": h.replicas} for w, h in after},
            },
            "round": {"finished": finished, "progress": progress_text(after), "retry_after_seconds": 0.2},
        }


def predict_capacity(wants: Sequence[Want]) -> Json:
    """The result for a cluster that does not exist yet."""
    return {
        "changed": bool(wants),
        "fleets": [_fleet_document(want, grown(want, Have(0, 0))) for want in wants],
        "diff": {
            "before": {},
            "after": {f"{want.namespace}/{want.name}": {"replicas": want.replicas} for want in wants},
            "after_header": "predicted",
        },
        "round": {"finished": True, "progress": "", "retry_after_seconds": 0.0},
    }


def predict_hold() -> Json:
    """The result for a cluster that does not exist yet."""
    return {"changed": True, "autoscalers": [], "diff": {"before": {}, "after": {}, "after_header": "predicted"}}


def _fleet_document(want: Want, found: Have) -> Json:
    return {
        "namespace": want.namespace,
        "name": want.name,
        "wanted": want.replicas,
        "replicas": found.replicas,
        "up": found.up,
    }


@dataclass
class CapacityHold:
    """Put floors under a cluster's Buffer autoscalers at their Fleets' size, or release them."""

    api: Fleets
    namespaces: Sequence[str]
    run_id: str
    domain: str
    keeper: Keeper

    def run(self, *, released: bool, check_mode: bool) -> Json:
        """All autoscalers are read and understood before the first one is written."""
        if not check_mode:
            self.keeper.keep()
        todo: list[tuple[Json, Planner]] = []
        for namespace in self.namespaces:
            sizes = {fleet["metadata"]["name"]: replicas_of(fleet) for fleet in self.api.fleets(namespace)}
            for autoscaler in self.api.autoscalers(namespace):
                floor = sizes.get(fleet_of(autoscaler), 0)
                plan = release_planner(self.domain) if released else hold_planner(floor, self.run_id, self.domain)
                plan(autoscaler)
                todo.append((autoscaler, plan))
        states = [_autoscaler_document(autoscaler) for autoscaler, _plan in todo]
        written = [write_autoscaler(self.api, autoscaler, plan, check_mode=check_mode) for autoscaler, plan in todo]
        after = [_autoscaler_document(autoscaler) for _changed, autoscaler in written]
        return {
            "changed": any(changed for changed, _autoscaler in written),
            "autoscalers": after,
            "diff": {"before": _by_name(states), "after": _by_name(after)},
        }


Planner = Callable[[Json], "Json | None"]


def hold_planner(floor: int, run_id: str, domain: str) -> Planner:
    return lambda autoscaler: plan_hold(autoscaler, floor, run_id, domain)


def release_planner(domain: str) -> Planner:
    return lambda autoscaler: plan_release(autoscaler, domain)


def write_autoscaler(api: Fleets, autoscaler: Json, plan: Planner, *, check_mode: bool) -> tuple[bool, Json]:
    """Carry a plan out on the autoscaler as it is, planning again when it changed in between.

    Returns whether a write was due, and the autoscaler after it (in check mode: as it would be).
    """
    namespace, name = autoscaler["metadata"]["namespace"], autoscaler["metadata"]["name"]
    for _attempt in range(WRITE_ATTEMPTS):
        patch = plan(autoscaler)
        if patch is None:
            return False, autoscaler
        if check_mode:
            return True, _merged(autoscaler, patch)
        try:
            return True, api.patch_autoscaler(namespace, name, patch)
        except Conflict:
            found = api.autoscaler(namespace, name)
            if found is None:
                return False, autoscaler
            autoscaler = found
    raise ApiFailure(f"FleetAutoscaler {namespace}/{name} changed {WRITE_ATTEMPTS} times in between: run again", 409)


def _merged(autoscaler: Json, patch: Json) -> Json:
    policy = autoscaler["spec"]["policy"]
    buffer = {**policy["buffer"], **patch["spec"]["policy"]["buffer"]}
    return {**autoscaler, "spec": {**autoscaler["spec"], "policy": {**policy, "buffer": buffer}}}


def _autoscaler_document(autoscaler: Json) -> Json:
    limits = limits_of(autoscaler)
    return {
        "namespace": autoscaler["metadata"]["namespace"],
        "name": autoscaler["metadata"]["name"],
        "fleet": fleet_of(autoscaler),
        "min_replicas": limits["minReplicas"],
        "max_replicas": limits["maxReplicas"],
    }


def _by_name(documents: Sequence[Json]) -> Json:
    return {f"{document['namespace']}/{document['name']}": document for document in documents}


def has_fleets(cluster: Fleets, namespaces: Sequence[str]) -> bool:
    """Whether Agones is installed and there is a Fleet."""
    try:
        return any(cluster.fleets(namespace) for namespace in namespaces)
    except NoFleets:
        return False


def compare_slots(
    source: Fleets,
    target: Fleets | None,
    namespaces: Sequence[str],
    *,
    expected: Sequence[str],
    headroom_percent: float,
    domain: str,
) -> tuple[list[Json], list[Difference]]:
    """The size that each of the source's Fleets needs on the target, and how the slots differ.

    A target that does not exist yet (None) is not compared.
    """
    sizes: list[Json] = []
    differences: list[Difference] = []
    for namespace in namespaces:
        fleets = source.fleets(namespace)
        for fleet in fleets:
            replicas = seats_needed(fleet, headroom_percent)
            sizes.append({"namespace": namespace, "name": fleet["metadata"]["name"], "replicas": replicas})
        if target is not None:
            pairs = (
                ("Fleet", fleets, target.fleets(namespace)),
                ("FleetAutoscaler", source.autoscalers(namespace), target.autoscalers(namespace)),
                ("GameServerAllocationPolicy", source.policies(namespace), target.policies(namespace)),
            )
            for kind, left, right in pairs:
                differences += compare(kind, left, right, expected, domain)
    return sizes, differences
