"""Which nodes a node group should have, and what each looks like to Kubernetes. Nothing here acts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Instance type -> (cores, GiB); other types count as the default.
INSTANCE_SIZES = {
    "t3.medium": (2, 4),
    "c7i.large": (2, 4),
    "c7i.xlarge": (4, 8),
    "c7i.2xlarge": (8, 16),
    "c7i.4xlarge": (16, 32),
    "m7i.xlarge": (4, 16),
    "m7i.2xlarge": (8, 32),
}
DEFAULT_SIZE = (8, 16)
PODS_PER_NODE = 250
# The API's taint effects are not those of Kubernetes.
TAINT_EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}


@dataclass(frozen=True)
class Subnet:
    """What EKS looks at in a subnet; `routes_to_internet`: its route table has an internet gateway."""

    id: str
    vpc_id: str
    zone: str
    cidr: str
    maps_public_ip: bool
    routes_to_internet: bool

    @property
    def is_public(self) -> bool:
        return self.maps_public_ip and self.routes_to_internet


@dataclass(frozen=True)
class NodePlace:
    """A node's identity: where it is and at which addresses it is reached. `number` is unique in its cluster."""

    number: int
    subnet_id: str
    zone: str
    private_ip: str
    public_ip: str
    instance_id: str
    instance_type: str

    def name(self, region: str) -> str:
        return f"ip-{self.private_ip.replace('.', '-')}.{region}.compute.internal"


@dataclass(frozen=True)
class NodeSettings:
    """What a node inherits from its node group."""

    region: str
    nodegroup: str
    labels: Mapping[str, str]
    taints: Sequence[Mapping[str, str]]
    capacity_type: str
    release_version: str


def free_number(used: Iterable[int]) -> int:
    """The smallest number from 1 that is not used."""
    taken = set(used)
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


def free_private_ip(subnet: Subnet, used: Iterable[str]) -> str:
    """The first address of a subnet that no one has; AWS keeps the first four for itself."""
    taken = set(used)
    hosts = ipaddress.ip_network(subnet.cidr).hosts()
    return next(str(host) for position, host in enumerate(hosts) if position >= 3 and str(host) not in taken)


def surplus(nodes: Mapping[str, NodePlace], desired: int) -> list[str]:
    """The names of the nodes to remove to get down to `desired`: the newest numbers first."""
    by_number = sorted(nodes, key=lambda name: nodes[name].number, reverse=True)
    return by_number[: max(0, len(nodes) - desired)]


def node_labels(place: NodePlace, settings: NodeSettings) -> dict[str, str]:
    return {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": place.name(settings.region),
        "node.kubernetes.io/instance-type": place.instance_type,
        "topology.kubernetes.io/region": settings.region,
        "topology.kubernetes.io/zone": place.zone,
        "eks.amazonaws.com/nodegroup": settings.nodegroup,
        "eks.amazonaws.com/capacityType": settings.capacity_type,
        **settings.labels,
    }


def node_taints(settings: NodeSettings) -> list[dict[str, str]]:
    taints = []
    for taint in settings.taints:
        effect = TAINT_EFFECTS[taint["effect"]]
        taints.append({"key": taint["key"], "effect": effect, "value": taint.get("value", "")})
    return taints


def build_node(place: NodePlace, settings: NodeSettings) -> dict[str, Any]:
    """The Node object, status included: kwok keeps it Ready and leaves what it finds."""
    cores, gib = INSTANCE_SIZES.get(place.instance_type, DEFAULT_SIZE)
    capacity = {
        "cpu": str(cores),
        "memory": f"{gib}Gi",
        "pods": str(PODS_PER_NODE),
        "ephemeral-storage": "100Gi",
    }
    name = place.name(settings.region)
    kubelet = f"v{settings.release_version.split('-')[0]}-eks-lab"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": node_labels(place, settings),
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "spec": {
            "providerID": f"aws:///{place.zone}/{place.instance_id}",
            "taints": node_taints(settings),
        },
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": place.private_ip},
                {"type": "ExternalIP", "address": place.public_ip},
                {"type": "Hostname", "address": name},
            ],
            "capacity": capacity,
            "allocatable": capacity,
            "nodeInfo": {
                "architecture": "amd64",
                "operatingSystem": "linux",
                "kubeletVersion": kubelet,
                "osImage": "lab",
                "kernelVersion": "",
                "containerRuntimeVersion": "containerd://lab",
                "kubeProxyVersion": kubelet,
                "machineID": "",
                "systemUUID": place.instance_id,
                "bootID": "",
            },
        },
    }
