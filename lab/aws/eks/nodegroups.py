"""EKS operations on managed node groups, and the nodes behind them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from lab.aws.eks import checks
from lab.aws.eks.access import admit_nodes
from lab.aws.eks.catalog import OFFERS
from lab.aws.eks.clusters import active_cluster, check_no_update, find
from lab.aws.eks.errors import InvalidParameterError, InvalidRequestError, ResourceInUseError
from lab.aws.eks.nodes import (
    NodePlace,
    NodeSettings,
    Subnet,
    build_node,
    free_number,
    free_private_ip,
    node_labels,
    node_taints,
    surplus,
)
from lab.aws.eks.runtime import Account, Call, Runtime
from lab.aws.eks.state import Cluster, Json, Nodegroup, State, Update, describe_failure
from lab.world.config import LabError

PublicAddress = Callable[[int, int], str]
MAX_NODES = 254


def _anything(_config: Json) -> None:
    """EKS's model checks all of it."""


# What a request replaces as a whole, with its check.
CONFIGS: dict[str, Callable[[Json], None]] = {
    "updateConfig": checks.check_update_config,
    "nodeRepairConfig": checks.check_node_repair,
    "warmPoolConfig": _anything,
}


class NodegroupOperations:
    """`public_address(cluster index, node number)` gives a node its ExternalIP."""

    def __init__(self, state: State, runtime: Runtime, public_address: PublicAddress) -> None:
        self._state = state
        self._runtime = runtime
        self._public_address = public_address

    def create_nodegroup(self, call: Call) -> Json:
        cluster, name = active_cluster(self._state, call.params["clusterName"]), call.params["nodegroupName"]
        existing = cluster.nodegroups.get(name)
        if existing:
            if existing.token and existing.token == call.get("clientRequestToken"):
                return {"nodegroup": existing.describe()}
            raise ResourceInUseError(f"NodeGroup already exists with name {name} and cluster name {cluster.name}")
        group = self._new_nodegroup(cluster, call)
        subnets = self._subnets(group)
        cluster.nodegroups[name] = group
        admit_nodes(self._state, self._runtime, cluster, group.spec["nodeRole"], "EC2_LINUX")
        group.issues = _subnet_issues(name, subnets)
        self._runtime.publish(cluster)
        self._runtime.lifecycle.start(
            "nodegroup",
            f"creation of node group {cluster.name}/{name}",
            lambda: self._resize(cluster, group) if not group.issues else None,
            self._created(cluster, group),
        )
        return {"nodegroup": group.describe()}

    def _new_nodegroup(self, cluster: Cluster, call: Call) -> Nodegroup:
        name, now = call.params["nodegroupName"], self._runtime.now()
        version = call.get("version", cluster.version)
        if version != cluster.version:
            raise InvalidParameterError(
                f"Nodegroup version {version} is not the cluster's {cluster.version}: the lab has nodes of the"
                " cluster's version only"
            )
        role = call.params["nodeRole"]
        checks.check_role_arn(role)
        if not self._runtime.account.role_exists(role):
            raise InvalidParameterError(f"The role with name {role.rpartition('/')[2]} cannot be found.")
        template = _launch_template(self._runtime.account, call)
        spec = {**_nodegroup_spec(call, self._runtime.new_id()), **template}
        return Nodegroup(
            name=name,
            arn=self._state.arn("nodegroup", cluster.name, name, self._runtime.new_id()),
            cluster_name=cluster.name,
            created=now,
            modified=now,
            version=version,
            release_version=_release_version(version, call.get("releaseVersion")),
            spec=spec,
            tags=dict(call.get("tags", {})),
            token=call.get("clientRequestToken", ""),
        )

    def _subnets(self, group: Nodegroup) -> list[Subnet]:
        ids = group.spec["subnets"]
        return checks.check_subnets(ids, self._runtime.account.subnets(ids))

    def _created(self, cluster: Cluster, group: Nodegroup) -> Callable[[Exception | None], None]:
        def done(error: Exception | None) -> None:
            with self._state.lock:
                if error:
                    group.issues = [_node_failure(group, error)]
                group.status = "CREATE_FAILED" if group.issues else "ACTIVE"
                self._runtime.publish(cluster)

        return done

    def _resize(self, cluster: Cluster, group: Nodegroup) -> None:
        """Bring the nodes to the desired size. The state is locked only to reserve names and addresses."""
        with self._state.lock:
            settings = self._settings(group)
            fresh = self._reserve(cluster, group)
            doomed = surplus(group.nodes, group.spec["scalingConfig"]["desiredSize"])
        if fresh:
            self._runtime.launcher.add_nodes(cluster.name, [build_node(place, settings) for place in fresh])
        if doomed:
            self._runtime.launcher.remove_nodes(cluster.name, doomed)
        with self._state.lock:
            for node in doomed:
                del group.nodes[node]

    def _reserve(self, cluster: Cluster, group: Nodegroup) -> list[NodePlace]:
        subnets = self._subnets(group)
        fresh = []
        for position in range(len(group.nodes), group.spec["scalingConfig"]["desiredSize"]):
            place = self._place(cluster, subnets[position % len(subnets)], group)
            group.nodes[place.name(self._state.region)] = place
            fresh.append(place)
        return fresh

    def _place(self, cluster: Cluster, subnet: Subnet, group: Nodegroup) -> NodePlace:
        number = free_number(place.number for other in cluster.nodegroups.values() for place in other.nodes.values())
        if number > MAX_NODES:
            raise LabError(f"cluster {cluster.name} has {MAX_NODES} nodes; the lab has no address for another")
        return NodePlace(
            number=number,
            subnet_id=subnet.id,
            zone=subnet.zone,
            private_ip=free_private_ip(subnet, self._private_ips()),
            public_ip=self._public_address(cluster.index, number),
            instance_id=f"i-{self._runtime.new_id().replace('-', '')[:17]}",
            instance_type=group.spec["instanceTypes"][0],
        )

    def _private_ips(self) -> list[str]:
        """The addresses of all clusters' nodes: they share the subnets."""
        groups = (group for cluster in self._state.clusters.values() for group in cluster.nodegroups.values())
        return [place.private_ip for group in groups for place in group.nodes.values()]

    def _settings(self, group: Nodegroup) -> NodeSettings:
        return NodeSettings(
            region=self._state.region,
            nodegroup=group.name,
            labels=group.spec["labels"],
            taints=group.spec["taints"],
            capacity_type=group.spec["capacityType"],
            release_version=group.release_version,
        )

    def describe_nodegroup(self, call: Call) -> Json:
        return {"nodegroup": self._find(call)[1].describe()}

    def list_nodegroups(self, call: Call) -> Json:
        cluster = self._state.cluster(call.params["clusterName"])
        return checks.page_of("nodegroups", list(cluster.nodegroups), call.params)

    def delete_nodegroup(self, call: Call) -> Json:
        cluster, group = self._find(call)
        if group.status in ("CREATING", "DELETING"):
            raise ResourceInUseError(f"Cannot delete node group {group.name}: it is in status {group.status}")
        group.status = "DELETING"
        self._runtime.publish(cluster)
        self._runtime.lifecycle.start(
            "delete",
            f"deletion of node group {cluster.name}/{group.name}",
            lambda: self._runtime.launcher.remove_nodes(cluster.name, list(group.nodes)),
            self._deleted(cluster, group),
        )
        return {"nodegroup": group.describe()}

    def _deleted(self, cluster: Cluster, group: Nodegroup) -> Callable[[Exception | None], None]:
        def done(error: Exception | None) -> None:
            with self._state.lock:
                if error:
                    group.status, group.issues = "DELETE_FAILED", [_node_failure(group, error)]
                else:
                    cluster.nodegroups.pop(group.name, None)
                self._runtime.publish(cluster)

        return done

    def update_nodegroup_config(self, call: Call) -> Json:
        cluster, group = self._find(call)
        if group.status not in ("ACTIVE", "DEGRADED"):
            raise InvalidRequestError(f"Nodegroup {group.name} is not in ACTIVE status: it is {group.status}")
        check_no_update(group.name, group.updates)
        before = self._settings(group)
        params = _apply(group, call)
        group.modified = self._runtime.now()
        update = Update(self._runtime.new_id(), "ConfigUpdate", params, group.modified)
        group.updates[update.id] = update
        group.status = "UPDATING"
        self._runtime.publish(cluster)
        self._runtime.lifecycle.start(
            "update",
            f"update of node group {cluster.name}/{group.name}",
            lambda: self._converge(cluster, group, before),
            self._updated(cluster, group, update),
        )
        return {"update": update.describe()}

    def _converge(self, cluster: Cluster, group: Nodegroup, before: NodeSettings) -> None:
        with self._state.lock:
            after, kept = self._settings(group), dict(group.nodes)
        gone: dict[str, str | None] = {key: None for key in before.labels if key not in after.labels}
        if after != before:
            for name, place in kept.items():
                labels = {**gone, **node_labels(place, after)}
                self._runtime.launcher.update_node(cluster.name, name, labels, node_taints(after))
        self._resize(cluster, group)

    def _updated(self, cluster: Cluster, group: Nodegroup, update: Update) -> Callable[[Exception | None], None]:
        def done(error: Exception | None) -> None:
            with self._state.lock:
                update.finish(error, "NodeCreationFailure")
                if group.status == "UPDATING":
                    group.status = "ACTIVE"
                self._runtime.publish(cluster)

        return done

    def _find(self, call: Call) -> tuple[Cluster, Nodegroup]:
        cluster = self._state.cluster(call.params["clusterName"])
        return cluster, find(cluster.nodegroups, call.params["nodegroupName"], "node group")


