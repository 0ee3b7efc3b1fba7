"""From a pod's specification to a program, its environment and its restarts. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST_DELAY = 30.0
# A program that ran this long (seconds) has got over its trouble: the back-off starts again.
SETTLED_AFTER = 60.0


class Unrunnable(Exception):
    """Why a container cannot be started, as the kubelet would report it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def restart_delay(failures: int) -> float:
    """Seconds to wait before a restart after this many failures in a row: 1, 2, 4 … 30."""
    return min(LONGEST_DELAY, 2.0 ** (failures - 1))


def should_restart(policy: str, exit_code: int) -> bool:
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def image_name(image: str) -> str:
    """An image without its tag and digest."""
    name = image.split("@", 1)[0]
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.split(":", 1)[0]


def program_name(image: str) -> str:
    """What `python -m lab stop-program` calls the program behind an image: the last part of the image's name."""
    return image_name(image).rpartition("/")[2]


def only_container(pod: dict[str, Any]) -> dict[str, Any]:
    spec = pod["spec"]
    if len(spec["containers"]) != 1 or spec.get("initContainers"):
        raise Unrunnable("CreateContainerConfigError", "a Fargate pod of the lab has exactly one container")
    container: dict[str, Any] = spec["containers"][0]
    return container


def command(container: dict[str, Any], images: Mapping[str, Sequence[str]], source: Path) -> list[str]:
    """What to run for a container: the program behind its image, then the container's arguments."""
    name = image_name(container["image"])
    if name not in images:
        raise Unrunnable("ErrImagePull", f"there is no program for the image {name}; add it to {source}")
    return [*images[name], *container.get("args", [])]


@dataclass(frozen=True)
class Places:
    """Where a pod finds what its cluster gives it."""

    address: str
    node: str
    region: str
    aws_endpoint: str
    kubeconfig: Path
    volumes: Path
    aws_token: Path


def environment(pod: dict[str, Any], places: Places, role_arn: str | None) -> dict[str, str]:
    """The program's environment: what the lab gives to every pod, then what the container asks for."""
    metadata = pod["metadata"]
    result = {
        "KUBECONFIG": str(places.kubeconfig),
        "POD_NAME": metadata["name"],
        "POD_NAMESPACE": metadata["namespace"],
        "POD_IP": places.address,
        "POD_VOLUMES": str(places.volumes),
        "AWS_REGION": places.region,
        "AWS_DEFAULT_REGION": places.region,
        "AWS_ENDPOINT_URL": places.aws_endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }
    if role_arn:
        result["AWS_ROLE_ARN"] = role_arn
        result["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(places.aws_token)
    for entry in only_container(pod).get("env", []):
        result[entry["name"]] = _value(entry, pod, places)
    return result


def _value(entry: dict[str, Any], pod: dict[str, Any], places: Places) -> str:
    if "valueFrom" not in entry:
        return str(entry.get("value", ""))
    path = (entry["valueFrom"].get("fieldRef") or {}).get("fieldPath")
    fields = _fields(pod, places)
    if path not in fields:
        raise Unrunnable(
            "CreateContainerConfigError",
            f"env {entry['name']}: the lab knows `value` and fieldRef to {', '.join(fields)}; use one of them",
        )
    return fields[path]


def _fields(pod: dict[str, Any], places: Places) -> dict[str, str]:
    """What a fieldRef can name."""
    metadata = pod["metadata"]
    return {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": places.node,
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", "default"),
        "status.podIP": places.address,
        "status.hostIP": places.address,
    }


def kubeconfig(admin: dict[str, Any], token_file: Path, namespace: str) -> dict[str, Any]:
    """A pod's kubeconfig: the endpoint and CA of the cluster's own, the pod's token."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": admin["clusters"][0]["cluster"]}],
        "users": [{"name": "pod", "user": {"tokenFile": str(token_file)}}],
        "contexts": [{"name": "pod", "context": {"cluster": "cluster", "user": "pod", "namespace": namespace}}],
        "current-context": "pod",
    }


@dataclass(frozen=True)
class Probe:
    """A readiness probe by HTTP. Times in seconds."""

    url: str
    period: float
    timeout: float
    delay: float
    failures: int


def readiness_probe(pod: dict[str, Any], address: str) -> Probe | None:
    """The probe of a pod's container; None without one: it is then ready once it runs."""
    container = only_container(pod)
    probe = container.get("readinessProbe")
    if not probe:
        return None
    get = probe.get("httpGet")
    if not get:
        raise Unrunnable("CreateContainerConfigError", "the lab knows readiness probes by httpGet only; use one")
    scheme = get.get("scheme", "HTTP").lower()
    port = container_port(container, get["port"])
    path = get.get("path", "/").lstrip("/")
    return Probe(
        url=f"{scheme}://{address}:{port}/{path}",
        period=float(probe.get("periodSeconds", 10)),
        timeout=float(probe.get("timeoutSeconds", 1)),
        delay=float(probe.get("initialDelaySeconds", 0)),
        failures=int(probe.get("failureThreshold", 3)),
    )


def container_port(container: dict[str, Any], port: int | str) -> int:
    """A port's number, by number or by the name that the container gives it."""
    if isinstance(port, int):
        return port
    for one in container.get("ports", []):
        if one.get("name") == port:
            return int(one["containerPort"])
    raise Unrunnable("CreateContainerConfigError", f"the container has no port named {port!r}; declare it in `ports`")


def pre_stop_seconds(pod: dict[str, Any]) -> float:
    """How long a terminating container is left in peace (lifecycle.preStop.sleep)."""
    sleep = ((only_container(pod).get("lifecycle") or {}).get("preStop") or {}).get("sleep") or {}
    return float(sleep.get("seconds", 0))
