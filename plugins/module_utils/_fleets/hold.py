# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Floors under FleetAutoscalers, those that are detached because their policy has no floor, and their release. Pure.

What a floor replaced is kept in an annotation on the FleetAutoscaler. A detached one is kept whole in a ConfigMap of
its namespace and not on its Fleet, since writes to Fleets go through Agones' webhook, which may be down. Either way
anyone can release it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import hold_annotation
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import (
    KEPT_VERSION,
    merged,
    read_kept_in,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import template_spec
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

DEFAULT_CAPACITY = 1000
# Set by the API server; an object that is created again gets its own.
SERVER_FIELDS = frozenset(
    {
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "selfLink",
    }
)


@dataclass(frozen=True)
class Bounds:
    """Where a policy has its limits."""

    section: str
    least: str
    most: str

    @property
    def names(self) -> tuple[str, str]:
        return (self.least, self.most)


BOUNDS = {
    "Buffer": Bounds("buffer", "minReplicas", "maxReplicas"),
    "Counter": Bounds("counter", "minCapacity", "maxCapacity"),
    "List": Bounds("list", "minCapacity", "maxCapacity"),
}


@dataclass(frozen=True)
class Floor:
    """The merge patch that keeps a Fleet from shrinking."""

    patch: Json


@dataclass(frozen=True)
class Detach:
    """Delete the FleetAutoscaler and keep this text."""

    kept: str


@dataclass(frozen=True)
class Hold:
    """A hold as its annotation has it: the limits it set and the ones it replaced (None: was absent)."""

    run: str
    set: dict[str, int]
    original: dict[str, int | None]

    def to_json(self) -> str:
        return json.dumps({"v": KEPT_VERSION, "run": self.run, "set": self.set, "original": self.original})


def shelf_name(domain: str) -> str:
    """The ConfigMap that keeps the detached FleetAutoscalers of a namespace, one in each key."""
    return f"{domain}.hold"


def read_hold(autoscaler: Mapping[str, Any], domain: str) -> Hold | None:
    """The hold on a FleetAutoscaler, if there is one. Raises BlueGreenError when it cannot be read."""
    return read_kept_in(
        autoscaler,
        hold_annotation(domain),
        f"FleetAutoscaler {autoscaler_name(autoscaler)}",
        "set minimum and maximum by hand",
        lambda document: Hold(str(document["run"]), dict(document["set"]), dict(document["original"])),
    )


def fleet_of(autoscaler: Mapping[str, Any]) -> str:
    return str(autoscaler["spec"].get("fleetName", ""))


def policy_of(autoscaler: Mapping[str, Any]) -> str:
    return str((autoscaler["spec"].get("policy") or {}).get("type", ""))


def limits_of(autoscaler: Mapping[str, Any]) -> dict[str, int | None]:
    """Minimum and maximum by their names; empty for a policy without them."""
    bounds = BOUNDS.get(policy_of(autoscaler))
    return {} if bounds is None else {name: _section(autoscaler, bounds).get(name) for name in bounds.names}


def floor_of(autoscaler: Mapping[str, Any], fleet: Mapping[str, Any], replicas: int) -> int:
    """The minimum, in the policy's own unit, with which a Fleet keeps this many servers.

    Counters and Lists count room: that of this many servers of the template, or all that there is now, since
    sessions may have raised their own. Agones does nothing for a key that the template does not have.
    """
    bounds = BOUNDS[policy_of(autoscaler)]
    if bounds.section == "buffer":
        return replicas
    key, kind = _section(autoscaler, bounds).get("key"), f"{bounds.section}s"
    template = template_spec(fleet).get(kind) or {}
    if key not in template:
        return 0
    present = ((fleet.get("status") or {}).get(kind) or {}).get(key) or {}
    return max(replicas * int((template[key] or {}).get("capacity", DEFAULT_CAPACITY)), int(present.get("capacity", 0)))


def plan_hold(
    autoscaler: Mapping[str, Any], fleet: Mapping[str, Any], replicas: int, run: str, domain: str
) -> Floor | Detach | None:
    """How to keep a Fleet from shrinking below `replicas` servers; None when it cannot shrink.

    A floor is never lowered here. Agones refuses a minimum below the buffer, and a maximum below the
    minimum, so both may have to rise.
    """
    bounds = BOUNDS.get(policy_of(autoscaler))
    if bounds is None:
        return plan_detach(autoscaler, run, domain) if replicas else None
    limits, floor = limits_of(autoscaler), floor_of(autoscaler, fleet, replicas)
    if floor <= (limits[bounds.least] or 0):
        return None
    size = _section(autoscaler, bounds).get("bufferSize", 0)
    wanted = max(floor, size if isinstance(size, int) else 0)
    raised = {bounds.least: wanted, bounds.most: max(wanted, limits[bounds.most] or 0)}
    hold = Hold(run, raised, released_limits(autoscaler, domain))
    return Floor(_patch(autoscaler, hold_annotation(domain), hold.to_json(), raised))


def plan_hold_release(autoscaler: Mapping[str, Any], domain: str) -> Json | None:
    """The merge patch that removes a hold; None when there is none.

    A limit that someone else has changed since is left as it is.
    """
    held = read_hold(autoscaler, domain)
    if held is None:
        return None
    limits = limits_of(autoscaler)
    restored = {name: held.original.get(name) for name, value in limits.items() if value == held.set.get(name)}
    return _patch(autoscaler, hold_annotation(domain), None, restored)


def released_limits(autoscaler: Mapping[str, Any], domain: str) -> dict[str, int | None]:
    """The limits as they are without a hold."""
    held, limits = read_hold(autoscaler, domain), limits_of(autoscaler)
    if held is None:
        return limits
    return {name: held.original.get(name) if value == held.set.get(name) else value for name, value in limits.items()}


def plan_detach(autoscaler: Mapping[str, Any], run: str, domain: str) -> Detach:
    """Detach a FleetAutoscaler. It comes back as it is without a hold and without what the API server owns."""
    released = merged(autoscaler, plan_hold_release(autoscaler, domain) or {})
    metadata = {key: value for key, value in released["metadata"].items() if key not in SERVER_FIELDS}
    whole = {key: value for key, value in released.items() if key != "status"} | {"metadata": metadata}
    # A list of objects leaves kind and version out of its items.
    whole = {"apiVersion": "autoscaling.agones.dev/v1", "kind": "FleetAutoscaler"} | whole
    return Detach(json.dumps({"v": KEPT_VERSION, "run": run, "autoscaler": whole}))


def read_kept(name: str, text: str, domain: str) -> Json:
    """A FleetAutoscaler that was detached, as it should be created again. Raises BlueGreenError."""
    try:
        document = json.loads(text)
        if document["v"] != KEPT_VERSION:
            raise ValueError(f"version {document['v']}")
        return dict(document["autoscaler"])
    except (KeyError, TypeError, ValueError) as error:
        raise BlueGreenError(
            f"key {name} of ConfigMap {shelf_name(domain)} cannot be read ({error}): "
            "create that FleetAutoscaler by hand and remove the key"
        ) from error


def hold_mark(autoscaler: Mapping[str, Any], run: str) -> str:
    """What is written on a Fleet once its FleetAutoscaler is gone. No two detachments write the same."""
    metadata = autoscaler["metadata"]
    version = str(metadata.get("resourceVersion", ""))
    return json.dumps({"v": KEPT_VERSION, "run": run, "detached": metadata["name"], "resourceVersion": version})


def autoscaler_name(autoscaler: Mapping[str, Any]) -> str:
    metadata = autoscaler["metadata"]
    return f"{metadata.get('namespace')}/{metadata.get('name')}"


def _section(autoscaler: Mapping[str, Any], bounds: Bounds) -> Mapping[str, Any]:
    return autoscaler["spec"]["policy"].get(bounds.section) or {}


def _patch(autoscaler: Mapping[str, Any], annotation: str, value: str | None, limits: Mapping[str, int | None]) -> Json:
    patch: Json = {
        "metadata": {
            "resourceVersion": autoscaler["metadata"]["resourceVersion"],
            "annotations": {annotation: value},
        }
    }
    if limits:
        patch["spec"] = {"policy": {BOUNDS[policy_of(autoscaler)].section: dict(limits)}}
    return patch
