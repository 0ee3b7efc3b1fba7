"""Which targets a TargetGroupBinding wants, and what to register and deregister. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lab.world.kube import is_ready

FINALIZER = "elbv2.k8s.aws/resources"
Target = tuple[str, int]


@dataclass(frozen=True)
class Plan:
    register: list[Target]
    deregister: list[Target]


def plan_targets(wanted: Iterable[Target], registered: Iterable[Target]) -> Plan:
    """Other targets go too: the real controller treats the whole target group as its own."""
    want, have = set(wanted), set(registered)
    return Plan(sorted(want - have), sorted(have - want))


def wanted_targets(
    binding: dict[str, Any], service: dict[str, Any] | None, pods: Iterable[dict[str, Any]]
) -> set[Target]:
    """Address and port of each Ready pod behind the binding's Service; none without the Service or its port.

    `pods` are those that the Service's selector finds.
    """
    if service is None:
        return set()
    port = _service_port(service, (binding["spec"].get("serviceRef") or {}).get("port"))
    if port is None:
        return set()
    found = (
        (pod["status"]["podIP"], _pod_port(pod, port.get("targetPort") or port["port"]))
        for pod in pods
        if is_ready(pod)
    )
    return {(address, number) for address, number in found if number is not None}


def _service_port(service: dict[str, Any], reference: int | str | None) -> dict[str, Any] | None:
    for port in service["spec"].get("ports") or []:
        if reference in (port["port"], port.get("name")):
            found: dict[str, Any] = port
            return found
    return None


def _pod_port(pod: dict[str, Any], port: int | str) -> int | None:
    if isinstance(port, int):
        return port
    for container in pod["spec"]["containers"]:
        for one in container.get("ports") or []:
            if one.get("name") == port:
                return int(one["containerPort"])
    return None


def finalizers_with(metadata: dict[str, Any]) -> list[str] | None:
    """The finalizers plus ours; None if it is there already."""
    known: list[str] = metadata.get("finalizers") or []
    return None if FINALIZER in known else [*known, FINALIZER]


def finalizers_without(metadata: dict[str, Any]) -> list[str]:
    return [one for one in metadata.get("finalizers") or [] if one != FINALIZER]
