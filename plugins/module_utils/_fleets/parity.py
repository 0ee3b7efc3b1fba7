# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Whether the target's Fleets, autoscalers and allocation policies are those of the source. Pure.

What was asked for is compared, not what became of it: status, sizes, identities, defaults and the
marks of tools are left out. An image may differ in tag and digest, since that is what a release changes.
"""

from __future__ import annotations

import fnmatch
from dataclasses import asdict, dataclass
from typing import Any, Callable, Iterable, Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold import BOUNDS, released_limits
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

ABSENT = "(absent)"

# Set by tools, and different after each installation without any meaning for players.
TOOL_MARKS = (
    "agones.dev/*",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/version",
    "chart",
    "helm.sh/chart",
    "heritage",
    "kubectl.kubernetes.io/*",
    "meta.helm.sh/*",
    "release",
    "revision/*",
)
# What Agones' webhooks and Kubernetes fill in, in a GameServer template.
PORT_DEFAULTS: Json = {"portPolicy": "Dynamic", "protocol": "UDP", "range": "default"}
HEALTH_DEFAULTS: Json = {"failureThreshold": 3, "initialDelaySeconds": 5, "periodSeconds": 5, "disabled": False}
SDK_DEFAULTS: Json = {"grpcPort": 9357, "httpPort": 9358, "logLevel": "Info"}
FLEET_DEFAULTS: Json = {
    "scheduling": "Packed",
    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
}
SYNC_DEFAULTS: Json = {"type": "FixedInterval", "fixedInterval": {"seconds": 30}}


@dataclass(frozen=True)
class FleetDifference:
    """One value that is not the same in both slots; `expected` when the operator or a release explains it."""

    kind: str
    namespace: str
    name: str
    path: str
    source: Any
    target: Any
    expected: bool

    def to_document(self) -> Json:
        return asdict(self)

    def to_text(self) -> str:
        where = f"{self.kind} {self.namespace}/{self.name}" + (f" {self.path}" if self.path else "")
        return f"{where}: source {self.source!r}, target {self.target!r}"


def compare(
    kind: str,
    source: Iterable[Mapping[str, Any]],
    target: Iterable[Mapping[str, Any]],
    expected: Sequence[str],
    domain: str,
) -> list[FleetDifference]:
    """The differences between all objects of one kind ("Fleet", "FleetAutoscaler", "GameServerAllocationPolicy").

    `expected` are shell patterns for "<Kind>/<name>:<path>".
    """
    normalise = NORMALISERS[kind]
    left = {identity(obj): normalise(obj, domain) for obj in source}
    right = {identity(obj): normalise(obj, domain) for obj in target}
    found = []
    for key in sorted(left.keys() | right.keys()):
        values = (left.get(key, ABSENT), right.get(key, ABSENT))
        pairs = [("", *values)] if ABSENT in values else leaves("spec", *values)
        for path, one, other in pairs:
            if is_release_change(path, one, other):
                continue
            name = f"{kind}/{key[1]}:{path}"
            known = any(fnmatch.fnmatchcase(name, pattern) for pattern in expected)
            found.append(FleetDifference(kind, key[0], key[1], path, _shown(one), _shown(other), known))
    return found


def identity(obj: Mapping[str, Any]) -> tuple[str, str]:
    return (str(obj["metadata"].get("namespace", "")), str(obj["metadata"]["name"]))


def leaves(path: str, one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    """The innermost values that differ, with their paths; items of lists are matched by name."""
    if one == other:
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            leaf
            for key in sorted(one.keys() | other.keys())
            for leaf in leaves(f"{path}.{key}", one.get(key, ABSENT), other.get(key, ABSENT))
        ]
    if isinstance(one, list) and isinstance(other, list):
        left, right = by_name(one), by_name(other)
        return [
            leaf
            for key in sorted(left.keys() | right.keys())
            for leaf in leaves(f"{path}[{key}]", left.get(key, ABSENT), right.get(key, ABSENT))
        ]
    return [(path, one, other)]


def by_name(items: Sequence[Any]) -> dict[str, Any]:
    """A list as a mapping: by the name of each item, or by its position."""
    if all(isinstance(item, dict) and "name" in item for item in items):
        return {str(item["name"]): item for item in items}
    return {str(index): item for index, item in enumerate(items)}


def is_release_change(path: str, one: Any, other: Any) -> bool:
    """The same image with another tag or digest."""
    if not path.endswith(".image") or not isinstance(one, str) or not isinstance(other, str):
        return False
    return repository(one) == repository(other)


def repository(image: str) -> str:
    """An image's name without tag and digest; a registry's port is not a tag."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def _shown(value: Any) -> Any:
    """Whole objects are too long to read in a report."""
    return "(present)" if isinstance(value, (dict, list)) else value


