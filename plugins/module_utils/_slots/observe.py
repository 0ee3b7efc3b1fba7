# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Both slots of an environment as AWS shows them, read in one go.

A read that fails becomes a finding, so that a dead slot stops neither a look nor a rollback. Only
an endpoint that cannot be reached at all ends the observation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._ec2.api import describe_subnets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._ec2.subnets import name_tag
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster import describe_cluster
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import LoadBalancer
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward, TargetGroup
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import SLOTS, Finding, Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Provider
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import read_record
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import (
    Seen,
    seconds_left,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.round import run_fact
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import Store
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.direction import (
    CLUSTER_UNREAD,
    GROUP_UNREAD,
    RECORD_UNREAD,
    RELEASE_TAG,
    ForwardView,
    SlotView,
    View,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.inputs import Inputs
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

_READS_IN_PARALLEL = 12


class Balancers(Protocol):
    """What is read of the load balancers."""

    def load_balancer(self, name: str) -> LoadBalancer | None: ...

    def target_group(self, name: str) -> TargetGroup | None: ...

    def forwards(self, load_balancer: LoadBalancer) -> list[Forward]: ...


@dataclass(frozen=True)
class Sources:
    """Where everything is read: boto3 clients and readers made of them.

    No `destination`: sessions follow the traffic. No `ec2`: no network is read.
    """

    eks: Any
    balancers: Balancers
    destination: Provider | None
    store: Store
    ec2: Any = None


@dataclass(frozen=True)
class Places:
    """Names of what is read besides the inputs."""

    record_key: str
    public_subnets: Sequence[str] = ()
    private_subnets: Sequence[str] = ()


@dataclass
class Observation:
    """Everything that was read, as data for Ansible and as the view that decides a direction."""

    slots: dict[str, Json]
    forwards: list[Json]
    destination: Json | None
    network: Json
    seen: Seen | None
    problems: list[Finding] = field(default_factory=list)
    groupless: frozenset[str] = frozenset()

    def view(self) -> View:
        return View(
            slots={slot: _slot_view(data) for slot, data in self.slots.items()},
            forwards=[ForwardView(f"{one['load_balancer']} {one['where']}", one["weights"]) for one in self.forwards],
            destination=self.destination["weights"] if self.destination is not None else None,
            record=self.seen.record if self.seen else None,
            problems=self.problems,
            groupless=self.groupless,
        )

    def as_dict(self) -> Json:
        view = self.view()
        record = self.seen.record if self.seen else None
        return {
            "slots": self.slots,
            "forwards": self.forwards,
            "destination": self.destination,
            "network": self.network,
            "active": view.active,
            "standing": view.standing,
            "run": run_fact(record),
            "generation": record.generation if record else 0,
            "lease": _lease_shown(self.seen),
            "problems": [vars(problem) for problem in self.problems],
        }


def observe(sources: Sources, inputs: Inputs, places: Places) -> Observation:
    """Read clusters, target groups, listeners, destination, network and run record, all at once."""
    reads = Reads()
    with ThreadPoolExecutor(max_workers=_READS_IN_PARALLEL) as pool:
        clusters = {
            slot: pool.submit(_read_cluster, reads, sources.eks, slot, name) for slot, name in inputs.clusters.items()
        }
        groups = {
            (service.name, slot): pool.submit(_read_group, reads, sources.balancers, service.target_groups[slot])
            for service in inputs.services
            for slot in SLOTS
        }
        forwards = [pool.submit(_read_forwards, reads, sources.balancers, name) for name in inputs.load_balancers]
        destination = pool.submit(_read_destination, reads, sources.destination)
        network = pool.submit(_read_network, reads, sources.ec2, places)
        seen = pool.submit(
            reads.attempt, lambda: read_record(sources.store, places.record_key), None, RECORD_UNREAD, places.record_key
        )
    found = {key: future.result() for key, future in groups.items()}
    slots = {slot: future.result() for slot, future in clusters.items()}
    for slot, data in slots.items():
        arns = {service.name: found[service.name, slot] for service in inputs.services}
        data["target_group_arns"] = {name: group.arn for name, group in arns.items() if group is not None}
        data["unread_target_groups"] = _unread_groups(inputs, slot, reads.problems)
    listed = [forward for future in forwards for forward in future.result()]
    concerned = forwards_of_services(listed, inputs, slots)
    _note_unserved(reads, inputs, concerned)
    groupless = _groupless(inputs, slots)
    return Observation(
        slots, concerned, destination.result(), network.result(), seen.result(), reads.problems, groupless
    )


def read_clusters(eks: Any, clusters: Mapping[str, str]) -> dict[str, Json]:
    """Only the clusters, for a task that has just made one."""
    return {slot: _cluster_data(slot, name, describe_cluster(eks, name)) for slot, name in clusters.items()}


def _read_cluster(reads: Reads, eks: Any, slot: str, name: str) -> Json:
    unread: tuple[Any, bool] = (None, False)
    described, readable = reads.attempt(lambda: (describe_cluster(eks, name), True), unread, CLUSTER_UNREAD, name)
    return {**_cluster_data(slot, name, described), "readable": readable}


def _cluster_data(slot: str, name: str, described: Mapping[str, Any] | None) -> Json:
    cluster = described or {}
    tags = dict(cluster.get("tags") or {})
    return {
        "slot": slot,
        "cluster_name": name,
        "exists": described is not None,
        "readable": True,
        "status": str(cluster.get("status", "")),
        "version": str(cluster.get("version", "")),
        "release": tags.get(RELEASE_TAG, ""),
        "arn": str(cluster.get("arn", "")),
        "endpoint": str(cluster.get("endpoint", "")),
        "certificate_authority": str(cluster.get("certificateAuthority", {}).get("data", "")),
        "oidc_issuer": str(cluster.get("identity", {}).get("oidc", {}).get("issuer", "")),
        "vpc_id": str(cluster.get("resourcesVpcConfig", {}).get("vpcId", "")),
        "tags": tags,
    }


def _slot_view(data: Json) -> SlotView:
    names = ("slot", "cluster_name", "exists", "status", "version", "release")
    return SlotView(**{name: data[name] for name in names})


def _read_group(reads: Reads, balancers: Balancers, name: str) -> TargetGroup | None:
    return reads.attempt(lambda: balancers.target_group(name), None, GROUP_UNREAD, name)


def _unread_groups(inputs: Inputs, slot: str, problems: Sequence[Finding]) -> list[str]:
    """The services whose target group of a slot could not be read: it may exist and get requests."""
    unread = {problem.resource for problem in problems if problem.check == GROUP_UNREAD}
    return [service.name for service in inputs.services if service.target_groups[slot] in unread]


def _groupless(inputs: Inputs, slots: Mapping[str, Json]) -> frozenset[str]:
    """The slots that have services and, for certain, none of their target groups."""
    having = {slot for slot, data in slots.items() if data["target_group_arns"] or data["unread_target_groups"]}
    return frozenset(SLOTS) - having if inputs.services else frozenset()


def _read_forwards(reads: Reads, balancers: Balancers, name: str) -> list[Forward]:
    def read() -> list[Forward] | None:
        found = balancers.load_balancer(name)
        return None if found is None else balancers.forwards(found)

    nothing: list[Forward] | None = []
    forwards = reads.attempt(read, nothing, "load_balancer_readable", name)
    if forwards is None:
        remedy = "Correct the name in eks_bluegreen_load_balancers, or create the load balancer"
        reads.note("load_balancer_exists", f"load balancer {name}", "it does not exist in this region", remedy)
    return forwards or []


def forwards_of_services(forwards: Sequence[Forward], inputs: Inputs, slots: Mapping[str, Json]) -> list[Json]:
    """The listeners and rules that forward to a service's target groups, with each slot's share in percent."""
    found = []
    for forward in forwards:
        weights = forward.weights()
        for service in inputs.services:
            arns = {slot: slots[slot]["target_group_arns"].get(service.name, "") for slot in SLOTS}
            if any(arn in weights for arn in arns.values()):
                found.append(
                    {
                        "load_balancer": forward.load_balancer,
                        "where": forward.where,
                        "kind": forward.kind,
                        "arn": forward.arn,
                        "service": service.name,
                        "weights": _shares(weights, arns),
                    }
                )
    return found


def _shares(weights: Mapping[str, int], arns: Mapping[str, str]) -> dict[str, float]:
    # The only target group gets every request, whatever its weight says.
    effective = dict.fromkeys(weights, 1) if len(weights) == 1 else weights
    total = sum(effective.values()) or 1
    return {slot: round(100 * effective.get(arn, 0) / total, 1) for slot, arn in arns.items()}


def _note_unserved(reads: Reads, inputs: Inputs, forwards: Sequence[Json]) -> None:
    if any(problem.check.startswith("load_balancer") for problem in reads.problems):
        return
    served = {forward["service"] for forward in forwards}
    for service in inputs.services:
        if service.name not in served:
            names = " or ".join(service.target_groups[slot] for slot in SLOTS)
            reads.note(
                "listener_forwards",
                f"service {service.name}",
                f"no listener or rule of {', '.join(inputs.load_balancers)} forwards to {names}",
                "Correct the names in eks_bluegreen_services, or add a rule that forwards to one of the two",
            )


def _read_destination(reads: Reads, provider: Provider | None) -> Json | None:
    """The session destination; weights are empty when it cannot be read, None if there is none."""
    if provider is None:
        return None

    def read() -> Json:
        found = provider.read()
        return {"revision": found.revision, "weights": dict(found.weights), **found.holds}

    unreadable: Json = {"revision": "", "weights": {}}
    return {"where": provider.where, **reads.attempt(read, unreadable, "destination_readable", provider.where)}


def _read_network(reads: Reads, ec2: Any, places: Places) -> Json:
    network: Json = {"vpc_id": "", "public_subnet_ids": [], "private_subnet_ids": []}
    wanted = [*places.public_subnets, *places.private_subnets]
    if ec2 is None or not wanted:
        return network
    nothing: list[Json] = []
    subnets = reads.attempt(lambda: _find_subnets(ec2, wanted), nothing, "subnets_readable", "subnets")
    for kind, names in (("public", places.public_subnets), ("private", places.private_subnets)):
        for name in names:
            ids = [subnet["SubnetId"] for subnet in subnets if name in (subnet["SubnetId"], name_tag(subnet))]
            network[f"{kind}_subnet_ids"] += ids[:1]
            if len(ids) != 1 and subnets:
                finding = f"{len(ids)} subnets have this id or tag Name{': ' + ', '.join(ids) if ids else ''}"
                remedy = f"Name exactly one subnet in eks_bluegreen_{kind}_subnets, by its id if its name is not unique"
                reads.note("subnet_exists", f"{kind} subnet {name}", finding, remedy)
    vpcs = sorted({subnet["VpcId"] for subnet in subnets})
    network["vpc_id"] = vpcs[0] if vpcs else ""
    if len(vpcs) > 1:
        remedy = "Name subnets of one VPC"
        reads.note("one_vpc", "subnets", f"they belong to {len(vpcs)} VPCs: {', '.join(vpcs)}", remedy)
    if not subnets:
        remedy = "Correct eks_bluegreen_public_subnets and eks_bluegreen_private_subnets"
        reads.note("subnet_exists", "subnets", f"none of {', '.join(wanted)} exists in this region", remedy)
    return network


def _find_subnets(ec2: Any, wanted: Sequence[str]) -> list[Json]:
    ids = [name for name in wanted if name.startswith("subnet-")]
    names = [name for name in wanted if not name.startswith("subnet-")]
    found: list[Json] = []
    for key, values in (("subnet-id", ids), ("tag:Name", names)):
        if values:
            found += describe_subnets(ec2, [{"Name": key, "Values": values}])
    return found


def _lease_shown(seen: Seen | None) -> Json:
    if seen is None or seen.record.lease is None:
        return {"holder": "", "seconds_left": 0.0}
    return {"holder": seen.record.lease.holder, "seconds_left": seconds_left(seen)}
