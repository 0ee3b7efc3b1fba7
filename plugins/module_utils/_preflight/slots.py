# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The two clusters: the source as it should be, the target's place free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Facts,
    Inside,
    WantedUpgrade,
    error,
    image_of,
    warning,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.release import RESOLVED_VERSIONS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import Release
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.direction import ENVIRONMENT_TAG
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

# What EKS calls the settings of a node image.
IMAGE_FIELDS = {"amiType": "ami_type", "releaseVersion": "release_version"}


def check_target(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    target = world.target
    if world.is_resumed or not target["exists"]:
        return
    place = f"cluster {target['cluster_name']}"
    remove = "Remove it with the playbook decommission (cluster_decommission_confirm names the cluster)"
    owner = (target.get("tags") or {}).get(ENVIRONMENT_TAG, "")
    if owner != wanted.environment:
        found = f"it is there already, and its tag {ENVIRONMENT_TAG} is {owner or 'missing'}"
        yield error("target_foreign", place, found, "Give the slot another cluster_name in eks_bluegreen_slots")
    elif (target["release"], target["version"]) != (wanted.release.name, wanted.release.kubernetes_version):
        found = f"it is left from release {target['release'] or '(no tag)'}, Kubernetes {target['version']}"
        yield error("target_leftover", place, found, remove)
    elif target["status"] != "ACTIVE":
        yield error(
            "target_status", place, f"its status is {target['status']}", f"Wait until it is ACTIVE, or: {remove}"
        )


def check_source_cluster(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    source = world.source
    place = f"cluster {source['cluster_name']}"
    if not source["exists"]:
        remedy = "Correct cluster_name in eks_bluegreen_slots"
        yield error("source_exists", place, "it serves players, but there is no such cluster", remedy)
        return
    if source["status"] != "ACTIVE":
        yield error("source_status", place, f"its status is {source['status']}", "Wait until it is ACTIVE")
    if world.inside.unreachable:
        yield error(
            "source_reachable",
            place,
            f"its API at {source['endpoint']} cannot be used: {world.inside.unreachable}",
            "Check the network and the access entries: the runner needs both clusters",
        )
    if not source["release"]:
        remedy = "Tag the cluster eks-bluegreen/release with the name of the release that it runs"
        yield warning("source_release", place, "no tag says which release it runs", remedy)
    elif wanted.source_release is None:
        remedy = "Keep the files of running releases, so that preflight can compare"
        yield warning("source_release", place, f"there is no file for its release {source['release']}", remedy)


def check_conformance(wanted: WantedUpgrade, world: Facts) -> Iterator[Finding]:
    """A source that has drifted from its release: going back leads to what it is, not to what the file says."""
    release, source = wanted.source_release, world.source
    if release is None or not source["exists"]:
        return
    differing = [
        f"{what} is {have or 'missing'}, not {want}"
        for what, have, want in _conformance(release, wanted.nodegroups, source, world.inside)
        if have != want
    ]
    if differing:
        yield warning(
            "source_conformant",
            f"cluster {source['cluster_name']}",
            f"it differs from its release {release.name}: {'; '.join(differing)}",
            "Bring it back to the release, or correct the release file; a rollback leads back to the cluster as it is",
        )


def _conformance(
    release: Release, wanted: Sequence[Data], source: Data, inside: Inside
) -> Iterator[tuple[str, str, str]]:
    """What is compared: what it is, how it is, how it should be. An entry of the file that lacks something is not."""
    yield "Kubernetes", str(source["version"]), release.kubernetes_version
    own = {str(group.get("name")): group for group in wanted}
    for group in inside.nodegroups:
        name = group["nodegroupName"]
        for field, key in IMAGE_FIELDS.items():
            if want := image_of(own.get(name, {}), release, key):
                yield f"node group {name}: {field}", str(group.get(field, "")), want
    for addon in release.addons:
        if addon.is_complete and addon.version not in RESOLVED_VERSIONS:
            yield f"add-on {addon.name}", inside.addons.get(addon.name, ""), addon.version
    for chart in release.charts if inside.charts is not None else []:
        if chart.name and chart.version:
            yield f"chart {chart.name}", (inside.charts or {}).get(chart.name, ""), chart.version