def normalise_fleet(fleet: Mapping[str, Any], domain: str) -> Json:
    spec = dict(fleet.get("spec") or {})
    spec.pop("replicas", None)
    spec.pop("priorities", None) if not spec.get("priorities") else None
    spec = with_defaults(spec, FLEET_DEFAULTS)
    spec["template"] = normalise_template(spec.get("template") or {}, domain)
    return spec


def normalise_template(template: Mapping[str, Any], domain: str) -> Json:
    """A GameServer template without the marks of tools and with the defaults."""
    spec = dict(template.get("spec") or {})
    pod = dict(spec.get("template") or {})
    containers = (pod.get("spec") or {}).get("containers") or []
    container = str(containers[0].get("name", "")) if containers else ""
    ports = [with_defaults(port, {**PORT_DEFAULTS, "container": container}) for port in spec.get("ports") or []]
    spec = with_defaults(spec, {"scheduling": "Packed", "immutableReplicas": 1, "container": container})
    spec["eviction"] = with_defaults(spec.get("eviction") or {}, {"safe": "Never"})
    spec["health"] = with_defaults(spec.get("health") or {}, HEALTH_DEFAULTS)
    spec["sdkServer"] = with_defaults(spec.get("sdkServer") or {}, SDK_DEFAULTS)
    spec["ports"] = ports
    spec["template"] = {**pod, "metadata": normalise_metadata(pod.get("metadata") or {}, domain)}
    return {"metadata": normalise_metadata(template.get("metadata") or {}, domain), "spec": spec}


def normalise_metadata(metadata: Mapping[str, Any], domain: str) -> Json:
    """Labels and annotations without those that tools set, and without ours."""
    marks = (*TOOL_MARKS, f"{domain}/*")
    return {
        field: {
            key: value
            for key, value in (metadata.get(field) or {}).items()
            if not any(fnmatch.fnmatchcase(key, mark) for mark in marks)
        }
        for field in ("labels", "annotations")
    }


def normalise_autoscaler(autoscaler: Mapping[str, Any], domain: str) -> Json:
    """As it is without a hold."""
    spec = dict(autoscaler.get("spec") or {})
    spec["sync"] = with_defaults(spec.get("sync") or {}, SYNC_DEFAULTS)
    policy = dict(spec.get("policy") or {})
    bounds = BOUNDS.get(str(policy.get("type")))
    if bounds is not None:
        section = {**(policy.get(bounds.section) or {}), **released_limits(autoscaler, domain)}
        # An absent minimum is 0.
        spec["policy"] = {**policy, bounds.section: {**section, bounds.least: section.get(bounds.least) or 0}}
    return spec


def normalise_policy(policy: Mapping[str, Any], _domain: str) -> Json:
    return dict(policy.get("spec") or {})


def with_defaults(value: Mapping[str, Any], defaults: Mapping[str, Any]) -> Json:
    """A mapping with what is absent filled in, at every level."""
    merged = dict(value)
    for key, default in defaults.items():
        known = merged.get(key)
        if known is None:
            merged[key] = default
        elif isinstance(known, dict) and isinstance(default, dict):
            merged[key] = with_defaults(known, default)
    return merged


NORMALISERS: dict[str, Callable[[Mapping[str, Any], str], Json]] = {
    "Fleet": normalise_fleet,
    "FleetAutoscaler": normalise_autoscaler,
    "GameServerAllocationPolicy": normalise_policy,
}


def refuse_unexpected(differences: Sequence[FleetDifference]) -> None:
    """Raise BlueGreenError when a difference is not expected."""
    unexpected = [difference for difference in differences if not difference.expected]
    if unexpected:
        lines = "; ".join(difference.to_text() for difference in unexpected[:10])
        more = f"; and {len(unexpected) - 10} more" if len(unexpected) > 10 else ""
        raise BlueGreenError(
            f"the target's game differs from the source's in {len(unexpected)} places: {lines}{more}. "
            "Correct the chart's values, or add what is meant to differ to expected_differences",
            differences=[difference.to_document() for difference in differences],
        )
