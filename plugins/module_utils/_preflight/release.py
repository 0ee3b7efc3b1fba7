# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Checks of the variables and the release, against each other and against what EKS offers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.fargate_profile import selectors_problem
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.nodegroup import nonsense
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._entries import incomplete
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Facts,
    WantedUpgrade,
    error,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

PER_SLOT = "per_slot"
_QUEUES = ("none", "shared", PER_SLOT)
NODEGROUP_OPTIONS = ("name", "min_size", "max_size", "desired_size")
# The release version of Amazon Linux names its Kubernetes; those of Bottlerocket and Windows count differently.
NAMES_KUBERNETES = ("AL2_", "AL2023_")
# Versions that role eks_nodegroups resolves when it installs an add-on.
RESOLVED_VERSIONS = ("default", "latest")


def check_variables(wanted: WantedUpgrade, _world: Facts) -> Iterator[Finding]:
    for name, value in sorted(wanted.variables.items()):
        if value is None or value in ("", [], {}):
            yield error("variable_missing", name, "it is not set, or empty", "Set it in the inventory")
    if wanted.queue not in _QUEUES:
        yield error(
            "queue_kind",
            "eks_bluegreen_matchmaking_queue",
            f"it is {wanted.queue!r}, a kind that this collection cannot move",
            f"Use one of {', '.join(_QUEUES)}",
        )
    if wanted.queue == PER_SLOT and list(wanted.traffic_steps) != [100]:
        steps = f"it is {list(wanted.traffic_steps)}" if wanted.traffic_steps else "it is not set"
        yield error(
            "queue_kind",
            "eks_bluegreen_traffic_steps",
            f"{steps}, and shares of the traffic would split the tickets that wait in queues per slot",
            "Set it to [100], so that requests for matches move at once",
        )


def check_nodegroups(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    for found in incomplete("node group", wanted.nodegroups, NODEGROUP_OPTIONS):
        yield error("variable_missing", "eks_bluegreen_nodegroups", found, "Write it into the node group's entry")
    for number, group in enumerate(wanted.nodegroups if wanted.is_built else (), start=1):
        for found in (*nonsense(_judged_options(group)), *_unknown_image(group.get("ami_type"), world)):
            place = f"node group {group.get('name') or number}"
            yield error("nodegroup_options", place, found, "Correct it in eks_bluegreen_nodegroups")


def _judged_options(group: Data) -> dict[str, Any]:
    """The options that module eks_nodegroup judges by itself, as it would read them from an entry."""
    sizes = {option: _whole(group.get(option)) for option in ("min_size", "desired_size", "max_size")}
    template = group.get("launch_template")
    if isinstance(template, Mapping) and template.get("version") is not None:
        template = {**template, "version": str(template["version"])}
    return {
        **sizes,
        "launch_template": template if isinstance(template, Mapping) else None,
        "disk_size": group.get("disk_size"),
    }


def _whole(size: Any) -> int | None:
    return int(size) if str(size).isdigit() else None


def _unknown_image(ami_type: str | None, world: Facts) -> Iterator[str]:
    if ami_type and world.image_types and ami_type not in world.image_types:
        yield f"its ami_type is {ami_type!r}, which the installed botocore does not know"


def check_fargate_profiles(wanted: WantedUpgrade, _world: Facts) -> Iterator[Finding]:
    for number, profile in enumerate(wanted.fargate_profiles if wanted.is_built else (), start=1):
        if found := selectors_problem(profile.get("selectors") or []):
            place = f"Fargate profile {profile.get('name') or number}"
            remedy = "Give some of them to another profile in eks_bluegreen_fargate_profiles"
            yield error("fargate_profile_options", place, found, remedy)


def check_release(wanted: WantedUpgrade, _world: Facts) -> Iterator[Finding]:
    for problem in wanted.release_problems:
        yield error("release_file", wanted.release_name, problem.finding, problem.remedy)


def check_image(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    image, kubernetes = wanted.release.node_image, wanted.release.kubernetes_version
    for found in _unknown_image(image.ami_type, world):
        remedy = "Correct it, or install a newer botocore if it is newer than the installed one"
        yield error("node_image", wanted.release_name, found, remedy)
    is_named = image.ami_type.startswith(NAMES_KUBERNETES)
    if image.release_version and is_named and not image.release_version.startswith(f"{kubernetes}."):
        yield error(
            "node_image",
            wanted.release_name,
            f"its node_image is {image.release_version}, which is not for Kubernetes {kubernetes}",
            f"Name a release of the image that begins with {kubernetes}.",
        )


def check_matrix(wanted: WantedUpgrade, _world: Facts) -> Iterator[Finding]:
    agones, kubernetes = wanted.release.agones_version, wanted.release.kubernetes_version
    minor = ".".join(agones.split(".")[:2])
    row = wanted.matrix.rows.get(minor)
    if row is None:
        yield error(
            "release_matrix",
            wanted.release_name,
            f"the matrix does not know Agones {minor}; it has {', '.join(sorted(wanted.matrix.rows))}",
            f"See {wanted.matrix.source}, and add the row to preflight_agones_kubernetes",
        )
    elif kubernetes not in row:
        yield error(
            "release_matrix",
            wanted.release_name,
            f"Agones {agones} does not support Kubernetes {kubernetes}; it supports {', '.join(row)}",
            f"Put versions that work together into the release ({wanted.matrix.source})",
        )


def check_offer(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    version = wanted.release.kubernetes_version
    if world.offered is not None and version not in world.offered:
        yield error(
            "version_offered",
            wanted.release_name,
            f"EKS does not offer Kubernetes {version} in this region; it offers {', '.join(world.offered)}",
            "Choose one of these, or wait until EKS offers it",
        )


def check_addons(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    kubernetes = wanted.release.kubernetes_version
    complete = [addon for addon in wanted.release.addons if addon.is_complete]
    for addon in complete if world.addons is not None else []:
        offered = (world.addons or {}).get(addon.name, ())
        if not offered:
            found = f"EKS does not offer it for Kubernetes {kubernetes}"
            yield error(
                "addon_offered", f"add-on {addon.name}", found, "Take it out of the release, or correct its name"
            )
        elif addon.version not in (*offered, *RESOLVED_VERSIONS):
            yield error(
                "addon_offered",
                f"add-on {addon.name}",
                f"EKS does not offer {addon.version} for Kubernetes {kubernetes}; it offers {', '.join(offered)}",
                "Put one of these into the release",
            )
