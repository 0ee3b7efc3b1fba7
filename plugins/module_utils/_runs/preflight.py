# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Every reason not to start an upgrade: judged from facts, without any I/O.

Each check looks at one thing and yields findings; all checks run, so that all findings are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.direction import ENVIRONMENT_TAG, Finding

Data = Mapping[str, Any]
QUEUES = ("none", "shared")
RELEASE_TEXTS = ("name", "kubernetes_version", "agones_version")


@dataclass(frozen=True)
class Subnet:
    """A subnet of the inventory. `kind` is what the inventory takes it for: public or private."""

    id: str
    name: str
    kind: str
    zone: str
    maps_public_ip: bool
    has_internet_gateway: bool


@dataclass(frozen=True)
class Sticky:
    """A place where a cookie binds clients to a target group, or to one target inside it."""

    resource: str
    seconds: int
    binds_to_group: bool


@dataclass(frozen=True)
class Inside:
    """What runs in the source cluster. `charts` is None when its API could not be asked, `unreachable` says why."""

    nodegroups: Sequence[Data] = ()
    addons: Mapping[str, str] = field(default_factory=dict)
    charts: Mapping[str, str] | None = None
    unreachable: str = ""


@dataclass(frozen=True)
class World:
    """What was observed. `offered` are EKS' Kubernetes versions, None when they could not be asked for."""

    source: Data
    target: Data
    is_resumed: bool
    offered: Sequence[str] | None
    subnets: Sequence[Subnet]
    owners: Mapping[str, str]
    sticky: Sequence[Sticky]
    inside: Inside


@dataclass(frozen=True)
class Matrix:
    """Which Kubernetes minors each Agones minor supports, and who says so."""

    source: str
    rows: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Wanted:
    """What the run is to do, and with what."""

    environment: str
    release: Data
    source_release: Data | None
    matrix: Matrix
    variables: Mapping[str, Any]
    queue: str
    services: Sequence[Data]


Check = Callable[[Wanted, World], Iterator[Finding]]


def judge(wanted: Wanted, world: World, known: Sequence[Finding], accepted: Sequence[str]) -> list[Finding]:
    """All findings, errors first; those that the user accepts become warnings."""
    found = [*known, *(finding for check in CHECKS for finding in check(wanted, world))]
    judged = [replace(one, severity="warning") if one.check in accepted else one for one in found]
    return sorted(dict.fromkeys(judged), key=lambda one: one.severity != "error")


def error(check: str, resource: str, finding: str, remedy: str) -> Finding:
    return Finding("error", check, resource, finding, remedy)


def warning(check: str, resource: str, finding: str, remedy: str) -> Finding:
    return Finding("warning", check, resource, finding, remedy)


def check_variables(wanted: Wanted, _world: World) -> Iterator[Finding]:
    for name, value in sorted(wanted.variables.items()):
        if value is None or value in ("", [], {}):
            yield error("variable_missing", name, "it is not set, or empty", "Set it in the inventory")
    if wanted.queue not in QUEUES:
        yield error(
            "queue_kind",
            "eks_bluegreen_matchmaking_queue",
            f"it is {wanted.queue!r}, and weights would split what waits in a queue",
            f"This collection moves queues of the kinds {' and '.join(QUEUES)}",
        )


def check_release(wanted: Wanted, _world: World) -> Iterator[Finding]:
    release = wanted.release
    place = f"release {release.get('name', '')}"
    for key in RELEASE_TEXTS:
        value = release.get(key)
        if not isinstance(value, str) or not value:
            found = f"its {key} is missing" if value in (None, "") else f"its {key} is {value!r}, not a text"
            yield error("release_file", place, found, f'Write it in quotes, as {key}: "..."')
    image = release.get("node_image") or {}
    for key in ("ami_type", "release_version"):
        if not image.get(key):
            yield error("release_file", place, f"its node_image has no {key}", "Name the node image to use")
    charts = {str(chart.get("name")): str(chart.get("version")) for chart in release.get("charts") or []}
    version, chart = release.get("agones_version"), charts.get("agones", "missing")
    if chart != version:
        found = f"its agones_version is {version}, that of its chart agones {chart}"
        yield error("release_file", place, found, "Make the two name the same version")


