"""What Agones' mutating webhook and its allocator fill in. Each function returns a new object."""

from __future__ import annotations

from copy import deepcopy

from lab.agones.model import CREATING, FINALIZER, PORT_ALLOCATION, VERSION_ANNOTATION, Obj

SYNC_SECONDS = 30


def fleet(obj: Obj, version: str) -> Obj:
    """A Fleet as stored: strategy, scheduling, and the version that made it."""
    result = deepcopy(obj)
    _annotate(result, version)
    spec = result.setdefault("spec", {})
    strategy = spec.setdefault("strategy", {})
    strategy["type"] = strategy.get("type") or "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy["rollingUpdate"] = strategy.get("rollingUpdate") or {}
        rolling.setdefault("maxSurge", "25%")
        rolling.setdefault("maxUnavailable", "25%")
    spec["scheduling"] = spec.get("scheduling") or "Packed"
    game_server = spec.setdefault("template", {}).setdefault("spec", {})
    game_server.setdefault("health", {})
    game_server.setdefault("sdkServer", {})
    _pod_template(game_server)
    return result


def game_server(obj: Obj, version: str) -> Obj:
    """A GameServer as stored: full spec, first state, finalizer."""
    result = deepcopy(obj)
    _annotate(result, version)
    finalizers = result["metadata"].setdefault("finalizers", [])
    if FINALIZER not in finalizers:
        finalizers.append(FINALIZER)
    spec = result["spec"] = game_server_spec(result.get("spec") or {})
    result["status"] = _first_status(spec, result.get("status") or {})
    return result


def game_server_spec(obj: Obj) -> Obj:
    """A GameServer's spec with its defaults; also what a Fleet's template stands for when it is checked."""
    spec = deepcopy(obj)
    _pod_template(spec)
    containers = spec["template"]["spec"]["containers"] or []
    if len(containers) == 1:
        spec["container"] = containers[0].get("name", "")
    for port in spec.get("ports") or []:
        port["portPolicy"] = port.get("portPolicy") or "Dynamic"
        port["range"] = port.get("range") or "default"
        port["protocol"] = port.get("protocol") or "UDP"
        port["container"] = port.get("container") or spec.get("container", "")
    health = spec["health"] = spec.get("health") or {}
    if not health.get("disabled"):
        for field, value in (("periodSeconds", 5), ("failureThreshold", 3), ("initialDelaySeconds", 5)):
            health[field] = health.get(field) or value
    eviction = spec["eviction"] = spec.get("eviction") or {}
    eviction["safe"] = eviction.get("safe") or "Never"
    spec["scheduling"] = spec.get("scheduling") or "Packed"
    sdk = spec["sdkServer"] = spec.get("sdkServer") or {}
    for field, default in (("logLevel", "Info"), ("grpcPort", 9357), ("httpPort", 9358)):
        sdk[field] = sdk.get(field) or default
    return spec


def fleet_autoscaler(obj: Obj) -> Obj:
    """A FleetAutoscaler as stored: it acts every 30 seconds unless told otherwise."""
    result = deepcopy(obj)
    sync = result.setdefault("spec", {}).get("sync") or {}
    sync["type"] = sync.get("type") or "FixedInterval"
    interval = sync["fixedInterval"] = sync.get("fixedInterval") or {}
    interval["seconds"] = interval.get("seconds") or SYNC_SECONDS
    result["spec"]["sync"] = sync
    return result


def allocation(obj: Obj) -> Obj:
    """A GameServerAllocation with its defaults."""
    result = deepcopy(obj)
    spec = result["spec"] = result.get("spec") or {}
    spec["scheduling"] = spec.get("scheduling") or "Packed"
    spec.setdefault("metadata", {})
    spec.setdefault("multiClusterSetting", {}).setdefault("policySelector", {})
    for priority in spec.get("priorities") or []:
        priority["order"] = priority.get("order") or "Ascending"
    required = spec.setdefault("required", {})
    for selector in spec.get("selectors") or [*(spec.get("preferred") or []), required]:
        if selector.get("gameServerState") is None:
            selector["gameServerState"] = "Ready"
    return result


def with_selectors(obj: Obj) -> Obj:
    """An allocation whose `selectors` hold what `preferred` and `required` say, unless it had its own."""
    spec = obj["spec"]
    selectors = spec.get("selectors") or deepcopy([*(spec.get("preferred") or []), spec["required"]])
    return {**obj, "spec": {**spec, "selectors": selectors}}


def _annotate(obj: Obj, version: str) -> None:
    metadata = obj.setdefault("metadata", {})
    metadata["annotations"] = {**(metadata.get("annotations") or {}), VERSION_ANNOTATION: version}


def _pod_template(game_server: Obj) -> None:
    """An absent list of containers becomes null, which the schema refuses by name."""
    game_server.setdefault("immutableReplicas", 1)
    template = game_server.setdefault("template", {})
    template.setdefault("metadata", {})
    template.setdefault("spec", {}).setdefault("containers", None)


def _first_status(spec: Obj, given: Obj) -> Obj:
    dynamic = any(port["portPolicy"] in ("Dynamic", "Passthrough") for port in spec.get("ports") or [])
    pod_annotations = (spec["template"].get("metadata") or {}).get("annotations") or {}
    always = pod_annotations.get("cluster-autoscaler.kubernetes.io/safe-to-evict") == "true"
    status: Obj = {
        "address": "",
        "addresses": None,
        "nodeName": "",
        "players": None,
        "ports": None,
        "reservedUntil": None,
        "immutableReplicas": 1,
        **given,
        "state": given.get("state") or (PORT_ALLOCATION if dynamic else CREATING),
        "eviction": {"safe": "Always"} if always else dict(spec["eviction"]),
    }
    for kind, empty in (("counters", {"count": 0, "capacity": 1000}), ("lists", {"capacity": 1000, "values": []})):
        if spec.get(kind):
            status[kind] = {name: {**empty, **(entry or {})} for name, entry in spec[kind].items()}
    return status
