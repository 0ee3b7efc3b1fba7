# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the user's variables say, judged before anything else is read. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import SLOTS

RELEASE_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,38}[A-Za-z0-9])?")
BOTH_SLOTS = "blue and green"


@dataclass(frozen=True)
class Service:
    """One thing behind the load balancer: a target group, by name or ARN, for each slot."""

    name: str
    target_groups: Mapping[str, str]


@dataclass(frozen=True)
class Inputs:
    """The environment as the inventory describes it."""

    clusters: Mapping[str, str]
    services: Sequence[Service]
    load_balancers: Sequence[str]


def release_problem(release: object, known: Sequence[str], folder: str) -> str | None:
    """What is wrong with a release's name; None when there is such a release."""
    if isinstance(release, bool) or not isinstance(release, str):
        return (
            f"eks_bluegreen_release is {release!r}, not a string: YAML read the name as a {type(release).__name__} "
            "(2026.10 becomes 2026.1). Put the name in quotes, or give it as -e eks_bluegreen_release=NAME"
        )
    if not RELEASE_NAME.fullmatch(release):
        return (
            f"eks_bluegreen_release is {release!r}: a release's name has up to 40 letters, digits, dots, dashes and "
            "underscores, and begins and ends with a letter or digit"
        )
    if release in known:
        return None
    near = difflib.get_close_matches(release, known, n=1)
    guess = f"; did you mean {near[0]}?" if near else ""
    listed = ", ".join(known) or "no release"
    return f"eks_bluegreen_release is {release}, but {folder} (eks_bluegreen_releases_dir) holds {listed}{guess}"


def region_problem(region: str | None, known: Sequence[str]) -> str | None:
    """What is wrong with a region; None when EKS has it, as far as botocore knows."""
    if not region:
        return "eks_bluegreen_region is not set: name the AWS region of the environment"
    if region in known:
        return None
    near = difflib.get_close_matches(region, known, n=1)
    guess = f"; did you mean {near[0]}?" if near else ""
    return (
        f"eks_bluegreen_region is {region}, which is not a region with EKS{guess} "
        "(for a region that is newer than the installed botocore, upgrade botocore)"
    )


def read_inputs(slots: Mapping[str, Any], services: Sequence[Any], load_balancers: Sequence[str]) -> Inputs:
    """The inventory's description of the environment. Raises with every problem in it at once."""
    problems = [*_slot_problems(slots), *_service_problems(services)]
    if not load_balancers:
        problems.append("eks_bluegreen_load_balancers is empty: name the load balancers that the services are behind")
    refuse_inputs(problems)
    return Inputs(
        clusters={slot: str(slots[slot]["cluster_name"]) for slot in SLOTS},
        services=[
            Service(str(one["name"]), {slot: str(one["target_groups"][slot]) for slot in SLOTS}) for one in services
        ],
        load_balancers=list(load_balancers),
    )


def refuse_inputs(problems: Sequence[str | None]) -> None:
    """Raise when there is a problem; one message for all of them."""
    found = [problem for problem in problems if problem]
    if found:
        raise BlueGreenError("; also: ".join(found), **({"problems": found} if len(found) > 1 else {}))


def _slot_problems(slots: Mapping[str, Any]) -> list[str]:
    if sorted(slots) != sorted(SLOTS):
        names = ", ".join(sorted(map(str, slots))) or "nothing"
        return [f"eks_bluegreen_slots names {names}: there are exactly two slots, {BOTH_SLOTS}"]
    nameless = [slot for slot in SLOTS if not isinstance(slots[slot], Mapping) or not slots[slot].get("cluster_name")]
    if nameless:
        return [f"eks_bluegreen_slots.{slot} has no cluster_name: name the slot's EKS cluster" for slot in nameless]
    if len({str(slots[slot]["cluster_name"]) for slot in SLOTS}) == 1:
        return [f"eks_bluegreen_slots names the same cluster for {BOTH_SLOTS}: each slot has its own"]
    return []


def _service_problems(services: Sequence[Any]) -> list[str]:
    if not services:
        return ["eks_bluegreen_services is empty: list what is behind the load balancer, a target group for each slot"]
    problems: list[str] = []
    used: dict[str, str] = {}
    for number, service in enumerate(services):
        place = f"eks_bluegreen_services[{number}]"
        groups = service.get("target_groups") if isinstance(service, Mapping) else None
        if not isinstance(groups, Mapping) or not service.get("name"):
            problems.append(f"{place} needs a name, and target_groups with one for {BOTH_SLOTS}; it is {service!r}")
            continue
        problems.extend(_group_problems(f"{place} ({service['name']})", groups, used))
    return problems


def _group_problems(place: str, groups: Mapping[str, Any], used: dict[str, str]) -> list[str]:
    problems = []
    strange = sorted(str(slot) for slot in groups if slot not in SLOTS)
    if strange:
        problems.append(f"{place} has a target group for {', '.join(strange)}: the slots are {BOTH_SLOTS}")
    for slot in SLOTS:
        group = groups.get(slot)
        if not group:
            partner = next((str(name) for name in groups.values() if name), "none")
            problems.append(f"{place} has no target group for {slot}: name the partner of {partner}")
        elif str(group) in used:
            problems.append(f"{place} and {used[str(group)]} share target group {group}: each slot has its own")
        else:
            used[str(group)] = f"{place} {slot}"
    return problems