def check_matrix(wanted: Wanted, _world: World) -> Iterator[Finding]:
    agones, kubernetes = (str(wanted.release.get(key, "")) for key in ("agones_version", "kubernetes_version"))
    minor = ".".join(agones.split(".")[:2])
    row = wanted.matrix.rows.get(minor)
    place = f"release {wanted.release.get('name', '')}"
    if row is None:
        yield error(
            "release_matrix",
            place,
            f"nothing is known of Agones {minor}: the matrix has {', '.join(sorted(wanted.matrix.rows))}",
            f"See {wanted.matrix.source}, and add the row to preflight_agones_kubernetes",
        )
    elif kubernetes not in row:
        yield error(
            "release_matrix",
            place,
            f"Agones {agones} does not support Kubernetes {kubernetes}; it supports {', '.join(row)}",
            f"Put versions that go together into the release ({wanted.matrix.source})",
        )


def check_offer(wanted: Wanted, world: World) -> Iterator[Finding]:
    version = str(wanted.release.get("kubernetes_version", ""))
    if world.offered is not None and version not in world.offered:
        yield error(
            "version_offered",
            f"release {wanted.release.get('name', '')}",
            f"EKS does not offer Kubernetes {version} in this region; it offers {', '.join(world.offered)}",
            "Choose one of these, or wait until EKS offers it",
        )


def check_subnets(_wanted: Wanted, world: World) -> Iterator[Finding]:
    for subnet in world.subnets:
        place = f"{subnet.kind} subnet {subnet.name} ({subnet.id})"
        if subnet.kind == "private" and subnet.has_internet_gateway:
            yield error(
                "private_subnet",
                place,
                "its route table leads to an internet gateway, and Fargate runs in private subnets only",
                "Name a subnet without that route in eks_bluegreen_private_subnets",
            )
        if subnet.kind == "public" and not subnet.has_internet_gateway:
            yield error(
                "public_subnet",
                place,
                "its route table has no route to an internet gateway, so players could not reach game servers in it",
                "Name a subnet with that route in eks_bluegreen_public_subnets",
            )
        elif subnet.kind == "public" and not subnet.maps_public_ip:
            yield error(
                "public_subnet",
                place,
                "MapPublicIpOnLaunch is off, so nodes in it would have no public address",
                "Turn it on, or name another subnet in eks_bluegreen_public_subnets",
            )
    zones = {subnet.zone for subnet in world.subnets}
    if len(zones) == 1:
        yield error(
            "two_zones", "subnets", f"all of them are in zone {zones.pop()}", "EKS needs subnets in at least two zones"
        )


def check_owners(_wanted: Wanted, world: World) -> Iterator[Finding]:
    for balancer, cluster in world.owners.items():
        if cluster:
            yield error(
                "load_balancer_owned",
                f"load balancer {balancer}",
                f"it belongs to cluster {cluster}, whose controller reverts changes and deletes it with the cluster",
                "Make a load balancer of its own, and let charts bind to target groups with TargetGroupBindings",
            )


def check_stickiness(_wanted: Wanted, world: World) -> Iterator[Finding]:
    for sticky in world.sticky:
        if sticky.binds_to_group:
            yield error(
                "stickiness",
                sticky.resource,
                f"a cookie binds clients to a target group for {sticky.seconds} s, whatever the weights say",
                "Turn group stickiness off, and wait that long before the upgrade",
            )
        else:
            yield warning(
                "target_stickiness",
                sticky.resource,
                f"a cookie binds clients to one target for {sticky.seconds} s",
                "Clients that move to the other slot's target group lose that target; turn it off if they mind",
            )


