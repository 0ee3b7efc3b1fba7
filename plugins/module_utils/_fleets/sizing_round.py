# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Size Fleets, hold them there, and compare two slots' Fleets: read, plan, write, read again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Callable, Iterator, Mapping, Protocol, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import NoFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import (
    Access,
    refuse_missing,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    NO_PREDICATE,
    Key,
    Predicate,
    Server,
    count_by_fleet,
    refuse_unknown,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.capacity import (
    Have,
    Size,
    Sizings,
    WantedSize,
    capacity_progress,
    grown,
    have,
    is_short,
    missing_text,
    size_of,
    sizing_problems,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold import fleet_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold_round import (
    Autoscalers,
    Due,
    Holder,
    all_autoscalers,
    grow,
    hold_access,
    scale_access,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.parity import (
    FleetDifference,
    compare,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.heartbeat import Heartbeat
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

_POLL_SECONDS = 0.5
# The state of a GameServer whose pod has no node yet.
STARTING = "Starting"


class Fleets(Autoscalers, Protocol):
    """What sizing needs of a cluster; `KubeFleets` is the real one."""

    def policies(self, namespace: str) -> list[Json]:
        """Every GameServerAllocationPolicy of a namespace; none if the kind is not installed."""

    def servers(self, namespace: str) -> list[Server]:
        """Every GameServer of a namespace."""

    def pending(self, namespace: str, name: str) -> str:
        """Why a pod has no node; an empty string if it has one, or if that cannot be read."""


@dataclass
class FleetCapacity:
    """Make Fleets at least as large as wanted, and wait until the servers are up."""

    api: Fleets
    wants: Sequence[WantedSize]
    run_id: str
    domain: str
    keeper: Keeper
    clock: Clock
    wait: bool = True
    slice_seconds: float = 20.0
    warnings: list[str] = field(default_factory=list)

    def run(self, *, check_mode: bool) -> Json:
        """One round. A floor goes under an autoscaler before its Fleet is scaled, or it would shrink it again."""
        holder = Holder(self.api, self.run_id, self.domain, check_mode, self.warnings)
        refuse_missing(self.api.missing([access for ns in self._namespaces for access in sizing_access(ns)]))
        before = self._read()
        floors = list(self._floors())
        refuse_missing(self.api.missing(list(self._needed(holder, floors))))
        if check_mode:
            after = [(want, grown(want, found)) for want, found in before]
            changed = self._raise_floors(holder, floors) or after != before
            return self._result(changed, before, after, finished=True)
        self.keeper.keep()
        changed = self._raise_floors(holder, floors)
        changed = self._scale(before) or changed
        after, finished = self._wait()
        return self._result(changed, before, after, finished)

    def _wait(self) -> tuple[list[tuple[WantedSize, Have]], bool]:
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
            self.clock.sleep(_POLL_SECONDS)

    @property
    def _namespaces(self) -> list[str]:
        return sorted({want.namespace for want in self.wants})

    def _read(self) -> list[tuple[WantedSize, Have]]:
        fleets = {(ns, f["metadata"]["name"]): f for ns in self._namespaces for f in self.api.fleets(ns)}
        missing = [f"{want.namespace}/{want.name}" for want in self.wants if want.key not in fleets]
        if missing:
            raise NoFleets(
                f"there is no Fleet {', '.join(missing)} in this cluster: the release's game chart must create it"
            )
        return [(want, have(want, fleets[want.key], self.api.servers)) for want in self.wants]

    def _floors(self) -> Iterator[Due]:
        """The autoscalers of the Fleets that are wanted."""
        wanted = {want.key: want.replicas for want in self.wants}
        for namespace in self._namespaces:
            fleets = {fleet["metadata"]["name"]: fleet for fleet in self.api.fleets(namespace)}
            for autoscaler in self.api.autoscalers(namespace):
                replicas = wanted.get((namespace, fleet_of(autoscaler)))
                if replicas:
                    yield autoscaler, fleets[fleet_of(autoscaler)], replicas

    def _needed(self, holder: Holder, floors: Sequence[Due]) -> Iterator[Access]:
        """The verbs of what may be written. Any Fleet may have to be scaled, even one that shrinks during the wait."""
        due = {floor[0]["metadata"]["namespace"] for floor in floors if holder.plan(*floor)}
        for namespace in self._namespaces:
            yield from hold_access(namespace) if namespace in due else [scale_access(namespace)]

    def _raise_floors(self, holder: Holder, floors: Sequence[Due]) -> bool:
        changes = [holder.hold(*floor)[0] for floor in floors]
        return any(changes)

    def _scale(self, found: Sequence[tuple[WantedSize, Have]]) -> bool:
        short = [want for want, fleet in found if fleet.replicas < want.replicas]
        grown = [grow(self.api, fleet, want.replicas) for want in short for fleet in self._now(want)]
        return any(grown)

    def _now(self, want: WantedSize) -> list[Json]:
        """The Fleet as it is now: it may have grown since it was found to be short."""
        return [fleet for fleet in self.api.fleets(want.namespace) if fleet["metadata"]["name"] == want.name]

    def _missing(self, found: Sequence[tuple[WantedSize, Have]]) -> dict[Key, str]:
        """What keeps the servers that are not up, for the Fleets that are short."""
        short = {want.key for want, fleet in found if is_short(want, fleet)}
        listed = [one for namespace in {key[0] for key in short} for one in self.api.servers(namespace)]
        servers = [one for one in listed if one.fleet_key in short and not one.is_up]
        starting = {one.fleet_key: one.name for one in servers if one.state == STARTING}
        pending = {key: self.api.pending(key[0], name) for key, name in starting.items()}
        return {key: missing_text(states, pending.get(key, "")) for key, states in count_by_fleet(servers).items()}

    def _result(
        self,
        changed: bool,
        before: Sequence[tuple[WantedSize, Have]],
        after: Sequence[tuple[WantedSize, Have]],
        finished: bool,
    ) -> Json:
        return {
            "changed": changed,
            "fleets": [_fleet_document(want, found) for want, found in after],
            "diff": {
                "before": {f"{w.namespace}/{w.name}": {"replicas": h.replicas} for w, h in before},
                "after": {f"{w.namespace}/{w.name}": {"replicas": h.replicas} for w, h in after},
            },
            "round": {
                "finished": finished,
                "progress": capacity_progress(after, {} if finished else self._missing(after)),
                "retry_after_seconds": 0.2,
            },
        }


def sizing_access(namespace: str) -> list[Access]:
    """The permissions to read how large a namespace's Fleets are, and to scale them."""
    return [
        Access("list", "agones.dev", "fleets", namespace),
        Access("list", "agones.dev", "gameservers", namespace),
        Access("list", "autoscaling.agones.dev", "fleetautoscalers", namespace),
    ]


def predict_capacity(wants: Sequence[WantedSize]) -> Json:
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


def _fleet_document(want: WantedSize, found: Have) -> Json:
    return {
        "namespace": want.namespace,
        "name": want.name,
        "wanted": want.replicas,
        "replicas": found.replicas,
        "up": found.up,
    }


def has_fleets(cluster: Fleets, namespaces: Sequence[str]) -> bool:
    """Whether Agones is installed and there is a Fleet."""
    try:
        return any(cluster.fleets(namespace) for namespace in namespaces)
    except NoFleets:
        return False


def size_fleets(
    source: Fleets,
    namespaces: Sequence[str],
    sizings: Sizings,
    domain: str,
    *,
    predicate: Predicate = NO_PREDICATE,
    read_peaks: Callable[[Sequence[Key]], Mapping[Key, int]] | None = None,
) -> list[Size]:
    """The size that each of the source's Fleets needs on the target. Raises BlueGreenError before it asks for peaks.

    `read_peaks` is asked about those whose peak the operator does not give.
    """
    fleets = {(ns, str(fleet["metadata"]["name"])): fleet for ns in namespaces for fleet in source.fleets(ns)}
    wrong = sizing_problems(sizings, list(fleets))
    if wrong:
        raise BlueGreenError("the Fleets cannot be sized: " + "; ".join(wrong), problems=wrong)
    refuse_unknown(predicate, fleets.values())
    scalers = {(ns, fleet_of(one)): one for ns in namespaces for one in all_autoscalers(source, ns, domain)}
    sessions = Counter(server.fleet_key for ns in namespaces for server in source.servers(ns) if server.is_session)
    peaks = {key: sizings.of(key).peak_sessions for key in fleets}
    unknown = [key for key, peak in peaks.items() if peak is None]
    if read_peaks and unknown:
        peaks.update(read_peaks(unknown))
    return [
        size_of(fleet, scalers.get(key), sessions[key], peaks[key], sizings.of(key)) for key, fleet in fleets.items()
    ]


def compare_slots(
    source: Fleets, target: Fleets | None, namespaces: Sequence[str], *, expected: Sequence[str], domain: str
) -> list[FleetDifference]:
    """How the slots differ. A target that does not exist yet (None) is not compared."""
    differences: list[FleetDifference] = []
    if target is None:
        return differences
    for namespace in namespaces:
        pairs = (
            ("Fleet", source.fleets(namespace), target.fleets(namespace)),
            (
                "FleetAutoscaler",
                all_autoscalers(source, namespace, domain),
                all_autoscalers(target, namespace, domain),
            ),
            ("GameServerAllocationPolicy", source.policies(namespace), target.policies(namespace)),
        )
        for kind, left, right in pairs:
            differences += compare(kind, left, right, expected, domain)
    return differences
