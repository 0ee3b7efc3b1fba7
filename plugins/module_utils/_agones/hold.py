# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Floors under FleetAutoscalers, and their release. Pure.

What the floor replaced is kept in an annotation on the FleetAutoscaler, so that anyone can release it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import hold_annotation
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

Json = dict[str, Any]
VERSION = 1
LIMITS = ("minReplicas", "maxReplicas")


@dataclass(frozen=True)
class Hold:
    """A hold as its annotation has it: the limits it set and the ones it replaced (None: was absent)."""

    run: str
    set: dict[str, int]
    original: dict[str, int | None]

    def to_json(self) -> str:
        return json.dumps({"v": VERSION, "run": self.run, "set": self.set, "original": self.original})


def read_hold(autoscaler: Mapping[str, Any], domain: str) -> Hold | None:
    """The hold on a FleetAutoscaler, if there is one. Raises BlueGreenError when it cannot be read."""
    metadata = autoscaler["metadata"]
    text = (metadata.get("annotations") or {}).get(hold_annotation(domain))
    if not text:
        return None
    try:
        document = json.loads(text)
        if document["v"] != VERSION:
            raise ValueError(f"version {document['v']}")
        return Hold(str(document["run"]), dict(document["set"]), dict(document["original"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BlueGreenError(
            f"the annotation {hold_annotation(domain)} of FleetAutoscaler {_name(autoscaler)} cannot be read "
            f"({error}): set minReplicas and maxReplicas by hand and remove the annotation"
        ) from error


def fleet_of(autoscaler: Mapping[str, Any]) -> str:
    return str(autoscaler["spec"].get("fleetName", ""))


def limits_of(autoscaler: Mapping[str, Any]) -> dict[str, int | None]:
    """Minimum and maximum of a Buffer autoscaler. Raises BlueGreenError for other policies."""
    policy = autoscaler["spec"].get("policy") or {}
    if policy.get("type") != "Buffer":
        raise BlueGreenError(
            f"FleetAutoscaler {_name(autoscaler)} has policy {policy.get('type')!r}: only Buffer autoscalers can be "
            "held; replace it by a Buffer policy for the time of the upgrade"
        )
    buffer = policy.get("buffer") or {}
    return {limit: buffer.get(limit) for limit in LIMITS}


def plan_hold(autoscaler: Mapping[str, Any], floor: int, run: str, domain: str) -> Json | None:
    """The merge patch that keeps a Fleet from falling below `floor`; None when it cannot fall.

    A floor is never lowered here. Agones refuses a minimum below the buffer, and a maximum below the
    minimum, so both may have to rise.
    """
    limits = limits_of(autoscaler)
    if floor <= (limits["minReplicas"] or 0):
        return None
    size = autoscaler["spec"]["policy"]["buffer"].get("bufferSize", 0)
    wanted = max(floor, size if isinstance(size, int) else 0)
    raised = {"minReplicas": wanted, "maxReplicas": max(wanted, limits["maxReplicas"] or 0)}
    hold = Hold(run, raised, released_limits(autoscaler, domain))
    return _patch(autoscaler, hold_annotation(domain), hold.to_json(), raised)


def plan_release(autoscaler: Mapping[str, Any], domain: str) -> Json | None:
    """The merge patch that takes a hold away; None when there is none.

    A limit that somebody else has changed since is left as it is.
    """
    held = read_hold(autoscaler, domain)
    if held is None:
        return None
    limits = limits_of(autoscaler)
    restored = {name: held.original.get(name) for name in LIMITS if limits[name] == held.set.get(name)}
    return _patch(autoscaler, hold_annotation(domain), None, restored)


def released_limits(autoscaler: Mapping[str, Any], domain: str) -> dict[str, int | None]:
    """The limits as they are without a hold."""
    held, limits = read_hold(autoscaler, domain), limits_of(autoscaler)
    if held is None:
        return limits
    return {name: held.original.get(name) if limits[name] == held.set.get(name) else limits[name] for name in LIMITS}


def _patch(autoscaler: Mapping[str, Any], annotation: str, value: str | None, limits: Mapping[str, int | None]) -> Json:
    return {
        "metadata": {
            "resourceVersion": autoscaler["metadata"]["resourceVersion"],
            "annotations": {annotation: value},
        },
        "spec": {"policy": {"buffer": dict(limits)}},
    }


def _name(autoscaler: Mapping[str, Any]) -> str:
    metadata = autoscaler["metadata"]
    return f"{metadata.get('namespace')}/{metadata.get('name')}"
