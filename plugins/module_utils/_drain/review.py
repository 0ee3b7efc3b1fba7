# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Every reason not to begin a drain, found before its first write and reported together. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import HANDOFF
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import Access
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key, name_of, unknown_fleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import (
    Policies,
    needing_target,
    policy_problems,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

# The first version that has Counters and Lists without a feature gate.
OLDEST_AGONES = (1, 41)
VERSION_ANNOTATION = "agones.dev/sdk-version"


@dataclass(frozen=True)
class Slot:
    """What was found in one slot. `fleets` is None where Agones is not installed, or its Fleets may not be listed."""

    title: str
    missing: Sequence[Access]
    unknown_namespaces: Sequence[str]
    fleets: frozenset[Key] | None
    installed: bool = True
    agones: tuple[int, ...] = ()


def needed_on_source(policies: Policies, namespaces: Sequence[str]) -> list[Access]:
    """What the drain does to the slot that it empties."""
    access = [Access("get", "", "namespaces")]
    for namespace in namespaces:
        access += [Access(verb, "agones.dev", "gameservers", namespace) for verb in ("get", "list", "watch", "patch")]
        access += [Access("list", "agones.dev", "fleets", namespace), Access("get", "", "pods", namespace)]
        if any(policy.interrupt_at_deadline for policy in policies.all):
            access.append(Access("delete", "", "pods", namespace))
    return access


def needed_on_target(policies: Policies, namespaces: Sequence[str], reads_buffers: bool) -> list[Access]:
    """What the drain does to the slot that sessions move to."""
    access = [Access("get", "", "namespaces")]
    for namespace in namespaces:
        access += [Access(verb, "agones.dev", "gameservers", namespace) for verb in ("list", "watch")]
        access.append(Access("list", "agones.dev", "fleets", namespace))
        if reads_buffers:
            access.append(Access("list", "autoscaling.agones.dev", "fleetautoscalers", namespace))
            access.append(Access("get", "", "configmaps", namespace))
        if any(policy.mode == HANDOFF for policy in policies.all):
            access += [
                Access("create", "allocation.agones.dev", "gameserverallocations", namespace),
                *(Access(verb, "agones.dev", "gameservers", namespace) for verb in ("get", "patch")),
            ]
    return access


def needed_by_probe(namespaces: Sequence[str], canary: bool) -> list[Access]:
    """What a probe does to the slot that it plays on; with `canary`, it watches its sessions while they are drained."""
    verbs = ("get", "list", "patch", *(["watch"] if canary else []))
    access = []
    for namespace in namespaces:
        access += [Access(verb, "agones.dev", "gameservers", namespace) for verb in verbs]
        access.append(Access("list", "agones.dev", "fleets", namespace))
        access.append(Access("create", "allocation.agones.dev", "gameserverallocations", namespace))
    return access


def refusals(policies: Policies, slots: Sequence[Slot], now: float, *, begins: bool) -> list[str]:
    """What is wrong; `slots` are the source and, if it exists, the target."""
    source, *targets = slots
    wrong = policy_problems(policies, now, begins)
    for slot in slots:
        wrong += [*denials(slot), *_lacks(slot)]
    if source.fleets is not None:
        unknown, known = unknown_fleets(policies.fleets, source.fleets)
        wrong += [f"Fleet {name_of(key)}: {source.title} has no such Fleet; it has {known}" for key in unknown]
    for target in targets:
        wrong += _fleets_lacking(policies, source, target)
    return wrong


def refuse_drain(wrong: Sequence[str]) -> None:
    """Raise all the reasons not to drain as one error."""
    if wrong:
        raise BlueGreenError("the drain did not begin and nothing was written: " + "; ".join(wrong), problems=wrong)


def denials(slot: Slot) -> list[str]:
    """The verbs that the runner lacks, as one problem."""
    if not slot.missing:
        return []
    verbs = ", ".join(map(str, slot.missing))
    return [f"{slot.title}: the runner may not {verbs}; give its access entry or Role these verbs"]


def what_charts_bring(policies: Policies, source: Slot, target: Slot) -> list[str]:
    """What is wrong with a target until its release's charts are installed."""
    return [*_lacks(target), *_fleets_lacking(policies, source, target)]


def _lacks(slot: Slot) -> Iterator[str]:
    for namespace in slot.unknown_namespaces:
        yield f"{slot.title}: there is no namespace {namespace}"
    if not slot.installed:
        yield f"{slot.title}: Agones is not installed there"
    if slot.agones and slot.agones[:2] < OLDEST_AGONES:
        found, oldest = (".".join(map(str, version)) for version in (slot.agones, OLDEST_AGONES))
        yield f"{slot.title}: Agones {found} is older than {oldest}, the oldest that a drain supports"


def _fleets_lacking(policies: Policies, source: Slot, target: Slot) -> list[str]:
    if source.fleets is None or target.fleets is None:
        return []
    missing = [fleet for fleet in needing_target(policies, sorted(source.fleets)) if fleet not in target.fleets]
    return [
        f"Fleet {name_of(fleet)}: {target.title} has no Fleet of that name, so its players would find no seat; "
        "create it, or give this Fleet mode at_match_end with on_deadline wait"
        for fleet in missing
    ]


def agones_version(objects: Iterable[Mapping[str, Any]]) -> tuple[int, ...]:
    """The newest version that any object was made by; () when none says so. An old object may name an older Agones."""
    texts = ((one.get("metadata") or {}).get("annotations") or {} for one in objects)
    return max((_version(str(annotations.get(VERSION_ANNOTATION, ""))) for annotations in texts), default=())


def _version(text: str) -> tuple[int, ...]:
    parts = text.split("-")[0].split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else ()


def fingerprint(policies: Policies) -> str:
    """Tells whether a drain goes on under the policies that it began with."""
    parts = [repr(policies.default), *sorted(f"{key}={policy!r}" for key, policy in policies.fleets.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def mark_of_review(policies: Policies, settings: Settings) -> str:
    """What was reviewed: under which policies, whose rights, and what counts as a session."""
    predicate = settings.predicate
    return f"{fingerprint(policies)}/{settings.runner}/{predicate.counter}/{predicate.list_name}"


def begins_anew(reviewed: str, policies: Policies) -> bool:
    """Whether a drain with the mark of an earlier review begins under these policies."""
    return reviewed.partition("/")[0] != fingerprint(policies)