def check_partners(wanted: Wanted, world: World) -> Iterator[Finding]:
    have = world.source.get("target_group_arns") or {}
    partners = world.target.get("target_group_arns") or {}
    for service in wanted.services:
        name = str(service["name"])
        if name not in have and name in partners:
            groups = service["target_groups"]
            missing, partner = (groups[str(slot["slot"])] for slot in (world.source, world.target))
            yield error(
                "target_group_partner",
                f"target group {missing}",
                f"it does not exist, only its partner {partner} does: service {name} has nothing to come back to",
                "Create it, put the source's targets into it, and let a listener forward to it",
            )


def check_target(wanted: Wanted, world: World) -> Iterator[Finding]:
    target = world.target
    if world.is_resumed or not target["exists"]:
        return
    place = f"cluster {target['cluster_name']}"
    remove = "Remove it with the playbook decommission (cluster_decommission_confirm names the cluster)"
    owner = (target.get("tags") or {}).get(ENVIRONMENT_TAG, "")
    if owner != wanted.environment:
        found = f"it is there already, and its tag {ENVIRONMENT_TAG} is {owner or 'missing'}"
        yield error("target_foreign", place, found, "Give the slot another cluster_name in eks_bluegreen_slots")
    elif target["release"] != wanted.release.get("name") or target["version"] != wanted.release.get(
        "kubernetes_version"
    ):
        found = f"it is left from release {target['release'] or '(no tag)'}, Kubernetes {target['version']}"
        yield error("target_leftover", place, found, remove)
    elif target["status"] != "ACTIVE":
        yield error(
            "target_status", place, f"its status is {target['status']}", f"Wait until it is ACTIVE, or: {remove}"
        )


def check_source(wanted: Wanted, world: World) -> Iterator[Finding]:
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
            "Look at network and access entries: the runner needs both clusters",
        )
    if not source["release"]:
        remedy = "Tag the cluster eks-bluegreen/release with the name of the release that it runs"
        yield warning("source_release", place, "no tag says which release it runs", remedy)
    elif wanted.source_release is None:
        remedy = "Keep the files of releases that run, so that preflight can compare"
        yield warning("source_release", place, f"there is no file for its release {source['release']}", remedy)


def check_conformance(wanted: Wanted, world: World) -> Iterator[Finding]:
    """A source that drifted from its release: going back leads to what it is, not to what the file says."""
    release, source = wanted.source_release, world.source
    if release is None or not source["exists"]:
        return
    differing = [
        f"{what} is {have or 'missing'}, not {want}"
        for what, have, want in _conformance(release, source, world.inside)
        if have != want
    ]
    if differing:
        yield warning(
            "source_conformant",
            f"cluster {source['cluster_name']}",
            f"it differs from its release {release.get('name')}: {'; '.join(differing)}",
            "Bring it back to the release, or correct the release file; a rollback leads back to the cluster as it is",
        )


def _conformance(release: Data, source: Data, inside: Inside) -> Iterator[tuple[str, str, str]]:
    yield "Kubernetes", str(source["version"]), str(release.get("kubernetes_version"))
    image = release.get("node_image") or {}
    for group in inside.nodegroups:
        name = group["nodegroupName"]
        yield f"node group {name}: amiType", str(group.get("amiType", "")), str(image.get("ami_type"))
        yield (
            f"node group {name}: releaseVersion",
            str(group.get("releaseVersion", "")),
            str(image.get("release_version")),
        )
    for addon in release.get("addons") or []:
        yield f"add-on {addon['name']}", inside.addons.get(addon["name"], ""), str(addon["version"])
    for chart in (release.get("charts") or []) if inside.charts is not None else []:
        yield f"chart {chart['name']}", (inside.charts or {}).get(chart["name"], ""), str(chart["version"])


CHECKS: tuple[Check, ...] = (
    check_variables,
    check_release,
    check_matrix,
    check_offer,
    check_subnets,
    check_owners,
    check_stickiness,
    check_partners,
    check_source,
    check_target,
    check_conformance,
)


def is_conformant(findings: Sequence[Finding]) -> bool:
    """Whether the source was compared with its release, and nothing differed."""
    return not any(one.check in ("source_conformant", "source_release", "source_reachable") for one in findings)