def _nodegroup_spec(call: Call, group_id: str) -> Json:
    scaling = {"minSize": 1, "maxSize": 2, "desiredSize": 2, **call.get("scalingConfig", {})}
    checks.check_scaling(scaling)
    labels, taints, capacity = call.get("labels", {}), call.get("taints", []), call.get("capacityType", "ON_DEMAND")
    checks.check_labels(labels)
    checks.check_taints(taints)
    checks.check_capacity_type(capacity)
    checks.check_tags(call.get("tags", {}))
    if not call.params["subnets"]:
        raise InvalidParameterError("A node group needs at least one subnet")
    spec = {
        "scalingConfig": scaling,
        "subnets": list(call.params["subnets"]),
        "instanceTypes": list(call.get("instanceTypes", ["t3.medium"])),
        "amiType": call.get("amiType", "AL2023_x86_64_STANDARD"),
        "nodeRole": call.params["nodeRole"],
        "labels": dict(labels),
        "taints": list(taints),
        "capacityType": capacity,
        "updateConfig": {"maxUnavailable": 1},
        "resources": {"autoScalingGroups": [{"name": f"eks-{call.params['nodegroupName']}-{group_id}"}]},
    }
    if not call.get("launchTemplate"):
        spec["diskSize"] = call.get("diskSize", 20)
    for key, check in CONFIGS.items():
        if call.get(key) is not None:
            check(call.params[key])
            spec[key] = call.params[key]
    return {**spec, **({"remoteAccess": call.params["remoteAccess"]} if call.get("remoteAccess") else {})}


