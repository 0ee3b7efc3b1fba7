"""The Pod of a game server, and what its node and Pod say about its address."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from lab.agones.model import (
    AUTOSCALER_SAFE_TO_EVICT_ANNOTATION,
    CONTAINER_ANNOTATION,
    PASSTHROUGH_ANNOTATION,
    POD_NAME_LABEL,
    ROLE_LABEL,
    SAFE_TO_EVICT_LABEL,
    VERSION_ANNOTATION,
    Obj,
    name_of,
    namespace_of,
    owner_reference,
)

SIDECAR = "agones-gameserver-sidecar"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
# Eviction.safe → (the cluster autoscaler's annotation, the label that the PodDisruptionBudget selects).
EVICTION = {"Always": ("true", "true"), "OnUpgrade": ("false", "true"), "Never": ("false", "false")}


@dataclass(frozen=True)
class PodSettings:
    """What the controller adds to each pod."""

    version: str
    sidecar_image: str
    sidecar_cpu_request: str = "30m"
    service_account: str = "agones-sdk"


def pod_for(server: Obj, settings: PodSettings) -> Obj:
    """The Pod of a game server whose ports are allocated."""
    spec = server["spec"]
    template = deepcopy(spec["template"])
    pod_spec = template["spec"]
    pod: Obj = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(server, template.get("metadata") or {}, settings.version),
        "spec": pod_spec,
    }
    pod_spec["hostname"] = pod_spec.get("hostname") or name_of(server).replace(".", "-")
    pod_spec["restartPolicy"] = pod_spec.get("restartPolicy") or "Never"
    passthrough = _open_ports(pod_spec, spec.get("ports") or [])
    if passthrough:
        pod["metadata"]["annotations"][PASSTHROUGH_ANNOTATION] = json.dumps(passthrough)
    _watch_health(pod_spec, spec)
    _hide_token(pod_spec, spec["container"])
    pod_spec["serviceAccountName"] = pod_spec.get("serviceAccountName") or settings.service_account
    _tell_sdk_ports(pod_spec, spec["sdkServer"])
    pod_spec["initContainers"] = [_sidecar(server, settings), *(pod_spec.get("initContainers") or [])]
    if spec.get("scheduling") == "Packed":
        _pack(pod_spec)
    return pod


def _metadata(server: Obj, template: Obj, version: str) -> Obj:
    autoscaler, budget = EVICTION[((server.get("status") or {}).get("eviction") or {}).get("safe", "Never")]
    return {
        **{key: value for key, value in template.items() if key not in ("generateName", "uid", "resourceVersion")},
        "name": name_of(server),
        "namespace": namespace_of(server),
        "labels": {
            SAFE_TO_EVICT_LABEL: budget,
            **(template.get("labels") or {}),
            ROLE_LABEL: "gameserver",
            POD_NAME_LABEL: name_of(server),
        },
        "annotations": {
            AUTOSCALER_SAFE_TO_EVICT_ANNOTATION: autoscaler,
            **(template.get("annotations") or {}),
            CONTAINER_ANNOTATION: server["spec"]["container"],
            VERSION_ANNOTATION: version,
        },
        "ownerReferences": [owner_reference(server, "agones.dev/v1", "GameServer")],
    }


def _change(pod_spec: Obj, name: str, change: Callable[[Obj], None]) -> None:
    """Change the container of that name, a sidecar too."""
    sidecars = [one for one in pod_spec.get("initContainers") or [] if one.get("restartPolicy") == "Always"]
    for container in [*pod_spec["containers"], *sidecars]:
        if container.get("name") == name:
            change(container)
            return
    raise ValueError(f"failed to find container named {name} in pod spec")


def _open_ports(pod_spec: Obj, ports: list[Obj]) -> dict[str, list[int]]:
    """Add the ports to their containers; return the indexes of Passthrough ones, by container."""
    passthrough: dict[str, list[int]] = {}
    for port in ports:
        entry = {"containerPort": port.get("containerPort", 0), "protocol": port.get("protocol", "UDP")}
        if port.get("portPolicy") != "None":
            entry["hostPort"] = port.get("hostPort", 0)

        def add(container: Obj, entry: Obj = entry, port: Obj = port) -> None:
            opened = container.setdefault("ports", [])
            opened.append(entry)
            if port.get("portPolicy") == "Passthrough":
                passthrough.setdefault(container["name"], []).append(len(opened) - 1)

        _change(pod_spec, port["container"], add)
    return passthrough


def _watch_health(pod_spec: Obj, spec: Obj) -> None:
    health = spec["health"]
    if health.get("disabled"):
        return
    probe = {
        "httpGet": {"path": "/gshealthz", "port": 8080},
        **{name: health[name] for name in ("initialDelaySeconds", "periodSeconds", "failureThreshold")},
    }
    _change(pod_spec, spec["container"], lambda container: container.setdefault("livenessProbe", probe))


def _hide_token(pod_spec: Obj, container: str) -> None:
    """The game's container sees an empty folder where the ServiceAccount's token would be."""
    pod_spec.setdefault("volumes", []).append({"name": "empty", "emptyDir": {}})
    mount = {"name": "empty", "mountPath": TOKEN_PATH, "readOnly": True}
    _change(pod_spec, container, lambda one: one.setdefault("volumeMounts", []).append(mount))


def _tell_sdk_ports(pod_spec: Obj, sdk: Obj) -> None:
    told = {"AGONES_SDK_GRPC_PORT": str(sdk["grpcPort"]), "AGONES_SDK_HTTP_PORT": str(sdk["httpPort"])}
    for container in [*(pod_spec.get("initContainers") or []), *pod_spec["containers"]]:
        env = [entry for entry in container.get("env") or [] if entry["name"] not in told]
        container["env"] = env + [{"name": name, "value": value} for name, value in told.items()]


def _sidecar(server: Obj, settings: PodSettings) -> Obj:
    sdk = server["spec"]["sdkServer"]
    return {
        "name": SIDECAR,
        "image": settings.sidecar_image,
        "restartPolicy": "Always",
        "args": [f"--grpc-port={sdk['grpcPort']}", f"--http-port={sdk['httpPort']}"],
        "env": [
            {"name": "GAMESERVER_NAME", "value": name_of(server)},
            {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "LOG_LEVEL", "value": sdk["logLevel"]},
            {"name": "REQUESTS_RATE_LIMIT", "value": "500ms"},
        ],
        "resources": {"requests": {"cpu": settings.sidecar_cpu_request}},
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": 8080},
            "initialDelaySeconds": 3,
            "periodSeconds": 3,
        },
        "securityContext": {"allowPrivilegeEscalation": False, "runAsNonRoot": True, "runAsUser": 1000},
    }


def _pack(pod_spec: Obj) -> None:
    """Prefer nodes that already have game servers."""
    affinity = pod_spec.setdefault("affinity", {}).setdefault("podAffinity", {})
    affinity.setdefault("preferredDuringSchedulingIgnoredDuringExecution", []).append(
        {
            "weight": 100,
            "podAffinityTerm": {
                "topologyKey": "kubernetes.io/hostname",
                "labelSelector": {"matchLabels": {ROLE_LABEL: "gameserver"}},
            },
        }
    )


def address_of(node_addresses: list[tuple[str, str]]) -> str:
    """What clients connect to, of a node's (type, address) pairs; empty if it has none."""
    for kind in ("ExternalDNS", "ExternalIP", "InternalDNS", "InternalIP"):
        for known, address in node_addresses:
            if known == kind and (kind.endswith("DNS") or _is_ip(address)):
                return address
    return ""


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def addresses(node_addresses: list[tuple[str, str]], pod_ips: list[str]) -> list[dict[str, Any]]:
    """`status.addresses`: the node's, then the Pod's."""
    return [
        *({"type": kind, "address": address} for kind, address in node_addresses),
        *({"type": "PodIP", "address": address} for address in pod_ips),
    ]
