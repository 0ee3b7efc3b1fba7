# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Hold a cluster's FleetAutoscalers, and let them go again.

Agones writes a whole Fleet when it scales one, with the version that it had read. So the mark on the Fleet, written
after its FleetAutoscaler is gone, makes the API server refuse a scaling that was still under way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Iterator, Mapping, Protocol, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import may_end
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure, Conflict
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import hold_annotation
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import merged
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import Access, refuse_missing
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.capacity import replicas_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold import (
    Detach,
    Floor,
    autoscaler_name,
    fleet_of,
    hold_mark,
    limits_of,
    plan_detach,
    plan_hold,
    plan_hold_release,
    policy_of,
    read_hold,
    read_kept,
    shelf_name,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

# A FleetAutoscaler, its Fleet, and the number of servers below which the Fleet should not shrink.
Due = tuple[Json, Json, int]
_WRITE_ATTEMPTS = 5
FLOOR = "floor"
DETACHED = "detached"
NONE = "none"
WEBHOOK_DOWN = "failed calling webhook"
FIELD_NAMES = {
    "minReplicas": "min_replicas",
    "maxReplicas": "max_replicas",
    "minCapacity": "min_capacity",
    "maxCapacity": "max_capacity",
}


class Autoscalers(Protocol):
    """What a hold needs of a cluster."""

    def fleets(self, namespace: str) -> list[Json]:
        """Every Fleet of a namespace. Raises NoFleets when Agones is not installed."""

    def autoscalers(self, namespace: str) -> list[Json]:
        """Every FleetAutoscaler of a namespace."""

    def autoscaler(self, namespace: str, name: str) -> Json | None:
        """One FleetAutoscaler, or None."""

    def patch_autoscaler(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        """Merge patch of a FleetAutoscaler. Raises Conflict."""

    def create_autoscaler(self, namespace: str, body: Mapping[str, Any]) -> Json:
        """Create a FleetAutoscaler. Raises Conflict when there is one of that name."""

    def delete_autoscaler(self, autoscaler: Mapping[str, Any]) -> None:
        """Delete a FleetAutoscaler if it is still as it was read. Raises Conflict."""

    def kept(self, namespace: str, shelf: str) -> dict[str, str]:
        """The data of the ConfigMap that keeps detached FleetAutoscalers."""

    def keep(self, namespace: str, shelf: str, name: str, text: str) -> None:
        """Put one key into that ConfigMap, which is created if it is missing."""

    def forget(self, namespace: str, shelf: str, name: str) -> None:
        """Remove one key from that ConfigMap, and the ConfigMap when it is empty."""

    def annotate_fleet(self, namespace: str, name: str, annotation: str, value: str | None) -> Json:
        """Set or remove an annotation of a Fleet; returns the Fleet as it is then."""

    def scale(self, namespace: str, name: str, replicas: int) -> None:
        """Set a Fleet's size."""

    def missing(self, needed: Sequence[Access]) -> list[Access]:
        """Which of these we may not do."""


def is_webhook_down(error: BlueGreenError) -> bool:
    """Whether the API server could not ask Agones' webhook, which then counts as a refusal."""
    return WEBHOOK_DOWN in error.message


def kept_autoscalers(api: Autoscalers, namespace: str, domain: str) -> list[Json]:
    """The FleetAutoscalers of a namespace that are detached, as they were."""
    kept = api.kept(namespace, shelf_name(domain))
    return [read_kept(name, text, domain) for name, text in sorted(kept.items())]


def all_autoscalers(api: Autoscalers, namespace: str, domain: str) -> list[Json]:
    """Those that are there, and those that are detached."""
    found = api.autoscalers(namespace)
    names = {one["metadata"]["name"] for one in found}
    return found + [one for one in kept_autoscalers(api, namespace, domain) if one["metadata"]["name"] not in names]


def held_autoscalers(api: Autoscalers, namespaces: Sequence[str], domain: str) -> list[str]:
    """The FleetAutoscalers that are held, those that are detached included. Only reads."""
    floors = [one for ns in namespaces for one in api.autoscalers(ns) if read_hold(one, domain)]
    detached = [one for ns in namespaces for one in kept_autoscalers(api, ns, domain)]
    return list(dict.fromkeys(autoscaler_name(one) for one in [*floors, *detached]))


def grow(api: Autoscalers, fleet: Json, replicas: int) -> bool:
    """Give a Fleet that was just read more servers; False where it has grown beyond that by itself."""
    metadata = fleet["metadata"]
    resize = may_end.Resize("the size", metadata["namespace"], metadata["name"], replicas_of(fleet), replicas)
    if may_end.protects_size(resize):
        return False
    api.scale(resize.namespace, resize.name, replicas)
    return True


def limit_changes(autoscaler: Json, after: Json, domain: str) -> Iterator[may_end.Resize]:
    """What a write changes in the limits of a FleetAutoscaler, under which its Fleet can get smaller."""
    namespace, name = autoscaler["metadata"]["namespace"], autoscaler["metadata"]["name"]
    held, limits = read_hold(autoscaler, domain), limits_of(after)
    for limit, value in limits_of(autoscaler).items():
        is_owners = held is not None and limits[limit] == held.original.get(limit)
        yield may_end.Resize(limit, namespace, name, value, limits[limit], is_owners)


@dataclass
class Holder:
    """Holds one FleetAutoscaler after the other; in check mode it only says what it would do."""

    api: Autoscalers
    run_id: str
    domain: str
    check_mode: bool
    warnings: list[str] = field(default_factory=list)

    def plan(self, autoscaler: Json, fleet: Json, replicas: int) -> Floor | Detach | None:
        """What is due to keep a Fleet from shrinking below `replicas` servers."""
        return plan_hold(autoscaler, fleet, replicas, self.run_id, self.domain)

    def hold(self, autoscaler: Json, fleet: Json, replicas: int) -> tuple[bool, Json]:
        """Keep a Fleet from shrinking below `replicas` servers; whether anything was due, and what there is now."""

        def attempt(current: Json) -> Json | None:
            plan = self.plan(current, fleet, replicas)
            return None if plan is None else self._carry_out(plan, current, replicas)

        return self._on_newest(autoscaler, attempt)

    def release(self, autoscaler: Json) -> tuple[bool, Json]:
        """Remove the floor from a FleetAutoscaler that is there."""

        def attempt(current: Json) -> Json | None:
            patch = plan_hold_release(current, self.domain)
            return None if patch is None else self._patch(current, patch)

        return self._on_newest(autoscaler, attempt)

    def _on_newest(self, autoscaler: Json, attempt: Callable[[Json], Json | None]) -> tuple[bool, Json]:
        """Write to the newest version of a FleetAutoscaler; `attempt` returns None if nothing is due."""
        namespace, name = autoscaler["metadata"]["namespace"], autoscaler["metadata"]["name"]
        for _attempt in range(_WRITE_ATTEMPTS):
            try:
                written = attempt(autoscaler)
            except Conflict:
                found = self.api.autoscaler(namespace, name)
                if found is not None:
                    autoscaler = found
                    continue
                written = None
            return written is not None, _document_of(autoscaler, self.domain) if written is None else written
        raise changed_too_often(namespace, name)

    def _patch(self, autoscaler: Json, patch: Json) -> Json:
        metadata, after = autoscaler["metadata"], merged(autoscaler, patch)
        for resize in limit_changes(autoscaler, after, self.domain):
            may_end.refuse_size(resize)
        if not self.check_mode:
            after = self.api.patch_autoscaler(metadata["namespace"], metadata["name"], patch)
        return _document_of(after, self.domain)

    def restore(self, kept: Json, *, is_there: bool) -> Json:
        """Create a detached FleetAutoscaler again; one that someone else has made meanwhile stays as it is."""
        namespace, name = kept["metadata"]["namespace"], kept["metadata"]["name"]
        if not self.check_mode:
            if not is_there:
                try:
                    self.api.create_autoscaler(namespace, kept)
                except Conflict:
                    self.warnings.append(
                        f"FleetAutoscaler {autoscaler_name(kept)} was there already, and stays as it is"
                    )
            self.api.forget(namespace, shelf_name(self.domain), name)
            self._mark(namespace, fleet_of(kept), None)
        return _document_of(kept, self.domain)

    def _carry_out(self, plan: Floor | Detach, autoscaler: Json, replicas: int) -> Json:
        if isinstance(plan, Floor):
            try:
                return self._patch(autoscaler, plan.patch)
            except ApiFailure as error:
                if not is_webhook_down(error):
                    raise
                self.warnings.append(
                    f"FleetAutoscaler {autoscaler_name(autoscaler)} is detached: agones-extensions does not answer, "
                    "and without it no floor can be raised"
                )
                plan = plan_detach(autoscaler, self.run_id, self.domain)
        if not self.check_mode:
            self._detach(plan, autoscaler, replicas)
        return detached_document(autoscaler)

    def _detach(self, plan: Detach, autoscaler: Json, replicas: int) -> None:
        """Kept before it goes: after a stop in between there are both, and a release uses the one that is there."""
        namespace, name = autoscaler["metadata"]["namespace"], autoscaler["metadata"]["name"]
        self.api.keep(namespace, shelf_name(self.domain), name, plan.kept)
        self.api.delete_autoscaler(autoscaler)
        fleet = self._mark(namespace, fleet_of(autoscaler), hold_mark(autoscaler, self.run_id))
        # Its last scaling may have come before the mark.
        if fleet is not None and replicas_of(fleet) < replicas:
            grow(self.api, fleet, replicas)

    def _mark(self, namespace: str, fleet: str, value: str | None) -> Json | None:
        """The marked Fleet; None if it cannot be marked: without its webhook Agones scales no Fleet either."""
        try:
            return self.api.annotate_fleet(namespace, fleet, hold_annotation(self.domain), value)
        except ApiFailure as error:
            if error.status != 404 and not is_webhook_down(error):
                raise
            return None


@dataclass
class CapacityHold:
    """Keep a cluster's Fleets at their size, or let them go again."""

    api: Autoscalers
    namespaces: Sequence[str]
    run_id: str
    domain: str
    keeper: Keeper
    warnings: list[str] = field(default_factory=list)

    def run(self, *, released: bool, check_mode: bool) -> Json:
        """All autoscalers are read and understood before the first one is written."""
        if not check_mode:
            self.keeper.keep()
        holder = Holder(self.api, self.run_id, self.domain, check_mode, self.warnings)
        refuse_missing(self.api.missing([access for ns in self.namespaces for access in reading_access(ns)]))
        found = [(ns, self.api.fleets(ns), self.api.autoscalers(ns), self._kept(ns)) for ns in self.namespaces]
        before = [document for _ns, _fleets, live, kept in found for document in self._documents(live, kept)]
        refuse_missing(self.api.missing(list(self._needed(holder, found, released))))
        written = self._releases(holder, found) if released else list(self._holds(holder, found))
        after = [document for _changed, document in written]
        return {
            "changed": any(changed for changed, _document in written),
            "autoscalers": after,
            "diff": {"before": _by_name(before), "after": _by_name(after)},
        }

    def _kept(self, namespace: str) -> list[Json]:
        return kept_autoscalers(self.api, namespace, self.domain)

    def _documents(self, live: Sequence[Json], kept: Sequence[Json]) -> Iterator[Json]:
        yield from (_document_of(autoscaler, self.domain) for autoscaler in live)
        yield from (detached_document(autoscaler) for autoscaler in _gone(live, kept))

    def _needed(self, holder: Holder, found: Sequence[Found], released: bool) -> Iterator[Access]:
        """The verbs that the due writes need; none if nothing is due."""
        for namespace, fleets, live, kept in found:
            if released:
                floors = any(plan_hold_release(autoscaler, self.domain) for autoscaler in live)
                yield from release_access(namespace, floors=floors, detached=bool(kept))
            elif any(holder.plan(*held) for held in _at_size(live, fleets)):
                yield from hold_access(namespace)

    def _holds(self, holder: Holder, found: Sequence[Found]) -> Iterator[tuple[bool, Json]]:
        for _namespace, fleets, live, kept in found:
            for held in _at_size(live, fleets):
                yield holder.hold(*held)
            yield from ((False, detached_document(autoscaler)) for autoscaler in _gone(live, kept))

    def _releases(self, holder: Holder, found: Sequence[Found]) -> list[tuple[bool, Json]]:
        """Each is tried, whatever happens to the others. Raises BlueGreenError with all that stay held."""
        done: dict[str, tuple[bool, Json]] = {}
        wrong = []
        for _namespace, _fleets, live, kept in found:
            for autoscaler in live:
                try:
                    done[autoscaler_name(autoscaler)] = holder.release(autoscaler)
                except (ApiFailure, may_end.Protected) as error:
                    wrong.append(_stays(autoscaler, error))
            for autoscaler in kept:
                name = autoscaler_name(autoscaler)
                try:
                    document = holder.restore(autoscaler, is_there=name in map(autoscaler_name, live))
                    done[name] = (True, done[name][1] if name in done else document)
                except ApiFailure as error:
                    wrong.append(_stays(autoscaler, error))
        if wrong:
            raise BlueGreenError("not everything could be released; run it again: " + "; ".join(wrong), problems=wrong)
        return list(done.values())


Found = tuple[str, list[Json], list[Json], list[Json]]


def predict_hold() -> Json:
    """The result for a cluster that does not exist yet."""
    return {"changed": True, "autoscalers": [], "diff": {"before": {}, "after": {}, "after_header": "predicted"}}


def reading_access(namespace: str) -> list[Access]:
    """The permissions to read how things are."""
    return [
        Access("list", "agones.dev", "fleets", namespace),
        Access("list", "autoscaling.agones.dev", "fleetautoscalers", namespace),
        Access("get", "", "configmaps", namespace),
    ]


def scale_access(namespace: str) -> Access:
    return Access("patch", "agones.dev", "fleets/scale", namespace)


def hold_access(namespace: str) -> list[Access]:
    """The permissions that a hold may need in a namespace, whatever its first plan is, and those to take it back.

    A floor becomes a detachment if agones-extensions is down, and each becomes the other if someone changes the
    policy meanwhile. Nothing is taken away that could not be put back.
    """
    verbs = ("get", "create", "patch", "delete")
    return [
        *(Access(verb, "autoscaling.agones.dev", "fleetautoscalers", namespace) for verb in verbs),
        *(Access(verb, "", "configmaps", namespace) for verb in verbs),
        Access("patch", "agones.dev", "fleets", namespace),
        scale_access(namespace),
    ]


def release_access(namespace: str, *, floors: bool, detached: bool) -> list[Access]:
    """The permissions that a release needs in a namespace."""
    verbs = (["get", "patch"] if floors else []) + (["create"] if detached else [])
    access = [Access(verb, "autoscaling.agones.dev", "fleetautoscalers", namespace) for verb in verbs]
    if detached:
        access += [Access(verb, "", "configmaps", namespace) for verb in ("patch", "delete")]
        access.append(Access("patch", "agones.dev", "fleets", namespace))
    return access


def changed_too_often(namespace: str, name: str) -> ApiFailure:
    text = f"FleetAutoscaler {namespace}/{name} changed {_WRITE_ATTEMPTS} times before it could be written: run again"
    return ApiFailure(text, 409)


def _document_of(autoscaler: Mapping[str, Any], domain: str) -> Json:
    """A FleetAutoscaler that is there, as the module returns it."""
    limits = {FIELD_NAMES[name]: value for name, value in limits_of(autoscaler).items()}
    return {**_names(autoscaler), "hold": FLOOR if read_hold(autoscaler, domain) else NONE, **limits}


def detached_document(autoscaler: Mapping[str, Any]) -> Json:
    """A FleetAutoscaler that is detached, as the module returns it."""
    return {**_names(autoscaler), "hold": DETACHED}


def _names(autoscaler: Mapping[str, Any]) -> Json:
    metadata = autoscaler["metadata"]
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "fleet": fleet_of(autoscaler),
        "policy": policy_of(autoscaler),
    }


def _at_size(live: Sequence[Json], fleets: Sequence[Json]) -> Iterator[Due]:
    """Each FleetAutoscaler with its Fleet, which should keep as many servers as it wants now."""
    by_name = {fleet["metadata"]["name"]: fleet for fleet in fleets}
    for autoscaler in live:
        fleet = by_name.get(fleet_of(autoscaler), {})
        yield autoscaler, fleet, replicas_of(fleet)


def _gone(live: Sequence[Json], kept: Sequence[Json]) -> list[Json]:
    names = {autoscaler["metadata"]["name"] for autoscaler in live}
    return [autoscaler for autoscaler in kept if autoscaler["metadata"]["name"] not in names]


def _stays(autoscaler: Json, error: BlueGreenError) -> str:
    reason = error.message
    if is_webhook_down(error):
        reason = "agones-extensions does not answer, and without it Agones takes no write to a FleetAutoscaler"
    return f"FleetAutoscaler {autoscaler_name(autoscaler)} stays held ({reason})"


def _by_name(documents: Sequence[Json]) -> Json:
    return {f"{document['namespace']}/{document['name']}": document for document in documents}