def _launch_template(account: Account, call: Call) -> Json:
    """The launch template of a request as EKS describes it: id, name and version."""
    wanted = call.get("launchTemplate")
    if not wanted:
        return {}
    taken = [key for key in ("diskSize", "remoteAccess") if call.get(key) is not None]
    if taken:
        raise InvalidParameterError(f"{taken[0]} cannot be specified with a launch template: it belongs in there")
    if bool(wanted.get("id")) == bool(wanted.get("name")):
        raise InvalidParameterError("A launch template is named by its id or by its name")
    found = account.launch_template(wanted)
    if found is None:
        raise InvalidParameterError(f"The launch template {wanted.get('id') or wanted.get('name')} does not exist")
    return {"launchTemplate": found}


def _release_version(version: str, wanted: str | None) -> str:
    release = wanted or f"{OFFERS[version].patch}-20261001"
    if not release.startswith(f"{version}."):
        raise InvalidParameterError(
            f"Requested release version {release} is not valid for kubernetes version {version}"
        )
    return release


def _subnet_issues(name: str, subnets: list[Subnet]) -> list[Json]:
    """The lab's nodes need public addresses: game clients connect straight to them."""
    private = [subnet.id for subnet in subnets if not subnet.is_public]
    if not private:
        return []
    message = (
        f"One or more Amazon EC2 Subnets of [{', '.join(private)}] for node group {name} does not automatically assign"
        " public IP addresses to instances launched into it, or has no route to an internet gateway. If you want your"
        " instances to be assigned a public IP address, then you need to enable auto-assign public IP address for the"
        " subnet."
    )
    return [{"code": "Ec2SubnetInvalidConfiguration", "message": message, "resourceIds": private}]


def _node_failure(group: Nodegroup, error: Exception) -> Json:
    return describe_failure(error, "NodeCreationFailure", list(group.nodes))


def _apply(group: Nodegroup, call: Call) -> list[Json]:
    """Change the node group's description after checking all; returns the update's parameters."""
    changes: Json = {}
    if call.get("scalingConfig") is not None:
        changes["scalingConfig"] = {**group.spec["scalingConfig"], **call.params["scalingConfig"]}
        checks.check_scaling(changes["scalingConfig"])
    if call.get("labels") is not None:
        changes["labels"] = merge_labels(group.spec["labels"], call.params["labels"])
        checks.check_labels(changes["labels"])
    if call.get("taints") is not None:
        changes["taints"] = merge_taints(group.spec["taints"], call.params["taints"])
        checks.check_taints(changes["taints"])
    for key, check in CONFIGS.items():
        if call.get(key) is not None:
            check(call.params[key])
            changes[key] = call.params[key]
    if not changes:
        raise InvalidParameterError("No changes needed: the request names none")
    group.spec.update(changes)
    return [{"type": key[0].upper() + key[1:], "value": json.dumps(value)} for key, value in changes.items()]


def merge_labels(before: dict[str, str], change: Json) -> dict[str, str]:
    removed = change.get("removeLabels") or []
    kept = {key: value for key, value in before.items() if key not in removed}
    return {**kept, **(change.get("addOrUpdateLabels") or {})}


def merge_taints(before: list[Any], change: Json) -> list[Any]:
    """A taint is known by key and effect."""
    removed, added = change.get("removeTaints") or [], change.get("addOrUpdateTaints") or []
    touched = {(taint["key"], taint["effect"]) for taint in [*removed, *added]}
    return [taint for taint in before if (taint["key"], taint["effect"]) not in touched] + added
