"""The objects that the agent writes: a pod's status, a Fargate node and its lease. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lab.node_agent.profiles import COMPUTE_TYPE

NODE_PREFIX = "fargate-"
LEASE_SECONDS = 200
OWN_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


@dataclass
class Container:
    """A program as the kubelet would report it. Times are RFC 3339 in UTC."""

    state: dict[str, Any] = field(default_factory=lambda: waiting("ContainerCreating"))
    last: dict[str, Any] = field(default_factory=dict)
    ready: bool = False
    restarts: int = 0


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def running(started_at: str) -> dict[str, Any]:
    return {"running": {"startedAt": started_at}}


def terminated(exit_code: int, started_at: str, finished_at: str) -> dict[str, Any]:
    reason = "Completed" if exit_code == 0 else "Error"
    return {
        "terminated": {
            "exitCode": exit_code,
            "reason": reason,
            "startedAt": started_at,
            "finishedAt": finished_at,
        }
    }


def phase(container: Container, started: bool) -> str:
    """The pod's phase: a program that has terminated for good decides it; one that ever ran counts as Running."""
    if "terminated" in container.state:
        return "Succeeded" if container.state["terminated"]["exitCode"] == 0 else "Failed"
    return "Running" if started else "Pending"


def pod_status(pod: dict[str, Any], container: Container, address: str, started_at: str, now: str) -> dict[str, Any]:
    """The `status` of a pod on Fargate; conditions of others are kept.

    `started_at` is the pod's start, "" before its first program ran.
    """
    spec = pod["spec"]["containers"][0]
    before = {one["type"]: one for one in (pod.get("status") or {}).get("conditions") or []}
    alive = "terminated" not in container.state
    states = {
        "PodReadyToStartContainers": True,
        "Initialized": True,
        "Ready": container.ready and alive,
        "ContainersReady": container.ready and alive,
        "PodScheduled": True,
    }
    conditions = [one for name, one in before.items() if name not in OWN_CONDITIONS]
    conditions += [_condition(name, value, before.get(name), now) for name, value in states.items()]
    return {
        "phase": phase(container, bool(started_at)),
        "hostIP": address,
        "hostIPs": [{"ip": address}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": (pod.get("status") or {}).get("startTime") or now,
        "qosClass": (pod.get("status") or {}).get("qosClass", "BestEffort"),
        "conditions": conditions,
        "containerStatuses": [
            {
                "name": spec["name"],
                "image": spec["image"],
                "imageID": spec["image"],
                "ready": container.ready,
                "started": "running" in container.state,
                "restartCount": container.restarts,
                "state": container.state,
                "lastState": container.last,
            }
        ],
    }


def _condition(name: str, value: bool, before: dict[str, Any] | None, now: str) -> dict[str, Any]:
    status = "True" if value else "False"
    same = before is not None and before["status"] == status
    since = before["lastTransitionTime"] if before is not None and same else now
    condition = {"type": name, "status": status, "lastTransitionTime": since}
    if name in ("Ready", "ContainersReady") and not value:
        condition |= {"reason": "ContainersNotReady", "message": "the program is not ready"}
    return condition


def node_name(address: str) -> str:
    return NODE_PREFIX + address.replace(".", "-")


def node_address(name: str) -> str:
    """The address in a Fargate node's name."""
    return name.removeprefix(NODE_PREFIX).replace("-", ".")


def node(address: str, region: str, version: str, now: str) -> dict[str, Any]:
    """The node that Fargate makes for one pod."""
    name = node_name(address)
    room = {"cpu": "2", "memory": "8Gi", "ephemeral-storage": "20Gi", "pods": "1"}
    return {
        "metadata": {
            "name": name,
            "labels": {
                COMPUTE_TYPE: "fargate",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/region": region,
                "topology.kubernetes.io/zone": f"{region}a",
            },
        },
        "spec": {"taints": [{"key": COMPUTE_TYPE, "value": "fargate", "effect": "NoSchedule"}]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "Hostname", "address": name},
            ],
            "capacity": room,
            "allocatable": room,
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "KubeletReady",
                    "message": "the lab's node agent runs this pod",
                    "lastHeartbeatTime": now,
                    "lastTransitionTime": now,
                }
            ],
            "nodeInfo": {
                "kubeletVersion": f"v{version}.0-lab",
                "architecture": "amd64",
                "operatingSystem": "linux",
                "osImage": "the lab's node agent",
                "kernelVersion": "",
                "containerRuntimeVersion": "processes://1",
                "kubeProxyVersion": "",
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
            },
        },
    }


def lease(name: str, now: str) -> dict[str, Any]:
    """The heartbeat of a node; `now` with microseconds."""
    return {
        "metadata": {"name": name, "namespace": "kube-node-lease"},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now},
    }
